import { userLabelKey } from '../../profile/goroutineStates';
import { grouped, type Notice } from '../../text/notice';
import { renamedLabels } from './count';
import { maxDump, type DumpReader } from './dump';
import { maxLabels } from './header';
import { severalDumps } from './severalProfiles';

/** Says of a dump what its goroutines do not show: what is missing, and what labels stand for. */
export function dumpNotices(reader: DumpReader, bytes: Uint8Array, areMentionsCut: boolean): Notice[] {
  const notices = [
    skipped(reader),
    end(reader, bytes),
    pieces(reader),
    ...counted(reader),
    labelsLeftOut(reader),
    areMentionsCut &&
      warning('Holders of locks were looked for in a part of the dump: too many arguments are near locks.'),
    unknownWords(reader),
    clashes(reader),
  ];
  return notices.filter((notice) => notice !== undefined && notice !== false);
}

const warning = (text: string): Notice => ({ severity: 'warning', text });
const info = (text: string): Notice => ({ severity: 'info', text });

function skipped({ counts, firstSkipped }: DumpReader): Notice | undefined {
  return firstSkipped
    ? warning(
        `${grouped(counts.skipped)} of ${grouped(counts.headers)} goroutines could not be read; the first at line ` +
          `${grouped(firstSkipped.line)}: ${firstSkipped.text}`
      )
    : undefined;
}

function pieces({ counts, firstPiece }: DumpReader): Notice | undefined {
  return firstPiece === undefined
    ? undefined
    : warning(
        `Lines inside goroutines that look cut, whose other piece was not found: ${grouped(counts.pieces)}. Calls may be missing ` +
          `there; the first is ${JSON.stringify(firstPiece)}.`
      );
}

function end({ rows, isCut, isCutInside }: DumpReader, bytes: Uint8Array): Notice | undefined {
  if (bytes.length === maxDump) {
    return warning(
      `The dump is cut off at 64 MiB, the most that Go writes with debug=2: ${grouped(rows.length)} goroutines are in it, ` +
        'the others are missing. A capture with debug=0 has all of them, without their states.'
    );
  }
  if (!isCut) {
    return undefined;
  }
  return warning(
    isCutInside
      ? `The dump ends inside goroutine ${rows.id[rows.length - 1]}: what came after it is missing.`
      : 'The dump ends in the middle of a line: what came after it is missing.'
  );
}

function counted({ counts, body }: DumpReader): Array<Notice | false> {
  return [
    counts.dumps > 1 && warning(severalDumps(counts.dumps, 'dumps')),
    counts.orphans > 0 &&
      warning(`Lines that look like calls but belong to no goroutine are left out: ${grouped(counts.orphans)}.`),
    counts.repeated > 0 &&
      info(`Goroutines that are printed again for their threads, and count once: ${grouped(counts.repeated)}.`),
    body.ancestors.size > 0 &&
      info('The label ancestor has the ids of ancestors (tracebackancestors); their stacks are left out.'),
  ];
}

function labelsLeftOut({ rows, statuses }: DumpReader): Notice | undefined {
  const cut = rows.status
    .subarray(0, rows.length)
    .reduce((sum, status) => sum + (statuses[status]?.labelsLeftOut ? 1 : 0), 0);
  return cut > 0
    ? warning(`Goroutines with more than ${maxLabels} labels, of which the others are left out: ${grouped(cut)}.`)
    : undefined;
}

function unknownWords({ statuses }: DumpReader): Notice | undefined {
  const unknown = new Set(statuses.flatMap((status) => status?.unknown ?? []));
  return unknown.size > 0
    ? info(`Headers say what no version of Go is known to print: ${[...unknown].slice(0, 5).join(', ')}.`)
    : undefined;
}

/** Labels of the program that are called as ours. */
function clashes({ statuses }: DumpReader): Notice | undefined {
  const keys = new Set(statuses.flatMap((status) => status?.labels.map(([key]) => key) ?? []));
  const renamed = [...keys].filter((key) => userLabelKey(key) !== key);
  return renamed.length > 0 ? info(renamedLabels(renamed.map(userLabelKey))) : undefined;
}
