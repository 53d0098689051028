// npm run demo: a bucket of recorded captures and the workbench, from a bare clone.
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureBuild, ensureModules, freePort, root, say } from './setup.mjs';

ensureModules();
ensureBuild();
const { build } = await import('esbuild');
const { createStore } = await import('../demo/store/store.mjs');
const { createWorkbench } = await import('../demo/workbench/server.mjs');

/**
 * Grafana's packages are .mjs files that import CommonJS packages' default exports, which bundlers refuse to .mjs files,
 * as Node does. Under another name they are ordinary modules.
 */
const looseModules = {
  name: 'loose-modules',
  setup(builder) {
    builder.onResolve(
      { filter: /^(@grafana\/|\.)/ },
      async ({ path, resolveDir, kind, importer, namespace, pluginData }) => {
        if (pluginData === 'resolved' || (namespace !== 'loose' && !path.startsWith('@grafana/'))) {
          return undefined;
        }
        const found = await builder.resolve(path, { resolveDir, kind, importer, pluginData: 'resolved' });
        return /@grafana.*\.mjs$/.test(found.path)
          ? { ...found, path: found.path.slice(0, -4), namespace: 'loose' }
          : found;
      }
    );
    builder.onLoad({ filter: /./, namespace: 'loose' }, ({ path }) => ({
      contents: readFileSync(`${path}.mjs`),
      resolveDir: dirname(path),
      loader: 'js',
    }));
  },
};

const page = join(root, 'demo/workbench/build');
say('building the workbench page');
mkdirSync(page, { recursive: true });
await build({
  entryPoints: [join(root, 'demo/workbench/page.tsx')],
  outdir: page,
  bundle: true,
  format: 'esm',
  splitting: true,
  jsx: 'automatic',
  minify: true,
  define: {
    'process.env.NODE_ENV': '"production"',
    global: 'globalThis',
    process: '{"env":{"NODE_ENV":"production"},"platform":"browser"}',
  },
  loader: { '.svg': 'dataurl', '.woff2': 'dataurl', '.woff': 'dataurl', '.png': 'dataurl', '.ttf': 'dataurl' },
  plugins: [looseModules],
  logLevel: 'error',
});
copyFileSync(join(root, 'demo/workbench/index.html'), join(page, 'index.html'));

const listen = (server, port) => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));

const storePort = await freePort(Number(process.env.STORE_PORT ?? 9000));
// CAPTURES: another folder of captures, in the default key layout.
const store = createStore(process.env.CAPTURES);
await listen(store, storePort);
const port = await freePort(Number(process.env.PORT ?? 3000));
await listen(
  createWorkbench({ dist: join(root, 'dist'), page, bucketUrl: `http://127.0.0.1:${storePort}/profiles` }),
  port
);
say(`bucket      http://127.0.0.1:${storePort}/profiles`);
say(`workbench   http://127.0.0.1:${port}`);
say(`dashboards  http://127.0.0.1:${port}/?tab=tenants and ?tab=heap`);
say('Ctrl-C stops both');
