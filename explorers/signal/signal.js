// Activations and adjoints in a deep network with random weights, layer by layer.
// `__init__.py` has the same functions in NumPy.
import { button, choice, legend, readout, slider } from "../kit/controls.js";
import { html, rich, write } from "../kit/dom.js";
import { integer, number, oneOf } from "../kit/fields.js";
import { fixed, scientific, short } from "../kit/format.js";
import { Plot } from "../kit/plot.js";
import { even, logarithmic, whole } from "../kit/scales.js";

/**
 * @typedef {object} State the traits of `signal.Signal`
 * @property {"sigmoid" | "tanh" | "relu"} activation
 * @property {number} variance
 * @property {number} depth
 * @property {number} seed
 */

const WIDTH = 64;
const SAMPLES = 16;
const LAST = 30;
const SEEDS = 100;
const BINS = 36;
const FLAT = 0.1; // a slope below this part of the greatest one is flat
const THIN = 0.02; // of the fullest bin; fewer values are not drawn

/** Activation, slope (from the activation alone), the greatest slope. */
const ACTIVATIONS = {
  sigmoid: [(o) => 1 / (1 + Math.exp(-o)), (a) => a * (1 - a), 0.25],
  tanh: [Math.tanh, (a) => 1 - a * a, 1],
  relu: [(o) => Math.max(o, 0), (a) => (a > 0 ? 1 : 0), 1],
};

/**
 * Numbers of mean 0 and variance 1, uniform, the same in every language: each is a hash
 * of its place alone, the last step of MurmurHash3 (Appleby).
 * @param {number} seed
 * @param {number} start
 * @param {number} count
 */
export function noise(seed, start, count) {
  return Float64Array.from({ length: count }, (_, i) => {
    let x = Math.imul(2 ** 17 * seed + start + i, 0x9e3779b9);
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    x ^= x >>> 16;
    return (((x >>> 0) + 0.5) / 2 ** 31 - 1) * Math.sqrt(3);
  });
}

/** Weights of variance 1, inputs and the loss's factors; the last ones are kept. */
let given = { seed: -1 };
function givenOf(seed) {
  if (given.seed !== seed) {
    const [square, side] = [WIDTH * WIDTH, WIDTH * SAMPLES];
    given = {
      seed,
      weights: Array.from({ length: LAST }, (_, l) => noise(seed, l * square, square)),
      inputs: noise(seed, LAST * square, side),
      pulls: noise(seed, LAST * square + side, side),
    };
  }
  return given;
}

/**
 * A layer's weights times what comes in (or, backward, their transpose), times a scale.
 * @param {Float64Array} weights row by row
 * @param {Float64Array} signal units times samples
 * @param {number} scale
 * @param {boolean} [backward]
 */
function through(weights, signal, scale, backward = false) {
  const out = new Float64Array(WIDTH * SAMPLES);
  const down = backward ? 1 : WIDTH;
  const right = backward ? WIDTH : 1;
  for (let i = 0; i < WIDTH; i++) {
    for (let s = 0; s < SAMPLES; s++) {
      let sum = 0;
      for (let k = 0, at = i * down; k < WIDTH; k++, at += right) {
        sum += weights[at] * signal[k * SAMPLES + s];
      }
      out[i * SAMPLES + s] = scale * sum;
    }
  }
  return out;
}

/**
 * Forward and backward.
 * @param {State} state
 * @returns {{a: Float64Array[], slopes: Float64Array[], delta: Float64Array[]}} by
 *   layer: activations, their slopes, adjoints of the pre-activations
 */
function run({ activation, variance, depth, seed }) {
  const [phi, slope] = ACTIVATIONS[activation];
  const { weights, inputs, pulls } = givenOf(seed);
  const scale = Math.sqrt(variance / WIDTH);
  const a = [];
  for (let l = 0; l < depth; l++) {
    a.push(through(weights[l], a[l - 1] ?? inputs, scale).map(phi));
  }
  const slopes = a.map((values) => values.map(slope));
  const delta = [];
  for (let l = depth - 1, back = pulls; l >= 0; l--) {
    delta[l] = slopes[l].map((value, i) => value * back[i]);
    back = through(weights[l], delta[l], scale, true);
  }
  return { a, slopes, delta };
}

/** Root mean square. */
function size(values) {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / values.length);
}

/**
 * How many values have a size in each of 36 bins between two powers of ten.
 * @param {Iterable<number>} values
 * @param {number} low
 * @param {number} high
 */
export function histogram(values, low, high) {
  const counts = new Array(BINS).fill(0);
  for (const value of values) {
    const bin = Math.floor(((Math.log10(Math.abs(value)) - low) / (high - low)) * BINS);
    if (bin >= 0 && bin < BINS) counts[bin] += 1;
  }
  return counts;
}

/** @param {number} ratio */
function kindOf(ratio) {
  if (ratio <= 1e-3) return "vanish";
  if (ratio <= 0.1) return "shrink";
  if (ratio <= 10) return "keep";
  return ratio <= 1e3 ? "grow" : "explode";
}

/**
 * What becomes of the adjoints, and the numbers that say so.
 * @param {State} state
 * @param {ReturnType<run>} [passes]
 */
export function outcome(state, { a, slopes, delta } = run(state)) {
  const adjoints = delta.map(size);
  const ratio = adjoints[0] / adjoints.at(-1);
  const least = FLAT * ACTIVATIONS[state.activation][2];
  let [flat, dead] = [0, 0];
  for (const values of slopes) {
    for (let i = 0; i < WIDTH; i++) {
      const unit = values.subarray(i * SAMPLES, (i + 1) * SAMPLES);
      const count = unit.reduce((sum, slope) => sum + (slope < least ? 1 : 0), 0);
      flat += count / SAMPLES;
      dead += count === SAMPLES ? 1 : 0;
    }
  }
  return {
    activations: a.map(size),
    adjoints,
    ratio,
    factor: ratio ** (1 / (state.depth - 1)),
    kind: kindOf(ratio),
    flat: flat / WIDTH / state.depth,
    dead: dead / WIDTH / state.depth,
  };
}

/** Exponents at the ends of the axis; the smallest range that holds the sizes is taken. */
const LOWS = [-2, -4, -8, -12, -20, -30, -45];
const HIGHS = [1, 2, 4, 8, 12];

/** @param {number[]} sizes @returns {import("../kit/plot.js").Axis} */
function axisFor(sizes) {
  const [least, most] = [Math.log10(Math.min(...sizes)), Math.log10(Math.max(...sizes))];
  const low = LOWS.find((end) => end <= least - 1) ?? LOWS.at(-1);
  const high = HIGHS.find((end) => end >= most + 0.5) ?? HIGHS.at(-1);
  const step = [1, 2, 4, 5, 10].find((by) => (high - low) / by <= 6);
  const ticks = [];
  for (let power = Math.ceil(low / step) * step; power <= high; power += step) {
    ticks.push(10 ** power);
  }
  return {
    domain: [10 ** low, 10 ** high],
    label: "",
    outward: true,
    scale: logarithmic,
    ticks,
    format: (value) => scientific(value, 1),
  };
}

/**
 * The outlines of histograms that stand on their layer, to both sides.
 * @param {Float64Array[]} layers
 * @param {[number, number]} domain
 */
function shapes(layers, domain) {
  const [low, high] = domain.map(Math.log10);
  const middle = (bin) => 10 ** (low + ((high - low) * (bin + 0.5)) / BINS);
  return layers.map((values, l) => {
    const counts = histogram(values, low, high);
    const most = Math.max(...counts);
    const shown = counts.map((count) => count > THIN * most);
    const [first, last] = [shown.indexOf(true), shown.lastIndexOf(true)];
    const side = (sign) => {
      const points = [[l + 1, middle(first - 1)]];
      for (let bin = first; bin <= last; bin++) {
        points.push([l + 1 + (sign * 0.46 * counts[bin]) / most, middle(bin)]);
      }
      return points;
    };
    return [...side(-1), [l + 1, middle(last + 1)], ...side(1).reverse()];
  });
}

const HINT =
  "Layers of *n* = 64 units. Inputs of size 1 go forward, adjoints of size 1 go back.";
const WORDS = {
  vanish: "The adjoints vanish.",
  shrink: "The adjoints shrink.",
  keep: "The adjoints keep their scale.",
  grow: "The adjoints grow.",
  explode: "The adjoints explode.",
};

const percent = (share) => `${fixed(100 * share, 0)}\u00a0%`;

/** @param {State} state @param {ReturnType<outcome>} end */
function reason({ activation }, { flat, dead }) {
  if (activation === "relu") {
    return `Zero: ${percent(flat)} of the activations, and ${percent(dead)} of the units for every sample.`;
  }
  return `Saturated (slope under a tenth of its peak): ${percent(flat)} of the activations.`;
}

/** Evenly spaced in powers of ten, each of three digits. */
const SCALES = {
  count: 81,
  value: (index) => Number((10 ** (index / 40 - 1)).toPrecision(3)),
  index: (value) => 40 * (Math.log10(value) + 1),
};

/** @type {import("../kit/figure.js").Explorer} */
export default {
  name: "signal",
  address: {
    activation: oneOf(...Object.keys(ACTIVATIONS)),
    variance: number(0.1, 10),
    depth: integer(2, LAST),
    seed: integer(0, SEEDS - 1),
  },
  build(figure) {
    const kind = choice(figure, {
      label: "Activation",
      choices: { sigmoid: "Sigmoid", tanh: "tanh", relu: "ReLU" },
      onChoose: (activation) => figure.set({ activation }),
    });
    const parts = [
      { name: "Activations in each layer", label: "size of *a*, forward →", look: "curve" },
      { name: "Adjoints in each layer", label: "size of *δ*, ← backward", look: "accent" },
    ].map(({ name, label, look }) => {
      const plot = new Plot(figure, {
        name,
        height: () => (figure.wide ? 300 : 180),
      });
      return {
        plot,
        label,
        one: plot.line("data thin"),
        spread: plot.lines(`${look} filled`),
        way: plot.line(look),
        dots: plot.dots(look, 2.5),
      };
    });
    const variance = slider(figure, {
      label: "Variance of weights, times *n*",
      onMove: (value) => figure.set({ variance: value }),
    });
    const depth = slider(figure, {
      label: "Layers *L*",
      onMove: (value) => figure.set({ depth: value }),
    });
    const numbers = readout(["‖*δ*⁽¹⁾‖ / ‖*δ*⁽ᴸ⁾‖ =", "each layer ×"]);
    const fresh = button("step", "New weights", () =>
      figure.set({ seed: (figure.state.seed + 1) % SEEDS }),
    );
    const reset = button("reset", "Reset", () => figure.reset());
    const word = html("strong");
    const why = html("span");
    figure.add(
      html("p", { class: "hint" }, ...rich(HINT)),
      kind.element,
      html("div", { class: "plots halves" }, ...parts.map(({ plot }) => plot.element)),
      legend([
        ["data bar faint", "how many have that size"],
        ["dot data", "root mean square"],
      ]),
      html("div", { class: "signal-knobs" }, variance.element, depth.element),
      html("div", { class: "film" }, fresh.element, reset.element),
      html("p", { class: "verdict" }, word, " ", why),
      numbers.element,
    );
    const counts = even(2, LAST, LAST - 1);

    return (/** @type {State} */ state) => {
      const passes = run(state);
      const end = outcome(state, passes);
      const ways = [end.activations, end.adjoints];
      const axis = axisFor(ways.flat());
      const x = { domain: [0.4, state.depth + 0.6], label: "layer *ℓ*", scale: whole };
      parts.forEach(({ plot, label, one, spread, way, dots }, i) => {
        plot.setAxes(x, { ...axis, label });
        one(x.domain.map((at) => [at, 1]));
        spread(shapes([passes.a, passes.delta][i], axis.domain));
        const points = ways[i].map((value, l) => [l + 1, value]);
        way(points);
        dots(points);
      });
      kind.draw(state.activation);
      variance.draw(state.variance, short(state.variance, 3), SCALES, [
        { value: 1 / 3, text: "PyTorch" },
        { value: 1, text: "Glorot" },
        { value: 2, text: "He" },
      ]);
      depth.draw(
        state.depth,
        String(state.depth),
        counts,
        [2, 10, 20, 30].map((value) => ({ value, text: String(value) })),
      );
      numbers.draw([end.ratio, end.factor].map((v) => short(v, 2)));
      word.textContent = WORDS[end.kind];
      write(why, reason(state, end));
      figure.say(
        `${WORDS[end.kind]} First layer to last: ${short(end.ratio, 2)}. ${reason(state, end)}`,
      );
    };
  },
};
