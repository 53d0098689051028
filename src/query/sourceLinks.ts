import { isStandard } from '../profile/goNames';
import { InputError } from '../text/notice';

/** Settings of links to code. */
export interface SourceSettings {
  /** Address of a line of the service's own repository: `https://github.com/acme/{service}/blob/{version}/{path}#L{line}`. */
  readonly template: string;
  /** A line each, `PREFIX => FOLDER` or `PREFIX => TEMPLATE`, see `compileRules`; undefined for `defaultRules`. */
  readonly rules?: string;
  /** Go's version where a capture does not say its own, such as go1.26.8; '' where it differs. */
  readonly goVersion: string;
}

/** What is known of the program that a profile is of. */
export interface CodeOrigin {
  /** Labels of the capture's key, which fill the template. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of its meta.json, '' where that is not known. */
  readonly goVersion: string;
}

/** An address of https or http, or why there is none. */
export type SourceLink = { readonly url: string } | { readonly reason: string };

/** What builds commonly put before the paths of a repository. */
export const defaultRules = ['/go/src', '/build/src', '/build', '/src', '/app', '/workspace', '/usr/src/app']
  .map((prefix) => `${prefix} =>`)
  .join('\n');

/** Where the code of modules is that say their version, and Go's own. Rules of the settings come before. */
const knownRules = [
  'GOROOT => https://github.com/golang/go/blob/{version}/src/{path}#L{line}',
  ...[
    ['github.com/*/*', '{1}/{2}'],
    ['golang.org/x/*', 'golang/{1}'],
    ['google.golang.org/grpc', 'grpc/grpc-go'],
    ['google.golang.org/protobuf', 'protocolbuffers/protobuf-go'],
    ['google.golang.org/genproto', 'googleapis/go-genproto'],
    ['google.golang.org/api', 'googleapis/google-api-go-client'],
    ['cloud.google.com/go', 'googleapis/google-cloud-go'],
    ['go.opentelemetry.io/otel', 'open-telemetry/opentelemetry-go'],
    ['go.opentelemetry.io/contrib', 'open-telemetry/opentelemetry-go-contrib'],
    ['go.opentelemetry.io/collector', 'open-telemetry/opentelemetry-collector'],
    ['go.uber.org/*', 'uber-go/{1}'],
    ['go.etcd.io/*', 'etcd-io/{1}'],
    ['k8s.io/*', 'kubernetes/{1}'],
    ['sigs.k8s.io/*', 'kubernetes-sigs/{1}'],
  ].map(([prefix, repository]) => `${prefix} => https://github.com/${repository}/blob/{version}/{path}#L{line}`),
  'gitlab.com/*/* => https://gitlab.com/{1}/{2}/-/blob/{version}/{path}#L{line}',
  'bitbucket.org/*/* => https://bitbucket.org/{1}/{2}/src/{version}/{path}#lines-{line}',
].join('\n');

type Rule = { readonly prefix: readonly string[] } & (
  { readonly folder: readonly string[] } | { readonly template: Template }
);

type Part = string | { readonly name: string; readonly otherwise: string | undefined };

interface Template {
  readonly parts: readonly Part[];
}

/** What a rule's prefix is compared with, and what a template is filled with. */
interface Place {
  /** Segments; of a module its path, then the file in it. */
  readonly segments: readonly string[];
  /** How many of the segments are the module's own path; undefined for what is of no module with a version. */
  readonly moduleLength?: number;
  /** The module's or Go's version. */
  readonly version?: string;
}

/**
 * Rules on the names that profiles have for files, of which the first that matches counts:
 *
 *   /build/src => ''                          cut, the rest is a path of the service's repository
 *   corp.example/app => services/app          a module that is in a folder of that repository
 *   corp.example/lib => https://git…/{path}   a module with a repository of its own
 *   GOROOT => https://git…/{path}             Go's own packages
 *
 * A prefix is of whole segments and `*` stands for any one of them, which {1}, {2} and so on of a template are. Rules of
 * modules see import paths: the module cache, its escapes and versions are read before.
 * @throws InputError for a line that is none, with its number
 */
function compileRules(text: string): readonly Rule[] {
  return text.split('\n').flatMap((line, i): Rule[] => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) {
      return [];
    }
    const [, before, target] = /^(\S+)\s*=>\s*(\S*)$/.exec(trimmed) ?? [];
    if (before === undefined) {
      throw new InputError(`Rule ${i + 1}: expected PREFIX => FOLDER or PREFIX => TEMPLATE, got "${trimmed}".`);
    }
    const prefix = segmentsOf(before);
    try {
      return [
        target.includes('://') ? { prefix, template: compileTemplate(target) } : { prefix, folder: folderOf(target) },
      ];
    } catch (error) {
      throw error instanceof InputError ? new InputError(`Rule ${i + 1}: ${error.message}`) : error;
    }
  });
}

const segmentsOf = (path: string): string[] => path.replace(/\/+$/, '').split('/');

function folderOf(text: string): readonly string[] {
  const folder = text.replace(/^\/+|\/+$/g, '');
  const segments = folder === '' ? [] : folder.split('/');
  if (!segments.every(isPathSegment)) {
    throw new InputError(`"${text}" is no folder of a repository.`);
  }
  return segments;
}

/** @throws InputError where it is no address of https or http with a host of its own */
function compileTemplate(text: string): Template {
  if (!/^https?:\/\/[\w.-]+(:\d+)?\//i.test(text)) {
    throw new InputError(
      `A template starts with https:// or http:// and a host without placeholders, e.g. https://github.com/acme/app/blob/{version}/{path}#L{line}, got "${text}".`
    );
  }
  const parts = text.split(/(\{\w+(?:\|[\w./-]*)?\})/).map((part): Part => {
    const [, name, otherwise] = /^\{(\w+)(?:\|(.*))?\}$/.exec(part) ?? [];
    if (name === undefined && /[{}\s"'<>\\$]/.test(part)) {
      throw new InputError(
        `A placeholder is {name} or {name|text}, and an address has no spaces or quotes: "${part}".`
      );
    }
    return name === undefined ? part : { name, otherwise };
  });
  if (!parts.some((part) => typeof part !== 'string' && part.name === 'path')) {
    throw new InputError(`The template has no {path}: ${text}`);
  }
  return { parts };
}

/**
 * Makes links from names that profiles have for files to the code of the version that ran. Names and labels are hostile:
 * what is neither a plain path nor a plain label makes no link, so that none of them changes where a link leads. Grafana
 * takes escapes apart that a filled template has, so escaping alone would not do.
 * @returns for a file and a line, 0 for none in particular, the link or why there is none
 * @throws InputError for settings that cannot work
 */
export function sourceLinks(
  { template: text, rules: ruleText = defaultRules, goVersion: anyGo }: SourceSettings,
  { labels, goVersion }: CodeOrigin
): (file: string, line: number) => SourceLink {
  const template = compileTemplate(text);
  const rules = compileRules(ruleText);
  const known = compileRules(knownRules);
  const go = releaseOf(goVersion) || releaseOf(anyGo);
  return (file, line) => {
    const read = placeOf(file, rules, go);
    if ('reason' in read) {
      return read;
    }
    const { segments, moduleLength, version } = read;
    const isVersioned = version !== undefined;
    for (const rule of isVersioned ? [...rules, ...known] : rules) {
      const length = rule.prefix.length;
      const stars = 'template' in rule ? match(rule.prefix, segments) : undefined;
      if (!stars || !('template' in rule) || length > (moduleLength ?? segments.length - 1)) {
        continue;
      }
      // A module below its repository's root has tags with its folder; a major version is no folder.
      const folder = segments
        .slice(length, moduleLength ?? length)
        .filter((part, i, all) => i < all.length - 1 || !/^v\d+$/.test(part));
      const path = [...folder, ...segments.slice(moduleLength ?? length)];
      const ref = isVersioned ? refOf(version, folder) : undefined;
      return fill(rule.template, { labels, path, line, ref, stars });
    }
    if (isVersioned) {
      return { reason: `No rule says where the module ${segments.slice(0, moduleLength).join('/')} is.` };
    }
    const path = ownPath(segments, template, labels);
    return path
      ? fill(template, { labels, path, line })
      : {
          reason: `${segments.slice(0, 3).join('/')} is of another repository than the template's, and no rule says where it is.`,
        };
  };
}

/** `go1.26.8` of `go1.26.8 X:boringcrypto`; '' of a version that has no tag, as `devel go1.27-1a2b3c`. */
const releaseOf = (version: string): string =>
  /^go\d+(?:\.\d+)*(?:(?:rc|beta)\d+)?(?= |$)/.exec(version.trim())?.[0] ?? '';

/** Longest name of a file that is read. */
const longestName = 4096;

/** What a name says of where its code is: forms of `go build` with and without -trimpath, of vendoring, and of Bazel. */
function placeOf(file: string, rules: readonly Rule[], goVersion: string): Place | { readonly reason: string } {
  const name = file.replace(/^\/proc\/self\/cwd\//, '').replace(/^(?:\.\/)+/, '');
  const base = name.slice(name.lastIndexOf('/') + 1);
  if (file.length > longestName || !base.includes('.') || /^(?:<autogenerated>|_cgo_.*|_testmain\.go)$/.test(base)) {
    return { reason: 'It is no file of a repository: the compiler made it, or it is none at all.' };
  }
  const given = segmentsOf(name);
  for (const rule of rules) {
    if ('folder' in rule && match(rule.prefix, given)) {
      const segments = [...rule.folder, ...given.slice(rule.prefix.length)];
      return moduleOf(segments, false) ?? { segments };
    }
  }
  const goPlace = goPlaceOf(name, goVersion);
  if (goPlace) {
    return goPlace;
  }
  const cached = name.lastIndexOf('/pkg/mod/');
  const inModule =
    cached >= 0 ? moduleOf(segmentsOf(name.slice(cached + '/pkg/mod/'.length)), true) : moduleOf(given, false);
  if (inModule) {
    return inModule;
  }
  if (rules.some((rule) => 'template' in rule && match(rule.prefix, given))) {
    return { segments: given };
  }
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) {
    return { reason: `No rule cuts the beginning of it, e.g. "${given.slice(0, -1).join('/')} =>".` };
  }
  return /^(?:external|bazel-out)$/.test(given[0])
    ? { reason: 'A repository or output of Bazel, whose version is not known: a rule may say where it is.' }
    : { segments: given };
}

/** Go's own packages: in a GOROOT wherever that is, with -trimpath by their import path, and in Bazel's GOROOT. */
function goPlaceOf(name: string, known: string): Place | { readonly reason: string } | undefined {
  const root =
    /(?:^|\/)(?:GOROOT|go_sdk[^/]*|golang|go|(?:go-?|golang\.org\/toolchain@v[\d.]+-go)\d[^/]*|go\/\d[^/]*\/[^/]+)\/src\//.exec(
      name
    );
  const path = root ? name.slice(root.index + root[0].length) : name;
  if (!path.includes('/') || !isStandard(path)) {
    return undefined;
  }
  const [, ownVersion] = (root && /(?:go|go\/)(\d+\.\d+(?:\.\d+|(?:rc|beta)\d+))(?=[./-])/.exec(root[0])) ?? [];
  const version = ownVersion ? `go${ownVersion}` : known;
  return version === ''
    ? { reason: "It is Go's own, whose version is not known: neither a meta.json nor the settings say it." }
    : { segments: ['GOROOT', ...path.split('/')], moduleLength: 1, version };
}

/** `github.com/x/y@v1.2.3/z.go`. In the module cache `!x` stands for `X`. */
function moduleOf(given: readonly string[], isCached: boolean): Place | undefined {
  const at = given.findIndex((segment) => /@v\d/.test(segment));
  if (at < 0 || at === given.length - 1 || given[0] === '') {
    return undefined;
  }
  const unescaped = (text: string) =>
    isCached ? text.replace(/!([a-z])/g, (_, letter) => letter.toUpperCase()) : text;
  const [last, version] = unescaped(given[at]).split('@');
  const module = renamed([...given.slice(0, at).map(unescaped), last]);
  const segments = [...module, ...given.slice(at + 1)];
  // What a go.mod replaces by a folder has a version that is none.
  return /^v0\.0\.0(?:-00010101000000-0{12})?$/.test(version)
    ? { segments }
    : { segments, moduleLength: module.length, version };
}

/** gopkg.in/yaml.v3 is github.com/go-yaml/yaml, gopkg.in/user/pkg.v1 is github.com/user/pkg. */
function renamed(module: readonly string[]): readonly string[] {
  const [host, ...rest] = module;
  const last = rest[rest.length - 1]?.replace(/\.v\d+$/, '');
  return host === 'gopkg.in' && (rest.length === 1 || rest.length === 2)
    ? ['github.com', rest.length === 2 ? rest[0] : `go-${last}`, last]
    : module;
}

/** The tag or commit of a version: `sub/v1.2.3`, and of a pseudo-version its commit. */
function refOf(version: string, folder: readonly string[]): string {
  const [, commit] = /^v\d.*[-.]\d{14}-([0-9a-f]{12})(?:\+incompatible)?$/.exec(version) ?? [];
  return commit ?? [...folder, version.replace(/\+incompatible$/, '')].join('/');
}

/**
 * A path of the service's own repository. An import path, which starts with a host, has to be the template's own host,
 * owner and repository, which it is cut off.
 */
function ownPath(
  segments: readonly string[],
  template: Template,
  labels: CodeOrigin['labels']
): readonly string[] | undefined {
  if (segments.length < 2 || !/^[\w-]+(?:\.[\w-]+)+$/.test(segments[0])) {
    return segments;
  }
  const filled = template.parts.map((part) => (typeof part === 'string' ? part : (labels[part.name] ?? ''))).join('');
  const repository = filled.toLowerCase().split('/').slice(2, 5);
  const isOwn = repository.every((part, i) => part === segments[i]?.toLowerCase());
  return isOwn ? segments.slice(repository.length) : undefined;
}

/** The segments that stars stand for; undefined where the prefix is another. */
function match(prefix: readonly string[], segments: readonly string[]): readonly string[] | undefined {
  const isMatch =
    segments.length > prefix.length &&
    prefix.every((part, i) => (part === '*' ? segments[i] !== '' : part === segments[i]));
  return isMatch ? segments.filter((_, i) => prefix[i] === '*') : undefined;
}

interface Filling {
  readonly labels: CodeOrigin['labels'];
  readonly path: readonly string[];
  readonly line: number;
  /** Tag or commit; without one the capture's label `version`. */
  readonly ref?: string;
  readonly stars?: readonly string[];
}

function fill({ parts }: Template, { labels, path, line, ref, stars = [] }: Filling): SourceLink {
  let url = '';
  for (const part of parts) {
    if (typeof part === 'string') {
      url += part;
      continue;
    }
    const { name, otherwise } = part;
    if (name === 'path') {
      if (path.length === 0 || !path.every(isPathSegment)) {
        return { reason: 'The path has characters or folders that no link is made of.' };
      }
      url += path.map(encodeURIComponent).join('/');
      continue;
    }
    const label = Object.hasOwn(labels, name) ? labels[name] : '';
    const isStar = /^\d+$/.test(name);
    const value =
      name === 'line'
        ? String(line > 0 ? line : 1)
        : isStar
          ? (stars[Number(name) - 1] ?? '')
          : name === 'version'
            ? (ref ?? label)
            : label;
    const filled = value || otherwise || '';
    if (filled === '') {
      return { reason: `There is no ${name} to fill the template with.` };
    }
    // Tags have folders.
    const segments = name === 'version' ? filled.split('/') : [filled];
    if (!segments.every(isLabel)) {
      return { reason: `The ${name} has characters that no link is made of.` };
    }
    url += segments.map(encodeURIComponent).join('/');
  }
  return { url };
}

const isNoStep = (text: string) => text !== '.' && text !== '..';

/** No percent, quote, slash of either kind, nor what begins a query or a fragment. */
const isLabel = (text: string): boolean => /^[\p{L}\p{N}_.@+~=,:-]+$/u.test(text) && isNoStep(text);
const isPathSegment = (text: string): boolean => /^[\p{L}\p{N}_.@+~=,:!()[\] -]+$/u.test(text) && isNoStep(text);
