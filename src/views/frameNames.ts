import { once } from '../profile/once';
import type { LocationTable, Profile } from '../profile/profile';
import type { NamedText, Piece } from './table';

/** What one node stands for; internal/driver, aggregate. */
export interface FrameOptions {
  readonly granularity?: 'functions' | 'filefunctions' | 'files' | 'lines' | 'addresses';
  readonly showColumns?: boolean;
  /** Lines were cut to one per location: addresses then say no column either. */
  readonly noInlines?: boolean;
  /** File names stay as they are, as in pprof's traces; in graphs it cuts Bazel's working directory and the two below. */
  readonly wholePaths?: boolean;
  /** Prefixes to cut, separated by colons. */
  readonly trimPath?: string;
  /** Folders, separated by colons: without prefixes a name is cut up to a folder with the last name of one. */
  readonly sourcePath?: string;
  /** pprof's ObjNames, which its listings of source have: calls in two binaries, or of functions that start elsewhere, are two nodes. */
  readonly objNames?: boolean;
  /** Columns of names say where their code is. */
  readonly withCode?: boolean;
}

/**
 * The nodes that a profile's frames are at a granularity, as rows of one list. Two nodes may print the same: they
 * differ in their binary or in the line their function starts at.
 */
export interface Frames {
  /** As pprof prints them: address, function, file and line, whichever the granularity has. */
  readonly names: readonly string[];
  /** What of `names` is the name of a function; made when it is first read. */
  readonly named: readonly NamedText[];
  /** Address of each node; none at all where the granularity has none. */
  readonly addresses: readonly bigint[];
  /** Node of each row of `line`. */
  readonly line: Uint32Array;
  /** Node of each location without lines. */
  readonly location: Uint32Array;
  /** Of each node the row of `line` that it was first met at, -1 for one without: where its function is. */
  readonly first: Int32Array;
}

/** Frames of a location table by granularity: a filter of samples or stacks shares the table. */
const knownFrames = new WeakMap<LocationTable, Map<string, Frames>>();

/** internal/graph, nodeInfo and NodeInfo.PrintableName. The same object for the same locations and options. */
export function frameNames(profile: Profile, options: FrameOptions = {}): Frames {
  const naming = namingOf(options);
  const key = JSON.stringify(naming);
  const known = knownFrames.get(profile.location) ?? new Map<string, Frames>();
  knownFrames.set(profile.location, known);
  const frames = known.get(key) ?? nameFrames(profile, naming, 0);
  known.set(key, frames);
  return frames;
}

/** The frames of the locations from a row on, in a list of their own. */
export const framesFrom = (profile: Profile, location: number, options: FrameOptions): Frames =>
  nameFrames(profile, namingOf(options), location);

function namingOf(options: FrameOptions): FrameNaming {
  const {
    granularity = 'functions',
    showColumns = false,
    noInlines = false,
    wholePaths = false,
    trimPath = '',
    sourcePath = '',
    objNames = false,
  } = options;
  return { granularity, showColumns, noInlines, wholePaths, trimPath, sourcePath, objNames };
}

function nameFrames(profile: Profile, options: FrameNaming, from: number): Frames {
  const { function: func, line, location, strings } = profile;
  const nodes = new NodeTable(profile, options);
  // At these two granularities a function with a name is its node wherever it is called, and at the first one its name
  // alone says which.
  const byName = options.granularity === 'functions';
  const byFunction = byName || options.granularity === 'filefunctions';
  const ofFunction = new Int32Array(func.length).fill(-1);
  const lineNode = new Uint32Array(line.length);
  const locationNode = new Uint32Array(location.length);
  for (let l = from; l < location.length; l++) {
    const first = location.lineOffset[l];
    const end = location.lineOffset[l + 1];
    for (let k = first; k < end; k++) {
      const f = line.function[k];
      if (!byFunction || f < 0 || strings[func.name[f]] === '') {
        lineNode[k] = nodes.ofLine(l, k);
        continue;
      }
      if (ofFunction[f] < 0) {
        ofFunction[f] = byName ? nodes.ofName(f, k) : nodes.ofLine(l, k);
      }
      lineNode[k] = ofFunction[f];
    }
    if (first === end) {
      locationNode[l] = nodes.ofLine(l, -1);
    }
  }
  return nodes.finish(lineNode, locationNode);
}

type FrameNaming = Required<Omit<FrameOptions, 'withCode'>>;

/** The nodes met so far. */
class NodeTable {
  private readonly names: string[] = [];
  /** Of each node the name of its function, '' for none, and its file beside a name. */
  private readonly functions: string[] = [];
  private readonly besides: string[] = [];
  private readonly addresses: bigint[] = [];
  private readonly firsts: number[] = [];
  private readonly rows = new Map<string, number>();
  /** By row of the profile's strings, -1 for a name without a node of its own. */
  private readonly nodeOfName: Int32Array;
  private readonly files = new Map<number, string>();

  private readonly hasName: boolean;
  private readonly hasFile: boolean;
  private readonly hasAddress: boolean;
  private readonly hasLine: boolean;
  private readonly hasColumn: boolean;

  constructor(
    private readonly profile: Profile,
    private readonly options: FrameNaming
  ) {
    const { granularity, showColumns, noInlines } = options;
    this.nodeOfName = new Int32Array(profile.strings.length).fill(-1);
    this.hasName = granularity !== 'files';
    this.hasFile = granularity !== 'functions';
    this.hasAddress = granularity === 'addresses';
    this.hasLine = this.hasAddress || granularity === 'lines';
    this.hasColumn = this.hasLine && (showColumns || (this.hasAddress && !noInlines));
  }

  /** The node of a row of `line`, -1 for a location without lines. */
  ofLine(l: number, k: number): number {
    const { strings, function: func, line, location, mapping } = this.profile;
    const f = k < 0 ? -1 : line.function[k];
    const address = this.hasAddress ? location.address[l] : 0n;
    const name = f >= 0 && this.hasName ? strings[func.name[f]] : '';
    const file = f >= 0 && this.hasFile ? this.fileOf(f) : '';
    const at = f >= 0 && this.hasLine ? line.line[k] : 0;
    const column = f >= 0 && this.hasColumn ? line.column[k] : 0;
    const isWhole = this.options.objNames || name === '';
    const binary = isWhole && location.mapping[l] >= 0 ? strings[mapping.filename[location.mapping[l]]] : '';
    const start = isWhole && f >= 0 ? func.startLine[f] : 0;
    const id = [address, name, file, at, column, binary, start].join('\0');
    let row = this.rows.get(id);
    if (row === undefined) {
      row = this.add(printableName(address, name, file, at, column, binary), f, name, file, k);
      this.rows.set(id, row);
      if (this.hasAddress) {
        this.addresses.push(address);
      }
    }
    return row;
  }

  /** The node of all functions that have the name of this one. */
  ofName(f: number, k: number): number {
    const name = this.profile.function.name[f];
    if (this.nodeOfName[name] < 0) {
      const text = this.profile.strings[name];
      this.nodeOfName[name] = this.add(text, f, text, '', k);
    }
    return this.nodeOfName[name];
  }

  finish(line: Uint32Array, location: Uint32Array): Frames {
    const { names, functions, besides, addresses } = this;
    const named = once(() => names.map((text, row) => pieces(text, functions[row], besides[row])));
    return {
      names,
      get named() {
        return named();
      },
      addresses,
      line,
      location,
      first: Int32Array.from(this.firsts),
    };
  }

  private add(printed: string, f: number, name: string, file: string, k: number): number {
    const { labels } = this.profile.function;
    const isLabel = labels !== undefined && f >= labels;
    this.functions.push(isLabel ? '' : name);
    this.besides.push(file);
    this.firsts.push(k);
    return this.names.push(printed) - 1;
  }

  private fileOf(f: number): string {
    const row = this.profile.function.filename[f];
    let file = this.files.get(row);
    if (file === undefined) {
      const path = this.profile.strings[row];
      file = this.options.wholePaths ? cleanPath(path) : shownPath(path, this.options);
      this.files.set(row, file);
    }
    return file;
  }
}

/** The parts of a text that printableName made. */
function pieces(text: string, name: string, file: string): NamedText {
  if (name === '' || name === text) {
    return name === '' ? [text] : name;
  }
  // An address is as long everywhere, and may itself hold the letters of a name.
  const start = text.startsWith(name) ? 0 : addressLength + 1;
  const parts: Piece[] = [text.slice(0, start), { function: name }];
  const rest = text.slice(start + name.length);
  return file === '' ? [...parts, rest] : [...parts, ' ', { file }, rest.slice(1 + file.length)];
}

/** Letters of an address in a name. */
const addressLength = 16;

function printableName(
  address: bigint,
  name: string,
  file: string,
  line: number,
  column: number,
  binary: string
): string {
  const parts = address === 0n ? [] : [address.toString(16).padStart(addressLength, '0')];
  if (name !== '') {
    parts.push(name);
  }
  if (line !== 0) {
    parts.push(`${file}:${line}${column === 0 ? '' : `:${column}`}`);
  } else if (file !== '') {
    parts.push(file);
  } else if (name === '') {
    parts.push(binary === '' ? '<unknown>' : `[${filepathBase(binary)}]`);
  }
  return parts.join(' ');
}

/** The last part of a path that is not empty (Go's filepath.Base). */
export const filepathBase = (path: string): string => /([^/]*)\/*$/.exec(path)?.[1] || '/';

/** A file's name as graphs and listings show it. */
export const shownPath = (path: string, { trimPath = '', sourcePath = '' }: FrameOptions): string =>
  cleanPath(cutPath(path, trimPath, sourcePath));

/** A path without what is the machine's that built it (internal/report/source.go, trimPath). */
export function cutPath(path: string, trimPath: string, sourcePath: string): string {
  const list = (text: string) => (text === '' ? [] : text.split(':'));
  if (trimPath === '') {
    for (const folder of list(sourcePath)) {
      const wanted = `/${folder === '' ? '.' : filepathBase(folder)}/`;
      const at = path.indexOf(wanted);
      if (at >= 0) {
        return path.slice(at + wanted.length);
      }
    }
  }
  const prefix = [...list(trimPath), '/proc/self/cwd/./', '/proc/self/cwd/']
    .map((given) => (given.endsWith('/') ? given : `${given}/`))
    .find((given) => path.startsWith(given));
  return prefix === undefined ? path : path.slice(prefix.length);
}

/** A path without `.`, `..` and doubled slashes (Go's filepath.Clean); '' stays ''. */
export function cleanPath(path: string): string {
  if (path === '' || !/(^|\/)\.{0,2}(\/|$)/.test(path)) {
    return path;
  }
  const isRooted = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') {
      continue;
    }
    if (part === '..' && kept.length > 0 && kept[kept.length - 1] !== '..') {
      kept.pop();
    } else if (part !== '..' || !isRooted) {
      kept.push(part);
    }
  }
  return (isRooted ? '/' : '') + kept.join('/') || '.';
}
