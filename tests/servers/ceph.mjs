// A real S3 server for the tests: Ceph's radosgw from Debian over one monitor and one object store in memory, without
// systemd, root's /etc/ceph or a disk. All ports are on 127.0.0.1.
//   node tests/servers/ceph.mjs start|stop
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lastLines, startServer, stopAll, waitFor } from './processes.mjs';

export const packages = ['ceph-mon', 'ceph-osd', 'radosgw'];
export const commands = ['ceph-mon', 'ceph-osd', 'radosgw'];
export const credentials = { accessKeyId: 'demo', secretAccessKey: 'demosecret' };
export const url = 'http://127.0.0.1:7480';

const dir = join(tmpdir(), 'pproflens-ceph');

// No cephx: the monitor's client mode must then be crc, as radosgw asks for an encrypted one that needs keys. A cluster
// address beside the public one, else the object store listens on every interface.
const configuration = (id) => `
[global]
fsid = ${id}
mon host = [v2:127.0.0.1:3300,v1:127.0.0.1:6789]
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
rgw frontends = beast endpoint=127.0.0.1:7480
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

/** Starts the server and its one user. Takes some 15 s. @throws Error saying which part failed */
export async function start() {
  await stop();
  ['mon', 'osd', 'rgw'].forEach((name) => mkdirSync(join(dir, name), { recursive: true }));
  const id = randomUUID();
  const osd = randomUUID();
  const conf = ['-c', join(dir, 'ceph.conf')];
  const map = join(dir, 'monmap');
  writeFileSync(conf[1], configuration(id));
  run('monmaptool', ['--create', '--fsid', id, '--addv', 'a', '[v2:127.0.0.1:3300,v1:127.0.0.1:6789]', map]);
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
}

export const stop = () => stopAll(dir);

/** What the S3 server wrote last. */
export const lastWords = () => lastLines(dir, 'radosgw');

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const action = { start, stop }[process.argv[2]];
  if (!action) {
    process.stderr.write('usage: node tests/servers/ceph.mjs start|stop\n');
    process.exit(2);
  }
  await action();
  process.stdout.write(process.argv[2] === 'start' ? `${url} with key demo, secret demosecret\n` : 'stopped\n');
}
