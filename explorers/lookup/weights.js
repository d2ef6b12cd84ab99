// A query among keys: scores, weights, and where which key wins. `__init__.py` has the
// same functions in NumPy.

/** @typedef {[number, number]} Pair */

/**
 * @typedef {object} State the traits of `lookup.LookUp`
 * @property {Pair} query
 * @property {number[]} places of the keys A to F, x, y, x, y, ...
 * @property {number[]} values
 * @property {number} sharpness
 * @property {"dot" | "distance"} score
 * @property {string[]} hidden
 * @property {Object<string, number[]>} sets
 */

export const NAMES = ["A", "B", "C", "D", "E", "F"];
export const EDGE = 3;
const HAIR = 1e-9; // a corner so near to a line lies on it

const dot = ([a, b], [c, d]) => a * c + b * d;
const minus = ([a, b], [c, d]) => /** @type {Pair} */ ([a - c, b - d]);
const sum = (numbers) => numbers.reduce((total, v) => total + v, 0);

/** @param {State} state @returns {Pair[]} */
export const keysAt = ({ places }) => NAMES.map((_, j) => [places[2 * j], places[2 * j + 1]]);

/** @param {State} state @returns {boolean[]} which keys may be read */
export const shown = ({ hidden }) => NAMES.map((name) => !hidden.includes(name));

/** @param {State} state @returns {number[]} what the softmax is taken of */
export function scores(state) {
  const { query, sharpness, score } = state;
  const may = shown(state);
  return keysAt(state).map((key, j) => {
    if (!may[j]) return -Infinity;
    const way = minus(key, query);
    return sharpness * (score === "dot" ? dot(query, key) : -dot(way, way) / 2);
  });
}

/** @param {State} state @returns {number[]} their softmax; NaN if no key is left */
export function weights(state) {
  const all = scores(state);
  const most = Math.max(...all);
  const powers = all.map((score) => Math.exp(score - most));
  const total = sum(powers);
  return powers.map((power) => power / total);
}

/** @param {number[]} alpha @param {number[]} values @returns {number} */
export const mix = (alpha, values) => sum(alpha.map((weight, j) => weight * values[j]));

/** @param {number[]} alpha @returns {number} 1 for one key, 6 for all alike */
export const keysRead = (alpha) =>
  Math.exp(-sum(alpha.map((weight) => (weight === 0 ? 0 : weight * Math.log(weight)))));

/** @param {number[]} alpha @returns {number} the norm of the softmax's Jacobian */
export const slope = (alpha) =>
  Math.hypot(...alpha.flatMap((a, j) => alpha.map((b, m) => (j === m ? a : 0) - a * b)));

const area = (cell) =>
  sum(cell.map(([x, y], n) => {
    const [u, v] = cell[(n + 1) % cell.length];
    return (x * v - y * u) / 2;
  }));

/** What a line leaves of a convex polygon: the points with way · q ≥ least. */
function cut(cell, way, least) {
  return cell.flatMap((a, n) => {
    const b = cell[(n + 1) % cell.length];
    const [over, then] = [dot(a, way) - least, dot(b, way) - least];
    const part = over / (over - then);
    const between = Math.min(over, then) < -HAIR && Math.max(over, then) > HAIR;
    // All wedges meet in one corner, on all lines but for rounding.
    return [
      ...(over >= -HAIR ? [a] : []),
      ...(between ? [[a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])]] : []),
    ];
  });
}

/**
 * Where in the square each key has the largest weight. Of keys in one place the first
 * wins.
 * @param {State} state
 * @returns {Pair[][]} corners
 */
export function cells(state) {
  const [keys, may] = [keysAt(state), shown(state)];
  return keys.map((key, j) => {
    /** @type {Pair[]} */
    let cell = may[j] ? [[-EDGE, -EDGE], [EDGE, -EDGE], [EDGE, EDGE], [-EDGE, EDGE]] : [];
    keys.forEach((other, i) => {
      if (i === j || !may[i]) return;
      const way = minus(key, other);
      if (way[0] === 0 && way[1] === 0) {
        if (i < j) cell = [];
        return;
      }
      const half = (dot(key, key) - dot(other, other)) / 2;
      cell = cut(cell, way, state.score === "distance" ? half : 0);
    });
    return area(cell) > HAIR ? cell : [];
  });
}

/**
 * The directions in which each key's dot product is the largest.
 * @param {State} state
 * @returns {Pair[]} middle and width of the range of angles; the width is 0 for a key
 *   that is never the winner
 */
export function wedges(state) {
  const [keys, may] = [keysAt(state), shown(state)];
  return keys.map((key, j) => {
    if (!may[j]) return [0, 0];
    const same = ([x, y]) => x === key[0] && y === key[1];
    if (keys.some((other, i) => i < j && may[i] && same(other))) return [0, 0];
    const ways = keys.filter((other, i) => may[i] && !same(other)).map((other) => minus(key, other));
    if (!ways.length) return [0, 2 * Math.PI];
    // Each rival leaves half a turn; the wedge is what all leave.
    const angles = ways.map(([x, y]) => Math.atan2(y, x)).sort((a, b) => a - b);
    const gaps = angles.map((angle, n) => (angles[n + 1] ?? angles[0] + 2 * Math.PI) - angle);
    const widest = gaps.indexOf(Math.max(...gaps));
    const spread = 2 * Math.PI - gaps[widest];
    const start = angles[(widest + 1) % angles.length];
    return [start + spread / 2, Math.max(0, Math.PI - spread)];
  });
}
