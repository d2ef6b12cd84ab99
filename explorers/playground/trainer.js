// Training off the main thread, in a worker that is made from text: it works from a
// folder on the disk, too. Where workers are refused, the main thread trains, in slices.
import { mathematics, session } from "./network.js";

const SOURCE = `const answer = (${mathematics})().session();
onmessage = ({ data }) => postMessage(answer(data));`;
const SLICE = { aside: 30, here: 8 }; // milliseconds of training from answer to answer

/**
 * @param {(answer: ReturnType<ReturnType<typeof session>>) => void} onAnswer
 * @returns {{ask: (request: object) => void, end: () => void}} `ask` is passed over
 *   while an answer is awaited
 */
export function trainer(onAnswer) {
  let [worker, post, waiting] = [null, null, null];
  const receive = (answer) => {
    if (!waiting) return;
    waiting = null;
    onAnswer(answer);
  };
  const trainHere = () => {
    worker?.terminate();
    worker = null;
    const answer = session();
    post = (request) =>
      setTimeout(() => waiting && receive(answer({ ...request, budget: SLICE.here })));
    if (waiting) post(waiting);
  };
  try {
    const url = URL.createObjectURL(new Blob([SOURCE], { type: "text/javascript" }));
    worker = new Worker(url);
    worker.onmessage = ({ data }) => receive(data);
    worker.addEventListener("message", () => URL.revokeObjectURL(url), { once: true });
    worker.onerror = (event) => {
      event.preventDefault();
      trainHere();
    };
    post = (request) => worker.postMessage({ ...request, budget: SLICE.aside });
  } catch {
    trainHere();
  }
  return {
    ask(request) {
      if (waiting) return;
      waiting = request;
      post(request);
    },
    end() {
      waiting = null;
      worker?.terminate();
    },
  };
}
