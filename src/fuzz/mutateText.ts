import type { Random } from './random';

/** Parts of lines that readers look for. */
const words = [
  'goroutine 1 [running]:',
  'goroutine 7 gp=0xc000002380 m=nil [select (no cases), 3 minutes, locked to thread]:',
  ' [chan receive (leaked), 1 minutes] {tenant_id: acme}:',
  ' labels:{"a": "b", "c": "\\u00e9"}',
  ', synctest bubble 3',
  'created by main.main in goroutine 1',
  '[originating from goroutine 3]:',
  '...additional frames elided...',
  '...23 frames elided...',
  '\tgoroutine running on other thread; stack unavailable',
  'non-Go function',
  '\tpc=0x47e2ae',
  '\t/src/main.go:12 +0x1d fp=0xc0 sp=0xc1 pc=0x47e2ae',
  'main.f(...)',
  'sync.(*Mutex).Lock(0xc000010080)',
  'go.(*struct { sync.Mutex }).Lock({0x1?, ...})',
  '1 @ 0x484d6e 0xffffffffffffffff',
  '# labels: {"tenant_id":"acme"}',
  '#\t0x51ca5b\tmain.f+0x1b\t/src/main.go:29',
  'goroutine profile: total 12',
  '-----',
  'panic: ',
  'SIGQUIT: quit',
];
const numbers = [
  '0',
  '1',
  '-1',
  '99',
  '4294967296',
  '9007199254740993',
  '18446744073709551616',
  '1e999',
  '0x',
  '0xffffffffffffffff',
  '9'.repeat(40),
];
const marks = [
  '(',
  ')',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '`',
  '\\',
  ',',
  ':',
  ' ',
  '\t',
  '\r',
  '\n',
  '\0',
  '<',
  '>',
  '&',
  '/',
  '=',
  '~',
  'é',
  '\ud800',
  '😀',
];

/** A text with one to four of its lines, numbers or marks changed, or lines of another text in it. */
export function mutateText(text: string, other: string, random: Random): string {
  let changed = text;
  for (let k = 1 + random.below(4); k > 0; k--) {
    changed = random.is(0.5) ? mutateLines(changed, other, random) : mutateInside(changed, random);
  }
  return changed;
}

function mutateLines(text: string, other: string, random: Random): string {
  const lines = text.split('\n');
  const at = random.below(lines.length);
  const place = random.below(lines.length);
  switch (random.below(8)) {
    case 0:
      lines.splice(at, random.is(0.7) ? 1 : random.below(lines.length));
      break;
    case 1:
      lines.splice(place, 0, lines[at]);
      break;
    case 2:
      [lines[at], lines[place]] = [lines[place], lines[at]];
      break;
    case 3: {
      const others = other.split('\n');
      const from = random.below(others.length);
      lines.splice(at, 0, ...others.slice(from, from + 1 + random.below(6)));
      break;
    }
    case 4:
      lines.splice(at, 0, random.pick(words));
      break;
    case 5: {
      const prefix = `${random.pick(words)}${random.pick(marks)}`.slice(0, 1 + random.below(30));
      return lines.map((line, i) => (i >= at ? prefix + line : line)).join('\n');
    }
    case 6:
      lines[at] += lines.splice(at + 1, 1).join('');
      break;
    default:
      return text.slice(0, random.below(text.length + 1));
  }
  return lines.join('\n');
}

function mutateInside(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const cut = (put: string, length: number) => text.slice(0, at) + put + text.slice(at + length);
  switch (random.below(5)) {
    case 0: {
      const found = [...text.matchAll(/\d+/g)];
      if (found.length === 0) {
        return text;
      }
      const { index, 0: digits } = random.pick(found);
      return text.slice(0, index) + random.pick(numbers) + text.slice(index + digits.length);
    }
    case 1:
      return cut(random.pick(marks), random.below(2));
    case 2:
      return cut(random.pick(words), random.below(4));
    case 3:
      return cut('', 1 + random.below(12));
    default:
      return cut(text.slice(at, at + random.below(20)).repeat(random.pick([1, 2, 50])), 0);
  }
}
