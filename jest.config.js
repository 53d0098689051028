// The time zone is fixed so that no test depends on where it runs.
process.env.TZ = 'UTC';

const scaffold = require('./.config/jest.config');
const { grafanaESModules, nodeModulesToTransform } = require('./.config/jest/utils');

const swc = scaffold.transform['^.+\\.(t|j)sx?$'];
const shared = {
  ...scaffold,
  // d3-color ships .mjs, which the scaffold's pattern leaves untransformed.
  transform: { ...scaffold.transform, '^.+\\.mjs$': swc },
  // @grafana/data 13 loads packages that are ES modules alone.
  transformIgnorePatterns: [nodeModulesToTransform([...grafanaESModules, '@react-hookz/web', '@ver0/deep-equal'])],
};
// The core runs in the worker and in Node, never in a DOM, and jsdom lacks DecompressionStream.
const core = ['tasks', 'profile', 'decode', 'encode', 'ops', 'views', 'query', 'store', 'cli', 'worker'];
// Of the shell, but one packs files, and one has no DOM's signals.
const ofShell = ['<rootDir>/src/download.test.ts', '<rootDir>/src/keys.test.ts'];

module.exports = {
  projects: [
    {
      ...shared,
      displayName: 'core',
      testEnvironment: 'node',
      setupFilesAfterEnv: [],
      // Only where scripts/test.mjs started the server.
      testPathIgnorePatterns: process.env.PPROFLENS_S3 ? [] : ['\\.server\\.test\\.ts$'],
      testMatch: [...core.map((folder) => `<rootDir>/src/${folder}/**/*.test.ts`), ...ofShell],
    },
    {
      ...shared,
      displayName: 'shell',
      testMatch: ['<rootDir>/src/*.test.{ts,tsx}', '<rootDir>/src/{frames,editors}/**/*.test.{ts,tsx}'],
      testPathIgnorePatterns: ofShell,
    },
  ],
};
