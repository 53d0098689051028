import { defineConfig } from 'eslint/config';
import baseConfig from './.config/eslint.config.mjs';
import { core } from './.dependency-cruiser.mjs';

// Who may import whom is there too.
const pure = core.map((layer) => `src/${layer}/**`);

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
      '.clouds/',
    ],
  },
  ...baseConfig,
  {
    files: pure.map((folder) => `${folder}/*.ts`),
    ignores: ['**/*.test.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      'no-restricted-globals': ['error', 'window', 'document', 'localStorage', 'fetch'],
      'no-restricted-syntax': ['error', 'TSImportType'],
    },
  },
  {
    // What kills the page, and what Tab should not stop at. Of syntax: a second rule of imports would replace the layers'.
    files: ['src/**/*.{ts,tsx}'],
    ignores: ['src/editors/LateCombobox.tsx', '**/*.test.{ts,tsx}', ...pure],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ImportSpecifier[imported.name=/^((Multi|Async(Multi)?)?(Combobox|Select))$/]',
          message:
            "It tells its change within React's commit, which can end in React error 185: use LateCombobox of src/editors/LateCombobox.tsx.",
        },
        {
          selector: 'JSXOpeningElement[name.name=/^Inline(Field|Label)$/] > JSXAttribute[name.name="tooltip"]',
          message: 'Its icon is a tab stop without a name: use LabelledField of src/editors/fields.tsx.',
        },
      ],
    },
  },
]);
