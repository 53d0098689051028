/**
 * The little XML that S3 speaks, read without a DOM (there is none in Node or a worker) and by local name: servers
 * disagree on namespaces and on the order of elements. An element is its children and its text; attributes, comments
 * and processing instructions are skipped, and a DOCTYPE is refused, so no entity can be defined.
 */
export interface XmlElement {
  readonly name: string;
  readonly children: XmlElement[];
  text: string;
}

/** Largest page of a listing that is read: keys of 1 KiB, three times as long by their percent codes, and what is around them. */
export const maxPageBytes = 8 * 1024 * 1024;

/** The root element, in time linear in the text. @throws Error with the place, for anything that is not well-formed */
export function parseXml(source: string): XmlElement {
  const root: XmlElement = { name: '', children: [], text: '' };
  const open = [root];
  let at = source.charCodeAt(0) === 0xfeff ? 1 : 0;
  const fail = (why: string): never => {
    throw new Error(`not well-formed XML at character ${at}: ${why}`);
  };
  /** The text up to an end, which is passed. */
  const upTo = (end: string, from: number): string => {
    const stop = source.indexOf(end, from);
    const text = stop < 0 ? fail(JSON.stringify(source.slice(at, at + 30))) : source.slice(from, stop);
    at = stop + end.length;
    return text;
  };
  while (at < source.length) {
    const parent = open[open.length - 1];
    if (source[at] !== '<') {
      const next = source.indexOf('<', at);
      const end = next < 0 ? source.length : next;
      parent.text += unescape(source.slice(at, end));
      at = end;
    } else if (source.startsWith(cdata, at)) {
      parent.text += upTo(']]>', at + cdata.length);
    } else if (source.startsWith('<!--', at)) {
      upTo('-->', at + 4);
    } else if (source.startsWith('<?', at)) {
      upTo('?>', at + 2);
    } else {
      const start = at;
      const tag = upTo('>', at + 1);
      const name = localName(tag);
      if (name === undefined) {
        at = start;
        fail(JSON.stringify(source.slice(at, at + 30)));
      } else if (tag.startsWith('/')) {
        if (open.length === 1 || parent.name !== name) {
          fail(`</${name}> closes nothing`);
        }
        open.pop();
      } else {
        const element: XmlElement = { name, children: [], text: '' };
        parent.children.push(element);
        if (!tag.endsWith('/') && open.push(element) > maxDepth) {
          fail(`more than ${maxDepth} elements inside each other`);
        }
      }
    }
  }
  if (open.length !== 1 || root.children.length !== 1) {
    throw new Error('not well-formed XML: it ends inside an element');
  }
  return root.children[0];
}

const cdata = '<![CDATA[';

/** S3's answers have five elements inside each other. */
const maxDepth = 100;

/** The name in a tag without its namespace; undefined where the tag has none, as a DOCTYPE. */
function localName(tag: string): string | undefined {
  if (tag.includes('<')) {
    return undefined;
  }
  const [, name] = /^\/?([^\s/!]+)/.exec(tag) ?? [];
  return name?.slice(name.indexOf(':') + 1);
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name) {
      return named[name] ?? whole;
    }
    const code = decimal ? Number(decimal) : parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** Text of the first child of that name, undefined where there is none. */
export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}
