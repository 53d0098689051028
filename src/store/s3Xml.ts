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

/** The root element. @throws Error with the place, for anything that is not well-formed */
export function parseXml(source: string): XmlElement {
  const root: XmlElement = { name: '', children: [], text: '' };
  const open = [root];
  const token = /<!\[CDATA\[([\s\S]*?)\]\]>|<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<(\/?)([^\s/>!]+)[^>]*?(\/?)>|([^<]+)/y;
  let at = source.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < source.length) {
    token.lastIndex = at;
    const match = token.exec(source);
    if (!match) {
      throw new Error(`not well-formed XML at character ${at}: ${JSON.stringify(source.slice(at, at + 30))}`);
    }
    const [, cdata, closing, qualified, selfClosing, text] = match;
    const parent = open[open.length - 1];
    if (cdata !== undefined) {
      parent.text += cdata;
    } else if (text !== undefined) {
      parent.text += unescape(text);
    } else if (qualified !== undefined) {
      const name = qualified.slice(qualified.indexOf(':') + 1);
      if (closing) {
        if (open.length === 1 || parent.name !== name) {
          throw new Error(`not well-formed XML at character ${at}: </${name}> closes nothing`);
        }
        open.pop();
      } else {
        const element: XmlElement = { name, children: [], text: '' };
        parent.children.push(element);
        if (!selfClosing) {
          open.push(element);
        }
      }
    }
    at = token.lastIndex;
  }
  if (open.length !== 1 || root.children.length !== 1) {
    throw new Error('not well-formed XML: it ends inside an element');
  }
  return root.children[0];
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
