// Each check of package.mjs finds its fault in the built plugin, and nothing else. Run by the step `package` of test.mjs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { problemsOf, readTree, zipOf } from './package.mjs';

const tree = readTree();
const scratch = mkdtempSync(join(tmpdir(), 'pproflens-package-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const file = (name, change) => (copy) =>
  copy.dist.set(name, Buffer.from(change(copy.dist.get(name)?.toString() ?? '')));
const without = (name) => (copy) => copy.dist.delete(name);
const text = (name, change) => (copy) => copy.texts.set(name, change(copy.texts.get(name)));
/** A change of dist/plugin.json. */
const plugin = (change) =>
  file('plugin.json', (json) => {
    const parsed = JSON.parse(json);
    change(parsed);
    return JSON.stringify(parsed);
  });
const action = ({ routes }) => routes.find(({ method, reqRole }) => method === 'POST' && reqRole);
const read = ({ routes }) => routes.find(({ path }) => path === 'pyroscope/merge');
/** README.md, and the copy of it in dist. */
const readme = (more) => (copy) => {
  text('README.md', (old) => `${old}\n${more}\n`)(copy);
  copy.dist.set('README.md', Buffer.from(copy.texts.get('README.md')));
};
const repository = 'https://github.com/pproflens/pproflens';

test('nothing is wrong with the plugin', async () => assert.deepEqual(await problemsOf(tree), []));

const faults = {
  'an id without organisation': [plugin((p) => (p.id = 'pprof-datasource')), /organisation-name-datasource/],
  'a key of no schema': [plugin((p) => (p.colour = 'red')), /colour is no key/],
  'a key of no schema in a route': [plugin((p) => (p.routes[0].verb = 'GET')), /routes\.verb is no key/],
  'no pickers': [plugin((p) => (p.metrics = p.annotations = false)), /no picker lists/],
  'a category of no Grafana': [plugin((p) => (p.category = 'profiles')), /category is profiles/],
  'no keywords': [plugin((p) => (p.info.keywords = [])), /keywords is empty/],
  'a day that is none': [plugin((p) => (p.info.updated = '%TODAY%')), /info.updated is %TODAY%/],
  'a link without https': [
    plugin((p) => (p.info.links[0].url = 'docs')),
    /no https URL: docs/,
    /there is no src\/docs/,
  ],
  'Grafana 13 left out': [plugin((p) => (p.dependencies.grafanaDependency = '<13.0.0')), /leaves out 13/, /ends, so/],
  'Grafana 12.3 left out': [plugin((p) => (p.dependencies.grafanaDependency = '>=13.0.0')), /leaves out 12\.3/],
  'no range': [plugin((p) => (p.dependencies.grafanaDependency = 'new')), /no range of versions/],
  'a route that writes': [plugin((p) => (p.routes[0].method = 'PUT')), /has the method PUT/],
  'a route that acts for everyone': [plugin((p) => delete action(p).reqRole), /gateway\/captures has the method POST/],
  'a route that acts anywhere': [
    plugin((p) => (action(p).url = '{{ .JsonData.gatewayUrl }}')),
    /gateway\/captures has the method POST/,
  ],
  'a procedure of Pyroscope that writes': [
    plugin((p) => (read(p).url = '{{ .JsonData.pyroscopeUrl }}/push.v1.PusherService/Push')),
    /pyroscope\/merge has the method POST/,
  ],
  'a route of any method': [plugin((p) => delete p.routes[0].method), /has the method any/],
  'a route that is never taken': [
    plugin((p) => p.routes.push({ ...p.routes[0], path: 's3public' })),
    /s3public is never taken/,
  ],
  'a role of none': [plugin((p) => (p.routes[0].reqRole = 'Root')), /the role Root/],
  'another version': [plugin((p) => (p.info.version = '9.9.9')), /version 9\.9\.9, package\.json/],
  'a development build': [plugin((p) => (p.buildMode = 'development')), /built for development/],
  'a plugin.json that is none': [file('plugin.json', () => '{'), /no JSON/],
  'a changelog without the version': [
    (copy) => {
      text('CHANGELOG.md', () => '# Changelog\n')(copy);
      copy.dist.set('CHANGELOG.md', Buffer.from('# Changelog\n'));
    },
    /no heading "## /,
  ],
  'an old README in dist': [file('README.md', (old) => `${old}.`), /dist\/README\.md is not the repository's/],
  'no worker': [without('worker.js'), /dist\/worker\.js is missing/],
  'no licence': [without('LICENSE'), /dist\/LICENSE is missing/],
  'the template of a licence': [file('LICENSE', (old) => `${old}{yyyy}`), /words of its template/],
  'no source map': [without('core.js.map'), /core\.js has no source map/],
  'a fixture': [file('testdata/heap.json', () => '{}'), /heap\.json would be given to users/],
  'a program': [file('gpx_pprof_linux_amd64', () => 'x'), /is of no kind/],
  'no dashboard': [without('dashboards/heap.json'), /the dashboard Pprof Lens: Heap/],
  'a dashboard without title': [file('dashboards/heap.json', () => '{"uid":"x"}'), /no title or uid/],
  'a file that was changed after signing': [
    file('MANIFEST.txt', () => `-----BEGIN PGP SIGNED MESSAGE-----\n\n{"files":{}}\n-----BEGIN PGP SIGNATURE-----\n`),
    /module\.js is not as it was signed/,
  ],
  'no screenshots': [plugin((p) => (p.info.screenshots = [])), /no screenshots/],
  'a screenshot of another kind': [file('img/heap.png', () => '<svg></svg>'), /img\/heap\.png is svg/],
  'a screenshot that is missing': [without('img/heap.png'), /img\/heap\.png is missing/],
  'no logo': [without('img/logo.svg'), /small logo/, /large logo/],
  'a logo with a script': [file('img/logo.svg', (old) => old.replace('</svg>', '<script/></svg>')), /has a script/],
  'a logo with a handler': [file('img/logo.svg', (old) => old.replace('<svg', '<svg onload="x"')), /has a script/],
  'too large': [(copy) => copy.dist.set('worker.js', randomBytes(200_000)), /kB gzipped, at most/],
  'a package that the licences lack': [file('THIRD_PARTY_LICENSES.txt', (old) => old.replace('re2js 1', '1')), /re2js/],
  'no licence of the runtime': [file('THIRD_PARTY_LICENSES.txt', (old) => old.replace('webpack 5', '5')), /webpack/],
  'a package that Grafana shares': [
    (copy) => {
      file('module.js.map', () => '{"sources":["webpack://x/../node_modules/react/index.js"]}')(copy);
      file('THIRD_PARTY_LICENSES.txt', (old) => `${old}\nreact 18.3.1 (MIT)\n`)(copy);
    },
    /react is in the plugin/,
  ],
  'what React 19 lacks': [file('module.js', (old) => `${old};a.findDOMNode(b)`), /findDOMNode/],
  'a relative link': [readme('[here](docs/architecture.md)'), /README\.md has the relative link/],
  'a relative image': [readme('<img src="src/img/heap.png">'), /README\.md has the relative link/],
  'a comment': [readme('<!-- later -->'), /HTML comment/],
  'a link to a file that is gone': [readme(`[x](${repository}/blob/main/docs/gone.md)`), /there is no docs\/gone\.md/],
  'a heading that is gone': [readme(`[x](${repository}/blob/main/docs/architecture.md#gone)`), /no heading of docs/],
  'a link of another document': [
    text('CONTRIBUTING.md', (old) => `${old}\n[x](docs/gone.md)`),
    /CONTRIBUTING\.md links/,
  ],
  'a Go module': [(copy) => copy.paths.add('tools/go.mod'), /tools\/ is a Go module/],
};

for (const [name, [change, ...expected]] of Object.entries(faults)) {
  test(`${name} is said`, async () => {
    const copy = { dist: new Map(tree.dist), texts: new Map(tree.texts), paths: new Set(tree.paths) };
    change(copy);
    const problems = await problemsOf(copy);
    expected.forEach((each) =>
      assert.ok(
        problems.some((problem) => each.test(problem)),
        `${each}: ${problems.join('; ')}`
      )
    );
    problems.forEach((problem) => assert.match(problem, /\. [A-Z].*\.$|\w; .*\.$/, 'says how to mend it'));
    // What stands for one file may be said of each file.
    assert.ok(
      problems.every((problem) => expected.some((each) => each.test(problem) || /signed/.test(problem))),
      problems.join('\n')
    );
  });
}

test('a release says whose tag it is and that nothing waits', async () => {
  const copy = { ...tree, texts: new Map(tree.texts), dist: new Map(tree.dist) };
  const changelog = `# Changelog\n\n## Unreleased\n\n- x\n\n## ${JSON.parse(tree.texts.get('package.json')).version}\n`;
  copy.texts.set('CHANGELOG.md', changelog);
  copy.dist.set('CHANGELOG.md', Buffer.from(changelog));
  const problems = await problemsOf(copy, 'v9.9.9');
  assert.equal(problems.length, 2);
  assert.match(problems[0], /The tag is v9\.9\.9/);
  assert.match(problems[1], /"## Unreleased"/);
});

test('the zip is the same in every zone and holds one folder', async () => {
  const [name, bytes] = ['a.js', Buffer.from('a')];
  const dist = new Map([[name, bytes], ['img/b.svg', Buffer.from('<svg/>')]]); // prettier-ignore
  const here = await zipOf('x-y-datasource', dist);
  writeFileSync(join(scratch, 'a.zip'), here);
  const program = `import { zipOf } from ${JSON.stringify(new URL('./package.mjs', import.meta.url).href)};
    const files = new Map([['a.js', Buffer.from('a')], ['img/b.svg', Buffer.from('<svg/>')]]);
    process.stdout.write(await zipOf('x-y-datasource', files));`;
  const env = { ...process.env, TZ: 'Pacific/Apia' };
  const there = spawnSync('node', ['--input-type=module', '-e', program], { env }).stdout;
  assert.ok(here.equals(there));
  const { unzipSync } = await import('fflate');
  assert.deepEqual(Object.keys(unzipSync(here)), ['x-y-datasource/a.js', 'x-y-datasource/img/b.svg']);
});
