// A webpack loader: replaces a module by what it exports, which has to be plain data. It is run as it would be in Node, with
// all that it imports; webpack builds it anew when one of those changes.
import { build } from 'esbuild';

export default async function fold() {
  const done = this.async();
  try {
    const { outputFiles, metafile } = await build({
      entryPoints: [this.resourcePath],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      absWorkingDir: this.rootContext,
    });
    Object.keys(metafile.inputs).forEach((input) => this.addDependency(`${this.rootContext}/${input}`));
    const module = await import(
      `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
    );
    const exported = Object.entries(module).map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`);
    done(null, exported.join('\n'));
  } catch (error) {
    done(error);
  }
}
