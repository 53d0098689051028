// npm run package: the zip that Grafana's catalog takes, with its sums, and what of the catalog's rules can be checked
// here. Grafana's plugin-validator has the last word; it needs the network (.github/workflows/release.yml).
//   --tag v1.2.3   what is packed is that version, and nothing in CHANGELOG.md waits for a later one
//   --check        no zip
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { ensureBuild, ensureModules, root, say } from './setup.mjs';

/** What every dashboard with a panel of ours loads: module.js and worker.js, gzipped. */
export const maxBundleKb = 150;
const maxZipMb = 5;
const repository = 'https://github.com/pproflens/pproflens';
const raw = 'https://raw.githubusercontent.com/pproflens/pproflens';
/** Versions of the newest Grafana that is tested. */
const newest = 'tests/grafana13/package.json';
const licenses = 'THIRD_PARTY_LICENSES.txt';
/** What Grafana gives plugins; a copy in the bundle breaks with another Grafana, and React's with another React. */
const shared = /^(react|react-dom|rxjs|@emotion\/css|@grafana\/(data|ui|runtime))$/;
/** Names of what React 19 no longer has; @grafana/react-detect looks for the same. */
const goneFromReact =
  /\b(defaultProps|propTypes|contextTypes|childContextTypes|getChildContext|findDOMNode|unmountComponentAtNode|createFactory|__SECRET_INTERNALS_DO_NOT_USE_OR_YOU_WILL_BE_FIRED)\b/;

/** Every file below a folder, by its path there. Symbolic links are followed, as a zip would. */
function filesBelow(folder, skip = () => false) {
  const files = new Map();
  const walk = (path) =>
    readdirSync(join(folder, path), { withFileTypes: true }).forEach((entry) => {
      const at = posix.join(path, entry.name);
      if (skip(at, entry.name)) {
        return;
      }
      if (entry.isDirectory()) {
        walk(at);
      } else {
        files.set(at, readFileSync(join(folder, at)));
      }
    });
  walk('');
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * What is checked. `dist` has the contents of the built files by path, `texts` those of Markdown, package.json, that of tests/grafana13 and
 * .semgrepignore of the repository, `paths` every path in it.
 */
export function readTree() {
  const made =
    /^(node_modules|dist|artifacts|coverage|test-results|playwright-report|build|\.git|\.grafana13|\.clouds)$/;
  const read = ['package.json', newest, '.semgrepignore'];
  const paths = new Set();
  const texts = new Map();
  const walk = (path) =>
    readdirSync(join(root, path), { withFileTypes: true }).forEach((entry) => {
      const at = posix.join(path, entry.name);
      if (made.test(entry.name)) {
        return;
      }
      paths.add(at);
      if (entry.isDirectory()) {
        walk(at);
      } else if (/\.md$/.test(at) || read.includes(at)) {
        texts.set(at, readFileSync(join(root, at), 'utf8'));
      }
    });
  walk('');
  return { dist: filesBelow(join(root, 'dist')), texts, paths };
}

/** @returns what is wrong with the tree, as sentences that say how to mend it; `tag` is of the release, if it is one */
export async function problemsOf(tree, tag) {
  const problems = [];
  const plugin = parse(tree.dist.get('plugin.json'), 'dist/plugin.json', problems);
  if (plugin) {
    const semver = (await import('semver')).default;
    problems.push(...ofPluginJson(plugin, tree, semver), ...ofFiles(plugin, tree), ...ofImages(plugin, tree));
    problems.push(...ofVersions(plugin, tree, tag));
  }
  return [...problems, ...ofBundles(tree), ...ofLinks(plugin, tree), ...ofReadme(tree), ...ofGoModules(tree)];
}

function parse(bytes, name, problems) {
  try {
    return JSON.parse(bytes.toString());
  } catch (error) {
    problems.push(`${name} is no JSON: ${bytes ? error.message : 'there is none'}. Run npm run build.`);
    return undefined;
  }
}

/** Keys that Grafana's schema has and a data source without a backend may use; others are refused. */
const keys = {
  '':
    '$schema type name id info dependencies metrics annotations category multiValueFilterOperators includes routes ' +
    'queryOptions languages state buildMode',
  info: 'description author keywords logos links screenshots version updated',
  dependencies: 'grafanaDependency plugins',
  routes: 'path method url reqRole reqAction headers urlParams',
  includes: 'type name path role',
};
Object.keys(keys).forEach((where) => (keys[where] = keys[where].split(' ')));

/** The rules of Grafana's plugin.schema.json and of the catalog that a data source without a backend can break. */
function ofPluginJson(plugin, { texts }, semver) {
  const { id = '', info = {}, dependencies = {}, routes = [], ...rest } = plugin;
  const list = (value) => (Array.isArray(value) ? value : []);
  const say = (where, what) => `plugin.json: ${where} ${what}. Mend src/plugin.json.`;
  const empty = ['name', 'type'].filter((key) => !rest[key]).map((key) => say(key, 'is empty'));
  const objects = [['', plugin], ['info', info], ['dependencies', dependencies]]; // prettier-ignore
  const unknown = [...objects, ...['routes', 'includes'].flatMap((key) => list(plugin[key]).map((each) => [key, each]))]
    .flatMap(([where, object]) => Object.keys(object).map((key) => [where, key]))
    .filter(([where, key]) => !keys[where].includes(key))
    .map(([where, key]) =>
      say(
        where ? `${where}.${key}` : key,
        'is no key that this check knows; if Grafana does, add it to scripts/package.mjs'
      )
    );
  const range = semver.validRange(dependencies.grafanaDependency ?? '-');
  const tested = ['package.json', newest].map((name) => JSON.parse(texts.get(name)).dependencies['@grafana/data']);
  const left = range ? tested.filter((version) => !semver.satisfies(version, range)) : [];
  const urls = [
    ['info.author.url', info.author?.url],
    ...list(info.links).map(({ name, url }) => [`link ${name}`, url]),
  ];
  return [
    ...empty,
    ...unknown,
    ...(/^[0-9a-z]+-[0-9a-z]+-datasource$/.test(id) && rest.type === 'datasource'
      ? []
      : [say('id', `is ${JSON.stringify(id)}, which has to be organisation-name-datasource in lower case`)]),
    ...(rest.name === id ? [say('name', 'is the id; it has to be one for people')] : []),
    ...(rest.metrics || rest.annotations ? [] : [say('metrics', 'is not true, so no picker lists the data source')]),
    ...(/^(tsdb|logging|cloud|tracing|profiling|sql|enterprise|iot|other)$/.test(rest.category ?? 'other')
      ? []
      : [say('category', `is ${rest.category}, which Grafana does not have`)]),
    ...(semver.valid(info.version) ? [] : [say('info.version', `is ${info.version}; it has to be like 1.2.3`)]),
    ...(/^\d{4}-\d\d-\d\d$/.test(info.updated ?? '')
      ? []
      : [say('info.updated', `is ${info.updated}; it has to be a day such as 2026-01-31`)]),
    ...(info.description ? [] : [say('info.description', 'is empty')]),
    ...(list(info.keywords).length > 0 ? [] : [say('info.keywords', 'is empty')]),
    ...(info.author?.name ? [] : [say('info.author.name', 'is empty')]),
    ...urls
      .filter(([, url]) => !/^https:\/\/\S+$/.test(url ?? ''))
      .map(([name, url]) => say(name, `is no https URL: ${url}`)),
    ...(range ? [] : [say('dependencies.grafanaDependency', 'is no range of versions, such as >=12.3.0')]),
    ...left.map((version) => say('dependencies.grafanaDependency', `leaves out ${version}, which the tests run with`)),
    ...(range && !semver.satisfies('999.0.0', range)
      ? [say('dependencies.grafanaDependency', 'ends, so the next Grafana refuses the plugin')]
      : []),
    ...ofRoutes(routes).map((what) => say('routes', what)),
  ];
}

/** One that acts: by POST, for a role, and on one path, since a URL that ends in what settings say ends anywhere. */
const isAction = ({ method, reqRole, url = '' }) =>
  method === 'POST' && /^(Editor|Admin)$/.test(reqRole) && /\}\/[a-z/]+[a-z]$/.test(url);

/** One that reads by POST: a procedure of Pyroscope's that changes nothing. */
const isRead = ({ method, url = '' }) =>
  method === 'POST' && /\}\/querier\.v1\.QuerierService\/(ProfileTypes|SelectMergeProfile)$/.test(url);

/** Grafana's proxy takes the first route whose method equals and whose path is a prefix, as a string. */
function ofRoutes(routes) {
  const written = routes.filter((route) => route.method !== 'GET' && !isAction(route) && !isRead(route));
  const hidden = routes.filter(({ path, method }, i) =>
    routes.slice(0, i).some((before) => before.method === method && path.startsWith(before.path))
  );
  const roles = routes.filter(({ reqRole = 'Viewer' }) => !/^(Viewer|Editor|Admin)$/.test(reqRole));
  return [
    ...written.map(
      ({ path, method }) =>
        `${path} has the method ${method ?? 'any'}; what reads has GET alone, or POST of a procedure of Pyroscope's that reads, what acts POST, the role Editor or Admin, and a URL that ends in a fixed path`
    ),
    ...routes.filter(({ path }) => !path).map(() => 'has one without a path, which takes every request'),
    ...hidden.map(({ path }) => `${path} is never taken, since the path of one before it is a prefix of it`),
    ...roles.map(({ path, reqRole }) => `${path} has the role ${reqRole}, with which plugin.json cannot be read`),
    ...routes
      .filter(({ url = '' }) => url.includes('?'))
      .map(({ path }) => `${path} has a query, which the proxy drops`),
  ];
}

function ofVersions({ info = {}, buildMode }, { texts, dist }, tag) {
  const { version } = JSON.parse(texts.get('package.json'));
  const changelog = texts.get('CHANGELOG.md') ?? '';
  const headings = [...changelog.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading.trim());
  const stale = ['README.md', 'CHANGELOG.md'].filter((name) => dist.get(name)?.toString() !== texts.get(name));
  return [
    ...(info.version === version
      ? []
      : [`dist/plugin.json has version ${info.version}, package.json ${version}. Run npm run build.`]),
    ...(headings.some((heading) => heading.split(' ')[0] === version)
      ? []
      : [`CHANGELOG.md has no heading "## ${version}", the version of package.json. Add it, or mend the version.`]),
    ...(buildMode === 'production' ? [] : [`dist/ was built for ${buildMode}. Run npm run build.`]),
    ...stale.map((name) => `dist/${name} is not the repository's. Run npm run build.`),
    ...(tag === undefined || tag === `v${version}`
      ? []
      : [`The tag is ${tag}, the version of package.json ${version}. Tag v${version}, or change the version.`]),
    ...(tag !== undefined && headings.includes('Unreleased')
      ? [`CHANGELOG.md has "## Unreleased". Put what it says below "## ${version}".`]
      : []),
  ];
}

function ofFiles({ includes = [] }, { dist }) {
  const isTemplate = /\{yyyy\}|\{name of copyright owner\}|\[yyyy\]/.test(dist.get('LICENSE')?.toString() ?? '');
  const names = [...dist.keys()];
  const scripts = names.filter((name) => name.endsWith('.js'));
  const needed = ['module.js', 'worker.js', 'README.md', 'CHANGELOG.md', 'LICENSE', licenses];
  const dashboards = includes.map(({ path }) => path);
  const notOurs = names.filter((name) => !/\.(js|js\.map|md|json|svg|png|txt)$|^LICENSE$|^MANIFEST\.txt$/.test(name));
  const jsons = names.filter((name) => name.endsWith('.json') && name !== 'plugin.json' && !dashboards.includes(name));
  const problems = [
    ...(isTemplate ? ['LICENSE has the words of its template, such as {yyyy}. Write the year and the owner.'] : []),
    ...needed
      .filter((name) => !dist.get(name)?.length)
      .map((name) => `dist/${name} is missing or empty. Run npm run build.`),
    ...scripts
      .filter((name) => !dist.has(`${name}.map`))
      .map((name) => `dist/${name} has no source map, which the catalog asks for. Run npm run build.`),
    ...jsons.map(
      (name) =>
        `dist/${name} would be given to users: every JSON file in src/ is copied. Move fixtures to testdata/, or name a ` +
        "dashboard in plugin.json's includes."
    ),
    ...notOurs.map(
      (name) => `dist/${name} is of no kind that a plugin has. Remove it, or add it to scripts/package.mjs.`
    ),
  ];
  for (const { type, name, path } of includes) {
    const model = dist.has(path) && parse(dist.get(path), `dist/${path}`, problems);
    if (type === 'dashboard' && !(model?.title && model.uid)) {
      problems.push(
        `plugin.json includes the dashboard ${name}, and ${path} is missing or has no title or uid. Mend either.`
      );
    }
  }
  return [...problems, ...ofManifest(dist)];
}

/** MANIFEST.txt is what signing writes: a list of the files with their SHA-256. */
function ofManifest(dist) {
  const text = dist.get('MANIFEST.txt')?.toString();
  if (text === undefined) {
    return [];
  }
  const { files = {} } = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
  const changed = [...dist].filter(([name, bytes]) => name !== 'MANIFEST.txt' && files[name] !== sum('sha256', bytes));
  return changed.map(([name]) => `dist/${name} is not as it was signed. Run npm run build, then npm run sign.`);
}

const magic = [
  ['png', /^\x89PNG\r\n\x1a\n/],
  ['jpg', /^\xff\xd8\xff/],
  ['gif', /^GIF8/],
  ['svg', /<svg[\s>]/],
];

function ofImages({ info = {} }, { dist }) {
  const { logos = {}, screenshots = [] } = info;
  const kindOf = (path) =>
    magic.find(([, start]) => start.test(dist.get(path).subarray(0, 512).toString('latin1')))?.[0];
  const problems = screenshots.length > 0 ? [] : ['plugin.json has no screenshots. Add some to info.screenshots.'];
  for (const { name, path } of screenshots) {
    const kind = dist.has(path) ? kindOf(path) : 'missing';
    if (!name) {
      problems.push(`The screenshot ${path} has no name. Name it in plugin.json.`);
    }
    if (!path || kind !== path.split('.').pop().replace('jpeg', 'jpg')) {
      problems.push(
        `The screenshot ${path} is ${kind ?? 'no image'}. Take it again, as an image of that kind in src/img.`
      );
    }
  }
  for (const size of ['small', 'large']) {
    if (!dist.has(logos[size]) || kindOf(logos[size]) !== 'svg') {
      problems.push(`The ${size} logo, ${logos[size]}, is missing or no SVG. Name one in plugin.json.`);
    }
  }
  const unsafe = /<(script|foreignObject|iframe)\b|\son\w+\s*=|javascript:|(href|src)\s*=\s*["']\s*(?!#)/i;
  return [
    ...problems,
    ...[...dist]
      .filter(([name, bytes]) => name.endsWith('.svg') && unsafe.test(bytes.toString()))
      .map(([name]) => `dist/${name} has a script, a handler or a link, which the catalog refuses. Draw it without.`),
  ];
}

/** Of the scripts: their size, what is in them by their source maps, and React 19. */
function ofBundles({ dist }) {
  const scripts = [...dist].filter(([name]) => name.endsWith('.js'));
  const listed = dist.get(licenses)?.toString() ?? '';
  const bundled = new Set();
  for (const [name] of scripts.filter(([name]) => dist.has(`${name}.map`))) {
    for (const source of JSON.parse(dist.get(`${name}.map`)).sources) {
      bundled.add(/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1]);
      bundled.add(/\/webpack\/(?:runtime|bootstrap)/.test(source) ? 'webpack' : undefined);
    }
  }
  bundled.delete(undefined);
  const names = [...bundled].sort();
  const kb = bundleKb(dist);
  return [
    ...(kb <= maxBundleKb
      ? []
      : [
          `module.js and worker.js are ${kb.toFixed(1)} kB gzipped, at most ${maxBundleKb} kB. Load what few need later, with ` +
            'import().',
        ]),
    ...names
      .filter((name) => !new RegExp(`^${name.replace('.', '\\.')} \\d`, 'm').test(listed))
      .map((name) => `dist/${licenses} does not have ${name}, whose code is in the plugin. See scripts/licenses.ts.`),
    ...names
      .filter((name) => shared.test(name))
      .map((name) => `${name} is in the plugin; Grafana shares its own. Name it in the externals.`),
    ...scripts
      .map(([name, bytes]) => [name, goneFromReact.exec(bytes.toString())?.[0]])
      .filter(([, gone]) => gone)
      .map(
        ([name, gone]) => `dist/${name} has ${gone}, which React 19 (Grafana 13.2) no longer has. Find what uses it.`
      ),
  ];
}

/** module.js and worker.js, gzipped, in kB. */
export const bundleKb = (dist) =>
  ['module.js', 'worker.js'].reduce((kb, name) => kb + gzipSync(dist.get(name) ?? '').length / 1000, 0);

/** Links of Markdown outside of code: [text](target), ![text](target), [name]: target, href and src of HTML. */
function linksOf(markdown) {
  const text = markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, 'code');
  const found = [
    ...text.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g),
    ...text.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm),
    ...text.matchAll(/\s(?:href|src)=["']([^"']+)/g),
  ];
  return found.map(([, target]) => target);
}

/** GitHub's names of headings. */
const anchorsOf = (markdown) =>
  [...markdown.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-')
  );

/** Links of the repository's Markdown and of plugin.json that stay within it, in either form. */
function ofLinks({ info = {} } = {}, { texts, paths }) {
  const ofPlugin = (info.links ?? []).map(({ url }) => ['src/plugin.json', url]);
  const documents = [...texts].filter(([name]) => name.endsWith('.md'));
  const links = documents.flatMap(([name, text]) => linksOf(text).map((target) => [name, target]));
  return [...links, ...ofPlugin].flatMap(([from, target]) => {
    const within = targetWithin(from, target);
    if (within === undefined) {
      return [];
    }
    const [path, anchor] = within;
    if (path !== '' && !paths.has(path)) {
      return [`${from} links to ${target}, and there is no ${path}. Mend the link.`];
    }
    const isKnown = !anchor || !texts.has(path) || anchorsOf(texts.get(path)).includes(anchor);
    return isKnown ? [] : [`${from} links to ${target}, and no heading of ${path} has that name. Mend the link.`];
  });
}

/** @returns path and anchor in the repository, or undefined where a link leaves it */
function targetWithin(from, target) {
  const [whole, anchor = ''] = target.split('#');
  if (/^[a-z][a-z0-9+.-]*:/i.test(whole)) {
    const url = whole.replace(`${raw}/main`, `${repository}/blob/main`);
    const inside = new RegExp(`^${repository}/(?:blob|tree|raw)/main(?:/(.*?))?/?$`).exec(url);
    return inside ? [decodeURI(inside[1] ?? ''), anchor] : undefined;
  }
  const path = whole ? posix.normalize(posix.join(dirname(from), decodeURI(whole))).replace(/\/$/, '') : from;
  return [path === '.' ? '' : path, anchor];
}

/** README.md is the page of the catalog, where no other file is beside it. */
function ofReadme({ texts }) {
  const readme = texts.get('README.md') ?? '';
  return [
    ...(readme.trim() ? [] : ['README.md is empty; it is the page of the catalog.']),
    ...linksOf(readme)
      .filter((target) => !/^(#|https?:|mailto:)/.test(target))
      .map((target) => `README.md has the relative link ${target}; in the catalog it leads nowhere. Write it in full.`),
    ...(readme.includes('<!--') ? ['README.md has an HTML comment, which the catalog warns of. Remove it.'] : []),
  ];
}

/** The catalog's code rules are for plugins; Go programs beside it that break them are to be named as not of it. */
function ofGoModules({ paths, texts }) {
  const ignored = (texts.get('.semgrepignore') ?? '').split('\n').map((line) => line.trim());
  const modules = [...paths].filter((path) => /(^|\/)go\.mod$/.test(path)).map((path) => dirname(path));
  const isIgnored = (folder) => ignored.some((line) => line && !line.startsWith('#') && `${folder}/`.startsWith(line));
  return modules
    .filter((folder) => !isIgnored(folder))
    .map(
      (folder) => `${folder}/ is a Go module, which the catalog would read as the plugin's. Add it to .semgrepignore.`
    );
}

const sum = (algorithm, bytes) => createHash(algorithm).update(bytes).digest('hex');

/** The zip: one folder, named as the plugin is, the same bytes for the same files. */
export async function zipOf(id, dist) {
  const { unzipSync, zipSync } = await import('fflate');
  // Local time is what zips have, so this is the same in every zone.
  const options = { level: 9, mtime: new Date(1980, 0, 1), os: 3, attrs: 0o100644 << 16 };
  const zip = zipSync(Object.fromEntries([...dist].map(([name, bytes]) => [`${id}/${name}`, [bytes, options]])));
  const back = unzipSync(zip);
  const lost = [...dist].find(([name, bytes]) => !bytes.equals(Buffer.from(back[`${id}/${name}`] ?? [])));
  if (lost || Object.keys(back).length !== dist.size) {
    throw new Error(`the zip does not hold what was put into it: ${lost?.[0]}`);
  }
  return Buffer.from(zip);
}

/** Checks, and packs unless told not to. @throws Error with all that is wrong */
export async function pack({ tag, check = false } = {}) {
  ensureBuild(['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE']);
  const tree = readTree();
  const problems = await problemsOf(tree, tag);
  if (problems.length > 0) {
    throw new Error(`not for the catalog as it is:\n${problems.map((each) => `  - ${each}`).join('\n')}`);
  }
  const { id, info } = JSON.parse(tree.dist.get('plugin.json'));
  const zip = await zipOf(id, tree.dist);
  if (zip.length > maxZipMb * 1e6) {
    throw new Error(`the zip is ${(zip.length / 1e6).toFixed(1)} MB, at most ${maxZipMb} MB: find in dist/ what it is`);
  }
  const signed = tree.dist.has('MANIFEST.txt') ? 'signed' : 'not signed';
  const name = `${id}-${info.version}.zip`;
  say(`${name}: ${tree.dist.size} files, ${(zip.length / 1e6).toFixed(2)} MB, ${signed}`);
  if (check) {
    return;
  }
  const folder = join(root, 'artifacts');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), zip);
  for (const algorithm of ['sha1', 'sha256']) {
    writeFileSync(join(folder, `${name}.${algorithm}`), `${sum(algorithm, zip)}  ${name}\n`);
  }
  say(`artifacts/${name}, with its SHA-1 and SHA-256 beside it`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const tagAt = process.argv.indexOf('--tag');
  ensureModules();
  try {
    const tag = tagAt < 0 ? undefined : (process.argv[tagAt + 1] ?? '');
    await pack({ tag, check: process.argv.includes('--check') });
  } catch (error) {
    say(error.message);
    process.exit(1);
  }
}
