// Losses of two parameters, their gradients, and how they are shown; `landscapes.py` has
// the same functions in NumPy.
import { levelLines } from "../kit/contours.js";

/**
 * @typedef {object} Landscape
 * @property {(theta: number[]) => number} loss
 * @property {(theta: number[]) => number[]} gradient
 * @property {number} least the least loss
 * @property {number[]} x what the plane shows, and `y`
 * @property {number[]} y
 * @property {number} step of what drags the start
 * @property {number[]} levels of the contour lines
 * @property {number[]} heights what the plot of the losses shows
 * @property {number[][]} best where the loss is least
 * @property {number[][][]} [valley] lines on which it is least
 */

/** A bowl with curvatures 1 and 100, turned by 30 degrees. */
const [P, Q, R] = [25.75, -24.75 * Math.sqrt(3), 75.25];

/** Where the loss of two weights in a row is 0. */
const HYPERBOLA = [1, -1].map((sign) =>
  Array.from({ length: 41 }, (_, i) => {
    const a = sign * 0.4 * 1.05 ** i;
    return [a, 1 / a];
  }),
);

/** @type {Object<string, Landscape>} */
export const LANDSCAPES = {
  ravine: {
    loss: ([a, b]) => 0.5 * (P * a * a + 2 * Q * a * b + R * b * b),
    gradient: ([a, b]) => [P * a + Q * b, Q * a + R * b],
    least: 0,
    x: [-10, 5],
    y: [-9, 6],
    step: 0.1,
    levels: [0.5, 5, 25, 80, 200, 500],
    heights: [1e-4, 1e3],
    best: [[0, 0]],
  },
  rosenbrock: {
    loss: ([a, b]) => (1 - a) * (1 - a) + 100 * (b - a * a) * (b - a * a),
    gradient([a, b]) {
      const bend = 200 * (b - a * a);
      return [-2 * (1 - a) - 2 * a * bend, bend];
    },
    least: 0,
    x: [-1.7, 1.7],
    y: [-0.9, 2.5],
    step: 0.05,
    levels: [0.5, 4, 20, 80, 250],
    heights: [1e-4, 1e3],
    best: [[1, 1]],
  },
  saddle: {
    loss: ([a, b]) => (a * b - 1) * (a * b - 1),
    gradient: ([a, b]) => [2 * (a * b - 1) * b, 2 * (a * b - 1) * a],
    least: 0,
    x: [-2, 2],
    y: [-2, 2],
    step: 0.05,
    levels: [0.05, 0.4, 1, 3, 8],
    heights: [1e-4, 1e2],
    best: [],
    valley: HYPERBOLA,
  },
  wells: {
    loss: ([a, b]) => (a * a - 1) * (a * a - 1) + 0.3 * a + 0.5 * b * b,
    gradient: ([a, b]) => [4 * a * (a * a - 1) + 0.3, b],
    least: -0.30542848374391596,
    x: [-2.2, 2.2],
    y: [-2.2, 2.2],
    step: 0.05,
    levels: [-0.2, 0.1, 0.4, 0.8, 1.3, 2, 4, 8, 14],
    heights: [1e-4, 1e2],
    best: [[-1.0355787140888542, 0]],
  },
};

/** @template F @param {F} make @returns {F} of one object, made once for each */
export function once(make) {
  const known = new WeakMap();
  return (key) => {
    if (!known.has(key)) known.set(key, make(key));
    return known.get(key);
  };
}

/** A landscape's contour lines. */
export const contoursOf = once(({ loss, x, y, levels }) => {
  // A little beyond the axes: lines close along the edge of the grid.
  const size = 121;
  const wider = ([low, high]) => [low, high].map((v, i) => v + (i ? 0.06 : -0.06) * (high - low));
  const [xs, ys] = [wider(x), wider(y)];
  const at = ([low, high], i) => low + ((high - low) * i) / (size - 1);
  const values = Array.from({ length: size * size }, (_, k) =>
    loss([at(xs, k % size), at(ys, Math.floor(k / size))]),
  );
  return levelLines(values, [size, size], xs, ys, levels).flatMap(({ rings }) => rings);
});
