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
    template: '{instance}/{profile}.{time}.{value}.{ext}',
    example: 'node1/memprof.2026-11-03T14_22_33.456.6979321856.pprof',
  },
  {
    id: 'holmes',
    label: 'holmes',
    template: '{service}/{profile}.{event?}.{time}.log',
    example: 'ingester/mem.a1b2.20261103142233.456.log',
  },
  {
    id: 'autopprof',
    label: 'autopprof',
    template: 'pprof.{service}.{instance}.{profile}.{time}.{ext}',
    example: 'pprof.ingester.ingester-7f9c.inuse_space.20261103142233.pprof',
  },
  {
    id: 'tidb',
    label: 'TiDB oom_record',
    template: '{instance}/record{time}/{profile}',
    example: 'tidb-0/record2026-11-03T14:22:33Z/heap',
  },
  {
    id: 'hive',
    label: 'Hive-style partitions',
    template: 'dt={yyyy}-{mm}-{dd}/hour={HH}/service={service}/{time}_{instance}_{profile}.{ext}',
    example: 'dt=2026-11-03/hour=14/service=ingester/20261103T142233.456Z_ingester-7f9c_heap.pb.gz',
  },
  {
    id: 'flat',
    label: 'Flat folder (time of upload)',
    template: '{profile}.{ext}',
    example: 'heap-ingester-7f9c.pb.gz',
  },
];
