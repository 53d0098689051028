import { profileNameOf } from '../text/profileName';
import { possibleValues, printSelector, type Matcher } from '../text/selector';
import type { Capture } from './capture';
import { memberLabels } from './keyMatchers';

/**
 * An archive as the capture of the member that matchers ask for. Where its key names a profile of Go's (`heap.zip`), it
 * has no other. Else its name is no profile's, and it is a capture of whatever one profile is asked for.
 */
export function asMember(capture: Capture, matchers: readonly Matcher[]): Capture {
  const { profile: said, member: _, ...labels } = capture.labels;
  // The part of the key that the layout takes for the profile, as the name of a file.
  const own = said && profileNameOf(`${said}.pprof`) ? said : undefined;
  const asked = matchers.filter(({ name }) => memberLabels.includes(name) && !(own && name === 'profile'));
  const values = possibleValues(asked, 'profile');
  const profile = own ?? (values?.length === 1 ? values[0] : undefined);
  return {
    ...capture,
    labels: profile === undefined ? labels : { ...labels, profile },
    member: printSelector(asked),
  };
}
