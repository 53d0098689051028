import type { ServerTraits } from '../store/store';
import { grouped, type Notice } from '../text/notice';
import type { Found } from './plan';

/** What it costs that a server does not list as S3 does (docs/servers.md). */
export function serverNotices(server: ServerTraits | undefined, { objectsSeen, captures }: Found): Notice[] {
  const all = `all ${grouped(objectsSeen)} objects in the folders of the time range were listed for ${grouped(captures.length)} captures`;
  const texts = [
    ...(server?.isOrdered === false
      ? [
          `The server lists keys in an order of its own, so a listing cannot begin and end at a time: ${all}, anew at each refresh.`,
        ]
      : server?.startsAfter === false
        ? [`The server does not begin a listing where it is told to (start-after): ${all}.`]
        : []),
    ...(server?.delimits === false
      ? [
          'The server lists what is below folders instead of the folders (delimiter): finding the services takes a request for each.',
        ]
      : []),
  ];
  return texts.map((text) => ({ severity: 'info', text }));
}
