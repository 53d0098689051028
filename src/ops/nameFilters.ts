import type { Pattern } from '../text/pattern';
import { once } from '../profile/once';
import { MappingFlag, type Profile } from '../profile/profile';
import { noteUnhidden } from '../profile/unhidden';
import { keepSamples } from './samples';
import { selectLines, StackEdit } from './stacks';

/** One pattern against the names of a profile, each distinct text once. */
class NameMatcher {
  private readonly known: Int8Array;

  constructor(
    private readonly profile: Profile,
    private readonly pattern: Pattern
  ) {
    this.known = new Int8Array(profile.strings.length).fill(-1);
  }

  text(row: number): boolean {
    if (this.known[row] < 0) {
      this.known[row] = this.pattern(this.profile.strings[row]) ? 1 : 0;
    }
    return this.known[row] === 1;
  }

  /** By function or file name. */
  line(k: number): boolean {
    const { line, function: func } = this.profile;
    const f = line.function[k];
    return f >= 0 && (this.text(func.name[f]) || this.text(func.filename[f]));
  }

  /** By the name of the binary, which every location of it has. */
  binary(l: number): boolean {
    const m = this.profile.location.mapping[l];
    return m >= 0 && this.text(this.profile.mapping.filename[m]);
  }

  location(l: number): boolean {
    const { lineOffset } = this.profile.location;
    for (let k = lineOffset[l]; k < lineOffset[l + 1]; k++) {
      if (this.line(k)) {
        return true;
      }
    }
    return this.binary(l);
  }
}

export interface SampleFilters {
  readonly focus?: Pattern;
  readonly ignore?: Pattern;
  readonly hideNodes?: Pattern;
  readonly showNodes?: Pattern;
}

/** Which of the filters matched anything at all. */
export type Matched<T> = { readonly [K in keyof T]-?: boolean };

/**
 * focus keeps the samples that pass a matching location, ignore drops them, hide and show edit the lines of locations;
 * locations and samples that have none left go (google/pprof profile/filter.go, FilterSamplesByName). Names are searched
 * in functions, files and binaries. A location that both focus and ignore match counts as ignored.
 */
export function filterNames(
  profile: Profile,
  filters: SampleFilters
): { profile: Profile; matched: Matched<SampleFilters> } {
  const matched = {
    focus: !filters.focus,
    ignore: !filters.ignore,
    hideNodes: !filters.hideNodes,
    showNodes: !filters.showNodes,
  };
  if (Object.values(matched).every(Boolean)) {
    return { profile, matched };
  }
  const marks = markLocations(profile, filters, matched);
  return { profile: withoutHidden(keepMarked(profile, marks), marks), matched };
}

/** By row of `location`, but `keep` by row of `line`. */
interface LocationMarks {
  readonly isFocused: Uint8Array;
  readonly isIgnored: Uint8Array;
  /** None of its lines is left. */
  readonly isHidden: Uint8Array;
  readonly keep: Uint8Array;
}

/** @param matched where it is noted which filter matched */
function markLocations(
  profile: Profile,
  filters: SampleFilters,
  matched: { -readonly [K in keyof SampleFilters]-?: boolean }
): LocationMarks {
  const { location, line } = profile;
  const matcher = (pattern?: Pattern) => pattern && new NameMatcher(profile, pattern);
  const focus = matcher(filters.focus);
  const ignore = matcher(filters.ignore);
  const hide = matcher(filters.hideNodes);
  const show = matcher(filters.showNodes);
  const isFocused = new Uint8Array(location.length);
  const isIgnored = new Uint8Array(location.length);
  const isHidden = new Uint8Array(location.length);
  const keep = new Uint8Array(line.length).fill(1);
  for (let l = 0; l < location.length; l++) {
    if (ignore?.location(l)) {
      matched.ignore = true;
      isIgnored[l] = 1;
    } else if (!focus || focus.location(l)) {
      matched.focus = true;
      isFocused[l] = 1;
    }
    if (hide?.location(l)) {
      matched.hideNodes = true;
      isHidden[l] = hideLines(profile, l, hide, keep) === 0 ? 1 : 0;
    }
    if (show) {
      const left = showLines(profile, l, show, keep);
      isHidden[l] = left === 0 ? 1 : 0;
      matched.showNodes ||= left > 0;
    }
  }
  return { isFocused, isIgnored, isHidden, keep };
}

/** @returns how many lines of the location are left */
function hideLines({ location }: Profile, l: number, hide: NameMatcher, keep: Uint8Array): number {
  const all = hide.binary(l);
  let left = 0;
  for (let k = location.lineOffset[l]; k < location.lineOffset[l + 1]; k++) {
    if (all || hide.line(k)) {
      keep[k] = 0;
    }
    left += keep[k];
  }
  return left;
}

/** @returns how many lines of the location are left */
function showLines({ location, line }: Profile, l: number, show: NameMatcher, keep: Uint8Array): number {
  const all = show.binary(l);
  let left = 0;
  for (let k = location.lineOffset[l]; k < location.lineOffset[l + 1]; k++) {
    // Lines without a function have no name to judge them by and stay.
    if (keep[k] && !all && line.function[k] >= 0 && !show.line(k)) {
      keep[k] = 0;
    }
    left += keep[k];
  }
  return left;
}

/** The samples that pass a focused location and no ignored one, and of whose stacks not all is hidden. */
function keepMarked(profile: Profile, { isFocused, isIgnored, isHidden }: LocationMarks): Profile {
  const { stack, sample } = profile;
  const focused = new Uint8Array(stack.length);
  const ignored = new Uint8Array(stack.length);
  const hasFrames = new Uint8Array(stack.length);
  for (let i = 1; i < stack.length; i++) {
    const parent = stack.parent[i];
    const l = stack.location[i];
    focused[i] = focused[parent] | isFocused[l];
    ignored[i] = ignored[parent] | isIgnored[l];
    hasFrames[i] = hasFrames[parent] | (isHidden[l] ? 0 : 1);
  }
  return keepSamples(profile, (i) => {
    const row = sample.stack[i];
    return focused[row] === 1 && ignored[row] === 0 && hasFrames[row] === 1;
  });
}

/** Stacks without what is hidden of them, edited where they are read: a flame graph does without. */
function withoutHidden(profile: Profile, { isHidden, keep }: LocationMarks): Profile {
  if (!keep.includes(0) && !isHidden.includes(1)) {
    return profile;
  }
  const edited = once(() => selectLines(withoutLocations(profile, isHidden), keep));
  const hidden = Object.freeze({
    ...profile,
    get sample() {
      return edited().sample;
    },
    get stack() {
      return edited().stack;
    },
    get location() {
      return edited().location;
    },
    get line() {
      return edited().line;
    },
  });
  noteUnhidden(hidden, { profile, keep, isHidden });
  return hidden;
}

function withoutLocations(profile: Profile, isHidden: Uint8Array): Profile {
  if (!isHidden.includes(1)) {
    return profile;
  }
  const { stack } = profile;
  const edit = new StackEdit(profile);
  for (let i = 1; i < stack.length; i++) {
    const above = edit.row[stack.parent[i]];
    const l = stack.location[i];
    edit.row[i] = isHidden[l] ? above : edit.push(above, l);
  }
  return edit.finish();
}

/**
 * Cuts what is rootward of the match nearest to the root; samples without a match are dropped (profile/filter.go,
 * ShowFrom). Inside a location the lines above the outermost match go too, unless its binary matches.
 */
export function showFrom(profile: Profile, pattern: Pattern): { profile: Profile; matched: boolean } {
  const { location, line, stack, sample } = profile;
  const names = new NameMatcher(profile, pattern);
  const isMatch = new Uint8Array(location.length);
  const keep = new Uint8Array(line.length).fill(1);
  for (let l = 0; l < location.length; l++) {
    if (names.binary(l)) {
      isMatch[l] = 1;
      continue;
    }
    let k = location.lineOffset[l + 1] - 1;
    while (k >= location.lineOffset[l] && !names.line(k)) {
      k--;
    }
    if (k >= location.lineOffset[l]) {
      isMatch[l] = 1;
      keep.fill(0, k + 1, location.lineOffset[l + 1]);
    }
  }
  const edit = new StackEdit(profile);
  for (let i = 1; i < stack.length; i++) {
    const parent = edit.row[stack.parent[i]];
    edit.row[i] = parent > 0 || isMatch[stack.location[i]] ? edit.push(parent, stack.location[i]) : 0;
  }
  const kept = keepSamples(edit.finish(), (i) => edit.row[sample.stack[i]] > 0);
  return { profile: selectLines(kept, keep), matched: isMatch.includes(1) };
}

/**
 * Cuts what is below a match of the function's name, seen from the leaf: the leafmost match becomes the leaf
 * (profile/prune.go, PruneFrom).
 */
export function pruneFrom(profile: Profile, pattern: Pattern): { profile: Profile; matched: boolean } {
  const { location, line, stack, sample } = profile;
  const matches = simplifiedMatcher(profile, pattern);
  const isMatch = new Uint8Array(location.length);
  const keep = new Uint8Array(line.length).fill(1);
  for (let l = 0; l < location.length; l++) {
    const first = location.lineOffset[l];
    let k = first;
    while (k < location.lineOffset[l + 1] && !matches(k)) {
      k++;
    }
    if (k < location.lineOffset[l + 1]) {
      isMatch[l] = 1;
      keep.fill(0, first, k);
    }
  }
  const leaf = new Uint32Array(stack.length);
  for (let i = 1; i < stack.length; i++) {
    leaf[i] = isMatch[stack.location[i]] ? i : leaf[stack.parent[i]];
  }
  const cut = { ...sample, stack: sample.stack.map((row) => leaf[row] || row) };
  return { profile: selectLines(Object.freeze({ ...profile, sample: cut }), keep), matched: isMatch.includes(1) };
}

/**
 * Drops frames that match and all below them, but none before the first frame that does not match, so that no stack is
 * emptied: the profile's own drop_frames and keep_frames (profile/prune.go, Prune and RemoveUninteresting).
 */
export function prune(profile: Profile, drop: Pattern, keepFrames?: Pattern): Profile {
  const { location, line, stack } = profile;
  const matches = simplifiedMatcher(profile, (name) => drop(name) && !keepFrames?.(name));
  const isWhole = new Uint8Array(location.length);
  const isPartial = new Uint8Array(location.length);
  const keep = new Uint8Array(line.length).fill(1);
  for (let l = 0; l < location.length; l++) {
    const first = location.lineOffset[l];
    const last = location.lineOffset[l + 1] - 1;
    let k = last;
    while (k >= first && !matches(k)) {
      k--;
    }
    if (k < first) {
      continue;
    }
    if (k === last) {
      isWhole[l] = 1;
    } else {
      isPartial[l] = 1;
      keep.fill(0, first, k + 1);
    }
  }
  const edit = new StackEdit(profile);
  const isCut = new Uint8Array(stack.length);
  const hasUser = new Uint8Array(stack.length);
  for (let i = 1; i < stack.length; i++) {
    const parent = stack.parent[i];
    const l = stack.location[i];
    const isDropped = isWhole[l] === 1 && hasUser[parent] === 1;
    hasUser[i] = hasUser[parent] | (isWhole[l] || isPartial[l] ? 0 : 1);
    edit.row[i] = isCut[parent] || isDropped ? edit.row[parent] : edit.push(edit.row[parent], l);
    isCut[i] = isCut[parent] | (isDropped || (isPartial[l] && hasUser[parent]) ? 1 : 0);
  }
  return selectLines(edit.finish(), keep);
}

/**
 * Counts inlined calls to the function they were inlined into: keeps the last line of each location, and no column unless
 * columns are asked for (profile.Aggregate).
 */
export function noInlines(profile: Profile, { showColumns }: { readonly showColumns: boolean }): Profile {
  const { location, line, mapping } = profile;
  const keep = new Uint8Array(line.length);
  for (let l = 0; l < location.length; l++) {
    if (location.lineOffset[l + 1] > location.lineOffset[l]) {
      keep[location.lineOffset[l + 1] - 1] = 1;
    }
  }
  const { line: lines, ...kept } = selectLines(profile, keep);
  return Object.freeze({
    ...kept,
    line: showColumns ? lines : { ...lines, column: new Float64Array(lines.length) },
    mapping: { ...mapping, flags: mapping.flags.map((flags) => flags & ~MappingFlag.inlineFrames) },
  });
}

/** A test of a line by its function's name without arguments (profile/prune.go, simplifyFunc), each name once. */
function simplifiedMatcher(profile: Profile, pattern: Pattern): (k: number) => boolean {
  const { strings, line, function: func } = profile;
  const known = new Int8Array(strings.length).fill(-1);
  return (k) => {
    const row = line.function[k] < 0 ? 0 : func.name[line.function[k]];
    if (row === 0) {
      return false;
    }
    if (known[row] < 0) {
      known[row] = pattern(simplify(strings[row])) ? 1 : 0;
    }
    return known[row] === 1;
  };
}

function simplify(name: string): string {
  const bare = name.replace(/^\./, '');
  for (const match of bare.matchAll(/\(anonymous namespace\)|operator\(\)|\(/g)) {
    if (match[0] === '(') {
      return bare.slice(0, match.index);
    }
  }
  return bare;
}
