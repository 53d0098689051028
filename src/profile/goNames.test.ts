import { baseName, isStandard, withoutTypeArguments } from './goNames';

test.each([
  'runtime.gopark',
  'net/http.(*conn).serve',
  'internal/poll.(*FD).Read',
  'sync.(*Mutex).Lock',
  'time.Sleep',
  'vendor/golang.org/x/net/http2/hpack.(*Decoder).Write',
  'go.(*struct { sync.Mutex; n int }).Lock',
  'slices.SortFunc[go.shape.[]github.com/a/b.T,github.com/a/b.T]',
  'type..eq.main.key',
])('%s is of the standard library', (name) => expect(isStandard(name)).toBe(true));

test.each([
  'main.main',
  'main.(*worker[...]).run',
  'github.com/a/b.(*T).M',
  'golang.org/x/sync/errgroup.(*Group).Go.func1',
  'go.uber.org/zap.New',
  'gopkg.in/yaml%2ev3.Unmarshal',
  // A module without a dot in its name, as services often are.
  'ingester/internal/store.(*Cache).Add',
  'ingester.Run',
  'main._Cfunc_sleep',
  'crosscall2',
  '(stack unavailable)',
  '',
])('%s is of a program', (name) => expect(isStandard(name)).toBe(false));

test('type arguments are one thing whatever they are', () => {
  expect(withoutTypeArguments('main.(*w[...]).f[map[string]int].g]')).toBe('main.(*w[...]).f[...].g]');
});

test('a file by either slash', () => {
  expect(['/src/a.go:3', 'C:\\src\\a.go:3', 'a.go:3'].map(baseName)).toEqual(['a.go:3', 'a.go:3', 'a.go:3']);
});
