// Recurrent cells with random weights: what is left of a change, and of an adjoint.
// `__init__.py` has the same functions in NumPy.
import { uniforms } from "../kit/numbers.js";

/**
 * @typedef {object} State the traits of `echo.Echo`
 * @property {"linear" | "tanh" | "lstm"} cell
 * @property {number} radius
 * @property {number} spread
 * @property {number} length
 * @property {number} bias
 * @property {number} at
 * @property {number} seed
 * @property {number[][]} radii
 */

export const STEPS = 100;
export const SEEDS = 10;
export const UNITS = 16;
const SEQUENCES = 4;
const BLOCKS = 4;
const SQUARE = UNITS * UNITS;
const FLAT = 0.1; // a slope below this part of the greatest one is saturated
const GONE = 1e-100; // what is less is told as 0

const sigmoid = (o) => 1 / (1 + Math.exp(-o));

/** Numbers of variance 1; the last ones are kept. */
let drawn = { seed: -1, numbers: [] };
function noise(seed) {
  if (drawn.seed !== seed) {
    const count = BLOCKS * SQUARE + STEPS * BLOCKS * UNITS * SEQUENCES;
    const numbers = Float64Array.from(uniforms(seed, count), (u) => (2 * u - 1) * Math.sqrt(3));
    drawn = { seed, numbers };
  }
  return drawn.numbers;
}

/**
 * Matrices of 16 rows of 16 numbers: out = a b, or out += a b.
 * @param {Float64Array} out
 * @param {Float64Array} a
 * @param {Float64Array} b
 * @param {boolean} [more]
 */
function multiply(out, a, b, more = false) {
  if (!more) out.fill(0);
  for (let i = 0; i < SQUARE; i += UNITS) {
    for (let k = 0; k < UNITS; k += 4) {
      const [a0, a1, a2, a3] = [a[i + k], a[i + k + 1], a[i + k + 2], a[i + k + 3]];
      for (let j = 0, at = k * UNITS; j < UNITS; j++, at++) {
        out[i + j] += a0 * b[at] + a1 * b[at + 16] + a2 * b[at + 32] + a3 * b[at + 48];
      }
    }
  }
}

const vector = () => new Float64Array(UNITS);
const matrix = () => new Float64Array(SQUARE);
const identity = () => matrix().map((_, i) => (i % (UNITS + 1) ? 0 : 1));

/**
 * A step of a cell, and its slopes there.
 * @typedef {object} Step
 * @property {Float64Array} state h, or c of the LSTM
 * @property {Float64Array} within Jacobian of the state by h of the step before
 * @property {Float64Array} gate f; this and the next two only for the LSTM
 * @property {Float64Array} out slopes of h by c
 * @property {Float64Array} show Jacobian of h by the h before, past c
 * @property {number} flat how many places are saturated
 */

/** One for each sequence and step, overwritten: making arrays is what would take time. */
/** @type {Step[][]} */
const pool = [];
function stepsOf(sequence) {
  pool[sequence] ??= Array.from({ length: STEPS }, () => ({
    state: vector(),
    within: matrix(),
    gate: vector(),
    out: vector(),
    show: matrix(),
    flat: 0,
  }));
  return pool[sequence];
}

/**
 * @param {Float64Array} o pre-activations of i, f, g, q, one after the other
 * @param {Float64Array[]} weights
 * @param {Float64Array} before c of the step before
 * @param {Float64Array} h is overwritten
 * @param {Step} step is overwritten
 */
function gatedStep(o, weights, before, h, step) {
  const { state, within, gate, out, show } = step;
  const [byI, byF, byG, byQ] = weights;
  let flat = 0;
  for (let n = 0; n < UNITS; n++) {
    const i = sigmoid(o[n]);
    const f = sigmoid(o[n + UNITS]);
    const g = Math.tanh(o[n + 2 * UNITS]);
    const q = sigmoid(o[n + 3 * UNITS]);
    state[n] = f * before[n] + i * g;
    gate[n] = f;
    const shown = Math.tanh(state[n]);
    h[n] = q * shown;
    out[n] = q * (1 - shown * shown);
    const [ofI, ofF, ofG] = [g * i * (1 - i), before[n] * f * (1 - f), i * (1 - g * g)];
    const ofQ = h[n] * (1 - q);
    for (let at = n * UNITS; at < (n + 1) * UNITS; at++) {
      within[at] = ofI * byI[at] + ofF * byF[at] + ofG * byG[at];
      show[at] = ofQ * byQ[at];
    }
    if (4 * i * (1 - i) < FLAT) flat++;
    if (4 * f * (1 - f) < FLAT) flat++;
    if (4 * q * (1 - q) < FLAT) flat++;
    if (1 - g * g < FLAT) flat++;
  }
  step.flat = flat;
}

/**
 * @param {Float64Array} o pre-activations
 * @param {Float64Array[]} weights
 * @param {boolean} bent by tanh
 * @param {Float64Array} h is overwritten
 * @param {Step} step is overwritten
 */
function simpleStep(o, [weights], bent, h, step) {
  const { state, within } = step;
  let flat = 0;
  for (let n = 0; n < UNITS; n++) {
    h[n] = bent ? Math.tanh(o[n]) : o[n];
    const slope = bent ? 1 - h[n] * h[n] : 1;
    for (let at = n * UNITS; at < (n + 1) * UNITS; at++) within[at] = slope * weights[at];
    if (slope < FLAT) flat++;
  }
  state.set(h);
  step.flat = flat;
}

/**
 * The cell's way through one sequence.
 * @param {State} state
 * @param {number} sequence
 * @returns {Step[]}
 */
function follow({ cell, radius, spread, length, bias, seed, radii }, sequence) {
  const numbers = noise(seed);
  const blocks = cell === "lstm" ? BLOCKS : 1;
  const weights = radii[seed].slice(0, blocks).map((own, block) => {
    const scale = radius / own;
    return numbers.slice(block * SQUARE, (block + 1) * SQUARE).map((w) => w * scale);
  });
  const h = vector();
  const o = new Float64Array(blocks * UNITS);
  const steps = stepsOf(sequence);
  for (let t = 0; t < length; t++) {
    const start = BLOCKS * SQUARE + t * BLOCKS * UNITS * SEQUENCES + sequence;
    for (let n = 0; n < o.length; n++) {
      let sum = spread * numbers[start + n * SEQUENCES];
      const own = weights[n >> 4];
      for (let k = 0, at = (n & 15) * UNITS; k < UNITS; k++) sum += own[at + k] * h[k];
      o[n] = sum + (n >> 4 === 1 ? bias : 0);
    }
    if (blocks === 1) simpleStep(o, weights, cell === "tanh", h, steps[t]);
    else gatedStep(o, weights, t ? steps[t - 1].state : vector(), h, steps[t]);
  }
  return steps.slice(0, length);
}

/** Sum of squares. */
function squares(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}

/**
 * Add what is left of a change at the first step to the sums of squares of each step.
 * @param {Step[]} steps
 * @param {boolean} gated
 * @param {Float64Array} sums
 */
function forward(steps, gated, sums) {
  let [byH, next] = [identity(), matrix()];
  const byC = identity();
  const { out } = steps[0];
  if (gated) byH = byH.map((value, i) => value * out[i >> 4]);
  sums[0] += UNITS;
  for (let t = 1; t < steps.length; t++) {
    const { within, gate, out, show } = steps[t];
    if (gated) {
      for (let i = 0; i < SQUARE; i++) byC[i] *= gate[i >> 4];
      multiply(byC, within, byH, true);
      for (let i = 0; i < SQUARE; i++) next[i] = out[i >> 4] * byC[i];
      multiply(next, show, byH, true);
    } else multiply(next, within, byH);
    [byH, next] = [next, byH];
    sums[t] += squares(gated ? byC : byH);
  }
}

/**
 * Add what is left of an adjoint that is sent back from a step.
 * @param {Step[]} steps
 * @param {boolean} gated
 * @param {number} at counted from 1
 * @param {Float64Array} sums
 */
function backward(steps, gated, at, sums) {
  // Row by row an adjoint of the state, and the LSTM's way to it through h.
  let [adjoint, next] = [identity(), matrix()];
  let [throughH, nextH] = [matrix(), matrix()];
  sums[at - 1] += UNITS;
  for (let t = at - 1; t > 0; t--) {
    const { within, gate, show } = steps[t];
    if (gated) {
      multiply(nextH, adjoint, within);
      multiply(nextH, throughH, show, true);
      [throughH, nextH] = [nextH, throughH];
      const { out } = steps[t - 1];
      for (let i = 0; i < SQUARE; i++) {
        adjoint[i] = gate[i & 15] * adjoint[i] + out[i & 15] * throughH[i];
      }
    } else {
      multiply(next, adjoint, within);
      [adjoint, next] = [next, adjoint];
    }
    sums[t - 1] += squares(adjoint);
  }
}

/** The cell's way and what goes forward, kept while nothing but the step t changes. */
let kept = { key: "" };
function passed(state) {
  const { cell, radius, spread, length, bias, seed } = state;
  const key = [cell, radius, spread, length, bias, seed].join();
  if (kept.key === key) return kept;
  const ways = Array.from({ length: SEQUENCES }, (_, s) => follow(state, s));
  const sums = new Float64Array(length);
  const gated = cell === "lstm";
  let flat = 0;
  for (const way of ways) {
    forward(way, gated, sums);
    for (const step of way) flat += step.flat;
  }
  const places = length * SEQUENCES * UNITS * (gated ? BLOCKS : 1);
  kept = { key, ways, forward: Array.from(sums, sizeOf), saturated: flat / places };
  return kept;
}

/** @param {number} sum of squares over the Jacobians of all sequences */
function sizeOf(sum) {
  const found = Math.sqrt(sum / UNITS / SEQUENCES);
  return found > GONE ? found : 0;
}

/**
 * What is left of a change and of an adjoint, and the numbers that say so.
 * @param {State} state
 */
export function outcome(state) {
  const { ways, forward, saturated } = passed(state);
  const gated = state.cell === "lstm";
  const at = Math.min(state.at, state.length);
  const [sums, gate] = [new Float64Array(at), new Array(at).fill(1)];
  for (const way of ways) backward(way, gated, at, sums);
  const alone = ways.map(() => vector().fill(1));
  const fixed = sigmoid(state.bias);
  for (let t = at - 1; t > 0; t--) {
    if (gated) {
      let sum = 0;
      ways.forEach((steps, s) => {
        for (let n = 0; n < UNITS; n++) {
          alone[s][n] *= steps[t].gate[n];
          sum += alone[s][n] ** 2;
        }
      });
      gate[t - 1] = Math.sqrt(sum / UNITS / SEQUENCES);
    } else gate[t - 1] = gate[t] * fixed;
  }
  const back = Array.from(sums, sizeOf);
  const steps = Math.max(1, at - 1);
  return {
    forward,
    back,
    gate,
    rate: back[0] ** (1 / steps),
    gate_rate: gate[0] ** (1 / steps),
    saturated,
  };
}

/**
 * States of the first sequence, as a picture: a row for each unit, a column for each step.
 * @param {State} state
 * @returns {Float64Array}
 */
export function states(state) {
  const steps = passed(state).ways[0];
  const picture = new Float64Array(UNITS * steps.length);
  steps.forEach(({ state: own }, t) =>
    own.forEach((value, n) => {
      picture[n * steps.length + t] = value;
    }),
  );
  return picture;
}
