// Servers that speak as Azure Blob Storage and Google Cloud Storage do, for the tests of the gateway: Azurite from npm and
// fake-gcs-server from the Go proxy, each of a pinned version, installed on first use into .clouds/. All ports are on 127.0.0.1.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asShipped, freePort, has, root, say } from '../../scripts/setup.mjs';
import { folderOf, startServer, stopAll, waitFor } from './processes.mjs';

const dir = folderOf('clouds');
const installed = join(root, '.clouds');

const text = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

/** Runs what installs something. @returns why it could not, or undefined */
function install(what, command, args, env = {}) {
  say(`${what}, into .clouds`);
  const { status, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return status === 0
    ? undefined
    : `${what} failed: ${error?.message ?? stderr.trim().split('\n').slice(-3).join(' ')}`;
}

const azurite = join(installed, 'azurite');
const azuriteMain = join(azurite, 'node_modules/azurite/dist/src/blob/main.js');

function installAzurite() {
  const source = join(root, 'tests/servers/azurite');
  const lock = 'package-lock.json';
  if (existsSync(azuriteMain) && text(join(azurite, lock)) === text(join(source, lock))) {
    return undefined;
  }
  cpSync(source, azurite, { recursive: true });
  // It asks for Node 22 and runs with 20, which the plugin's other tests need no more than.
  return install('npm ci of Azurite', 'npm', [
    'ci',
    '--prefix',
    azurite,
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--loglevel=error',
  ]);
}

const fakeGcsVersion = 'v1.56.1';
const fakeGcs = join(installed, fakeGcsVersion, 'fake-gcs-server');

function installFakeGcs() {
  if (existsSync(fakeGcs)) {
    return undefined;
  }
  if (!has('go')) {
    return 'go is not installed, so fake-gcs-server cannot be built';
  }
  const module = `github.com/fsouza/fake-gcs-server@${fakeGcsVersion}`;
  return install('go install of fake-gcs-server', 'go', ['install', ...asShipped.flags, module], {
    ...asShipped.env,
    GOBIN: join(installed, fakeGcsVersion),
  });
}

// Azurite's one account, which every client knows (learn.microsoft.com/azure/storage/common/storage-use-azurite).
const account = 'devstoreaccount1';
const accountKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** The ways to start each. @returns the bucket's URL as the gateway has it, and the environment that leads its SDK to the server */
const kinds = {
  async azure(port) {
    const args = [azuriteMain, '--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', dir];
    // The SDK speaks a version of the interface that is newer than what Azurite says it knows.
    startServer(dir, 'node', [...args, '--silent', '--skipApiVersionCheck', '--disableTelemetry']);
    const endpoint = `http://127.0.0.1:${port}/${account}`;
    await waitFor('Azurite', dir, 'node', async () => (await fetch(endpoint)).status > 0);
    const connection = `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${accountKey};BlobEndpoint=${endpoint};`;
    const bucket = `azblob://private?protocol=http&localemu=true&domain=127.0.0.1:${port}`;
    return { bucket, env: { AZURE_STORAGE_CONNECTION_STRING: connection } };
  },
  async google(port) {
    const host = `127.0.0.1:${port}`;
    const args = ['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-public-host', host];
    const files = ['-backend', 'memory', '-log-level', 'error', '-data', dir];
    startServer(dir, fakeGcs, [...args, ...files]);
    await waitFor(
      'fake-gcs-server',
      dir,
      'fake-gcs-server',
      async () => (await fetch(`http://${host}/storage/v1/b?project=test`)).ok
    );
    return { bucket: 'gs://private', env: { STORAGE_EMULATOR_HOST: host } };
  },
};
const installers = { azure: installAzurite, google: installFakeGcs };

/** Installs all that can be had. @returns why not, or undefined */
export const missing = () =>
  Object.values(installers)
    .map((install) => install())
    .filter(Boolean)
    .join('; ') || undefined;

/** Starts those that can be had; why another one cannot is said. @returns by name, their bucket and environment */
export async function start() {
  await stop();
  mkdirSync(dir, { recursive: true });
  const started = {};
  for (const [name, kind] of Object.entries(kinds)) {
    const why = installers[name]();
    if (why) {
      say(`${why}: the gateway is not tested with ${name}`);
      if (process.env.CI) {
        throw new Error(why);
      }
      continue;
    }
    started[name] = await kind(await freePort());
  }
  return started;
}

export const stop = () => stopAll(dir);
