// Debian's Prometheus for the demo: over the recorded metrics, or over those of a service that runs.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchFolder, startChild } from '../scripts/children.mjs';
import { ensureDebian, freePort } from '../scripts/setup.mjs';
import { waitFor } from '../tests/servers/processes.mjs';
import { loadMetrics } from './replay.mjs';

/** Installs what is needed, where that may be. @returns why not, or undefined */
export const missing = () => ensureDebian(['prometheus'], ['prometheus', 'promtool']);

/**
 * Starts Prometheus on a free port.
 * @param config its configuration file; without one it has the recorded metrics
 * @param objects the captures of repeatCaptures, and its `start`, for the recorded metrics
 * @returns its address
 * @throws Error with what it wrote last
 */
export async function startPrometheus({ config, objects = [], start = Date.now(), port = 9090 } = {}) {
  const dir = scratchFolder('prometheus');
  const data = join(dir, 'data');
  const file = config ?? join(dir, 'prometheus.yml');
  if (!config) {
    const targets = [];
    for (const recorded of loadMetrics(objects, start)) {
      const metricsFile = join(dir, 'metrics.txt');
      writeFileSync(metricsFile, recorded.past());
      const made = spawnSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '-q', metricsFile, data]);
      if (made.status !== 0) {
        throw new Error(`promtool could not import the recorded metrics: ${made.stderr}`);
      }
      const replayPort = await freePort();
      recorded.server().listen(replayPort, '127.0.0.1');
      targets.push(`127.0.0.1:${replayPort}`);
    }
    // The recording has its own labels job and instance. JSON is YAML.
    const scrape = { job_name: 'recorded', honor_labels: true, static_configs: [{ targets }] };
    writeFileSync(file, JSON.stringify({ global: { scrape_interval: '2s' }, scrape_configs: [scrape] }));
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
