// Twenty points and a logistic unit without bias, on which gradient descent races SGD;
// `points.py` has the same functions in NumPy.

export const EPOCHS = 10;
export const POINTS = 20;
/** Sizes of a batch. */
export const SIZES = [1, 2, 4, 5, 10, 20];
const DECAY = 0.005;

const softplus = (o) => Math.max(o, 0) + Math.log1p(Math.exp(-Math.abs(o)));

/** The twenty points as a landscape; the gradient is that of a batch. */
export function landscapeOf({ x, y, best, least }) {
  const sum = ([a, b], i) => a * x[2 * i] + b * x[2 * i + 1];
  const all = y.map((_, i) => i);
  return {
    loss([a, b]) {
      const entropy = all.reduce((total, i) => {
        const o = sum([a, b], i);
        return total + softplus(o) - y[i] * o;
      }, 0);
      return entropy / POINTS + (DECAY / 2) * (a * a + b * b);
    },
    gradient([a, b], batch = all) {
      let [u, v] = [0, 0];
      for (const i of batch) {
        const error = 1 / (1 + Math.exp(-sum([a, b], i))) - y[i];
        u += error * x[2 * i];
        v += error * x[2 * i + 1];
      }
      return [u / batch.length + DECAY * a, v / batch.length + DECAY * b];
    },
    least,
    x: [0, 6],
    y: [-4, 2],
    step: 0.1,
    levels: [0.17, 0.2, 0.3, 0.5, 0.8, 1.2, 1.8, 2.5],
    heights: [1e-5, 10],
    best: [best],
  };
}

/**
 * Minibatch descent over ten epochs; a batch of all is gradient descent.
 * @param {import("./racers.js").State} state
 * @param {ReturnType<typeof landscapeOf>} land
 * @param {number} batch
 */
export function epochs({ start, gd, reduction, seed, settings }, { gradient }, batch) {
  const rate = gd[0] * (reduction === "sum" ? batch / POINTS : 1);
  const order = Array.from(settings.points.orders[seed], (letter) => letter.charCodeAt() - 97);
  const path = [[...start]];
  for (let i = 0; i < order.length; i += batch) {
    const theta = path.at(-1);
    const g = gradient(theta, order.slice(i, i + batch));
    path.push(theta.map((value, j) => value - rate * g[j]));
  }
  return path;
}
