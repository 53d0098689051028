// Servers that end with the script that started them, each with its output in a log file.
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const children = new Set();
const folders = new Set();

/** A folder that is gone when the script ends. */
export function scratchFolder(name) {
  const dir = mkdtempSync(join(tmpdir(), `pproflens-${name}-`));
  folders.add(dir);
  return dir;
}

/** Starts a server whose output goes to `command`.log in its folder. */
export function startChild(dir, command, args, { env = {}, log = command } = {}) {
  const output = openSync(join(dir, `${log}.log`), 'a');
  const child = spawn(command, args, { stdio: ['ignore', output, output], env: { ...process.env, ...env } });
  child.on('error', () => undefined); // Whoever waits for it says it: it never gets ready.
  children.add(child);
  child.on('close', () => children.delete(child));
  return child;
}

/** Ends all of them and removes their folders. */
export async function endChildren() {
  const ended = [...children].map((child) => new Promise((resolve) => child.on('close', resolve)));
  children.forEach((child) => child.kill());
  const hang = setTimeout(() => children.forEach((child) => child.kill('SIGKILL')), 5000);
  await Promise.all(ended);
  clearTimeout(hang);
  folders.forEach((dir) => rmSync(dir, { recursive: true, force: true }));
}

/** Ends them, then `last`, where the script is told to stop. */
export function endChildrenOnSignal(last = () => undefined) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      await endChildren();
      await last();
      process.exit(0);
    });
  }
}
