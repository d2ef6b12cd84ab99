// Losses and their slopes: of a number, of a yes or no, of three classes, and what
// float32 leaves of them. `__init__.py` has the same functions in NumPy.
import { button, choice, ledger, named, slider } from "../kit/controls.js";
import { html, write } from "../kit/dom.js";
import { integer, number, numbers, oneOf } from "../kit/fields.js";
import { fixed, short, subscript } from "../kit/format.js";
import { handle } from "../kit/handle.js";
import { Plot } from "../kit/plot.js";
import { decades, even, linear } from "../kit/scales.js";

/**
 * @typedef {object} State the traits of `losses.Losses`
 * @property {"number" | "label" | "classes" | "float32"} view
 * @property {number} error
 * @property {number} delta
 * @property {number} logit
 * @property {0 | 1} label
 * @property {number[]} logits
 * @property {number} temperature
 * @property {1 | 2 | 3} target
 * @property {number} wrong
 * @property {number} clip
 */

/** @typedef {[number, number]} LossAndSlope */

const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/**
 * Squared, absolute and Huber's.
 * @param {number} error @param {number} delta
 * @returns {LossAndSlope[]}
 */
export function ofNumber(error, delta) {
  const size = Math.abs(error);
  const sign = Math.sign(error);
  return [
    [error * error, 2 * error],
    [size, sign],
    size > delta ? [delta * (size - delta / 2), delta * sign] : [(error * error) / 2, error],
  ];
}

/**
 * Cross-entropy, squared error of the sigmoid, and whether the decision is wrong.
 * @param {number} logit @param {0 | 1} label
 * @returns {LossAndSlope[]} slopes with respect to the logit
 */
export function ofLabel(logit, label) {
  const sign = label ? 1 : -1;
  const margin = sign * logit;
  const other = sigmoid(-margin);
  return [
    [softplus(-margin), -sign * other],
    [other * other, -2 * sign * other * other * (1 - other)],
    [margin > 0 ? 0 : 1, 0],
  ];
}

/**
 * @param {number[]} logits @param {number} temperature @param {number} target from 1 on
 * @returns {{p: number[], error: number[], loss: number}} probabilities, these minus
 *   the one-hot target, and the cross-entropy
 */
export function ofClasses(logits, temperature, target) {
  const scaled = logits.map((o) => o / temperature);
  const top = Math.max(...scaled);
  const total = top + Math.log(scaled.reduce((sum, o) => sum + Math.exp(o - top), 0));
  const p = scaled.map((o) => Math.exp(o - total));
  const error = p.map((value, k) => value - (k === target - 1 ? 1 : 0));
  return { p, error, loss: total - scaled[target - 1] };
}

/**
 * A sample of class 0: from its logit, from the probability of class 1 in float32, and
 * from that probability kept at most 1 − clip. A slope of no value is NaN.
 * @param {number} logit @param {number} clip
 * @returns {LossAndSlope[]}
 */
export function inFloat32(logit, clip) {
  const f = Math.fround;
  const p = f(1 / f(1 + f(Math.exp(-f(logit)))));
  const high = f(1 - clip);
  const rounded = /** @type {LossAndSlope} */ ([-Math.log(1 - p), p < 1 ? p : NaN]);
  return [
    [softplus(logit), sigmoid(logit)],
    rounded,
    // A clip that is itself lost in rounding changes nothing.
    high === 1 ? rounded : [-Math.log(1 - Math.min(p, high)), p <= high ? p : 0],
  ];
}

/** @param {number} value @returns {string} */
function amount(value) {
  if (Number.isNaN(value)) return "none";
  return Number.isFinite(value) ? short(value) : "∞";
}

/** @param {number} low @param {number} high @param {number} count */
const spread = (low, high, count) =>
  Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));

/**
 * @typedef {object} View
 * @property {HTMLElement[]} elements
 * @property {(state: State) => [string, string]} draw tells a word and the reason
 */

/**
 * Three losses as curves, their slopes beside them, and a handle for where they are
 * read.
 * @param {import("../kit/figure.js").Figure} figure
 * @param {object} options
 * @param {string} options.trait what the handle moves
 * @param {string} options.name of the handle
 * @param {string} options.symbol
 * @param {[string, string][]} options.rows looks and names of the losses
 * @param {import("../kit/plot.js").Axis} options.x
 * @param {[number, number]} options.loss what the loss's axis shows
 * @param {[number, number]} options.slope what the slope's axis shows
 * @param {number[]} options.breaks where a curve may jump
 * @param {(at: number, state: State) => LossAndSlope[]} options.values
 */
function curves(figure, { trait, name, symbol, rows, x, loss, slope, breaks, values }) {
  const parts = [
    { name: "The losses", domain: loss, label: "loss", narrow: 190 },
    { name: "Their slopes", domain: slope, label: "slope", narrow: 175 },
  ].map(({ name: title, domain, label, narrow }) => {
    const plot = new Plot(figure, {
      name: title,
      height: () => (figure.wide ? 270 : narrow),
    });
    return {
      plot,
      axis: { domain, label, from: label === "loss" ? 0 : undefined },
      zero: plot.line("data thin"),
      guide: plot.line("data dotted"),
      // The first lies on top of the others.
      lines: rows.map(([look]) => look).reverse().map((look) => plot.line(look)).reverse(),
      dots: rows
        .map(([look]) => look.split(" ")[0])
        .reverse()
        .map((look) => plot.dots(look, 4))
        .reverse(),
    };
  });
  const [low, high] = x.domain;
  const knob = handle(parts[0].plot, {
    name,
    look: "ink",
    limits: () => ({ low: [low], high: [high], step: [0.1] }),
    onMove: ([value]) => figure.set({ [trait]: value }),
  });
  const numbersShown = ledger(["loss", "slope"], rows);
  const grid = [
    ...spread(low, high, 401),
    ...breaks.flatMap((at) => [at - 1e-9, at + 1e-9]),
  ].sort((a, b) => a - b);
  return {
    plots: html("div", { class: "plots halves" }, ...parts.map(({ plot }) => plot.element)),
    ledger: numbersShown.element,
    parts,
    /** @param {State} state */
    draw(state) {
      const at = state[trait];
      const here = values(at, state);
      const table = grid.map((v) => values(v, state));
      parts.forEach(({ plot, axis, zero, guide, lines, dots }, which) => {
        plot.setAxes(x, axis);
        zero([[low, 0], [high, 0]]);
        guide([[at, axis.domain[0]], [at, axis.domain[1]]]);
        rows.forEach((_, k) => {
          const points = grid.map((v, i) => [v, table[i][k][which]]);
          lines[k](points.filter(([, height]) => !Number.isNaN(height)));
          const height = here[k][which];
          dots[k](Number.isFinite(height) ? [[at, height]] : []);
        });
      });
      knob([at, loss[0]], `${symbol} = ${fixed(at, 1)}`);
      numbersShown.draw(here.map((pair) => pair.map(amount)));
      return here;
    },
  };
}

/** @param {...HTMLElement} elements the controls of one view */
const slot = (...elements) => html("div", { class: "slot" }, ...elements);

/** @param {import("../kit/figure.js").Figure} figure @returns {View} */
function numberView(figure) {
  const shown = curves(figure, {
    trait: "error",
    name: "error e",
    symbol: "e",
    rows: [
      ["step dashed", "squared, *e*²"],
      ["accent dotted", "absolute, |*e*|"],
      ["curve wide", "Huber's"],
    ],
    x: { domain: [-4, 4], label: "error *e*" },
    loss: [-1.6, 16],
    slope: [-8.5, 8.5],
    breaks: [0],
    values: (error, { delta }) => ofNumber(error, delta),
  });
  const delta = slider(figure, {
    label: "Huber's threshold *δ*",
    onMove: (value) => figure.set({ delta: value }),
  });
  const stops = even(0.1, 4, 40);
  return {
    elements: [shown.plots, shown.ledger, slot(delta.element)],
    draw(state) {
      const [[, squared], , [, huber]] = shown.draw(state);
      delta.draw(state.delta, fixed(state.delta, 1), stops, [{ value: 1, text: "1" }]);
      if (state.error === 0) {
        return ["No error.", "Every loss is 0. Absolute error has a kink here, and its slope is set to 0."];
      }
      const size = short(Math.abs(squared));
      if (Math.abs(state.error) <= state.delta) {
        return [
          "Within *δ*.",
          `Huber's pull is the error and fades with it. Absolute error pulls with 1, however near, and squared error with ${size}.`,
        ];
      }
      const times = short(Math.abs(squared / huber), 2);
      return [
        "Beyond *δ*.",
        `Huber's pull stays at *δ* = ${short(Math.abs(huber), 2)}, however far. Squared error pulls with ${size}, ${times} times as hard.`,
      ];
    },
  };
}

/** @param {import("../kit/figure.js").Figure} figure @returns {View} */
function labelView(figure) {
  const shown = curves(figure, {
    trait: "logit",
    name: "logit o",
    symbol: "o",
    rows: [
      ["curve wide", "cross-entropy"],
      ["step dashed", "squared error"],
      ["accent dotted", "miss, 0 or 1"],
    ],
    x: { domain: [-8, 8], label: "logit *o*" },
    loss: [-0.8, 8],
    slope: [-1.1, 1.1],
    breaks: [0],
    values: (logit, { label }) => ofLabel(logit, label),
  });
  const label = choice(figure, {
    label: "True answer",
    choices: { 1: "yes, *y* = 1", 0: "no, *y* = 0" },
    onChoose: (value) => figure.set({ label: Number(value) }),
  });
  return {
    elements: [shown.plots, shown.ledger, slot(named("True answer", label.element))],
    draw(state) {
      const [[, entropy], [, squared]] = shown.draw(state);
      label.draw(String(state.label));
      const margin = (state.label ? 1 : -1) * state.logit;
      const sure = Math.abs(margin) > 2;
      const word =
        margin === 0
          ? "Undecided."
          : margin < 0
            ? sure ? "Wrong and certain." : "Wrong."
            : sure ? "Right and certain." : "Right.";
      const times = short(entropy / squared, 2);
      return [
        word,
        `Margin ${fixed(margin, 1)}. Cross-entropy pulls with ${short(Math.abs(entropy))}, squared error with ${short(Math.abs(squared))}, ${times} times less. Counting misses does not pull.`,
      ];
    },
  };
}

/** Three rows, the first on top. */
const rowScale = (_, [floor, top]) => {
  const inner = linear([3.6, 0.4], [floor, top]);
  return { ...inner, ticks: () => [1, 2, 3] };
};
const ROWS = {
  domain: /** @type {[number, number]} */ ([3.6, 0.4]),
  label: "",
  scale: rowScale,
  format: (k) => `class ${k}`,
};

/** @param {import("../kit/figure.js").Figure} figure @returns {View} */
function classesView(figure) {
  const plotOf = (name, narrow) =>
    new Plot(figure, { name, left: 56, height: () => (figure.wide ? 270 : narrow) });
  const left = plotOf("The logits", 175);
  const right = plotOf("Probabilities, and these minus the target", 167);
  const zeros = [left, right].map((plot) => plot.line("data thin"));
  const bars = [1, 2, 3].map(() => left.line("data bar"));
  const likely = [1, 2, 3].map(() => right.line("curve bar"));
  const pulls = [1, 2, 3].map(() => right.line("step bar"));
  const truth = right.dots("ink hollow", 5);
  const knobs = [1, 2, 3].map((k) =>
    handle(left, {
      name: `logit of class ${k}`,
      look: "curve",
      limits: () => ({ low: [-8], high: [8], step: [0.1] }),
      onMove: ([value]) =>
        figure.set({
          logits: figure.state.logits.map((o, i) => (i === k - 1 ? value : o)),
        }),
    }),
  );
  const temperature = slider(figure, {
    label: "Temperature *T*",
    onMove: (value) => figure.set({ temperature: value }),
  });
  const target = choice(figure, {
    label: "True class",
    choices: { 1: "1", 2: "2", 3: "3" },
    onChoose: (value) => figure.set({ target: Number(value) }),
  });
  const shown = ledger(
    ["class 1", "class 2", "class 3"],
    [
      ["curve bar", "*p*"],
      ["dot ink hollow", "*y*"],
      ["step bar", "*p* − *y*"],
    ],
  );
  const stops = decades(-1, 1);
  return {
    elements: [
      html("div", { class: "plots halves" }, left.element, right.element),
      shown.element,
      slot(temperature.element, named("True class", target.element)),
    ],
    draw(state) {
      const { logits, temperature: t, target: y } = state;
      const { p, error, loss } = ofClasses(logits, t, y);
      left.setAxes({ domain: [-8.5, 8.5], label: "logit *o*" }, ROWS);
      right.setAxes({ domain: [-1.05, 1.05], label: "*p*, *y* and *p* − *y*" }, ROWS);
      for (const zero of zeros) zero([[0, 0.4], [0, 3.6]]);
      [1, 2, 3].forEach((k, i) => {
        bars[i]([[0, k], [logits[i], k]]);
        likely[i]([[0, k - 0.19], [p[i], k - 0.19]]);
        pulls[i]([[0, k + 0.19], [error[i], k + 0.19]]);
        knobs[i]([logits[i], k], `o${subscript(k)} = ${fixed(logits[i], 1)}`);
      });
      const targets = [1, 2, 3].map((k) => (k === y ? 1 : 0));
      truth(targets.map((v, i) => [v, i + 1 - 0.19]));
      temperature.draw(t, fixed(t, 2), stops, [{ value: 1, text: "1" }]);
      target.draw(String(y));
      shown.draw([p.map((v) => fixed(v, 4)), targets.map(String), error.map((v) => fixed(v, 4))]);
      const best = p.indexOf(Math.max(...p)) + 1;
      const effect =
        t === 1
          ? "The slopes are *p* − *y* and add up to 0."
          : `The slopes are *p* − *y* over *T*. *T* ${t < 1 ? "below 1 sharpens *p*" : "above 1 evens *p* out"}; the order stays.`;
      return [
        best === y ? "Right." : "Wrong.",
        `Class ${y} is true, with probability ${short(p[y - 1])} and cross-entropy ${short(loss)}. ${effect}`,
      ];
    },
  };
}

/** Powers of ten for the clip. */
const clips = {
  count: 8,
  value: (index) => Number(`1e${index - 9}`),
  index: (value) => Math.log10(value) + 9,
};

/** @param {import("../kit/figure.js").Figure} figure @returns {View} */
function float32View(figure) {
  const shown = curves(figure, {
    trait: "wrong",
    name: "logit o",
    symbol: "o",
    rows: [
      ["curve", "from *o*"],
      ["step dashed", "from *p*"],
      ["good dotted wide", "*p* clipped"],
    ],
    x: { domain: [0, 30], label: "logit *o* (true answer: no)" },
    loss: [-3, 30],
    slope: [-0.1, 1.15],
    breaks: [],
    values: (logit, { clip }) => inFloat32(logit, clip),
  });
  const infinite = shown.parts[0].plot.label("step");
  const clip = slider(figure, {
    label: "Clipped at 1 − *ε*, *ε* =",
    onMove: (value) => figure.set({ clip: value }),
  });
  return {
    elements: [shown.plots, shown.ledger, slot(clip.element)],
    draw(state) {
      const [, [rounded], [clipped, flat]] = shown.draw(state);
      infinite([17, 27], "∞", -10, 0, "end");
      clip.draw(state.clip, short(state.clip, 1), clips, [{ value: 1e-7, text: "Keras" }]);
      if (rounded === Infinity) {
        const rest =
          clipped === Infinity
            ? "The clip is lost as well: 1 − *ε* is 1 in float32."
            : `Clipped, the loss stays at ${short(clipped)} with slope 0.`;
        return ["Infinite.", `In float32 the probability is 1, and −log(1 − 1) is infinite. ${rest}`];
      }
      if (flat === 0) {
        return [
          "Flat.",
          `*p* is above 1 − *ε*: clipped, the loss stays at ${short(clipped)} with slope 0. From the logit the slope is 1.`,
        ];
      }
      const off = Math.abs(rounded - softplus(state.wrong));
      return off < 0.0005
        ? ["They agree.", "Wrong, but not so certain that rounding shows. Move *o* to the right."]
        : [
            "Rounding shows.",
            `1 − *p* has few digits left, and the loss from *p* is off by ${short(off, 2)}. From the logit it is exact.`,
          ];
    },
  };
}

/** @type {import("../kit/figure.js").Explorer} */
export default {
  name: "losses",
  address: {
    view: oneOf("number", "label", "classes", "float32"),
    error: number(-4, 4),
    delta: number(0.1, 4),
    logit: number(-8, 8),
    label: integer(0, 1),
    logits: numbers(3, -8, 8),
    temperature: number(0.1, 10),
    target: integer(1, 3),
    wrong: number(0, 30),
    clip: number(1e-9, 1e-2),
  },
  build(figure) {
    const views = {
      number: numberView(figure),
      label: labelView(figure),
      classes: classesView(figure),
      float32: float32View(figure),
    };
    const chooser = choice(figure, {
      label: "What is predicted",
      choices: { number: "Number", label: "Yes or no", classes: "Classes", float32: "float32" },
      onChoose: (view) => figure.set({ view }),
    });
    chooser.element.classList.add("tight");
    const stage = html("div", { class: "view" });
    const reset = button("reset", "Reset", () => figure.reset());
    const word = html("strong");
    const reason = html("span");
    figure.add(
      html("p", { class: "hint" }, "Choose a view and drag the round handles."),
      chooser.element,
      stage,
      html("p", { class: "verdict" }, word, " ", reason),
      html("div", { class: "film" }, reset.element),
    );
    let present = "";
    return (/** @type {State} */ state) => {
      const view = views[state.view];
      if (present !== state.view) {
        present = state.view;
        stage.replaceChildren(...view.elements);
        figure.measure();
      }
      chooser.draw(state.view);
      const [what, why] = view.draw(state);
      write(word, what);
      write(reason, why);
      figure.say(`${what} ${why}`);
    };
  },
};
