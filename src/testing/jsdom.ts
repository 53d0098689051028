/** Lends jsdom what Grafana's components ask of a browser's layout. */
export function lendLayout(): void {
  // The list of a Combobox draws only what fits, and jsdom gives everything a height of 0.
  Object.defineProperty(HTMLElement.prototype, 'offsetHeight', { configurable: true, value: 400 });
  Object.defineProperty(HTMLElement.prototype, 'offsetWidth', { configurable: true, value: 400 });
  const rect = { width: 400, height: 400, top: 0, left: 0, bottom: 0, right: 0, x: 0, y: 0, toJSON: () => '' };
  Element.prototype.getBoundingClientRect = () => rect;
  Element.prototype.scrollIntoView = () => undefined;
  // The View buttons watch what is scrolled out of view, which jsdom does not know.
  class IntersectionObserver {
    observe() {}
    unobserve() {}
    disconnect() {}
  }
  window.IntersectionObserver = IntersectionObserver as never;
  const measureText = (text: string) => ({ width: 8 * text.length });
  HTMLCanvasElement.prototype.getContext = (() => ({ measureText })) as never;
}
