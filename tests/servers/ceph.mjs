// A real S3 server for the tests: Ceph's radosgw from Debian over one monitor and one object store in memory, without
// systemd, /etc/ceph or a disk. All ports are on 127.0.0.1.
//   node tests/servers/ceph.mjs start|stop     with the buckets of buckets.mjs
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureDebian, freePort } from '../../scripts/setup.mjs';
import { folderOf, startServer, stopAll, waitFor } from './processes.mjs';

export const credentials = { accessKeyId: 'demo', secretAccessKey: 'demosecret' };
const dir = folderOf('ceph');

// No cephx: the monitor's client mode must then be crc, as radosgw asks for an encrypted one that needs keys. A cluster
// address beside the public one, else the object store listens on every interface.
const configuration = ({ id, monitor, port }) => `
[global]
fsid = ${id}
mon host = ${monitor}
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
run dir = ${dir}
admin socket = ${dir}/$name.$pid.asok
log file = ${dir}/$name.ceph.log
pid file = ${dir}/$name.pid
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail warn = 1
mon data avail crit = 1
osd objectstore = memstore
memstore device bytes = 1073741824
[mon.a]
mon data = ${dir}/mon
host = ${hostname()}
[osd.0]
osd data = ${dir}/osd
[client.rgw.a]
rgw data = ${dir}/rgw
ms mon client mode = crc
rgw frontends = beast endpoint=127.0.0.1:${port}
rgw enable usage log = false
rgw dns name = localhost
rgw run sync thread = false
rgw thread pool size = 32
`;

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
  }
  return stdout;
}

/** Installs what is needed, where that may be. @returns why not, or undefined */
export const missing = () =>
  ensureDebian(['ceph-mon', 'ceph-osd', 'radosgw'], ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'ceph']);

/** Starts the server, and its one user, on free ports. Takes some 15 s. @throws Error saying which part failed */
export async function start() {
  await stop();
  const [port, v1, v2] = [await freePort(), await freePort(), await freePort()];
  const monitor = `[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]`;
  const url = `http://127.0.0.1:${port}`;
  ['mon', 'osd', 'rgw'].forEach((name) => mkdirSync(join(dir, name), { recursive: true }));
  const id = randomUUID();
  const osd = randomUUID();
  const conf = ['-c', join(dir, 'ceph.conf')];
  const map = join(dir, 'monmap');
  writeFileSync(conf[1], configuration({ id, monitor, port }));
  run('monmaptool', ['--create', '--fsid', id, '--addv', 'a', monitor, map]);
  run('ceph-mon', [...conf, '-i', 'a', '--mkfs', '--monmap', map]);
  startServer(dir, 'ceph-mon', [...conf, '-i', 'a', '-f']);
  run('ceph', [...conf, '--connect-timeout', '20', 'osd', 'new', osd]);
  run('ceph-osd', [...conf, '-i', '0', '--mkfs', '--osd-uuid', osd]);
  startServer(dir, 'ceph-osd', [...conf, '-i', '0', '-f']);
  await waitFor('The object store', dir, 'ceph-osd', () => run('ceph', [...conf, 'osd', 'stat']).includes('1 up'));
  startServer(dir, 'radosgw', [...conf, '-n', 'client.rgw.a', '-f']);
  await waitFor('The S3 server', dir, 'radosgw', async () => (await fetch(url)).ok);
  run('radosgw-admin', [
    ...conf,
    ...['user', 'create', '--uid=demo', '--display-name=demo'],
    `--access-key=${credentials.accessKeyId}`,
    `--secret-key=${credentials.secretAccessKey}`,
  ]);
  return { url, credentials };
}

export const stop = () => stopAll(dir);

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const command = process.argv[2];
  if (command === 'start') {
    const why = missing();
    if (why) {
      throw new Error(why);
    }
    const { fillBuckets } = await import('./buckets.mjs');
    const { url } = await start();
    await fillBuckets({ url, credentials });
    const { accessKeyId, secretAccessKey } = credentials;
    process.stdout.write(`${url} with key ${accessKeyId}, secret ${secretAccessKey}, buckets profiles and private\n`);
  } else if (command === 'stop') {
    await stop();
  } else {
    process.stderr.write(`usage: node tests/servers/ceph.mjs start|stop, got ${command ?? 'nothing'}\n`);
    process.exit(2);
  }
}
