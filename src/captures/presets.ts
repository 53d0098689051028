export interface Preset {
  readonly id: string;
  readonly label: string;
  readonly template: string;
  readonly example: string;
}

export const presets: readonly Preset[] = [
  {
    id: 'default',
    label: 'Pprof Lens',
    template:
      '{service}/{yyyy}/{mm}/{dd}/{HH}/{time}_{event}_{trigger}_{value}-{limit}_{instance}_{version}/{profile}.{ext}',
    example:
      'ingester/2026/11/03/14/20261103T142233.456Z_k3v9q2xd_heap-ratio_6979321856-8589934592_ingester-7f9c_v1.42.0/heap.pb.gz',
  },
  {
    id: 'cockroachdb',
    label: 'CockroachDB',
    // Heap and jemalloc profiles, memstats and the like have bytes in their names, goroutine dumps a count, CPU profiles a percentage.
    template:
      '/^(?:(?:.*\\/)?nodes\\/)?(?:(?<instance>[^/]+)\\/)?(?:[^/]+\\/)*' +
      '(?:(?=goroutine_dump\\.[^/]*\\.(?<goroutines>\\d+)\\.)|(?=cpuprof\\.[^/]*\\.(?<cpu>\\d+)\\.)|(?=[^/]*\\.(?<value>\\d+)\\.[a-z]+$))' +
      '(?<profile>[a-z_]+)\\.(?<time>\\d{4}-\\d\\d-\\d\\dT\\d\\d_\\d\\d_\\d\\d(?:\\.\\d{1,3})?)\\.(?:(?<trigger>[a-z_]+)\\.)?\\d+\\.(?<ext>[a-z.]+)$/',
    example: 'node1/memprof.2026-11-03T14_22_33.456.6979321856.pprof',
  },
  {
    id: 'holmes',
    label: 'holmes',
    template: '{service?}/{profile}.{event?}.{time}.{ext}',
    example: 'ingester/mem.a1b2.20261103142233.456.log',
  },
  {
    id: 'autopprof',
    label: 'autopprof',
    // Names of hosts have dots, and those of profiles too.
    template:
      '/^(?:.*\\/)?pprof\\.(?<service>[^/.]+)\\.(?<instance>[^/]+?)\\.' +
      '(?<profile>samples\\.cpu|alloc_objects\\.alloc_space\\.inuse_objects\\.inuse_space|[^/.]+)\\.' +
      '(?<time>\\d{4}-\\d\\d-\\d\\dT\\d{6}\\.(?:[A-Z]{2,5}|[+-]\\d\\d(?:\\d\\d)?)|\\d{14})\\.pprof$/',
    example: 'pprof.ingester.ingester-7f9c.samples.cpu.2026-11-03T142233.UTC.pprof',
  },
  {
    id: 'tidb',
    label: 'TiDB oom_record',
    template:
      '/^(?:(?<instance>[^/]+)\\/)?(?:[^/]+\\/)*record(?<time>\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:Z|[+-]\\d\\d:\\d\\d))\\/(?<profile>[^/]+)$/',
    example: 'tidb-0/record2026-11-03T14:22:33Z/heap',
  },
  {
    id: 'conprof',
    label: 'TiDB continuous profiling (its zip, unpacked)',
    template:
      '/^(?:.*\\/)?(?<profile>[a-z]+)_(?<service>[a-z]+)_(?<instance>[^/]+)_(?<time>\\d{10})\\.(?<ext>[a-z]+)$/',
    example: 'heap_tidb_10.0.1.5_10080_1793715753.proto',
  },
  {
    id: 'hive',
    label: 'Hive-style partitions',
    template: 'dt={yyyy}-{mm}-{dd}/hour={HH}/service={service}/{time}_{instance}_{profile}.{ext}',
    example: 'dt=2026-11-03/hour=14/service=ingester/20261103T142233.456Z_ingester-7f9c_heap.pb.gz',
  },
  {
    id: 'flat',
    label: 'Files by name (time of upload)',
    // What CI keeps of `go test -cpuprofile`, Datadog's delta-heap.pprof and goroutines.pprof, unpacked support bundles.
    template: '/^(?:(?<service>[^/]+)\\/)?(?:(?<instance>.+)\\/)?(?<profile>[^/.]+)\\.(?<ext>[A-Za-z0-9.]+)$/',
    example: 'heap-ingester-7f9c.pb.gz',
  },
];
