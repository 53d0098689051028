// Who may import whom inside src/: this table is the architecture (docs/architecture.md). It holds for imports of types and
// for paths through `baseUrl` as well. `npm run lint` checks it, scripts/layers.test.mjs that it refuses what it should.

/** Folders of src/ and what they may import beside themselves. */
const layers = {
  tasks: [],
  text: [],
  store: ['tasks'],
  captures: ['text', 'store'],
  fields: ['captures'],
  profile: ['text'],
  decode: ['text', 'profile'],
  encode: ['profile'],
  ops: ['text', 'profile'],
  views: ['text', 'profile', 'captures', 'fields'],
  query: ['text', 'profile', 'captures', 'fields', 'decode', 'encode', 'ops', 'views'],
  worker: ['tasks', 'text', 'profile', 'captures', 'fields', 'decode', 'encode', 'ops', 'query', 'views'],
  frames: ['text', 'captures', 'views', 'query/query'],
  editors: ['text', 'captures', 'fields', 'views/view', 'query', 'worker/download', 'datasource', 'gateway', 'types'],
  fuzz: ['text', 'store', 'captures', 'profile', 'decode', 'encode', 'ops', 'views', 'query', 'testing'],
  cli: ['text', 'profile', 'captures', 'fields', 'decode', 'encode', 'ops', 'views', 'query', 'worker', 'testing'],
};
/** They run in the worker and in Node: no Grafana, React or DOM, and nothing of Node. */
export const core = Object.keys(layers).slice(0, Object.keys(layers).indexOf('worker'));
/** What a browser runs beside them. */
const browser = ['worker', 'frames', 'editors'];

const tests = '\\.test\\.tsx?$';
const inFolder = (names) => `^src/(${names.join('|')})/`;

const layerRule = ([layer, may]) => ({
  name: `layer-${layer}`,
  comment: `${layer}/ imports only ${may.join(', ') || 'nothing of this repository'}.`,
  severity: 'error',
  from: { path: `^src/${layer}/`, pathNot: tests },
  to: { path: '^src/', pathNot: `^src/(${[layer, ...may].join('|')})(/|\\.tsx?$)` },
});

export default {
  forbidden: [
    ...Object.entries(layers).map(layerRule),
    {
      name: 'core-without-platform',
      comment: 'The core runs in the worker and in Node: no Grafana, React or DOM.',
      severity: 'error',
      from: { path: inFolder(core), pathNot: tests },
      to: { path: '(^|node_modules/)(@grafana|react|react-dom|rxjs|moment|lodash)/' },
    },
    {
      name: 'browser-without-node',
      comment: 'Browsers run it: nothing of Node.',
      severity: 'error',
      from: { path: `${inFolder([...core, ...browser])}|^src/[^/]+$`, pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'shell-without-tools',
      comment: 'The plugin carries nothing of the command line, and no helper of tests.',
      severity: 'error',
      from: { path: '^src/[^/]+$', pathNot: tests },
      to: { path: inFolder(['cli', 'fuzz', 'testing']) },
    },
    {
      name: 'no-circle',
      comment: 'An arrow back means that data is in the wrong place; of types as well.',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'resolves',
      comment: 'A path that leads nowhere is checked by nothing.',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
