import { isCumulative } from '../../profile/profile';
import type { Notice } from '../../text/notice';

/** Where a capture of a fleet comes from, as its key says. */
export interface CaptureOrigin {
  /** Unix ms. */
  readonly time: number;
  /** Key labels. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Values that a process adds up from its start say of two processes first of all which is older. */
export function cumulativeNotice(type: string): Notice[] {
  return isCumulative(type)
    ? [
        {
          severity: 'warning',
          text: `${type} is counted from the start of a process: one that is older has more. Compare what is in use, or profiles of a given length.`,
        },
      ]
    : [];
}
