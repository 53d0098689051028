/** Older names of sample types that pprof still takes, in its order: the first that is set counts (internal/driver/cli.go). */
export const sampleAliases: Readonly<Record<string, string>> = {
  total_delay: 'delay',
  mean_delay: 'delay',
  contentions: 'contentions',
  inuse_space: 'inuse_space',
  inuse_objects: 'inuse_objects',
  alloc_space: 'alloc_space',
  alloc_objects: 'alloc_objects',
};
