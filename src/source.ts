import type { SourceSettings } from './query/sourceLinks';
import type { PprofOptions } from './types';

/** How links to code are made; undefined where the settings have none, which costs nothing then. */
export const sourceSettings = ({
  sourceUrl,
  sourceRules,
  sourceGoVersion = '',
}: PprofOptions): SourceSettings | undefined =>
  sourceUrl ? { template: sourceUrl, rules: sourceRules, goVersion: sourceGoVersion } : undefined;
