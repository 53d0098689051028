// The time zone is fixed so that no test depends on where it runs.
process.env.TZ = 'UTC';

const scaffold = require('./.config/jest.config');
const { grafanaESModules, nodeModulesToTransform } = require('./.config/jest/utils');

const swc = scaffold.transform['^.+\\.(t|j)sx?$'];
const shared = {
  ...scaffold,
  // Tests compile patterns at once; worker/engine.test.ts is about loading their engine.
  setupFiles: ['<rootDir>/src/text/re2.ts'],
  // V8 looks up a sandbox's globals anew at each use; these are arguments of each module instead.
  sandboxInjectedGlobals: [
    'Math',
    'Object',
    'Array',
    'Number',
    'String',
    'Set',
    'Map',
    'Uint8Array',
    'Int32Array',
    'Float64Array',
    'Infinity',
  ],
  // d3-color ships .mjs, which the scaffold's pattern leaves untransformed.
  transform: { ...scaffold.transform, '^.+\\.mjs$': swc },
  // @grafana/data 13 loads packages that are ES modules alone; unzipit is one.
  transformIgnorePatterns: [
    nodeModulesToTransform([...grafanaESModules, '@react-hookz/web', '@ver0/deep-equal', 'unzipit']),
  ],
};
// Folders that need a DOM are the shell's; all others run in the worker and in Node too, and jsdom lacks DecompressionStream.
module.exports = {
  projects: [
    {
      ...shared,
      displayName: 'core',
      testEnvironment: 'node',
      setupFilesAfterEnv: [],
      // Only where scripts/test.mjs started the server.
      testPathIgnorePatterns: process.env.PPROFLENS_S3 ? [] : ['\\.server\\.test\\.ts$'],
      testMatch: ['<rootDir>/src/!(frames|editors)/**/*.test.ts'],
    },
    {
      ...shared,
      displayName: 'shell',
      testMatch: ['<rootDir>/src/*.test.{ts,tsx}', '<rootDir>/src/{frames,editors}/**/*.test.{ts,tsx}'],
    },
  ],
};
