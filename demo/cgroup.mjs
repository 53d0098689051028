// A real memory limit for a process: a memory cgroup of its own, version 1 or 2. Needs root.
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes a cgroup with a limit.
 * @returns {{enter: (command: string, args: string[]) => [string, string[]], remove: () => void} | undefined} how a
 *   command is run in it, and what removes it when the command has ended; undefined where none can be made
 */
export function makeCgroup(name, bytes) {
  const isFirst = existsSync('/sys/fs/cgroup/memory');
  const dir = join(isFirst ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup', name);
  const remove = () => existsSync(dir) && rmdirSync(dir);
  try {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, isFirst ? 'memory.limit_in_bytes' : 'memory.max'), String(bytes));
  } catch {
    return undefined;
  }
  return {
    enter: (command, args) => ['sh', ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', dir, command, ...args]],
    remove,
  };
}
