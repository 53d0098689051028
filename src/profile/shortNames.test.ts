import { shortName, shortNames } from './shortNames';

// Of google/pprof internal/graph, TestShortenFunctionName; where ours differ the type arguments are left out.
test.each([
  ['root', 'root'],
  ['syscall.Syscall', 'syscall.Syscall'],
  ['net/http.(*conn).serve', 'http.(*conn).serve'],
  ['github.com/blahBlah/foo.Foo', 'foo.Foo'],
  ['github.com/BlahBlah/foo.Foo[...]', 'foo.Foo[…]'],
  ['github.com/blah-blah/foo_bar.(*FooBar).Foo', 'foo_bar.(*FooBar).Foo'],
  ['encoding/json.(*structEncoder).(encoding/json.encode)-fm', 'json.(*structEncoder).(encoding/json.encode)-fm'],
  ['github.com/foo/bar/vendor/gopkg.in/redis.v3.(*baseClient).Do', 'redis.v3.(*baseClient).Do'],
  ['github.com/foo/bar/v4.(*Foo).Bar', 'bar.(*Foo).Bar'],
  ['github.com/foo/bar/v4/baz.Foo.Bar', 'baz.Foo.Bar'],
  ['github.com/foo/bar/v123.(*Foo).Bar', 'bar.(*Foo).Bar'],
  ['github.com/foobar/v0.(*Foo).Bar', 'v0.(*Foo).Bar'],
  ['github.com/foobar/v1.(*Foo).Bar', 'v1.(*Foo).Bar'],
  ['example.org/v2xyz.Foo', 'v2xyz.Foo'],
  ['github.com/foo/bar/v4/v4.(*Foo).Bar', 'v4.(*Foo).Bar'],
  ['java.util.concurrent.ThreadPoolExecutor$Worker.run', 'ThreadPoolExecutor$Worker.run'],
  ['java.bar.foo.FooBar.run(java.lang.Runnable)', 'FooBar.run'],
  ['(anonymous namespace)::Bar::Foo', 'Bar::Foo'],
  ['(anonymous namespace)::foo', 'foo'],
  ['cpp::namespace::Class::method<float, long, int>()', 'Class::method<float, long, int>'],
  ['foo_bar::Foo::bar', 'Foo::bar'],
  ['foo/xyz', 'foo/xyz'],
  ['com.google.perftools.gwp.benchmark.FloatBench.lambda$run$0', 'FloatBench.lambda$run$0'],
])("as pprof's test has it: %s is short %s", (name, short) => expect(shortName(name)).toBe(short));

test.each([
  ['main.Map[github.com/a/b.K,go.shape.string]', 'main.Map[…]'],
  ['github.com/c/d.(*Cache[github.com/a/b/v2.K,[]go.shape.int]).Get.func1.2', 'd.(*Cache[…]).Get.func1.2'],
  ['github.com/c/d.Walk[go.shape.struct { A []int }].func1', 'd.Walk[…].func1'],
  ['github.com/c/d.(*T).M-fm', 'd.(*T).M-fm'],
  ['github.com/c/d.init.0.func1', 'd.init.0.func1'],
  ['github.com/c/d.glob..func1', 'd.glob..func1'],
  ['gopkg.in/yaml%2ev2.Unmarshal', 'yaml%2ev2.Unmarshal'],
  ['github.com/a/b.(*struct { x c/d.T }).Lock', 'b.(*struct { x c/d.T }).Lock'],
  ['go.(*struct { x a/b.T }).Lock', 'go.(*struct { x a/b.T }).Lock'],
  ['type:.eq.github.com/a/b.Key', 'type:.eq.github.com/a/b.Key'],
  // A bracket that is no list of type arguments.
  ['std::vector<int>::operator[](unsigned long)', 'std::vector<int>::operator[](unsigned long)'],
  ['ns::Class::name[abi:cxx11](int)', 'Class::name'],
  ['name[abi:cxx11](int)', 'name[abi:cxx11](int)'],
  ['core::slice::<impl [T]>::iter', 'core::slice::<impl [T]>::iter'],
  ['-[NSString length]', '-[NSString length]'],
  ['[kernel.kallsyms]', '[kernel.kallsyms]'],
  ['get [Symbol.iterator]', 'get [Symbol.iterator]'],
  ['main.f[[]int', 'main.f[[]int'],
  ['Foo.run(int[])', 'Foo.run'],
  ['', ''],
])('%s is short %s', (name, short) => expect(shortName(name)).toBe(short));

const short = (...names: string[]) => names.map((name) => shortNames(names).get(name));

describe('names that would read the same', () => {
  it('are as much longer as tells them apart', () => {
    expect(short('x.org/a/one/store.F', 'x.org/b/one/store.F', 'x.org/b/two/store.F', 'x.org/store.G')).toEqual([
      'a/one/store.F',
      'b/one/store.F',
      'two/store.F',
      'store.G',
    ]);
  });

  it('say the major version that tells them apart, with its module', () => {
    expect(short('x.org/bar/v2.F', 'x.org/bar/v3.F', 'x.org/bar.F')).toEqual(['bar/v2.F', 'bar/v3.F', 'x.org/bar.F']);
  });

  it('say type arguments where there are several, without their paths if those tell nothing', () => {
    expect(short('x.org/m.Map[x.org/b.K]', 'x.org/m.Map[go.shape.int]', 'y.org/m.Map[int]')).toEqual([
      'x.org/m.Map[b.K]',
      'x.org/m.Map[go.shape.int]',
      'y.org/m.Map[…]',
    ]);
    expect(short('m.F[x.org/b.K]', 'm.F[y.org/b.K]')).toEqual(['m.F[x.org/b.K]', 'm.F[y.org/b.K]']);
  });

  it('are told apart in Java and C++ too', () => {
    expect(short('a.b.Foo.run(int)', 'a.c.Foo.run(int)')).toEqual(['b.Foo.run(int)', 'c.Foo.run(int)']);
    expect(short('a::Foo::run(int)', 'b::Foo::run(int)')).toEqual(['a::Foo::run(int)', 'b::Foo::run(int)']);
  });

  it('need not be where one name stays as it is', () => {
    expect(short('store.F', 'x.org/store.F')).toEqual(['store.F', 'x.org/store.F']);
  });
});

/** Names of few parts, so that they meet. */
function* randomNames(count: number): Generator<string> {
  let state = 1;
  const random = (n: number) => {
    state = (state * 48271) % 2147483647;
    return state % n;
  };
  const one = (all: readonly string[]) => all[random(all.length)];
  const parts = ['a', 'b', 'v2', 'v12', 'A', 'x.org', '', '%', '[a/b.K]', '[int]', '[', '(*T)', '…', '<i>', '::'];
  for (let i = 0; i < count; i++) {
    let name = '';
    for (let k = random(7); k >= 0; k--) {
      name += one(parts) + one(['.', '/', '::', '.', '/', '']);
    }
    yield name;
  }
}

test('whatever the names, no two of one answer are the same', () => {
  for (let i = 0; i < 200; i++) {
    const names = new Set(
      [...randomNames(40 + i)].map((name, k) => (k % 3 === i % 3 ? name : name.replace(/\(.*/, '')))
    );
    const all = shortNames(names);
    expect(all.size).toBe(names.size);
    expect(new Set(all.values()).size).toBe(names.size);
  }
});

test("the path is cut off as pprof's pattern cuts it", () => {
  const pattern = /^(?:[\w\-.]+\/)+([^.]+\..+)/;
  for (const name of randomNames(20_000)) {
    const isGo = !/[[:]|\/v(?:[2-9]|1[0-9])[./]/.test(name);
    const found = pattern.exec(name)?.[1];
    if (isGo && found !== undefined) {
      expect([name, shortName(name)]).toEqual([name, found]);
    }
  }
});

test('hostile names take no longer than they are', () => {
  const start = performance.now();
  const long = 30_000;
  for (const name of ['a/', 'a/.', 'a.', '[', 'a[', 'a[b]', 'A$1', '_', 'a::', '/v2', '<', '('].map((part) =>
    part.repeat(long)
  )) {
    shortNames([name, `${name}x`, `${name}.y`, `b/${name}.y`, `c/${name}.y`]);
  }
  expect(performance.now() - start).toBeLessThan(5000);
});
