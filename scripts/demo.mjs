// npm run demo: a bucket of recorded captures, their metrics, and the workbench, from a bare clone.
// npm run demo:live: the same over two services whose memory nears its limit now, read through the gateway, which captures
// them too. Needs Go and Prometheus.
//   PORT, STORE_PORT                    where the workbench and the bucket are
//   CAPTURES                            another folder of captures, in the default key layout
//   CLIMB_SECONDS                       how long its memory climbs: 180
//   BUCKET, BUCKET_ENDPOINT             an S3 bucket for its captures, in place of a folder
//   WORKBENCH                           a copy of this tree with packages of its own, for the page: scripts/grafana13.mjs
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { endChildrenOnSignal } from './children.mjs';
import { ensureBuild, ensureModules, freePort, root, say } from './setup.mjs';

ensureModules();
ensureBuild();
const { build } = await import('esbuild');
const { createStore, repeatCaptures } = await import('../demo/store/store.mjs');
const { createWorkbench } = await import('../demo/workbench/server.mjs');
const live = await import('../demo/live.mjs');
const recorded = await import('../demo/prometheus.mjs');

const isLive = process.argv[2] === 'live';
const lacking = isLive ? live.missing() : undefined;
if (lacking) {
  say(`The live demo cannot run here: ${lacking}. npm run demo shows the same, recorded.`);
  process.exit(1);
}

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

const { BUCKET, BUCKET_ENDPOINT, CAPTURES, CLIMB_SECONDS = 180 } = process.env;
const tree = resolve(process.env.WORKBENCH ?? root);
const page = join(tree, 'demo/workbench/build');
say('building the workbench page');
mkdirSync(page, { recursive: true });
await build({
  entryPoints: [join(tree, 'demo/workbench/page.tsx')],
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
copyFileSync(join(tree, 'demo/workbench/index.html'), join(page, 'index.html'));

const listen = (server, port) => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));

endChildrenOnSignal();
const storePort = Number(process.env.STORE_PORT ?? 9000);
const port = await freePort(Number(process.env.PORT ?? 3000));
const url = `http://127.0.0.1:${port}`;

/** @returns where the plugin finds captures and metrics, and more to be said about it */
async function startRecorded() {
  const free = await freePort(storePort);
  const start = Date.now();
  const objects = repeatCaptures({ dir: CAPTURES, start });
  await listen(createStore(objects), free);
  const missing = recorded.missing();
  const prometheus = missing ? { missing } : { url: await recorded.startPrometheus({ objects, start }) };
  return { bucketUrl: `http://127.0.0.1:${free}/profiles`, prometheus };
}

const bucket = BUCKET ? { url: BUCKET_ENDPOINT, bucket: BUCKET } : undefined;
const { bucketUrl, prometheus, gateway, ...more } = isLive
  ? await live.startLive({ url, bucket, port: storePort, seconds: Number(CLIMB_SECONDS) })
  : await startRecorded();
// @grafana/ui brings its icons as files and asks for them where Grafana serves them.
const icons = join(tree, 'node_modules/@grafana/ui/dist/public/img/icons');
await listen(createWorkbench({ dist: join(root, 'dist'), page, icons, bucketUrl, prometheus, gateway }), port);
Object.entries({
  bucket: bucketUrl,
  prometheus: prometheus.url ?? `none: ${prometheus.missing}`,
  ...(gateway && { gateway: gateway.url }),
  ...more,
}).forEach(([name, where]) => say(`${name.padEnd(12)} ${where}`));
say(`workbench    ${url}/d/pproflens-incident${isLive ? '?from=now-15m&to=now' : ''}`);
say('Ctrl-C stops all of it');
