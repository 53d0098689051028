import { join } from 'node:path';
import { Compilation, sources, type Compiler, type Configuration, type RuleSetRule } from 'webpack';
import grafanaConfig, { type Env } from './.config/webpack/webpack.config';
import { ThirdPartyLicenses } from './scripts/licenses';

/** What every browser that Grafana 12 supports runs as it is: async functions, spread, private fields, bigint. */
const target = 'es2022';

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
  // Nothing is split off but what is imported so: each script is one request.
  const optimization = { ...base.optimization, splitChunks: false as const };
  const rules = [foldedViews, ...(base.module?.rules as RuleSetRule[]).map(withTarget)];
  const plugins = [
    ...(base.plugins ?? []),
    new ThirdPartyLicenses('THIRD_PARTY_LICENSES.txt'),
    dayOfCommit,
    hashesOfMaps,
  ];
  // Of unzipit's own workers, which are never started.
  const ignoreWarnings = [{ module: /unzipit/, message: /Critical dependency/ }];
  return {
    ...base,
    ignoreWarnings,
    externalsType: 'amd',
    entry,
    output,
    optimization,
    plugins,
    module: { ...base.module, rules },
  };
}

/** The table of views as plain data: whoever only has to know what views there are does not carry their computations. */
const foldedViews: RuleSetRule = {
  test: /[\\/]query[\\/]viewInfos\.ts$/,
  enforce: 'pre',
  loader: join(process.cwd(), 'scripts/fold.mjs'),
};

/** The scaffold writes the day of the build. SOURCE_DATE_EPOCH says that of the commit: the same files whenever built. */
const dayOfCommit = {
  apply({ hooks }: Compiler) {
    const day = new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000);
    if (!process.env.SOURCE_DATE_EPOCH) {
      return;
    }
    hooks.thisCompilation.tap('DayOfCommit', (compilation) => {
      const stage = Compilation.PROCESS_ASSETS_STAGE_SUMMARIZE;
      compilation.hooks.processAssets.tap({ name: 'DayOfCommit', stage }, () =>
        compilation.updateAsset('plugin.json', (old) => {
          const text = old.source().toString();
          return new sources.RawSource(text.replace('%TODAY%', day.toISOString().slice(0, 10)));
        })
      );
    });
  },
};

/**
 * Maps are written with first hashes of the files' contents, which depend on where the repository is. Here they get those
 * that the files' names have, and the maps' own files the names on the disk.
 */
const hashesOfMaps = {
  apply({ hooks }: Compiler) {
    hooks.thisCompilation.tap('HashesOfMaps', (compilation) => {
      const stage = Compilation.PROCESS_ASSETS_STAGE_REPORT;
      compilation.hooks.processAssets.tap({ name: 'HashesOfMaps', stage }, (assets) => {
        const maps = Object.entries(assets)
          .filter(([name]) => /\.map(\?|$)/.test(name))
          .map(([name, source]) => ({ name, text: source.source().toString() }));
        const hash = /\?_cache=(\w+)$/;
        const hashes = maps.map(({ name, text }) => [hash.exec(JSON.parse(text).file)?.[1], hash.exec(name)?.[1]]);
        for (const { name, text } of maps) {
          const { file, ...map } = JSON.parse(
            hashes.reduce((old, [first, last]) => (first && last ? old.replaceAll(first, last) : old), text)
          );
          const plain = { ...map, file: file.replace(hash, '') };
          compilation.updateAsset(name, new sources.RawSource(JSON.stringify(plain)));
        }
      });
    });
  },
};

/** The scaffold compiles to ES2015, which makes state machines of async functions and a tenth more of the code. */
function withTarget(rule: RuleSetRule): RuleSetRule {
  const { use } = rule;
  if (typeof use !== 'object' || Array.isArray(use) || use?.loader !== 'swc-loader') {
    return rule;
  }
  const options = use.options as { jsc: object };
  return { ...rule, use: { ...use, options: { ...options, jsc: { ...options.jsc, target } } } };
}
