import { grouped, InputError } from '../../text/notice';

/** A file in an archive. */
export interface Member {
  /** With its folders, as the archive has it. It is hostile, and only ever shown or compared. */
  readonly name: string;
  /** Unpacked bytes, as the archive says. */
  readonly size: number;
}

/** Whether a member's bytes are wanted, more than those of any before it. */
export type Wants = (member: Member) => boolean;

/** What one pass over an archive found. */
export interface Scan {
  /** Files, in the archive's order. */
  readonly members: readonly Member[];
  /** The last member that was wanted. */
  readonly wanted?: { readonly member: Member; readonly bytes: Uint8Array };
  /** Where an archive that is damaged or cut off ended, and why. */
  readonly cut?: string;
}

/** Of the largest bundles of clusters that tools write; more is no bundle of profiles. */
const maxMembers = 10_000;
/** Where one is asked for by its name the others are only passed over, which takes a second at most. */
const maxPassed = 100_000;

/** @throws InputError where an archive has more members than are read */
export function checkCount(count: number, isNamed: boolean): void {
  if (count > (isNamed ? maxPassed : maxMembers)) {
    throw new InputError(
      `The archive has more than ${grouped(isNamed ? maxPassed : maxMembers)} members, the limit${isNamed ? '' : ' where none is named'}. ` +
        `${isNamed ? 'Upload' : 'Name one by member="…" in the selector, or upload'} the profiles of it as objects of their own.`
    );
  }
}

/** A name for a message: hostile ones may be any length, and have any character. */
export const shownName = (name: string): string => {
  const plain = name.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '�');
  return plain.length > 200 ? `${plain.slice(0, 120)}…${plain.slice(-60)}` : plain;
};

/** @param what is packed. @throws InputError where it unpacks to more than the limit */
export function checkLength(length: number, limit: number, what: string): void {
  if (length > limit) {
    throw new InputError(`${what} unpacks to more than ${Math.round(limit / 1048576)} MiB, the limit for one object.`);
  }
}

/** The parts in one buffer, which keeps nothing else in memory. */
export function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) {
    return parts[0];
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
