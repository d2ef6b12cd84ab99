// A small transformer that reads a line letter by letter, and only what it has not read.
import { halves, uniforms } from "../kit/numbers.js";

const TINY = 1e-5; // of the norm, below the root

/**
 * @typedef {object} Model
 * @property {string} letters the sign of both ends of a line is one of them
 * @property {number} heads
 * @property {number} d width
 * @property {Float64Array} embedding letter by letter
 * @property {Float64Array} positions
 * @property {Object<string, Float64Array>[]} blocks
 * @property {Float64Array} readout
 * @property {Float64Array[]} norm
 * @property {Float64Array} bias
 */

/**
 * The error function, by a series of positive terms.
 * @param {number} x
 * @returns {number}
 */
export function erf(x) {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/**
 * Matrices of 8 bits with a scale for each row, vectors of 16 bits.
 * @param {Uint8Array} bytes
 * @param {{letters: string, heads: number, sizes: number[]}} form `sizes`: letters,
 *   positions, width, units of the MLP, blocks
 * @returns {Model}
 */
export function unpack(bytes, { letters, heads, sizes }) {
  const [count, length, d, units, depth] = sizes;
  const inner = [[3 * d, d], [d, d], [units, d], [d, units]];
  const shapes = [[count, d], [length, d], ...Array(depth).fill(inner).flat(), [count, d]];
  const small = shapes.reduce((sum, [rows, columns]) => sum + rows * columns, 0);
  const fine = halves(bytes.subarray(small));
  let [at, next] = [0, 0];
  const matrices = shapes.map(([rows, columns]) => {
    const matrix = Float64Array.from({ length: rows * columns }, (_, i) => {
      const value = (bytes[at + i] << 24) >> 24; // the byte with its sign
      return value * fine[next + Math.floor(i / columns)];
    });
    [at, next] = [at + rows * columns, next + rows];
    return matrix;
  });
  const take = (length_) => fine.subarray(next, (next += length_));
  const blocks = Array.from({ length: depth }, (_, b) => {
    const [qkv, out, up, down] = matrices.slice(2 + 4 * b, 6 + 4 * b);
    const [scale1, shift1, qkvBias, outBias] = [d, d, 3 * d, d].map(take);
    const [scale2, shift2, upBias, downBias] = [d, d, units, d].map(take);
    const norms = { scale1, shift1, scale2, shift2 };
    return { qkv, out, up, down, ...norms, qkvBias, outBias, upBias, downBias };
  });
  const norm = [take(d), take(d)];
  const [embedding, positions, readout] = [matrices[0], matrices[1], matrices.at(-1)];
  return { letters, heads, d, embedding, positions, blocks, readout, norm, bias: take(count) };
}

/** @param {Float64Array} matrix @param {Float64Array} bias @param {Float64Array} x */
function affine(matrix, bias, x) {
  const [rows, columns] = [bias.length, x.length];
  const out = new Float64Array(rows);
  for (let r = 0, at = 0; r < rows; r++) {
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += matrix[at++] * x[c];
    out[r] = sum + bias[r];
  }
  return out;
}

/** @param {Float64Array} x @param {Float64Array} scale @param {Float64Array} shift */
function normed(x, scale, shift) {
  let [mean, square] = [0, 0];
  for (const value of x) mean += value / x.length;
  for (const value of x) square += (value - mean) ** 2 / x.length;
  const divisor = Math.sqrt(square + TINY);
  return x.map((value, i) => ((value - mean) / divisor) * scale[i] + shift[i]);
}

const added = (x, y) => x.map((value, i) => value + y[i]);

/**
 * @param {ArrayLike<number>} scores of letters that may not be read: minus infinity
 * @returns {Float64Array} all zero if none may be read
 */
export function softmax(scores) {
  let most = -Infinity;
  for (const score of Array.from(scores)) most = Math.max(most, score);
  if (most === -Infinity) return new Float64Array(scores.length);
  const powers = Float64Array.from(scores, (score) => Math.exp(score - most));
  const total = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / total);
}

/**
 * One letter in one block: what it asks, whom it reads, what becomes of it.
 * @param {Model} model
 * @param {Object<string, Float64Array>} block
 * @param {Float64Array} x
 * @param {{key: Float64Array, value: Float64Array}[]} before of the same block
 * @param {(j: number) => boolean} open whether letter j may be read
 * @param {boolean} [asks] if not, key and value are all that is wanted
 */
function pass({ d, heads }, block, x, before, open, asks = true) {
  const entered = normed(x, block.scale1, block.shift1);
  const all = affine(block.qkv, block.qkvBias, entered);
  const [query, key, value] = [0, 1, 2].map((part) => all.subarray(part * d, (part + 1) * d));
  if (!asks) return { key, value };
  const rows = [...before, { key, value }];
  const size = d / heads;
  const mixed = new Float64Array(d);
  const [scores, weights] = [[], []];
  for (let h = 0; h < heads; h++) {
    const raw = rows.map((row) => {
      let sum = 0;
      for (let m = h * size; m < (h + 1) * size; m++) sum += query[m] * row.key[m];
      return sum / Math.sqrt(size);
    });
    const shares = softmax(raw.map((score, j) => (open(j) ? score : -Infinity)));
    rows.forEach((row, j) => {
      for (let m = h * size; m < (h + 1) * size; m++) mixed[m] += shares[j] * row.value[m];
    });
    scores.push(raw);
    weights.push(shares);
  }
  const middle = added(x, affine(block.out, block.outBias, mixed));
  const thought = affine(block.up, block.upBias, normed(middle, block.scale2, block.shift2));
  for (let m = 0; m < thought.length; m++) {
    thought[m] *= (1 + erf(thought[m] / Math.SQRT2)) / 2;
  }
  const after = added(middle, affine(block.down, block.downBias, thought));
  return { x, entered, query, key, value, scores, weights, mixed, after };
}

/**
 * A letter in all blocks; the letters before it stay as they are.
 * @param {Model} model
 * @param {number} letter
 * @param {any[][]} before the letters before it, each with its blocks
 * @param {(j: number) => boolean} open
 * @param {boolean} asks whether what follows it is wanted
 */
function put(model, letter, before, open, asks = true) {
  const { d, embedding, positions, blocks } = model;
  const i = before.length;
  let x = added(embedding.subarray(letter * d, (letter + 1) * d), positions.subarray(i * d, (i + 1) * d));
  return blocks.map((block, b) => {
    const last = b === blocks.length - 1;
    const done = pass(model, block, x, before.map((row) => row[b]), open, asks || !last);
    x = done.after;
    return done;
  });
}

/** @param {Model} model @param {any[]} row a letter with its blocks @returns {Float64Array} */
export const logits = (model, row) =>
  affine(model.readout, model.bias, normed(row.at(-1).after, ...model.norm));

/**
 * Someone who reads lines and remembers the last: of a line that has changed, the letters
 * before the first change are not read again.
 * @param {Model} model
 * @returns {(tokens: number[], hidden: number[]) => any[][]} for each letter, its blocks
 */
export function reader(model) {
  let [line, veiled, rows] = [[], [], []];
  return (tokens, hidden) => {
    const changed = tokens.findIndex(
      (token, i) => token !== line[i] || hidden.includes(i) !== veiled.includes(i),
    );
    rows = rows.slice(0, changed < 0 ? tokens.length : changed);
    for (let i = rows.length; i < tokens.length; i++) {
      rows.push(put(model, tokens[i], rows, (j) => !hidden.includes(j)));
    }
    [line, veiled] = [[...tokens], [...hidden]];
    return rows;
  };
}

/**
 * What the last letter would expect if one letter were hidden, for each place.
 * @param {Model} model
 * @param {number[]} tokens
 * @param {any[][]} rows as read with nothing hidden
 * @param {number[]} [places] those hidden, if not each
 * @returns {Float64Array[]} logits
 */
export function without(model, tokens, rows, places = tokens.map((_, j) => j)) {
  const last = tokens.length - 1;
  return places.map((hidden) => {
    const open = (j) => j !== hidden;
    // In a single block a hidden letter changes nobody's keys and values.
    const known = rows.slice(0, model.blocks.length > 1 ? hidden : last);
    for (let i = known.length; i < last; i++) known.push(put(model, tokens[i], known, open, false));
    return logits(model, put(model, tokens[last], known, open));
  });
}

/**
 * @param {ArrayLike<number>} scores
 * @param {number} temperature 0: all for the largest
 */
export function tempered(scores, temperature) {
  if (temperature > 0) return softmax(Array.from(scores, (score) => score / temperature));
  const most = Math.max(...Array.from(scores));
  const best = Array.from(scores).indexOf(most);
  return Float64Array.from(scores, (_, k) => Number(k === best));
}

/**
 * The letter that is drawn at a place: of each seed, a number for each place.
 * @param {ArrayLike<number>} shares
 * @param {number} seed
 * @param {number} place
 */
export function drawn(shares, seed, place) {
  const chance = uniforms(seed, place)[place - 1];
  let sum = 0;
  const found = Array.from(shares).findIndex((share) => (sum += share) > chance);
  return found < 0 ? shares.length - 1 : found;
}

/**
 * Letters drawn one after the other, up to the sign of the end, which is left out, or to
 * the last position.
 * @param {Model} model
 * @param {ReturnType<typeof reader>} read
 * @param {number[]} tokens
 * @param {{hidden: number[], temperature: number, seed: number, most: number}} how
 * @returns {number[]} the whole line
 */
export function written(model, read, tokens, { hidden, temperature, seed, most }) {
  const line = [...tokens];
  const longest = model.positions.length / model.d;
  for (let n = 0; n < most && line.length < longest; n++) {
    const row = read(line, hidden).at(-1);
    const next = drawn(tempered(logits(model, row), temperature), seed, line.length);
    if (next === tokens[0]) break;
    line.push(next);
  }
  return line;
}

const ONES =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen " +
  "fifteen sixteen seventeen eighteen nineteen";
const TENS = "twenty thirty forty fifty sixty seventy eighty ninety";

/** @param {number} n from 0 to 999 @returns {string} in words */
export function words(n) {
  const [ones, tens] = [ONES.split(" "), TENS.split(" ")];
  if (n < 20) return ones[n];
  if (n < 100) return tens[Math.floor(n / 10) - 2] + (n % 10 ? `-${ones[n % 10]}` : "");
  return `${ones[Math.floor(n / 100)]} hundred${n % 100 ? ` ${words(n % 100)}` : ""}`;
}

/**
 * How a line should go on, if it begins with a number below 999 and a comma.
 * @param {string} text
 * @returns {string | undefined} the whole line
 */
export function counted(text) {
  const first = text.split(", ")[0];
  if (!text.includes(", ")) return undefined;
  const n = Array.from({ length: 999 }, (_, i) => words(i)).indexOf(first);
  return n < 0 ? undefined : `${first}, ${words(n + 1)}`;
}

/** All of it from plain arrays, for tests. */
export function whole(bytes, form, tokens, hidden) {
  const model = unpack(Uint8Array.from(bytes), form);
  const rows = reader(model)(tokens, hidden);
  const blocks = model.blocks.map((_, b) =>
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row[b]).map(([name, v]) => [name, Array.from(v, (x) => (x.length ? Array.from(x) : x))]),
      ),
    ),
  );
  return { blocks, logits: rows.map((row) => Array.from(logits(model, row))) };
}
