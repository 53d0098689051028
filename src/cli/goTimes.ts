/** Go's default text of a time: `2026-11-24 09:31:54.123456789 +0000 UTC`, in the zone of this process. */
export function localTime(nanos: bigint): string {
  const part = BigInt.asUintN(64, ((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n);
  const date = new Date(Number((nanos - part) / 1_000_000n));
  const two = (value: number) => String(value).padStart(2, '0');
  const fraction = String(part).padStart(9, '0').replace(/0+$/, '');
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const name = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })
    .formatToParts(date)
    .find(({ type }) => type === 'timeZoneName')?.value;
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${fraction ? `.${fraction}` : ''} ${zone} ${name}`
  );
}

/** Go's text of a duration: 1m30.5s, 4.006521234s, 12ms. */
export function goDuration(nanos: number): string {
  if (nanos < 0) {
    return `-${goDuration(-nanos)}`;
  }
  const trim = (value: string) => value.replace(/\.?0+$/, '');
  if (nanos < 1e3) {
    return `${nanos}ns`;
  }
  if (nanos < 1e6) {
    return `${trim((nanos / 1e3).toFixed(3))}µs`;
  }
  if (nanos < 1e9) {
    return `${trim((nanos / 1e6).toFixed(6))}ms`;
  }
  const seconds = BigInt(nanos) / 1_000_000_000n;
  const rest = String(BigInt(nanos) % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const s = `${seconds % 60n}${rest ? `.${rest}` : ''}s`;
  const minutes = seconds / 60n;
  return minutes === 0n ? s : minutes < 60n ? `${minutes}m${s}` : `${minutes / 60n}h${minutes % 60n}m${s}`;
}
