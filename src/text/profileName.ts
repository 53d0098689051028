/**
 * What names of files say of the profile that is in them, as `net/http/pprof` and the tools that collect profiles write them
 * (`heap.prof`, `goroutine-debug2.txt`, `profile_0001.prof`, `syncthing-cpu-linux-amd64-v1.27.0-142233.pprof`).
 */

/** Words of file names → Go's name of the profile. */
const profilesByWord: Readonly<Record<string, string>> = {
  heap: 'heap',
  mem: 'heap',
  memprof: 'heap',
  allocs: 'allocs',
  alloc: 'allocs',
  cpu: 'cpu',
  cpuprof: 'cpu',
  profile: 'cpu',
  goroutine: 'goroutine',
  goroutines: 'goroutine',
  stacks: 'goroutine',
  goroutineleak: 'goroutineleak',
  block: 'block',
  mutex: 'mutex',
  threadcreate: 'threadcreate',
  trace: 'trace',
};

/** The profiles there are, the one first that is opened where nobody names one. */
export const profileNames: readonly string[] = [
  'heap',
  'cpu',
  'goroutine',
  'allocs',
  'block',
  'mutex',
  'threadcreate',
  'goroutineleak',
  'trace',
];

/** What queries may call a profile: net/http/pprof's name of the CPU profile is `profile`. */
export const namesOfProfile = (profile: string): readonly string[] =>
  profile === 'cpu' ? ['cpu', 'profile'] : [profile];

/** Extensions that only profiles have. What is text may be anything, so its name has to be that of a profile alone. */
const profileExtension = /\.(pprof|prof|pb|pb\.gz)(\.(gz|zst))?$/;
const textExtension = /(^[^.]*|\.(txt|out|log|dump|gz|\d+))(\.(gz|zst))?$/;
/** What may follow a profile's name in that of a text: a number, a time, the debug level, cockroach's labels and its trigger of dumps. */
const textRest =
  /^(?:(?:\d[\w:+]*|debug\d?|dump|with|labels|double|since|last|leak|profile|prof|pprof|txt|out|log|gz|zst)(?:[^a-z0-9]+|$))*$/;

/**
 * The profile that a file holds as far as its name says: Go's name of it, '' for a profile whose name does not say which,
 * undefined for what is none by its name.
 * @param path of a file, with `/` or `\` between folders
 */
export function profileNameOf(path: string): string | undefined {
  const base = (/[^/\\]*$/.exec(path.slice(-300))?.[0] ?? '').toLowerCase();
  if (base === '' || base.startsWith('.')) {
    return undefined;
  }
  const words = base.split(/[^a-z0-9]+/);
  if (profileExtension.test(base)) {
    const word = words.find((one) => Object.hasOwn(profilesByWord, one));
    return word === undefined ? '' : named(word, words);
  }
  const [first] = words;
  const isText = textExtension.test(base) && Object.hasOwn(profilesByWord, first);
  return isText && textRest.test(base.slice(first.length).replace(/^[^a-z0-9]+/, '')) ? named(first, words) : undefined;
}

const named = (word: string, words: readonly string[]): string =>
  profilesByWord[word] === 'goroutine' && words.includes('leak') ? 'goroutineleak' : profilesByWord[word];
