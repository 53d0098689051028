// A real S3 server for the tests: Ceph's radosgw from Debian over one monitor and one object store in memory, without
// systemd, /etc/ceph or a disk. All ports are on 127.0.0.1.
//   node tests/servers/ceph.mjs start|stop     with the buckets of buckets.mjs
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { S3Client } from '@aws-sdk/client-s3';
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
rgw s3 auth use sts = true
rgw s3 auth order = local, sts
rgw sts key = 0123456789abcdef
`;

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
  }
  return stdout;
}

/** Credentials that end, as a role has them: of the server's own STS. @throws Error with its words */
export async function sessionCredentials(server) {
  const client = new S3Client({ endpoint: server.url, region: 'us-east-1', credentials: server.credentials });
  const signer = await client.config.signer();
  const ask = async (service, parameters) => {
    const { host, hostname, port } = new URL(server.url);
    const body = new URLSearchParams(parameters).toString();
    const headers = { host, 'content-type': 'application/x-www-form-urlencoded' };
    const request = {
      method: 'POST',
      protocol: 'http:',
      hostname,
      port: Number(port),
      path: '/',
      query: {},
      headers,
      body,
    };
    const signed = await signer.sign(request, { signingService: service });
    const response = await fetch(server.url, { method: 'POST', headers: signed.headers, body });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`${parameters.Action}: ${response.status} ${text}`);
    }
    return (name) => new RegExp(`<${name}>([^<]*)<`).exec(text)?.[1];
  };
  const statement = { Effect: 'Allow', Action: 'sts:GetSessionToken', Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const user = { UserName: 'demo', PolicyName: 'sts', PolicyDocument };
  await ask('iam', { Action: 'PutUserPolicy', Version: '2010-05-08', ...user });
  const value = await ask('sts', { Action: 'GetSessionToken', Version: '2011-06-15' });
  client.destroy();
  return {
    accessKeyId: value('AccessKeyId'),
    secretAccessKey: value('SecretAccessKey'),
    sessionToken: value('SessionToken'),
  };
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
    '--caps=user-policy=*',
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
