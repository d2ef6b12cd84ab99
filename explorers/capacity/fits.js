// Points around a curve, and cosine features fitted to them by least squares, with the
// shortest weights where there are many, or by ridge. `__init__.py` has the same
// functions in NumPy.
import { uniforms } from "../kit/numbers.js";

/** @typedef {{x: number[], y: number[]}} Points */

/**
 * @typedef {object} Fit
 * @property {Float64Array} curve the model on the line
 * @property {number} rank of the features
 * @property {number} training mean squared error on the points
 * @property {number} excess mean squared distance to the true curve
 * @property {number} length of the weights
 */

export const MOST = 1000;
export const FIFTY = 50;
const CUT = 1e-12;
const COMMON = [
  2, 3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 24, 29, 35, 42, 50, 65, 85, 120, 170, 260, 420,
  650, 1000,
];
/** Half a period of the first cosine, in steps of the line. */
const STEPS = 400;
export const LINE = Array.from({ length: STEPS + 1 }, (_, i) => i / (STEPS / 2) - 1);
const WAVE = Array.from({ length: 2 * STEPS }, (_, i) => Math.cos((Math.PI * i) / STEPS));

export const trueCurve = (x) => Math.sin(3 * x);
const TRUE = LINE.map(trueCurve);

/** @param {number} n @returns {number[]} where errors are shown, closer around n */
export function sizes(n) {
  const near = [n - 2, n - 1, n, n + 1, n + 2];
  return [...new Set([...COMMON, ...near])].sort((a, b) => a - b);
}

const rounded = (value) => Math.floor(1e4 * value + 0.5) / 1e4;

/**
 * One draw: x uniform in n equal cells, y the true curve with noise.
 * @param {number} n @param {number} noise @param {number} number
 * @returns {Points}
 */
export function drawn(n, noise, number) {
  const u = uniforms(number, 3 * n);
  const x = Array.from({ length: n }, (_, i) => rounded((2 * (i + u[3 * i])) / n - 1));
  const y = x.map((at, i) => {
    const [v, w] = [u[3 * i + 1], u[3 * i + 2]];
    const normal = Math.sqrt(-2 * Math.log(v)) * Math.cos(2 * Math.PI * w);
    return rounded(trueCurve(at) + noise * normal);
  });
  return { x, y };
}

const dot = (a, b, from = 0) => {
  let sum = 0;
  for (let i = from; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

/** Add a multiple of one vector to another. */
const add = (target, factor, vector, from = 0) => {
  for (let i = from; i < target.length; i++) target[i] += factor * vector[i];
};

/** Turn two vectors in their plane. */
const turn = (a, b, c, s) => {
  for (let i = 0; i < a.length; i++) {
    const u = a[i];
    a[i] = c * u - s * b[i];
    b[i] = s * u + c * b[i];
  }
};

/**
 * A tall matrix, given by its columns, as Q times a triangle: Householder's reflections.
 * @param {Float64Array[]} columns become the reflections' directions
 * @returns {{rows: Float64Array[], times: (z: Float64Array) => Float64Array,
 *   along: (y: number[]) => Float64Array}} the triangle's rows, Q z, and the adjoint of
 *   Q times y
 */
function triangle(columns) {
  const q = columns.length;
  const m = columns[0].length;
  const rows = columns.map(() => new Float64Array(q));
  const scale = new Float64Array(q);
  for (let j = 0; j < q; j++) {
    const v = columns[j];
    const size = Math.sqrt(dot(v, v, j));
    const end = v[j] > 0 ? -size : size;
    v[j] -= end;
    const square = dot(v, v, j);
    scale[j] = square ? 2 / square : 0;
    rows[j][j] = end;
    for (let k = j + 1; k < q; k++) {
      add(columns[k], -scale[j] * dot(v, columns[k], j), v, j);
      rows[j][k] = columns[k][j];
    }
  }
  const reflect = (z, j) => add(z, -scale[j] * dot(columns[j], z, j), columns[j], j);
  return {
    rows,
    times(z) {
      const out = new Float64Array(m);
      out.set(z);
      for (let j = q - 1; j >= 0; j--) reflect(out, j);
      return out;
    },
    along(y) {
      const out = Float64Array.from(y);
      for (let j = 0; j < q; j++) reflect(out, j);
      return out.subarray(0, q);
    },
  };
}

/**
 * Singular values of a square matrix L = U S W*, given by its columns: turns of two of
 * them at a time until all are orthogonal (one-sided Jacobi), which keeps small singular
 * values that the normal equations would lose.
 * @param {Float64Array[]} columns become those of U S
 * @returns {{s: number[], W: Float64Array[]}} W by columns
 */
function singular(columns) {
  const q = columns.length;
  const W = columns.map((_, j) => vector(q, (i) => (i === j ? 1 : 0)));
  const squares = new Float64Array(q);
  for (let sweep = 0, turned = true; turned && sweep < 40; sweep++) {
    turned = false;
    for (let j = 0; j < q; j++) squares[j] = dot(columns[j], columns[j]);
    for (let j = 0; j < q - 1; j++) {
      for (let k = j + 1; k < q; k++) {
        const across = dot(columns[j], columns[k]);
        if (Math.abs(across) <= 1e-14 * Math.sqrt(squares[j] * squares[k])) continue;
        turned = true;
        const tau = (squares[k] - squares[j]) / (2 * across);
        const t = (tau < 0 ? -1 : 1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
        const c = 1 / Math.sqrt(1 + t * t);
        turn(columns[j], columns[k], c, c * t);
        turn(W[j], W[k], c, c * t);
        squares[j] -= t * across;
        squares[k] += t * across;
      }
    }
  }
  return { s: columns.map((column) => Math.sqrt(dot(column, column))), W };
}

/** A vector by its entries. @param {number} length @param {(i: number) => number} entry */
const vector = (length, entry) => {
  const made = new Float64Array(length);
  for (let i = 0; i < length; i++) made[i] = entry(i);
  return made;
};

/** The first p features of each of some places; one row a place. */
const features = (x, p) =>
  x.map((at) => vector(p, (k) => Math.cos((Math.PI * k * (at + 1)) / 2) / Math.max(1, k)));

/**
 * Φ = U S Vᵀ by way of the triangle of Φ or, if it is broad, of its transpose; then the
 * weights V S⁻¹ Uᵀ y, or with S / (S² + nλ/2) in place of S⁻¹.
 * @param {Points} points @param {number} p @param {number} [penalty] λ, 0 is off
 * @param {Float64Array[]} [known] the features, at least p of them
 * @returns {Fit}
 */
export function fit({ x, y }, p, penalty = 0, known = features(x, p)) {
  const n = x.length;
  const phi = known.map((row) => row.subarray(0, p));
  const broad = p > n;
  const columns = broad
    ? phi.map((row) => row.slice())
    : Array.from({ length: p }, (_, k) => vector(n, (i) => phi[i][k]));
  const { rows, times, along } = triangle(columns);
  // The rows of the triangle are the columns of its transpose, U S Wᵀ.
  const { s, W } = singular(rows);
  const least = CUT * Math.max(...s);
  const ridge = (n * penalty) / 2;
  const inverse = s.map((v) => (ridge ? v / (v * v + ridge) : v > least ? 1 / v : 0));
  const target = broad ? Float64Array.from(y) : along(y);
  const [from, to] = broad ? [rows, W] : [W, rows];
  const inner = new Float64Array(Math.min(n, p));
  s.forEach((value, j) => {
    if (!inverse[j]) return;
    // The columns of U S are s times as long as those of U.
    add(inner, (inverse[j] / value) * dot(from[j], target), to[j]);
  });
  const weights = broad ? times(inner) : inner;
  const curve = onLine(weights);
  return {
    curve,
    rank: s.filter((value) => value > least).length,
    training: mean(phi.map((row, i) => (dot(row, weights) - y[i]) ** 2)),
    excess: distance(curve, TRUE),
    length: Math.sqrt(dot(weights, weights)),
  };
}

/** The model on the line, where cosines repeat. */
function onLine(weights) {
  const curve = new Float64Array(LINE.length).fill(weights[0]);
  for (let k = 1; k < weights.length; k++) {
    const weight = weights[k] / k;
    const by = k % (2 * STEPS);
    for (let i = 1, at = by; i <= STEPS; i++) {
      curve[i] += weight * WAVE[at];
      at += by;
      if (at >= 2 * STEPS) at -= 2 * STEPS;
    }
    curve[0] += weight;
  }
  return curve;
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const distance = (a, b) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum / a.length;
};

/**
 * Errors for every number of features, one fit at a step.
 * @param {Points} points @param {number} penalty
 * @returns {Generator<void, {p: number, training: number, excess: number,
 *   length: number, rank: number}[]>}
 */
export function* course(points, penalty) {
  const rows = [];
  const phi = features(points.x, MOST);
  for (const p of sizes(points.x.length)) {
    const { curve, ...row } = fit(points, p, penalty, phi);
    rows.push({ p, ...row });
    yield;
  }
  return rows;
}

/**
 * Fifty fits to fifty draws, one at a step.
 * @param {number} n @param {number} noise @param {number} seed @param {number} p
 * @param {number} penalty
 * @returns {Generator<void, {p: number, curves: Float64Array[], middle: number[],
 *   bias: number, variance: number, excess: number[]}>} the curves, their mean, and the
 *   excess errors in rising order
 */
export function* spread(n, noise, seed, p, penalty) {
  const [curves, excess] = [[], []];
  for (let i = 0; i < FIFTY; i++) {
    const found = fit(drawn(n, noise, FIFTY * seed + i), p, penalty);
    curves.push(found.curve);
    excess.push(found.excess);
    yield;
  }
  const middle = LINE.map((_, i) => mean(curves.map((curve) => curve[i])));
  return {
    p,
    curves,
    middle,
    bias: distance(middle, TRUE),
    variance: mean(curves.map((curve) => distance(curve, middle))),
    excess: excess.sort((a, b) => a - b),
  };
}

/**
 * Bias² and variance for every number of features, one fit at a step. Over the same
 * draws they add up to the mean excess error.
 * @param {number} n @param {number} noise @param {number} seed @param {number} penalty
 * @returns {Generator<void, {p: number, bias: number, variance: number}[]>}
 */
export function* spreads(n, noise, seed, penalty) {
  const sums = sizes(n).map((p) => ({ p, curve: LINE.map(() => 0), excess: 0 }));
  for (let i = 0; i < FIFTY; i++) {
    const points = drawn(n, noise, FIFTY * seed + i);
    const phi = features(points.x, MOST);
    for (const sum of sums) {
      const { curve, excess } = fit(points, sum.p, penalty, phi);
      add(sum.curve, 1 / FIFTY, curve);
      sum.excess += excess / FIFTY;
      yield;
    }
  }
  return sums.map(({ p, curve, excess }) => {
    const bias = distance(curve, TRUE);
    return { p, bias, variance: excess - bias };
  });
}

/**
 * The q-th part of numbers in rising order, as NumPy's quantile.
 * @param {number[]} sorted @param {number} q
 */
export function quantile(sorted, q) {
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const next = sorted[Math.min(low + 1, sorted.length - 1)];
  return sorted[low] + (at - low) * (next - sorted[low]);
}

/** All steps of a task at once, by its name; for the tests. */
export function whole(name, ...args) {
  const task = { course, spread, spreads }[name](...args);
  for (;;) {
    const { done, value } = task.next();
    if (done) return value;
  }
}
