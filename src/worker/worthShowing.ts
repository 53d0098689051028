/** What is shown stands for so long at least, in ms: a dashboard draws a second of panels for each change. */
const shortest = 1000;

/**
 * Which reports of progress are worth a drawing: the first, which puts the panels there while nothing else is to be drawn, and
 * then one a second, but none that the end would replace within a second, at the pace since the last.
 * @param now milliseconds, from any start
 */
export function worthShowing(now = () => performance.now()): (done: number, total: number) => boolean {
  let shown: { at: number; done: number } | undefined;
  return (done, total) => {
    const at = now();
    if (shown) {
      const passed = at - shown.at;
      // What is read a second time begins anew.
      const left = done < shown.done ? Infinity : (passed * (total - done)) / (done - shown.done);
      if (passed < shortest || left < shortest) {
        return false;
      }
    }
    shown = { at, done };
    return true;
  };
}
