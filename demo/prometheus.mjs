// Debian's Prometheus for the demo: over the recorded metrics, their times moved as those of the captures are, or over
// those of a service that runs.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { scratchFolder, startChild } from '../scripts/children.mjs';
import { ensureDebian, freePort } from '../scripts/setup.mjs';
import { waitFor } from '../tests/servers/processes.mjs';
import { timeMovers } from './store/store.mjs';

const metrics = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, 'metrics');

/** Installs what is needed, where that may be. @returns why not, or undefined */
export const missing = () => ensureDebian(['prometheus'], ['prometheus', 'promtool']);

/** The recorded metrics in OpenMetrics' text format, moved as the captures of the same services. */
function movedMetrics(now) {
  const movers = timeMovers(undefined, now);
  return readdirSync(metrics).map((name) => {
    const move = movers[name.split('.')[0]];
    return gunzipSync(readFileSync(join(metrics, name)))
      .toString()
      .replace(/ ([\d.]+)$/gm, (_, seconds) => ` ${(move(Number(seconds) * 1000) / 1000).toFixed(3)}`);
  });
}

/**
 * Starts Prometheus on a free port.
 * @param config its configuration file; without one it has the recorded metrics
 * @returns its address
 * @throws Error with what it wrote last
 */
export async function startPrometheus({ config, now = Date.now(), port = 9090 } = {}) {
  const dir = scratchFolder('prometheus');
  const data = join(dir, 'data');
  const file = config ?? join(dir, 'prometheus.yml');
  if (!config) {
    // Nothing is scraped: blocks that reach into the future would refuse it.
    writeFileSync(file, '{}\n');
    for (const text of movedMetrics(now)) {
      const metricsFile = join(dir, 'metrics.txt');
      writeFileSync(metricsFile, text);
      const made = spawnSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '-q', metricsFile, data]);
      if (made.status !== 0) {
        throw new Error(`promtool could not import the recorded metrics: ${made.stderr}`);
      }
    }
  }
  const address = `127.0.0.1:${await freePort(port)}`;
  const url = `http://${address}`;
  startChild(dir, 'prometheus', [
    `--config.file=${file}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=${address}`,
    '--enable-feature=exemplar-storage',
  ]);
  await waitFor('Prometheus', dir, 'prometheus', async () => (await fetch(`${url}/-/ready`)).ok);
  return url;
}
