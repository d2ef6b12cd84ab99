// Five forecasts of a year from any month, and what each has to its account.
import { halves, uniforms } from "../kit/numbers.js";
import { bytes } from "../kit/pixels.js";

export const PAST = 132; // months that the line and the network read
export const AHEAD = 12; // months that are forecast
const LIKE = 36; // months by which a neighbor is found
const UNITS = 16; // ReLUs of the network
const QUANTILES = 3;
export const PERIODS = [100, 150];
const FOLDS = 5;
export const NAMES = ["now", "cycle", "line", "network", "neighbor"];

/**
 * @typedef {object} Data
 * @property {Int32Array} tenths the series, in whole tenths
 * @property {Float64Array} y the series
 * @property {Float64Array} line weights, biases, half widths
 * @property {Float64Array} fan the network's weights, in the order of its layers
 * @property {number[]} scale mean and spread
 * @property {number[]} cuts
 * @property {number[]} fold of each window of the shuffled split
 *
 * @typedef {{period: number, shuffled: boolean}} Settings
 * @typedef {{middle: number[], low?: number[], high?: number[]}} Said
 */

/** @param {object} state as the page holds it @returns {Data} */
export function unpack({ months, weights, fan, scale, cuts }) {
  const raw = bytes(months);
  const tenths = Int32Array.from({ length: raw.length / 2 }, (_, i) => raw[2 * i] | (raw[2 * i + 1] << 8));
  const windows = tenths.length - AHEAD - LIKE + 1;
  return {
    tenths,
    y: Float64Array.from(tenths, (value) => value / 10),
    line: halves(bytes(weights)),
    fan: halves(bytes(fan)),
    scale,
    cuts,
    fold: uniforms(0, windows).map((u) => Math.floor(FOLDS * u)),
  };
}

/** The first and the last month at which all forecasts can be made and judged. */
export const limits = ({ y }) => [PERIODS[1] - 1, y.length - AHEAD - 1];

/**
 * The origin whose last 36 months are most similar; the first of equals.
 * @param {Data} data @param {number} t @param {boolean} shuffled
 * @returns {number}
 */
export function neighbor({ tenths, cuts, fold }, t, shuffled) {
  let [best, least] = [-1, Infinity];
  const own = fold[t - LIKE + 1];
  for (let end = LIKE - 1; end < tenths.length - AHEAD; end++) {
    const usable = shuffled
      ? fold[end - LIKE + 1] !== own
      : end + AHEAD < cuts[0] && Math.abs(end - t) >= LIKE + AHEAD;
    if (!usable) continue;
    let far = 0;
    for (let back = 0; back < LIKE && far < least; back++) {
      far += (tenths[end - back] - tenths[t - back]) ** 2;
    }
    if (far < least) [best, least] = [end, far];
  }
  return best;
}

const range = (length) => [...Array(length).keys()];

/** @param {Data} data @param {number} t @returns {Said} */
function byLine({ y, line }, t) {
  const middle = range(AHEAD).map((k) => {
    let sum = line[PAST * AHEAD + k];
    for (let i = 0; i < PAST; i++) sum += y[t - PAST + 1 + i] * line[i * AHEAD + k];
    return sum;
  });
  const half = line.slice(-AHEAD);
  return {
    middle,
    low: middle.map((value, k) => value - half[k]),
    high: middle.map((value, k) => value + half[k]),
  };
}

/** @param {Data} data @param {number} t @returns {Said} */
function byNetwork({ y, fan, scale: [mean, spread] }, t) {
  const z = range(PAST).map((i) => (y[t - PAST + 1 + i] - mean) / spread);
  const second = UNITS * PAST + UNITS;
  const third = second + AHEAD * QUANTILES * UNITS;
  const hidden = range(UNITS).map((j) => {
    let sum = fan[UNITS * PAST + j];
    for (let i = 0; i < PAST; i++) sum += fan[j * PAST + i] * z[i];
    return Math.max(sum, 0);
  });
  const out = range(AHEAD * QUANTILES).map((o) => {
    let sum = fan[third + o];
    for (let j = 0; j < UNITS; j++) sum += fan[second + o * UNITS + j] * hidden[j];
    return (z[PAST - 1] + sum) * spread + mean;
  });
  // Quantiles that cross are sorted.
  const sorted = range(AHEAD).map((k) =>
    out.slice(k * QUANTILES, (k + 1) * QUANTILES).sort((a, b) => a - b),
  );
  const [low, middle, high] = range(QUANTILES).map((q) => sorted.map((three) => three[q]));
  return { middle, low, high };
}

/**
 * What one of the forecasts says at an origin.
 * @param {Data} data @param {Settings} settings @param {string} name @param {number} t
 * @returns {Said}
 */
export function forecast(data, { period, shuffled }, name, t) {
  const after = (end) => [...data.y.slice(end + 1, end + 1 + AHEAD)];
  if (name === "now") return { middle: Array(AHEAD).fill(data.y[t]) };
  if (name === "cycle") return { middle: after(t - period) };
  if (name === "neighbor") return { middle: after(neighbor(data, t, shuffled)) };
  return name === "line" ? byLine(data, t) : byNetwork(data, t);
}

/**
 * What a forecast has to its account at some origins.
 * @param {Data} data @param {(t: number) => Said} said @param {number[]} origins
 */
export function account(data, said, origins) {
  const errors = Array(AHEAD).fill(0);
  let [low, inside] = [0, 0];
  for (const t of origins) {
    const now = said(t);
    for (let k = 0; k < AHEAD; k++) {
      const came = data.y[t + 1 + k];
      errors[k] += Math.abs(now.middle[k] - came);
      low += now.middle[k] < came ? 1 : 0;
      inside += now.low && now.low[k] <= came && came <= now.high[k] ? 1 : 0;
    }
  }
  return {
    errors: errors.map((sum) => sum / Math.max(1, origins.length)),
    low,
    inside,
    months: AHEAD * origins.length,
  };
}

// For tests, which hand over the state as the page holds it.
export const allOf = (state, t) => {
  const data = unpack(state);
  return Object.fromEntries(NAMES.map((name) => [name, forecast(data, state, name, t)]));
};
export const neighborOf = (state, t) => neighbor(unpack(state), t, state.shuffled);
export const recordOf = (state, name, origins) => {
  const data = unpack(state);
  return account(data, (t) => forecast(data, state, name, t), origins);
};
