import { existsSync, readdirSync, readFileSync } from 'fs';
import { dirname, join, sep } from 'path';
import {
  Compilation,
  RuntimeModule,
  sources,
  type Chunk,
  type Compiler,
  type Module,
  type WebpackPluginInstance,
} from 'webpack';

/** What a package's licence asks to be handed on is in files of these names. */
const legal = /^(licen[cs]e|copying|notice|copyright)/i;
const rule = '='.repeat(80);

/**
 * Writes a file with the licence texts of all packages whose code is in a chunk, the worker's and those that are loaded
 * later included, and of webpack itself, whose runtime is in each. A package without a licence file fails the build.
 */
export class ThirdPartyLicenses implements WebpackPluginInstance {
  constructor(private readonly file: string) {}

  apply(compiler: Compiler): void {
    const name = 'ThirdPartyLicenses';
    compiler.hooks.thisCompilation.tap(name, (compilation) => {
      const stage = Compilation.PROCESS_ASSETS_STAGE_ADDITIONAL;
      compilation.hooks.processAssets.tap({ name, stage }, () =>
        compilation.emitAsset(this.file, new sources.RawSource(textOf(packagesOf(compilation))))
      );
    });
  }
}

/** @returns folders of packages, each once */
function packagesOf({ chunks, chunkGraph }: Compilation): string[] {
  const modules = [...chunks].flatMap((chunk: Chunk) => [...chunkGraph.getChunkModulesIterable(chunk)]);
  return [...new Set(modules.flatMap(withInner).flatMap(folderOf))];
}

/** A module that webpack joined of several is of each of them. */
const withInner = (module: Module): Module[] => [module, ...((module as { modules?: Module[] }).modules ?? [])];

/** The folder of the package that a module is of, or none where it is ours or made by the build. */
function folderOf(module: Module): string[] {
  if (module instanceof RuntimeModule) {
    return [dirname(require.resolve('webpack/package.json'))];
  }
  const path = module.nameForCondition() ?? '';
  const mark = `${sep}node_modules${sep}`;
  const at = path.lastIndexOf(mark);
  if (at < 0 || !existsSync(path)) {
    return [];
  }
  const [scope, name] = path.slice(at + mark.length).split(sep);
  return [path.slice(0, at) + mark + (scope.startsWith('@') ? join(scope, name) : scope)];
}

function textOf(folders: string[]): string {
  const texts = folders.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const files = readdirSync(folder)
      .filter((file) => legal.test(file))
      .sort();
    if (files.length === 0) {
      throw new Error(
        `${name} ${version} is part of the plugin and has no licence file in ${folder}. Its licence (${license}) most ` +
          'likely asks to hand its text on: use a version that has one, or another package.'
      );
    }
    const bodies = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
    return [rule, `${name} ${version} (${license})`, rule, ...bodies].join('\n\n');
  });
  return `The JavaScript files beside this one contain code of these packages.\n\n${texts.sort().join('\n\n')}\n`;
}
