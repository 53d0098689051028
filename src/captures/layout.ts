import { presetTemplates } from './presetTemplates';
import { decodeField } from './field';
import { zoneOffset } from './zones';

/**
 * Key layouts: how the name of an object says what it holds. One template both reads keys and plans listings, so a
 * bucket that exists needs no migration.
 *
 *   {service}/{yyyy}/{mm}/{dd}/{HH}/{time}_{event}_…/{profile}.{ext}
 *   └─ dims ─┘└────────── time parts ──────────────┘
 */
export interface Layout {
  readonly template: string;
  /** Names of the labels the layout gives, in the template's order. */
  readonly labelNames: readonly string[];
  /** Undefined for a key that is not of this layout. */
  parse(key: string): ParsedKey | undefined;
  /** Why a key that the layout matches is not read; undefined for any other. */
  refusal?(key: string): string | undefined;
  /** The template up to the first time part, as literals and label names; undefined where time cannot be planned. */
  readonly plan: LayoutPlan | undefined;
}

export interface ParsedKey {
  readonly labels: Readonly<Record<string, string>>;
  /** Unix ms, undefined where the layout has no time. */
  readonly time: number | undefined;
  readonly value: number | undefined;
  readonly limit: number | undefined;
}

export interface LayoutPlan {
  /** What comes before the time: text, or the name of a label. */
  readonly dims: ReadonlyArray<{ readonly text: string } | { readonly label: string }>;
  /** The time part as the layout writes it, cut where order ends: keys sort by it. It is of an hour, or of a longer unit. */
  timeText(time: number): string;
}

/** Names with a meaning of their own; every other {name} is a label. */
const special: Readonly<Record<string, string>> = {
  yyyy: '\\d{4}',
  mm: '\\d{2}',
  dd: '\\d{2}',
  HH: '\\d{2}',
  time:
    '\\d{8}T\\d{6}(?:\\.\\d{1,9})?(?:Z|[A-Z]{2,5}|[+-]\\d{2}:?\\d{2}|\\+\\d{2})|' + // 20261103T142233.456Z
    '\\d{4}-\\d{2}-\\d{2}T\\d{2}[:_]\\d{2}[:_]\\d{2}(?:\\.\\d{1,9})?(?:Z|[A-Z]{2,5}|[+-]\\d{2}:?\\d{2}|\\+\\d{2})?|' + // RFC 3339, CockroachDB
    '\\d{4}-\\d{2}-\\d{2}T\\d{6}\\.(?:[A-Z]{2,5}|[+-]\\d{2}(?:\\d{2})?)|' + // autopprof
    '\\d{14}(?:\\.\\d{1,3})?(?:\\+\\d{4})?|' + // 20261103142233.456
    '\\d{19}|\\d{13}|\\d{10}', // Unix ns, ms, s
  value: '\\d+',
  limit: '\\d+',
  ext: '[A-Za-z0-9.]+',
};
const notLabels = new Set(Object.keys(special));
/** S3's longest key. A longer text is not a key and must not meet a pattern. */
const maxKey = 1024;

/**
 * Compiles a template, or a regular expression between slashes with named groups (`/^(?<service>[^/]+)\/…$/`).
 * @throws Error saying what is wrong with it
 */
export function compileLayout(spec: string): Layout {
  const text = spec.trim();
  if (text === '') {
    throw new Error('The key layout is empty. Example: {service}/{yyyy}/{mm}/{dd}/{time}_{instance}/{profile}.{ext}');
  }
  if (text.length > 500) {
    throw new Error(`The key layout has ${text.length} characters; at most 500 are allowed.`);
  }
  return /^\/.+\/$/s.test(text) ? regexLayout(text) : templateLayout(text);
}

/** The layout of a preset by id, the default one for ''. @throws Error naming the presets there are */
export function presetLayout(id: string): Layout {
  const name = id || 'default';
  if (!Object.hasOwn(presetTemplates, name)) {
    throw new Error(`There is no key layout "${id}"; there are ${Object.keys(presetTemplates).join(', ')}, custom.`);
  }
  return compileLayout(presetTemplates[name]);
}

type Part = { readonly text: string } | { readonly name: string; readonly optional: boolean };

function templateLayout(template: string): Layout {
  const parts = splitTemplate(template);
  const names = parts.flatMap((part) => ('name' in part ? [part.name] : []));
  const repeated = names.find((name, i) => names.indexOf(name) !== i && !notLabels.has(name));
  if (repeated) {
    throw new Error(`The key layout names {${repeated}} twice.`);
  }
  const seen = new Set<string>();
  let pattern = '';
  parts.forEach((part, i) => {
    if ('text' in part) {
      const before = parts[i - 1];
      const optional = before && 'name' in before && before.optional;
      // The separator after an optional part goes with it: {event?}. matches "a1b2." or nothing.
      pattern += optional ? '' : escape(part.text);
      return;
    }
    const after = parts[i + 1];
    const separator = after && 'text' in after ? after.text : '';
    const field = special[part.name] ?? fieldPattern(separator);
    const group = seen.has(part.name) ? `(?:${field})` : `(?<${part.name}>${field})`;
    seen.add(part.name);
    pattern += part.optional ? `(?:${group}${escape(separator)})?` : group;
  });
  return {
    template,
    labelNames: [...new Set(names.filter((name) => !notLabels.has(name)))],
    ...readers(new RegExp(`^${pattern}$`)),
    plan: planOf(parts),
  };
}

function splitTemplate(template: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of template.matchAll(/\{([^{}]*)\}/g)) {
    if (match.index > at) {
      parts.push({ text: template.slice(at, match.index) });
    }
    const name = /^([A-Za-z]\w*)(\??)$/.exec(match[1]);
    if (!name) {
      throw new Error(`The key layout has {${match[1]}}: a name is letters, digits and _, starting with a letter.`);
    }
    const last = parts.at(-1);
    if (last && 'name' in last) {
      throw new Error(`The key layout has {${last.name}} and {${name[1]}} side by side: put text between them.`);
    }
    parts.push({ name: name[1], optional: name[2] === '?' });
    at = match.index + match[0].length;
  }
  if (at < template.length) {
    parts.push({ text: template.slice(at) });
  }
  const stray = parts.find((part) => 'text' in part && /[{}]/.test(part.text));
  if (stray) {
    throw new Error(`The key layout has a brace without its partner: "${(stray as { text: string }).text}".`);
  }
  if (!parts.some((part) => 'name' in part)) {
    throw new Error('The key layout has no {name}: every key would be the same.');
  }
  return parts;
}

/** A field ends where its separator starts and never spans a folder, so matching never backtracks far. */
function fieldPattern(separator: string): string {
  const stop = separator === '' ? '' : separator[0];
  return stop === '' || stop === '/' ? '[^/]+' : `[^/${escape(stop)}]+`;
}

const escape = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

function regexLayout(spec: string): Layout {
  let pattern: RegExp;
  try {
    pattern = new RegExp(spec.slice(1, -1));
  } catch (error) {
    throw new Error(`The key layout is not a regular expression: ${(error as Error).message}`);
  }
  const names = [...spec.matchAll(/\(\?<([A-Za-z]\w*)>/g)].map((match) => match[1]);
  if (names.length === 0) {
    throw new Error('The key layout has no named group such as (?<service>[^/]+).');
  }
  return {
    template: spec,
    labelNames: names.filter((name) => !notLabels.has(name)),
    ...readers(pattern),
    plan: undefined,
  };
}

function readers(pattern: RegExp): Pick<Layout, 'parse' | 'refusal'> {
  const groupsOf = (key: string) => (key.length <= maxKey ? pattern.exec(key)?.groups : undefined);
  return {
    parse(key) {
      const groups = groupsOf(key);
      if (!groups) {
        return undefined;
      }
      const labels: Record<string, string> = {};
      for (const [name, value] of Object.entries(groups)) {
        if (value !== undefined && !notLabels.has(name)) {
          labels[name] = decodeField(value);
        }
      }
      const time = groups.time ? parseTime(groups.time) : partsTime(groups);
      if (groups.time && (time === undefined || hasLocalFolders(groups))) {
        return undefined;
      }
      return { labels, time, value: number(groups.value), limit: number(groups.limit) };
    },
    refusal(key) {
      const groups = groupsOf(key);
      const zone = groups?.time && zonedTime.exec(groups.time)?.[8];
      if (!groups || !zone) {
        return undefined;
      }
      return zoneOffset(zone) === undefined
        ? `the time zone ${zone} is not known, or is one of several: have the writer use UTC`
        : hasLocalFolders(groups)
          ? `its folders of time are of the time zone ${zone}, and a range is looked for by UTC: have the writer use UTC`
          : undefined;
    },
  };
}

/** Whether folders of time are of the zone that the time has, not of UTC: a listing of a range would miss them. */
function hasLocalFolders(groups: Record<string, string | undefined>): boolean {
  const { time: text, yyyy } = groups;
  if (!text || !yyyy || text.endsWith('Z')) {
    return false; // Nearly all keys.
  }
  const zone = zonedTime.exec(text)?.[8];
  const offset = zone === undefined ? 0 : (zoneOffset(zone) ?? 0) * 60_000;
  const [time, folder] = [parseTime(text), partsTime(groups)];
  if (offset === 0 || time === undefined || folder === undefined) {
    return false;
  }
  const length = groups.HH ? 3600_000 : 24 * 3600_000;
  const isIn = (at: number) => at >= folder && at < folder + length;
  return !isIn(time) && isIn(time + offset);
}

const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));

/** Unix ms of the time formats that capturing tools write; without a zone they are UTC. */
function parseTime(text: string): number | undefined {
  if (/^\d{19}$/.test(text)) {
    return Math.floor(Number(text.slice(0, 13)));
  }
  if (/^\d{13}$/.test(text)) {
    return Number(text);
  }
  if (/^\d{10}$/.test(text)) {
    return Number(text) * 1000;
  }
  const match = zonedTime.exec(text);
  if (!match) {
    return undefined;
  }
  const [, year, month, day, hour, minute, second, fraction = '0', zone = 'Z'] = match;
  const ms = fraction.padEnd(3, '0').slice(0, 3);
  const offset = zoneOffset(zone);
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
  return Number.isNaN(time) || offset === undefined ? undefined : time - offset * 60_000;
}

/** Of which the eighth is the zone. */
const zonedTime =
  /^(\d{4})-?(\d\d)-?(\d\d)T?(\d\d)[:_]?(\d\d)[:_]?(\d\d)(?:\.(\d{1,9}))?(?:\.?(Z|[A-Z]{2,5}|[+-]\d\d(?::?\d\d)?))?$/;

function partsTime({ yyyy, mm, dd, HH }: Record<string, string | undefined>): number | undefined {
  if (!yyyy || !mm || !dd) {
    return undefined;
  }
  const time = Date.parse(`${yyyy}-${mm}-${dd}T${HH ?? '00'}:00:00Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** What the layout's folders of time allow a listing to skip. */
function planOf(parts: readonly Part[]): LayoutPlan | undefined {
  const first = parts.findIndex((part) => 'name' in part && ['yyyy', 'time'].includes(part.name));
  if (first < 0) {
    return undefined;
  }
  const dims = parts.slice(0, first).map((part) => ('text' in part ? { text: part.text } : { label: part.name }));
  // {time} alone has many formats, so its text cannot be written; folders of time can.
  const times: Part[] = [];
  for (const part of parts.slice(first)) {
    if ('name' in part && !['yyyy', 'mm', 'dd', 'HH'].includes(part.name)) {
      break;
    }
    times.push(part);
  }
  const order = times.flatMap((part) => ('name' in part ? [part.name] : []));
  if (order.length === 0 || order.join() !== ['yyyy', 'mm', 'dd', 'HH'].slice(0, order.length).join()) {
    return undefined;
  }
  return {
    dims,
    timeText(time) {
      const iso = new Date(time).toISOString();
      const texts: Record<string, string> = {
        yyyy: iso.slice(0, 4),
        mm: iso.slice(5, 7),
        dd: iso.slice(8, 10),
        HH: iso.slice(11, 13),
      };
      return times.map((part) => ('text' in part ? part.text : texts[part.name])).join('');
    },
  };
}
