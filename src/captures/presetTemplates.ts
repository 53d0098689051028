/** Key layouts by id. The settings say more of them (presets.ts). */
export const presetTemplates: Readonly<Record<string, string>> = {
  default:
    '{service}/{yyyy}/{mm}/{dd}/{HH}/{time}_{event}_{trigger}_{value}-{limit}_{instance}_{version}/{profile}.{ext}',
  // Heap and jemalloc profiles, memstats and the like have bytes in their names, goroutine dumps a count, CPU profiles a percentage.
  cockroachdb:
    '/^(?:(?:.*\\/)?nodes\\/)?(?:(?<instance>[^/]+)\\/)?(?:[^/]+\\/)*' +
    '(?:(?=goroutine_dump\\.[^/]*\\.(?<goroutines>\\d+)\\.)|(?=cpuprof\\.[^/]*\\.(?<cpu>\\d+)\\.)|(?=[^/]*\\.(?<value>\\d+)\\.[a-z.]+$))' +
    '(?<profile>[a-z_]+)\\.(?<time>\\d{4}-\\d\\d-\\d\\dT\\d\\d_\\d\\d_\\d\\d(?:\\.\\d{1,3})?)\\.(?:(?<trigger>[a-z_]+)\\.)?\\d+\\.(?<ext>[a-z.]+)$/',
  // Folders before the names are whatever their uploader made; the first of several is the service, the others an instance.
  holmes:
    '/^(?:(?<service>[^/]+)\\/)?(?:(?<instance>.+)\\/)?(?<profile>[A-Za-z]+)\\.(?:(?<event>[^/.]+)\\.)?' +
    '(?<time>\\d{14}(?:\\.\\d{1,3})?)\\.(?<ext>[A-Za-z][A-Za-z0-9.]*)$/',
  // Names of hosts have dots, and those of profiles too.
  autopprof:
    '/^(?:.*\\/)?pprof\\.(?<service>[^/.]+)\\.(?<instance>[^/]+?)\\.' +
    '(?<profile>samples\\.cpu|alloc_objects\\.alloc_space\\.inuse_objects\\.inuse_space|[^/.]+)\\.' +
    '(?<time>\\d{4}-\\d\\d-\\d\\dT\\d{6}\\.(?:[A-Z]{2,5}|[+-]\\d\\d(?:\\d\\d)?)|\\d{14})\\.(?<ext>[a-z][a-z0-9.]*)$/',
  tidb: '/^(?:(?<instance>[^/]+)\\/)?(?:[^/]+\\/)*record(?<time>\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:Z|[+-]\\d\\d:\\d\\d))\\/(?<profile>[^/.]+)(?:\\.(?<ext>[A-Za-z0-9.]+))?$/',
  conprof: '/^(?:.*\\/)?(?<profile>[a-z]+)_(?<service>[a-z]+)_(?<instance>[^/]+)_(?<time>\\d{10})\\.(?<ext>[a-z.]+)$/',
  hive: 'dt={yyyy}-{mm}-{dd}/hour={HH}/service={service}/{time}_{instance}_{profile}.{ext}',
  // What CI keeps of `go test -cpuprofile`, Datadog's delta-heap.pprof and goroutines.pprof, unpacked support bundles.
  flat: '/^(?:(?<service>[^/]+)\\/)?(?:(?<instance>.+)\\/)?(?<profile>[^/.]+)\\.(?<ext>[A-Za-z0-9.]+)$/',
};
