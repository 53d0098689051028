import { compareKeys, endOfPrefix, isBefore, startAfterOf } from './keyOrder';
import { maxAges, remembered } from './remembered';
import type { ListSpan, ObjectInfo, Store } from './store';

const never = new AbortController().signal;
const ticks = (count = 1) => new Promise((resolve) => setTimeout(resolve, count));

/** A source of random numbers that a seed repeats. */
function randomOf(seed: number) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    below: (count: number) => Math.floor(next() * count),
    of: <T>(all: readonly T[]) => all[Math.floor(next() * all.length)],
  };
}

/** What was in the bucket, and when. */
interface Version extends ObjectInfo {
  readonly from: number;
  to: number;
}

/** A bucket that changes while it is listed. */
class Bucket {
  now = 1_000_000;
  readonly versions: Version[] = [];
  /** Each LIST, by what it asked for. */
  readonly lists: string[] = [];
  readonly gets: string[] = [];
  aborted = 0;
  pageSize = 1000;
  /** What a page waits for. */
  pause: () => Promise<unknown> = async () => undefined;
  order = compareKeys;
  fails = false;

  put(key: string, etag = 'e'): void {
    this.remove(key);
    this.versions.push({ key, etag, size: 1, lastModified: this.now, from: this.now, to: Infinity });
  }

  remove(key: string): void {
    this.versions
      .filter((version) => version.key === key && version.to === Infinity)
      .forEach((version) => (version.to = this.now));
  }

  there(): Version[] {
    return this.versions.filter(({ to }) => to === Infinity).sort((a, b) => this.order(a.key, b.key));
  }

  private async answer(question: string, signal: AbortSignal): Promise<void> {
    this.lists.push(question);
    let stop = () => {};
    const stopped = new Promise((_, reject) => {
      stop = () => {
        this.aborted++;
        reject(new Error('aborted by the bucket'));
      };
    });
    signal.addEventListener('abort', stop);
    try {
      await Promise.race([this.pause(), stopped]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
    if (this.fails) {
      throw new Error('503');
    }
  }

  readonly store: Store = (() => {
    const bucket = this;
    return {
      async *list({ prefix, startAfter = '' }, signal) {
        let after = startAfter;
        const seen = new Set<string>();
        for (;;) {
          await bucket.answer(`${prefix} > ${after}`, signal);
          const left = bucket
            .there()
            .filter(
              ({ key }) =>
                key.startsWith(prefix) &&
                !seen.has(key) &&
                (bucket.order !== compareKeys || compareKeys(key, after) > 0)
            );
          const page = left.slice(0, bucket.pageSize);
          yield page.map(({ key, size, lastModified, etag }) => ({ key, size, lastModified, etag }));
          page.forEach(({ key }) => seen.add(key));
          if (page.length === left.length) {
            return;
          }
          after = page[page.length - 1].key;
        }
      },
      async folders(prefix, signal) {
        await bucket.answer(`${prefix} /`, signal);
        const below = bucket.there().filter(({ key }) => key.startsWith(prefix) && key.includes('/', prefix.length));
        return [...new Set(below.map(({ key }) => key.slice(0, key.indexOf('/', prefix.length) + 1)))];
      },
      async get(key, signal) {
        bucket.gets.push(key);
        await bucket.answer(`get ${key}`, signal);
        return new TextEncoder().encode(key).buffer as ArrayBuffer;
      },
    };
  })();

  remembered = remembered(this.store, { now: () => this.now });
}

async function read(store: Store, span: ListSpan, signal = never): Promise<ObjectInfo[]> {
  const objects: ObjectInfo[] = [];
  for await (const page of store.list(span, signal)) {
    objects.push(...page);
  }
  return objects;
}
const keysOf = (objects: readonly ObjectInfo[]) => objects.map(({ key }) => key);
const minute = 60_000;
/** An hour of captures, each a minute after the other, stored as they are captured; `now` is then. */
function hourOf(service = 's', count = 60): Bucket {
  const bucket = new Bucket();
  for (let i = 0; i < count; i++) {
    bucket.now += minute;
    bucket.put(`${service}/14/${String(i).padStart(3, '0')}/heap`);
  }
  bucket.now += minute;
  return bucket;
}

describe('keys', () => {
  const texts = ['', 'a', 'a\0', 'a/', 'a0', 'ab', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'];

  test('are in the order of their bytes', () => {
    const bytes = [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect([...texts].reverse().sort(compareKeys)).toEqual(bytes);
  });

  test.each(texts)('what starts with %j ends where the next begins', (prefix) => {
    const end = endOfPrefix(prefix);
    for (const other of texts.flatMap((text) => [text, prefix + text])) {
      expect(compareKeys(other, prefix) >= 0 && isBefore(other, end)).toBe(other.startsWith(prefix));
    }
  });

  test.each(texts.filter(Boolean))('a listing that starts after a key meets %j', (place) => {
    const key = startAfterOf(place, '');
    expect(key === undefined || compareKeys(key, place) < 0).toBe(true);
  });
});

describe('a listing', () => {
  test('that several ask for at once is one, its pages as they come', async () => {
    const bucket = hourOf();
    bucket.pageSize = 20;
    bucket.pause = ticks;
    const spans: ListSpan[] = [
      { prefix: 's/' },
      { prefix: 's/', startAfter: 's/14/030', until: 's/14/045' },
      { prefix: 's/14/0' },
    ];
    const answers = await Promise.all([...spans, ...spans].map((span) => read(bucket.remembered, span)));
    expect(answers.map(({ length }) => length)).toEqual([60, 16, 60, 60, 16, 60]);
    expect(bucket.lists).toHaveLength(3);
  });

  test('gives what is remembered as one page, in however many stretches it was learnt', async () => {
    const bucket = hourOf();
    bucket.pageSize = 20;
    await read(bucket.remembered, { prefix: 's/' });
    const pages: number[] = [];
    for await (const page of bucket.remembered.list({ prefix: 's/', maxAge: minute }, never)) {
      pages.push(page.length);
    }
    expect(pages).toEqual([60]);
    expect(bucket.lists).toHaveLength(3);
  });

  test('answers what lies within it, for some seconds', async () => {
    const bucket = hourOf();
    await read(bucket.remembered, { prefix: 's/' });
    bucket.now += maxAges.recent;
    expect(await read(bucket.remembered, { prefix: 's/14/030/' })).toHaveLength(1);
    expect(await read(bucket.remembered, { prefix: 's/', startAfter: 's/14/050' })).toHaveLength(10);
    expect(bucket.lists).toHaveLength(1);
  });

  test('is refreshed from where captures came last, and then answers all of it', async () => {
    const bucket = hourOf();
    await read(bucket.remembered, { prefix: 's/' });
    bucket.now += 5000;
    bucket.put('s/14/060/heap');
    const refreshed = await read(bucket.remembered, { prefix: 's/', startAfter: 's/14/010' });
    expect(keysOf(refreshed).at(-1)).toBe('s/14/060/heap');
    expect(refreshed).toHaveLength(51);
    // Less the last ten minutes.
    expect(bucket.lists).toEqual(['s/ > ', 's/ > s/14/048/heap']);
    expect(await read(bucket.remembered, { prefix: 's/' })).toHaveLength(61);
    expect(bucket.lists).toHaveLength(2);
  });

  test('a minute of refreshes by many panels costs one request each, and one that begins it', async () => {
    const bucket = hourOf('s', 900);
    const panels: ListSpan[] = [
      { prefix: 's/' },
      { prefix: 's/', startAfter: 's/14/100', until: 's/14/900' },
      { prefix: 's/', startAfter: 's/14/800', until: 's/14/950' },
      { prefix: 's/', until: 's/14/100' },
    ];
    await Promise.all(panels.map((span) => read(bucket.remembered, span)));
    for (let i = 0; i < 12; i++) {
      bucket.now += 5000;
      bucket.put(`s/14/9${String(i).padStart(2, '0')}/heap`);
      const [all] = await Promise.all(panels.map((span) => read(bucket.remembered, span)));
      expect(all).toHaveLength(901 + i);
    }
    expect(bucket.lists).toHaveLength(13);
  });

  test('costs one request for each time that it has grown old, however slow the answers are', async () => {
    const bucket = hourOf();
    bucket.pause = async () => (bucket.now += 40);
    await read(bucket.remembered, { prefix: 's/' });
    // Just too old by the time of its request, not by that of its answer.
    for (const later of [maxAges.recent - 30, maxAges.recent / 2, maxAges.recent / 2, maxAges.recent / 2]) {
      bucket.now += later;
      await read(bucket.remembered, { prefix: 's/' });
    }
    expect(bucket.lists).toHaveLength(3);
  });

  test('finds the files of an event that come one by one, by whatever name, at the next refresh', async () => {
    const bucket = hourOf();
    bucket.put('s/14/060/heap');
    await read(bucket.remembered, { prefix: 's/' });
    for (const name of ['meta.json', 'goroutine', 'cpu', 'block']) {
      bucket.now += 30_000;
      bucket.put(`s/14/060/${name}`);
      expect(keysOf(await read(bucket.remembered, { prefix: 's/' }))).toContain(`s/14/060/${name}`);
    }
  });

  test('finds what comes late, before the last key, within a minute, and what is gone', async () => {
    const bucket = hourOf();
    await read(bucket.remembered, { prefix: 's/' });
    bucket.put('s/14/003/late');
    bucket.remove('s/14/007/heap');
    bucket.now += 59_000;
    expect(keysOf(await read(bucket.remembered, { prefix: 's/' }))).not.toContain('s/14/003/late');
    bucket.now += 2_000;
    const found = keysOf(await read(bucket.remembered, { prefix: 's/' }));
    expect(found).toContain('s/14/003/late');
    expect(found).not.toContain('s/14/007/heap');
    expect(bucket.lists.at(-1)).toBe('s/ > ');
  });

  test('may be as old as its reader allows', async () => {
    const bucket = hourOf();
    await read(bucket.remembered, { prefix: 's/' });
    bucket.put('s/14/060/heap');
    bucket.now += 200_000;
    expect(await read(bucket.remembered, { prefix: 's/', maxAge: maxAges.names })).toHaveLength(60);
    expect(bucket.lists).toHaveLength(1);
    expect(await read(bucket.remembered, { prefix: 's/', maxAge: 0 })).toHaveLength(61);
    bucket.now += 1;
    await read(bucket.remembered, { prefix: 's/', maxAge: 0 });
    expect(bucket.lists).toHaveLength(3);
  });

  test('asks for no more pages than its readers want', async () => {
    const bucket = hourOf();
    bucket.pageSize = 10;
    for await (const page of bucket.remembered.list({ prefix: 's/' }, never)) {
      expect(page).toHaveLength(10);
      break;
    }
    expect(bucket.lists).toHaveLength(1);
    expect(await read(bucket.remembered, { prefix: 's/', until: 's/14/005' })).toHaveLength(6);
    expect(bucket.lists).toHaveLength(1);
    expect(await read(bucket.remembered, { prefix: 's/' })).toHaveLength(60);
    expect(bucket.lists).toHaveLength(6);
  });

  test('is aborted when the last of its readers has left, and not before', async () => {
    const bucket = hourOf();
    bucket.pause = () => ticks(20);
    const aborts = [new AbortController(), new AbortController()];
    const left = Promise.allSettled(aborts.map(({ signal }) => read(bucket.remembered, { prefix: 's/' }, signal)));
    const stays = new AbortController();
    await ticks(5);
    aborts[0].abort('enough');
    await ticks();
    expect(bucket.aborted).toBe(0);
    aborts[1].abort('enough');
    await ticks();
    expect(bucket.aborted).toBe(1);
    expect(await left).toEqual([1, 2].map(() => ({ status: 'rejected', reason: 'enough' })));
    const third = read(bucket.remembered, { prefix: 's/' }, stays.signal);
    const fourth = new AbortController();
    const gone = read(bucket.remembered, { prefix: 's/' }, fourth.signal);
    await ticks(5);
    fourth.abort('enough');
    await expect(gone).rejects.toBe('enough');
    expect(await third).toHaveLength(60);
    expect(bucket.lists).toHaveLength(2);
  });

  test('that fails fails for all who wait, and is asked for again', async () => {
    const bucket = hourOf();
    bucket.pause = ticks;
    bucket.fails = true;
    const both = await Promise.allSettled([1, 2].map(() => read(bucket.remembered, { prefix: 's/' })));
    expect(both.map((each) => each.status === 'rejected' && each.reason.message)).toEqual(['503', '503']);
    expect(bucket.lists).toHaveLength(1);
    bucket.fails = false;
    expect(await read(bucket.remembered, { prefix: 's/' })).toHaveLength(60);
  });

  test('of a server that has an order of its own is read as it comes, each key once', async () => {
    const bucket = hourOf();
    bucket.pageSize = 7;
    bucket.order = (a, b) => compareKeys(b, a);
    const [all, part] = await Promise.all([
      read(bucket.remembered, { prefix: 's/' }),
      read(bucket.remembered, { prefix: 's/14/00' }),
    ]);
    expect(new Set(keysOf(all)).size).toBe(60);
    expect(all).toHaveLength(60);
    expect(part).toHaveLength(10);
    expect(await read(bucket.remembered, { prefix: 's/' })).toHaveLength(60);
  });
});

/**
 * Whatever comes and goes while whoever asks, an answer has what was there all along: for a minute, or for some seconds by a
 * key that came last; nothing that was not there within that minute; each once and in order.
 */
test.each(Array.from({ length: 60 }, (_, i) => i + 1))('any listing of a bucket that changes (%i)', async (seed) => {
  const random = randomOf(seed);
  const bucket = new Bucket();
  bucket.pageSize = random.of([1, 2, 3, 10, 1000]);
  bucket.pause = async () => {
    for (let i = random.below(4); i > 0; i--) {
      await ticks(0);
    }
    if (random.next() < 0.1) {
      bucket.now += random.below(3000);
    }
  };
  const store = remembered(bucket.store, { now: () => bucket.now, maxKeyBytes: random.of([500, 5000, 1e6]) });
  const services = ['a', 'a/b', 'b', 'é', '\u{1f600}'];
  const folder = (ms: number) => String(Math.floor(ms / 600_000)).padStart(6, '0');
  const keyOf = (service: string, ms: number) =>
    `${service}/${folder(ms)}/${String(ms).padStart(10, '0')}/${random.of(['cpu', 'heap', 'meta.json'])}`;
  /** Keys that were the last of their service when they came. */
  const last = new Set<string>();
  const change = () => {
    const service = random.of(services);
    const isLate = random.next() < 0.2;
    const key = keyOf(service, bucket.now - (isLate ? random.below(3_000_000) : 0));
    const isLast = bucket.versions.every(
      (version) => !version.key.startsWith(`${service}/`) || compareKeys(version.key, key) < 0
    );
    bucket.put(key, String(random.next()));
    if (isLast && service !== 'a') {
      last.add(key); // Below a/ there is another service, whose keys come after.
    }
    if (random.next() < 0.1) {
      bucket.remove(random.of(bucket.versions).key);
    }
  };
  const spanOf = (): ListSpan => {
    const prefix = random.of(['', 'a', ...services.map((service) => `${service}/`)]);
    const [from, to] = [random.below(2_000_000), random.below(2_000_000)]
      .sort((a, b) => b - a)
      .map((ago) => prefix + folder(bucket.now - ago));
    return random.next() < 0.3 || prefix === '' ? { prefix } : { prefix, startAfter: from, until: to };
  };
  const check = async (span: ListSpan) => {
    const begun = bucket.now;
    const abort = new AbortController();
    if (random.next() < 0.15) {
      setTimeout(() => abort.abort('left'), random.below(5));
    }
    let found: ObjectInfo[];
    try {
      found = await read(store, span, abort.signal);
    } catch (reason) {
      expect(reason).toBe('left');
      return;
    }
    const keys = keysOf(found);
    expect([...new Set(keys)].sort(compareKeys)).toEqual(keys);
    const { prefix, startAfter = '', until } = span;
    const isMeant = (key: string) =>
      key.startsWith(prefix) &&
      compareKeys(key, startAfter) > 0 &&
      (until === undefined || compareKeys(key, until) < 0 || key.startsWith(until));
    expect(keys.filter((key) => !isMeant(key))).toEqual([]);
    const ids = new Set(found.map(({ key, etag }) => `${key} ${etag}`));
    const wasThere = bucket.versions.filter(({ to }) => to >= begun - maxAges.settled);
    const possible = new Set(wasThere.map(({ key, etag }) => `${key} ${etag}`));
    expect([...ids].filter((id) => !possible.has(id))).toEqual([]);
    const certain = bucket.versions.filter(
      ({ key, from, to }) =>
        isMeant(key) &&
        to === Infinity &&
        from < begun - (last.has(key) && prefix.includes('/') ? maxAges.recent : maxAges.settled)
    );
    expect(certain.filter(({ key, etag }) => !ids.has(`${key} ${etag}`))).toEqual([]);
  };
  const asks: Array<Promise<void>> = [];
  for (let step = 0; step < 150; step++) {
    if (random.next() < 0.5) {
      change();
    }
    if (random.next() < 0.6) {
      asks.push(check(spanOf()));
    }
    if (random.next() < 0.3) {
      bucket.now += random.below(random.of([1000, 6000, 70_000]));
    }
    if (random.next() < 0.5) {
      await ticks(0);
    }
  }
  await Promise.all(asks);
});

describe('folders', () => {
  test('are asked for once, for a minute', async () => {
    const bucket = hourOf();
    const { folders } = bucket.remembered;
    expect(await Promise.all([folders('', never), folders('', never)])).toEqual([['s/'], ['s/']]);
    bucket.put('t/14/heap');
    bucket.now += maxAges.settled;
    expect(await folders('', never)).toEqual(['s/']);
    bucket.now += 1;
    expect(await folders('', never, maxAges.names)).toEqual(['s/']);
    expect(bucket.lists).toHaveLength(1);
    expect(await folders('', never)).toEqual(['s/', 't/']);
  });
});

describe('objects', () => {
  test('are read once for all who ask at the time, each of whom gets bytes of its own', async () => {
    const bucket = new Bucket();
    bucket.pause = ticks;
    const asked = [1, 2, 3].map(() => bucket.remembered.get('a', never, 'e'));
    const [first, second] = await Promise.all(asked);
    expect(new Set(await Promise.all(asked)).size).toBe(3);
    structuredClone(first, { transfer: [first] });
    expect(new TextDecoder().decode(second)).toBe('a');
    expect(bucket.gets).toEqual(['a']);
  });

  test('with an etag are held, without one they are not', async () => {
    const bucket = new Bucket();
    const { get } = bucket.remembered;
    const first = await get('a', never, 'e');
    structuredClone(first, { transfer: [first] });
    expect(new TextDecoder().decode(await get('a', never, 'e'))).toBe('a');
    expect(bucket.gets).toHaveLength(1);
    await get('a', never, 'other');
    await get('a', never);
    await get('a', never);
    expect(bucket.gets).toHaveLength(4);
  });

  test('are held up to a number of bytes', async () => {
    const bucket = new Bucket();
    const store = remembered({
      ...bucket.store,
      get: async (key) => (bucket.gets.push(key), new ArrayBuffer(key === 'large' ? 100_000 : 60_000)),
    });
    for (let i = 0; i < 200; i++) {
      await store.get(String(i), never, 'e');
    }
    await store.get('199', never, 'e');
    expect(bucket.gets).toHaveLength(200);
    await store.get('0', never, 'e');
    expect(bucket.gets).toHaveLength(201);
    await store.get('large', never, 'e');
    await store.get('large', never, 'e');
    expect(bucket.gets).toHaveLength(203);
  });

  test('are aborted when the last who waits has left', async () => {
    const bucket = new Bucket();
    bucket.pause = () => ticks(20);
    const aborts = [new AbortController(), new AbortController()];
    const left = Promise.allSettled(aborts.map(({ signal }) => bucket.remembered.get('a', signal, 'e')));
    await ticks(5);
    aborts[0].abort('enough');
    expect(bucket.aborted).toBe(0);
    aborts[1].abort('enough');
    expect(bucket.aborted).toBe(1);
    expect((await left).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
