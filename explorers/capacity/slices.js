// Long work on the page's own thread, in slices that leave room for the hand.

const SLICE = 8; // ms

/**
 * Works on one task at a time. While the hand moves, each task is finished before the
 * next is begun, so that something new is seen all the time.
 * @template T
 * @param {() => void} onDone is told when an answer is there that was not there at once
 * @returns {{ask: (key: string, make: () => Generator<void, T>) =>
 *   {value: T | undefined, fresh: boolean}, end: () => void}} the answer to a question
 *   or, while it is not there, the last one
 */
export function inSlices(onDone) {
  const { port1, port2 } = new MessageChannel();
  /** @type {{key: string, steps: Generator<void, T>} | null} */
  let task = null;
  let known = { key: "", value: /** @type {T | undefined} */ (undefined) };
  const work = () => {
    const end = performance.now() + SLICE;
    while (performance.now() < end) {
      const { done, value } = task.steps.next();
      if (!done) continue;
      known = { key: task.key, value: /** @type {T} */ (value) };
      task = null;
      return;
    }
    port2.postMessage(0);
  };
  port1.onmessage = () => {
    if (task) work();
    if (!task) onDone();
  };
  return {
    ask(key, make) {
      if (key !== known.key && !task) {
        task = { key, steps: make() };
        work();
      } else if (key === known.key) task = null;
      return { value: known.value, fresh: key === known.key };
    },
    end() {
      task = null;
      port1.close();
    },
  };
}
