// Servers of the tests: started in the background, with their output in a log file, and stopped by the ids they left.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const pidFile = (dir) => join(dir, 'pids');

/** Starts a server that outlives this process; `stopAll` of the same folder ends it. */
export function startServer(dir, command, args, env = {}) {
  const log = openSync(join(dir, `${command}.log`), 'a');
  const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log], env: { ...process.env, ...env } });
  child.on('error', () => undefined); // Seen by `waitFor`, which says what was in the log.
  child.unref();
  appendFileSync(pidFile(dir), `${child.pid}\n`);
}

/** Ends the servers of a folder and removes it. */
export async function stopAll(dir) {
  const pids = existsSync(pidFile(dir)) ? readFileSync(pidFile(dir), 'utf8').trim().split('\n').map(Number) : [];
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    const alive = pids.filter((pid) => kill(pid, signal));
    for (let i = 0; i < 20 && alive.some((pid) => kill(pid, 0)); i++) {
      await sleep(100);
    }
  }
  rmSync(dir, { recursive: true, force: true });
}

function kill(pid, signal) {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `isReady` says so. @throws Error with what the server wrote last */
export async function waitFor(what, dir, command, isReady, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    if (await Promise.resolve(isReady()).catch(() => false)) {
      return;
    }
    await sleep(200);
  }
  throw new Error(`${what} was not ready after ${seconds} s. ${command} wrote last:\n${lastLines(dir, command)}`);
}

/** What a server wrote last, for an error. */
export function lastLines(dir, command) {
  const log = join(dir, `${command}.log`);
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-5).join('\n') : 'it wrote nothing';
}
