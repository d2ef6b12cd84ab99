// A head taught by a few tiles: ridge regression on the kinds, as `few_samples.py` has it.
import { uniforms } from "../kit/numbers.js";

const PENALTIES = [1e-3, 1e-2, 1e-1, 1, 10, 100, 1000]; // in mean eigenvalues
const KINDS = [0, 1, 2];
export const EACH = 2; // labels of each kind in a draw

/** @typedef {[number, number][]} Labels pairs of tile and kind, in rising order of tiles */

/**
 * Two tiles of each kind, at random.
 * @param {number} number of the draw
 * @param {number[]} kinds
 * @returns {Labels}
 */
export function drawn(number, kinds) {
  const chances = uniforms(number, EACH * KINDS.length);
  const chosen = KINDS.flatMap((kind) => {
    const left = [...kinds.keys()].filter((tile) => kinds[tile] === kind);
    return Array.from({ length: EACH }, () => {
      const [tile] = left.splice(Math.floor(chances.shift() * left.length), 1);
      return [tile, kind];
    });
  });
  return chosen.sort((a, b) => a[0] - b[0]);
}

/** @param {Labels} labels @returns {number[]} kinds without a label */
export const missing = (labels) =>
  KINDS.filter((kind) => !labels.some((label) => label[1] === kind));

/** The inverse of a symmetric positive matrix, by rows, without exchanges of rows. */
function inverse(matrix) {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => Number(i === j))]);
  for (let k = 0; k < n; k++) {
    const pivot = rows[k][k];
    for (let j = 0; j < 2 * n; j++) rows[k][j] /= pivot;
    for (let i = 0; i < n; i++) {
      const factor = rows[i][k];
      if (i !== k && factor) for (let j = k; j < 2 * n; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  return rows.map((row) => row.slice(n));
}

/**
 * Features as the head sees them: centered, and divided by their deviation if wanted,
 * both those of the labeled tiles.
 * @param {ArrayLike<number>} x tile by tile
 * @param {number} d numbers of a tile
 * @param {Labels} labels
 * @param {boolean} scaled
 * @returns {Float64Array}
 */
export function standardized(x, d, labels, scaled) {
  const z = Float64Array.from(x);
  for (let j = 0; j < d; j++) {
    let [mean, square] = [0, 0];
    for (const [tile] of labels) mean += x[tile * d + j] / labels.length;
    // Equal numbers have a mean that is not quite theirs.
    const same = labels.every(([tile]) => x[tile * d + j] === x[labels[0][0] * d + j]);
    for (const [tile] of labels) square += (x[tile * d + j] - mean) ** 2 / labels.length;
    const spread = scaled && !same ? Math.sqrt(square) : 1;
    if (same) mean = x[labels[0][0] * d + j];
    for (let i = j; i < z.length; i += d) z[i] = (z[i] - mean) / spread;
  }
  return z;
}

/**
 * Scores of all tiles, three each.
 * @param {ArrayLike<number>} x tile by tile
 * @param {number} d numbers of a tile
 * @param {Labels} labels each kind at least once
 * @param {boolean} scaled whether features are divided by their deviation
 * @returns {number[][]}
 */
export function scores(x, d, labels, scaled) {
  const z = standardized(x, d, labels, scaled);
  const m = labels.length;
  const row = (tile) => z.subarray(tile * d, (tile + 1) * d);
  const taught = labels.map(([tile]) => row(tile));
  const products = (a) => taught.map((b) => b.reduce((sum, value, j) => sum + value * a[j], 0));
  const gram = taught.map(products);
  const middle = KINDS.map((kind) => labels.filter((label) => label[1] === kind).length / m);
  const targets = labels.map((label) => KINDS.map((c) => Number(label[1] === c) - middle[c]));
  const trace = gram.reduce((sum, line, i) => sum + line[i], 0);
  let [best, weights] = [Infinity, targets.map((line) => line.map(() => 0))];
  for (const factor of PENALTIES) {
    const penalty = (factor * trace) / Math.min(m, d);
    const inverted = inverse(gram.map((line, i) => line.map((v, j) => v + (i === j ? penalty : 0))));
    const dual = inverted.map((line) =>
      KINDS.map((c) => line.reduce((sum, v, j) => sum + v * targets[j][c], 0)),
    );
    // What is left when one labeled tile is predicted from the others.
    let error = 0;
    dual.forEach((line, i) => {
      const rest = penalty * inverted[i][i] - 1 / m;
      for (const v of line) error += ((penalty * v) / rest) ** 2;
    });
    if (error < best) [best, weights] = [error, dual];
  }
  return Array.from({ length: z.length / d }, (_, tile) => {
    const near = products(row(tile));
    return KINDS.map((c) => near.reduce((sum, v, j) => sum + v * weights[j][c], middle[c]));
  });
}

/** @param {number[]} values @returns {number} where the first of the largest is */
export const largest = (values) => values.indexOf(Math.max(...values));

/**
 * @param {number[]} answers of the tiles
 * @param {number[]} kinds
 * @param {Labels} labels
 * @returns {{right: number, of: number, wrong: number[]}} among tiles without a label
 */
export function judged(answers, kinds, labels) {
  const taught = new Set(labels.map(([tile]) => tile));
  const rest = [...kinds.keys()].filter((tile) => !taught.has(tile));
  const wrong = rest.filter((tile) => answers[tile] !== kinds[tile]);
  return { right: rest.length - wrong.length, of: rest.length, wrong };
}

/**
 * The labeled tiles nearest to one, and how far, in the features as the head sees them.
 * @param {ArrayLike<number>} x
 * @param {number} d
 * @param {Labels} labels
 * @param {boolean} scaled
 * @param {number} tile
 * @param {number} count
 * @returns {[number, number][]} pairs of tile and distance
 */
export function neighbors(x, d, labels, scaled, tile, count) {
  if (!labels.length) return [];
  const z = standardized(x, d, labels, scaled);
  const far = (other) => {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += (z[tile * d + j] - z[other * d + j]) ** 2;
    return Math.sqrt(sum);
  };
  return labels
    .filter(([other]) => other !== tile)
    .map(([other]) => /** @type {[number, number]} */ ([other, far(other)]))
    .sort((a, b) => a[1] - b[1])
    .slice(0, count);
}

/** Two numbers of four bits in each byte, as grays from 0 to 255. */
export const grays = (packed) =>
  Uint8Array.from({ length: 2 * packed.length }, (_, i) => 17 * ((packed[i >> 1] >> (i % 2 ? 0 : 4)) & 15));

/**
 * Places of the tiles: a block for each kind with a line for its name above, side by
 * side or one below the other.
 * @param {number[]} kinds
 * @param {boolean} wide
 * @returns {{columns: number, rows: number, cells: [number, number][], heads: [number,
 *   number][]}} columns and rows of the tiles, and of the names
 */
export function layout(kinds, wide) {
  const across = wide ? 8 : 12;
  const counts = KINDS.map((kind) => kinds.filter((k) => k === kind).length);
  const high = Math.ceil(Math.max(...counts) / across);
  const heads = KINDS.map((kind) => (wide ? [kind * (across + 1), 0] : [0, kind * (high + 1)]));
  const seen = [0, 0, 0];
  const cells = kinds.map((kind) => {
    const i = seen[kind]++;
    return [heads[kind][0] + (i % across), heads[kind][1] + 1 + Math.floor(i / across)];
  });
  const blocks = KINDS.length;
  return {
    columns: wide ? blocks * (across + 1) - 1 : across,
    rows: wide ? high + 1 : blocks * (high + 1),
    cells,
    heads,
  };
}

/**
 * From a tile on in one direction to the next cell that holds one.
 * @param {[number, number][]} cells
 * @param {[number, number]} from
 * @param {[number, number]} to the cell that was asked for
 * @param {[number, number]} size columns and rows
 * @returns {number} the tile; the nearest in that row or column if there is none
 */
export function onward(cells, from, to, [columns, rows]) {
  const find = ([x, y]) => cells.findIndex((cell) => cell[0] === x && cell[1] === y);
  const step = to.map((v, i) => Math.sign(v - from[i]));
  let [x, y] = to;
  while (x >= 0 && y >= 0 && x < columns && y < rows) {
    const tile = find([x, y]);
    if (tile >= 0) return tile;
    if (!step[0] && !step[1]) break;
    [x, y] = [x + step[0], y + step[1]];
  }
  // Back from the end of a row that is not full.
  [x, y] = to;
  while (x !== from[0] || y !== from[1]) {
    const tile = find([x, y]);
    if (tile >= 0) return tile;
    [x, y] = [x - step[0], y - step[1]];
  }
  return find(from);
}
