import type { Configuration } from 'webpack';
import grafanaConfig, { type Env } from './.config/webpack/webpack.config';

/**
 * The scaffold wraps every chunk as an AMD module, the worker's too, and a worker has no `define`. Here only the
 * entries are AMD modules, so the worker chunk is a plain script.
 */
export default async function config(env: Env): Promise<Configuration> {
  const base = await grafanaConfig(env);
  const { library, ...output } = base.output ?? {};
  const entry = Object.fromEntries(
    Object.entries(base.entry as Record<string, string>).map(([name, file]) => [
      name,
      { import: file, library: { type: 'amd' } },
    ])
  );
  // Nothing is split off: a worker started from a blob cannot resolve the address of a further chunk.
  const optimization = { ...base.optimization, splitChunks: false as const };
  return { ...base, externalsType: 'amd', entry, output, optimization };
}
