/** The buffers of all typed arrays in plain data, each once: they move to another thread instead of being copied. */
export function columnBuffers(data: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  eachColumn(data, (column) => buffers.add(column.buffer as ArrayBuffer));
  return [...buffers];
}

/** Plain data with columns of its own, whose buffers have nothing else in them. */
export function copyColumns<T>(data: T): T {
  const copies = new Map<unknown, unknown>();
  const copyOf = (value: unknown): unknown => {
    if (value === null || typeof value !== 'object' || isTexts(value)) {
      return value;
    }
    if (!copies.has(value)) {
      copies.set(
        value,
        ArrayBuffer.isView(value)
          ? (value as Uint8Array).slice()
          : Array.isArray(value)
            ? value.map(copyOf)
            : Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, copyOf(inner)]))
      );
    }
    return copies.get(value);
  };
  return copyOf(data) as T;
}

function eachColumn(data: unknown, visit: (column: ArrayBufferView) => void): void {
  if (ArrayBuffer.isView(data)) {
    visit(data);
  } else if (data !== null && typeof data === 'object' && !isTexts(data)) {
    Object.values(data).forEach((inner) => eachColumn(inner, visit));
  }
}

/** Tables of texts are long. */
const isTexts = (value: object): boolean => Array.isArray(value) && typeof value[0] === 'string';
