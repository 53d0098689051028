import type { Bucket } from './bucket';
import { captureByKey } from './byKey';
import { processId, type Capture } from './capture';
import { chooseCaptures, type Choice } from './chooseCaptures';
import type { CaptureFields, LimitFields } from './choices';
import { groupsOf, mainCapture } from './events';
import { oneFormatEach } from './formats';
import type { Range } from './listing';
import { listOrExplain } from './opened';
import { sampleOf } from './sample';
import { counted, type Notice } from '../text/notice';

type FleetQuery = Partial<CaptureFields & LimitFields> & { readonly selector: string };

/**
 * The captures of many processes: of each what the query chooses, all in the range where it does not choose. An event is that of
 * one process; of the others it is what is nearest to it in time. Captures of other profiles than the newest one's are left out,
 * since their values are of another kind.
 * @throws StoreError, InputError
 */
export async function fleetCaptures(
  bucket: Bucket,
  query: FleetQuery,
  range: Range,
  signal: AbortSignal
): Promise<Choice> {
  const { captures, notices, listed, elsewhere } = await listOrExplain(bucket, query.selector, range, signal);
  const { same, said } = ofOneProfile(oneFormatEach(captures));
  const chosen = query.capture
    ? await chooseEach(bucket, same, { event: '', at: '', ...query, capture: query.capture }, range, signal)
    : { captures: same, notices: [] };
  const byTime = [...chosen.captures].sort((a, b) => a.time - b.time);
  const sample = sampleOf(byTime, query, bucket.maxCaptures, 'read');
  return {
    captures: sample.captures,
    notices: [...notices, ...said, ...chosen.notices, ...sample.notices],
    listed,
    elsewhere,
  };
}

/** Those of the newest one's profile, which is asked for by name where there are others. */
function ofOneProfile(captures: readonly Capture[]): { same: readonly Capture[]; said: readonly Notice[] } {
  const profile = captures.at(-1)?.labels.profile;
  const same = captures.filter(({ labels }) => labels.profile === profile);
  const left = captures.length - same.length;
  const text = `Captures of the profile ${profile} are compared; ${counted(left, 'capture')} of others are left out. Choose one with profile="…".`;
  return { same, said: left > 0 ? [{ severity: 'info', text }] : [] };
}

async function chooseEach(
  bucket: Bucket,
  captures: readonly Capture[],
  query: CaptureFields & { readonly selector: string },
  range: Range,
  signal: AbortSignal
): Promise<Pick<Choice, 'captures' | 'notices'>> {
  const processes = groupsOf(captures, processId);
  if (query.capture !== 'event' || query.event === '') {
    const capture = query.capture === 'event' ? 'latest' : query.capture;
    const choices = processes.map((own) => chooseCaptures(own, { ...query, capture }, range, Infinity));
    return { captures: choices.flatMap((choice) => choice.captures), notices: [] };
  }
  const event = captures.filter(({ labels, object }) => labels.event === query.event || object.key === query.event);
  const about = mainCapture(event) ?? (await captureByKey(bucket, query.event, query.selector, signal));
  if (!about) {
    const text = `There is no capture of the event ${query.event} in this time range.`;
    return { captures: [], notices: [{ severity: 'warning', text }] };
  }
  const distance = ({ time }: Capture) => Math.abs(time - about.time);
  return {
    captures: processes.map((own) =>
      own.reduce((best, capture) => (distance(capture) < distance(best) ? capture : best))
    ),
    notices: [{ severity: 'info', text: `Of each instance the capture nearest to the event ${query.event}.` }],
  };
}
