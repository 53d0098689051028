import { presetTemplates } from './presetTemplates';

export interface Preset {
  readonly id: string;
  readonly label: string;
  readonly template: string;
  readonly example: string;
}

export const presets: readonly Preset[] = (
  [
    {
      id: 'default',
      label: 'Pprof Lens',
      example:
        'ingester/2026/11/03/14/20261103T142233.456Z_k3v9q2xd_heap-ratio_6979321856-8589934592_ingester-7f9c_v1.42.0/heap.pb.gz',
    },
    { id: 'cockroachdb', label: 'CockroachDB', example: 'node1/memprof.2026-11-03T14_22_33.456.6979321856.pprof' },
    { id: 'holmes', label: 'holmes', example: 'ingester/mem.a1b2.20261103142233.456.log' },
    {
      id: 'autopprof',
      label: 'autopprof',
      example: 'pprof.ingester.ingester-7f9c.samples.cpu.2026-11-03T142233.UTC.pprof',
    },
    { id: 'tidb', label: 'TiDB oom_record', example: 'tidb-0/record2026-11-03T14:22:33Z/heap' },
    {
      id: 'conprof',
      label: 'TiDB continuous profiling (its zip, unpacked)',
      example: 'heap_tidb_10.0.1.5_10080_1793715753.proto',
    },
    {
      id: 'hive',
      label: 'Hive-style partitions',
      example: 'dt=2026-11-03/hour=14/service=ingester/20261103T142233.456Z_ingester-7f9c_heap.pb.gz',
    },
    { id: 'flat', label: 'Files by name (time of upload)', example: 'heap-ingester-7f9c.pb.gz' },
  ] as const
).map((preset) => ({ ...preset, template: presetTemplates[preset.id] }));
