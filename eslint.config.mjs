import { defineConfig } from 'eslint/config';
import { readdirSync } from 'node:fs';
import baseConfig from './.config/eslint.config.mjs';

// Who may import whom inside src/: this table is the architecture (docs/architecture.md).
const layers = {
  tasks: [],
  profile: [],
  store: ['tasks'],
  decode: ['profile'],
  encode: ['profile'],
  ops: ['profile'],
  views: ['profile'],
  query: ['profile', 'decode', 'encode', 'ops', 'views'],
  worker: ['tasks', 'profile', 'decode', 'encode', 'ops', 'query', 'views'],
  frames: ['views', 'store'],
  editors: ['query', 'store', 'datasource', 'download', 'types'],
  cli: ['profile', 'decode', 'encode', 'ops', 'views', 'query', 'worker', 'testing'],
};
const pure = ['tasks', 'profile', 'store', 'decode', 'encode', 'ops', 'views', 'query'];
// Folders of src/ and the files beside them.
const modules = readdirSync(new URL('src', import.meta.url))
  .filter((name) => !/\.(test\.ts|json)$/.test(name))
  .map((name) => name.replace(/\.tsx?$/, ''));

function layerRule([layer, may]) {
  const forbidden = modules.filter((m) => m !== layer && !may.includes(m)).join('|');
  const isPure = pure.includes(layer);
  const patterns = [
    {
      regex: `^(\\.\\./)+(${forbidden})(/|$)`,
      message: `${layer}/ imports only ${may.join(', ') || 'nothing of this repository'}.`,
    },
    ...(isPure
      ? [
          {
            regex: '^(@grafana/|react|rxjs|moment|lodash)',
            message: `${layer}/ runs in the worker and in Node: no Grafana, React or DOM.`,
          },
        ]
      : []),
  ];
  return {
    files: [`src/${layer}/**/*.{ts,tsx}`],
    ignores: ['**/*.test.{ts,tsx}'],
    rules: {
      'no-restricted-imports': ['error', { patterns }],
      ...(isPure && {
        '@typescript-eslint/no-explicit-any': 'error',
        'no-restricted-globals': ['error', 'window', 'document', 'localStorage', 'fetch'],
        'no-restricted-syntax': ['error', 'ImportExpression', 'TSImportType'],
      }),
    },
  };
}

export default defineConfig([
  {
    ignores: [
      '**/node_modules/',
      '**/dist/',
      '**/coverage',
      'test-results/',
      'playwright-report/',
      'blob-report/',
      '**/.eslintcache',
      '**/build/',
      '.grafana13/',
    ],
  },
  ...baseConfig,
  ...Object.entries(layers).map(layerRule),
  {
    // What kills the page, and what Tab should not stop at. Of syntax: a second rule of imports would replace the layers'.
    files: ['src/**/*.{ts,tsx}'],
    ignores: ['src/editors/Choice.tsx', '**/*.test.{ts,tsx}', ...pure.map((layer) => `src/${layer}/**`)],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ImportSpecifier[imported.name=/^((Multi|Async(Multi)?)?(Combobox|Select))$/]',
          message:
            "It tells its change within React's commit, which can end in React error 185: use Choice of src/editors/Choice.tsx.",
        },
        {
          selector: 'JSXOpeningElement[name.name=/^Inline(Field|Label)$/] > JSXAttribute[name.name="tooltip"]',
          message: 'Its icon is a tab stop without a name: use LabelledField of src/editors/fields.tsx.',
        },
      ],
    },
  },
]);
