// Servers of the tests: started in the background, their output in a log file of their folder, ended by the ids they left.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { root } from '../../scripts/setup.mjs';

// Of this clone alone, so that two clones test side by side. Not inside it: the path of a socket may have 107 characters.
const clone = createHash('sha256').update(root).digest('hex').slice(0, 8);

/** The folder of a server: its files, logs and process ids. */
export const folderOf = (server) => join(tmpdir(), `pproflens-${server}-${clone}`);

const pidFile = (dir) => join(dir, 'pids');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts a server that outlives this process. Its arguments name `dir`, which is how `stopAll` knows it again. */
export function startServer(dir, command, args, env = {}) {
  const log = openSync(join(dir, `${basename(command)}.log`), 'a');
  const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log], env: { ...process.env, ...env } });
  child.on('error', () => undefined); // `waitFor` says it: the server never gets ready.
  child.unref();
  appendFileSync(pidFile(dir), `${child.pid}\n`);
}

/** Ids are reused: a process is ours only while its command line names our folder. */
function isOurs(pid, dir) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir);
  } catch {
    return false;
  }
}

/** Ends the servers of a folder, the last started first, and removes the folder. */
export async function stopAll(dir) {
  const pids = existsSync(pidFile(dir)) ? readFileSync(pidFile(dir), 'utf8').trim().split('\n').map(Number) : [];
  const alive = () => pids.filter((pid) => isOurs(pid, dir));
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    for (const pid of alive().reverse()) {
      process.kill(pid, signal);
    }
    for (let i = 0; i < 30 && alive().length > 0; i++) {
      await sleep(100);
    }
  }
  rmSync(dir, { recursive: true, force: true });
}

/** Waits until `isReady` says so. @throws Error with what the server wrote last */
export async function waitFor(what, dir, command, isReady, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  let reason = '';
  while (Date.now() < end) {
    try {
      if (await isReady()) {
        return;
      }
    } catch (error) {
      reason = `: ${error.cause?.message ?? error.message}`;
    }
    await sleep(200);
  }
  const log = join(dir, `${command}.log`);
  const written = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-5).join('\n') : '';
  throw new Error(`${what} was not ready after ${seconds} s${reason}. ${command} wrote last:\n${written || 'nothing'}`);
}
