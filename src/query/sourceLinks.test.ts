import { defaultRules, sourceLinks, type CodeOrigin, type SourceLink, type SourceSettings } from './sourceLinks';

const template = 'https://github.com/acme/{service}/blob/{version}/{path}#L{line}';
const labels = { service: 'app', version: 'v1.42.0' };
const own = 'https://github.com/acme/app/blob/v1.42.0';
const go = 'https://github.com/golang/go/blob/go1.26.8/src';

function linkOf(
  file: string,
  { line = 7, ...settings }: Partial<SourceSettings> & { line?: number } = {},
  facts: Partial<CodeOrigin> = {}
): SourceLink {
  const given = { template, rules: defaultRules, goVersion: '', ...settings };
  return sourceLinks(given, { labels, goVersion: 'go1.26.8', ...facts })(file, line);
}

/** Where a browser would go, after Grafana has taken escapes apart as often as it likes. */
function isWithin(url: string, start: string): boolean {
  let text = url;
  for (let i = 0; i < 4; i++) {
    try {
      text = decodeURIComponent(text);
    } catch {
      break;
    }
  }
  return [url, text].every((one) => new URL(one).href.startsWith(start));
}

describe('names of files', () => {
  test.each([
    // Own code.
    ['/build/src/internal/store/cache.go', `${own}/internal/store/cache.go#L7`],
    ['/go/src/github.com/acme/app/main.go', `${own}/main.go#L7`],
    ['/go/src/github.com/acme/app/vendor/github.com/x/y/z.go', `${own}/vendor/github.com/x/y/z.go#L7`],
    ['github.com/acme/app/internal/store/cache.go', `${own}/internal/store/cache.go#L7`],
    ['github.com/Acme/App/main.go', `${own}/main.go#L7`],
    ['/app/internal/poll/poll.go', `${own}/internal/poll/poll.go#L7`],
    ['/proc/self/cwd/pkg/server/server.go', `${own}/pkg/server/server.go#L7`],
    ['./main.go', `${own}/main.go#L7`],
    ['pkg/größe/my file.go', `${own}/pkg/gr%C3%B6%C3%9Fe/my%20file.go#L7`],
    ['github.com/acme/app/lib@v0.0.0/x.go', `${own}/lib/x.go#L7`],
    ['github.com/acme/app/lib@v0.0.0-00010101000000-000000000000/x.go', `${own}/lib/x.go#L7`],
    // Modules, of the cache and of -trimpath.
    ['/go/pkg/mod/github.com/x/y@v1.2.3/z.go', 'https://github.com/x/y/blob/v1.2.3/z.go#L7'],
    [
      '/home/u/go/pkg/mod/github.com/!burnt!sushi/toml@v0.3.1/a/b.go',
      'https://github.com/BurntSushi/toml/blob/v0.3.1/a/b.go#L7',
    ],
    ['github.com/x/y@v1.2.3/z.go', 'https://github.com/x/y/blob/v1.2.3/z.go#L7'],
    ['github.com/x/y/v2@v2.0.1/z.go', 'https://github.com/x/y/blob/v2.0.1/z.go#L7'],
    ['github.com/x/y/sub@v1.2.3/z.go', 'https://github.com/x/y/blob/sub/v1.2.3/sub/z.go#L7'],
    ['github.com/x/y/sub/v3@v3.2.3/z.go', 'https://github.com/x/y/blob/sub/v3.2.3/sub/z.go#L7'],
    ['github.com/x/y@v2.0.0+incompatible/z.go', 'https://github.com/x/y/blob/v2.0.0/z.go#L7'],
    ['github.com/x/y@v0.0.0-20191109021931-daa7c04131f5/z.go', 'https://github.com/x/y/blob/daa7c04131f5/z.go#L7'],
    ['github.com/x/y@v1.2.4-0.20191109021931-daa7c04131f5/z.go', 'https://github.com/x/y/blob/daa7c04131f5/z.go#L7'],
    [
      'github.com/x/y@v1.2.4-rc.1.0.20191109021931-daa7c04131f5/z.go',
      'https://github.com/x/y/blob/daa7c04131f5/z.go#L7',
    ],
    ['golang.org/x/net@v0.20.0/http2/server.go', 'https://github.com/golang/net/blob/v0.20.0/http2/server.go#L7'],
    ['golang.org/x/tools/gopls@v0.20.0/main.go', 'https://github.com/golang/tools/blob/gopls/v0.20.0/gopls/main.go#L7'],
    ['gopkg.in/yaml.v3@v3.0.1/decode.go', 'https://github.com/go-yaml/yaml/blob/v3.0.1/decode.go#L7'],
    ['gopkg.in/natefinch/lumberjack.v2@v2.2.1/l.go', 'https://github.com/natefinch/lumberjack/blob/v2.2.1/l.go#L7'],
    [
      'k8s.io/client-go@v0.29.0/rest/client.go',
      'https://github.com/kubernetes/client-go/blob/v0.29.0/rest/client.go#L7',
    ],
    ['gitlab.com/a/b@v1.0.0/c.go', 'https://gitlab.com/a/b/-/blob/v1.0.0/c.go#L7'],
    // Go's own.
    ['/usr/local/go/src/net/http/server.go', `${go}/net/http/server.go#L7`],
    ['/usr/lib/go-1.22/src/runtime/proc.go', `${go}/runtime/proc.go#L7`],
    ['/root/sdk/go1.22.1/src/runtime/proc.go', 'https://github.com/golang/go/blob/go1.22.1/src/runtime/proc.go#L7'],
    [
      '/opt/hostedtoolcache/go/1.22.1/x64/src/sync/pool.go',
      'https://github.com/golang/go/blob/go1.22.1/src/sync/pool.go#L7',
    ],
    [
      '/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.25.3.linux-amd64/src/sync/pool.go',
      'https://github.com/golang/go/blob/go1.25.3/src/sync/pool.go#L7',
    ],
    ['GOROOT/src/net/http/server.go', `${go}/net/http/server.go#L7`],
    ['external/go_sdk/src/net/http/server.go', `${go}/net/http/server.go#L7`],
    ['net/http/server.go', `${go}/net/http/server.go#L7`],
    ['vendor/golang.org/x/net/http/httpguts/guts.go', `${go}/vendor/golang.org/x/net/http/httpguts/guts.go#L7`],
  ])('%s', (file, url) => {
    expect(linkOf(file)).toEqual({ url });
  });

  test.each([
    ['/home/u/app/main.go', /No rule cuts .*"\/home\/u\/app =>"/],
    ['github.com/other/lib/z.go', /github.com\/other\/lib is of another repository/],
    ['corp.example/lib@v1.0.0/z.go', /No rule says where the module corp.example\/lib is/],
    ['external/com_github_x_y/z.go', /Bazel, whose version is not known/],
    ['bazel-out/k8-fastbuild/bin/x.pb.go', /Bazel/],
    ['<autogenerated>', /no file of a repository/],
    ['_cgo_gotypes.go', /no file of a repository/],
    // Frames of tagroot have the key of a label as file.
    ['tenant_id', /no file of a repository/],
    ['', /no file of a repository/],
    [`${'x/'.repeat(3000)}y.go`, /no file of a repository/],
  ])('of %.40s there is none, and why', (file, reason) => {
    expect(linkOf(file)).toEqual({ reason: expect.stringMatching(reason) });
  });
});

test('Go of an unknown version has no link, of the settings one that they say', () => {
  expect(linkOf('net/http/server.go', {}, { goVersion: '' })).toEqual({
    reason: expect.stringMatching(/version is not known/),
  });
  expect(linkOf('net/http/server.go', {}, { goVersion: 'devel go1.27-1a2b3c' })).toHaveProperty('reason');
  expect(linkOf('net/http/server.go', { goVersion: 'go1.26.8' }, { goVersion: '' })).toEqual({
    url: `${go}/net/http/server.go#L7`,
  });
  expect(linkOf('net/http/server.go', {}, { goVersion: 'go1.26.8 X:boringcrypto' })).toEqual({
    url: `${go}/net/http/server.go#L7`,
  });
});

describe('rules', () => {
  const rules = [
    '# several repositories',
    '',
    '/home/*/work =>',
    'corp.example/app => services/app',
    'corp.example/lib => https://git.example/lib/-/blob/{version}/{path}#L{line}',
    'corp.example/* => https://git.example/{1}/-/blob/{version|main}/{path}#L{line}',
    'external/com_github_x_y => https://github.com/x/y/blob/v9/{path}#L{line}',
    'GOROOT => https://mirror.example/go/{version}/{path}#{line}',
    'internal => internal',
  ].join('\n');
  test.each([
    ['/home/runner/work/cmd/main.go', `${own}/cmd/main.go#L7`],
    ['corp.example/app/cmd/main.go', `${own}/services/app/cmd/main.go#L7`],
    ['corp.example/lib/x.go', 'https://git.example/lib/-/blob/v1.42.0/x.go#L7'],
    ['corp.example/lib@v1.0.0/x.go', 'https://git.example/lib/-/blob/v1.0.0/x.go#L7'],
    ['corp.example/lib/sub@v1.0.0/x.go', 'https://git.example/lib/-/blob/sub/v1.0.0/sub/x.go#L7'],
    ['corp.example/other@v1.0.0/x.go', 'https://git.example/other/-/blob/v1.0.0/x.go#L7'],
    ['corp.example/library/x.go', 'https://git.example/library/-/blob/v1.42.0/x.go#L7'],
    ['external/com_github_x_y/a/z.go', 'https://github.com/x/y/blob/v9/a/z.go#L7'],
    ['/usr/local/go/src/net/http/server.go', 'https://mirror.example/go/go1.26.8/net/http/server.go#7'],
    ['internal/store/cache.go', `${own}/internal/store/cache.go#L7`],
  ])('%s', (file, url) => {
    expect(linkOf(file, { rules })).toEqual({ url });
  });

  test('what stands for a label that a capture lacks', () => {
    const facts = { labels: { service: 'app' } };
    expect(linkOf('main.go', {}, facts)).toEqual({ reason: 'There is no version to fill the template with.' });
    const withOther = template.replace('{version}', '{version|HEAD}');
    expect(linkOf('main.go', { template: withOther }, facts)).toEqual({
      url: 'https://github.com/acme/app/blob/HEAD/main.go#L7',
    });
    expect(linkOf('main.go', { line: 0 })).toEqual({ url: `${own}/main.go#L1` });
  });

  test.each([
    [{ rules: 'x' }, /Rule 1: expected PREFIX => FOLDER or PREFIX => TEMPLATE, got "x"/],
    [{ rules: '\n/a => b\nc => ftp://x/{path}' }, /Rule 3: A template starts with https/],
    [{ rules: '/a => ../b' }, /Rule 1: .* is no folder/],
    [{ template: 'javascript:alert(1)//{path}' }, /starts with https/],
    [{ template: 'https://{service}.example/{path}' }, /a host without placeholders/],
    [{ template: 'https://user@evil.example/{path}' }, /starts with https/],
    [{ template: 'https://git.example/{path' }, /A placeholder is/],
    [{ template: 'https://git.example/"{path}' }, /no spaces or quotes/],
    [{ template: 'https://git.example/x' }, /has no \{path\}/],
  ])('%j cannot work', (settings, message) => {
    expect(() => linkOf('main.go', settings)).toThrow(message);
  });
});

const hostile = [
  'javascript:alert(1)',
  'javascript:alert(1)//x.go',
  '..',
  '.',
  '../../evil/repo',
  'a/../../../evil/x.go',
  '/build/src/../../../../evil/x.go',
  '%2e%2e/%2e%2e/x.go',
  '%252e%252e%252f..%252fx.go',
  'a\\..\\..\\x.go',
  'a"onmouseover="alert(1).go',
  "a'b.go",
  'a<script>.go',
  'a\nb.go',
  'a\r\nLocation: x.go',
  'a\u0000b.go',
  'a?x=y.go',
  'a#b.go',
  'a&b.go',
  'a&#x2f;..&#47;b.go',
  '${__url_time_range}.go',
  '$service.go',
  '//evil.example/x.go',
  'https://evil.example/x.go',
  '\ud800.go',
  '\u202e.go',
  'github.com/x/../../../evil@v1.0.0/x.go',
  'github.com/x/y@v1.0.0/../../../../evil/x.go',
  'github.com/x/y@v1/../..%2fx/z.go',
  'net/http/../../../../x.go',
];

test.each(hostile)('the file %j makes no link that leads elsewhere', (file) => {
  const link = linkOf(file);
  if ('url' in link) {
    expect(isWithin(link.url, 'https://github.com/acme/app/blob/v1.42.0/')).toBe(true);
  }
  // Most make none; what makes one is a plain path.
  expect('reason' in link || /^[\w./%#:-]+$/.test(link.url)).toBe(true);
});

test.each([...hostile, 'a/b', 'a b', 'a@b/c'])('the label %j makes no link that leads elsewhere', (value) => {
  for (const name of ['service', 'version']) {
    const link = linkOf('main.go', {}, { labels: { ...labels, [name]: value } });
    if ('url' in link) {
      expect(
        isWithin(link.url, name === 'service' ? 'https://github.com/acme/' : 'https://github.com/acme/app/blob/')
      ).toBe(true);
      expect(link.url).not.toMatch(/["'<>\s\\]|%2f|%5c|%25/i);
    }
  }
  expect(linkOf('main.go', {}, { labels: { ...labels, service: '../evil' } })).toHaveProperty('reason');
});

test('names of an object of JavaScript are no labels', () => {
  expect(linkOf('main.go', { template: 'https://git.example/{constructor}/{path}' })).toHaveProperty('reason');
});
