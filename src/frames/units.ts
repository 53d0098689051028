/** pprof's units → Grafana's. */
export const units = new Map(
  Object.entries({
    bytes: 'bytes',
    nanoseconds: 'ns',
    microseconds: 'µs',
    milliseconds: 'ms',
    seconds: 's',
    minutes: 'm',
    B: 'bytes',
    kB: 'kbytes',
    MB: 'mbytes',
    GB: 'gbytes',
    TB: 'tbytes',
    PB: 'pbytes',
    us: 'µs',
    hrs: 'h',
    'bytes/s': 'binBps',
    'count/s': 'cps',
    // Grafana has no unit for time in a second; the scale says that it is one.
    'nanoseconds/s': 'ns',
    count: 'short',
    percent: 'percent',
  })
);
