// Forward and backward on a computational graph, one node at a time. `__init__.py` has the
// same functions in Python.
import { choice, film, legend, slider } from "../kit/controls.js";
import { assign, html, plain, rich, svg, write } from "../kit/dom.js";
import { integer, numbers, oneOf } from "../kit/fields.js";
import { fixed, scientific, subscript } from "../kit/format.js";
import { even } from "../kit/scales.js";

/**
 * @typedef {object} State the traits of `graph.Graph`
 * @property {"exponential" | "network"} example
 * @property {number[]} exponential w, x, b
 * @property {number[]} network x1, x2, y
 * @property {number} step
 */

/**
 * @typedef {object} Node
 * @property {string} name a letter and, if need be, an index: "w1"
 * @property {string} kind
 * @property {string[]} inputs names
 * @property {Object<string, number>} [weights] by name; the bias last, without an input
 */

/** @param {string} name @param {string} kind @param {...string} inputs @returns {Node} */
const node = (name, kind, ...inputs) => ({ name, kind, inputs });

/** @type {Object<string, Node[]>} each node stands after its inputs */
const GRAPHS = {
  exponential: [
    node("w", "weight"),
    node("x", "input"),
    node("b", "bias"),
    node("z", "product", "w", "x"),
    node("o", "sum", "z", "b"),
    node("y", "exp", "o"),
  ],
  network: [
    node("x1", "input"),
    node("x2", "input"),
    node("y", "target"),
    { ...node("o1", "affine", "x1", "x2"), weights: { w11: 1, w12: 0.5, b1: 1 } },
    { ...node("o2", "affine", "x1", "x2"), weights: { w21: -2, w22: 0.5, b2: 0 } },
    node("a1", "relu", "o1"),
    node("a2", "relu", "o2"),
    { ...node("s", "affine", "a1", "a2"), weights: { v1: 2, v2: 3, c: -1 } },
    node("L", "error", "s", "y"),
  ],
};

/** @param {string} text @returns {string} without parentheses around the whole of it */
const bare = (text) => text.replace(/^\(([^()]*)\)$/, "$1");

/**
 * What each kind of node computes, with its slopes; then the same in symbols and numbers
 * (f: the node itself; u, v: its inputs; p, q, b: its weights), where `sign` is what
 * stands on the node.
 */
const RULES = {
  product: {
    value: (u, v) => u * v,
    slopes: (u, v) => [v, u],
    sign: "×",
    look: "curve",
    formula: (u, v) => `${u} · ${v}`,
    slopesOf: (f, u, v) => [v, u],
  },
  sum: {
    value: (u, v) => u + v,
    slopes: () => [1, 1],
    sign: "+",
    look: "curve",
    formula: (u, v) => `${u} + ${v}`,
    slopesOf: () => ["1", "1"],
  },
  exp: {
    value: Math.exp,
    slopes: (u) => [Math.exp(u)],
    sign: "exp",
    look: "curve",
    formula: (u) => `exp(${bare(u)})`,
    slopesOf: (f) => [f],
  },
  affine: {
    value: (u, v, p, q, b) => p * u + q * v + b,
    slopes: (u, v, p, q) => [p, q],
    sign: "affine",
    look: "curve",
    formula: (u, v, p, q, b) =>
      `${p} · ${u} + ${q} · ${v}${b === "0" ? "" : ` + ${b}`}`.replace("+ −", "− "),
    slopesOf: (f, u, v, p, q) => [p, q],
  },
  relu: {
    value: (u) => Math.max(u, 0),
    slopes: (u) => [u > 0 ? 1 : 0],
    sign: "ReLU",
    look: "curve",
    formula: (u) => `max(${bare(u)}, 0)`,
    slopesOf: (f, u) => [`*φ*′(${u})`],
  },
  error: {
    value: (u, v) => (u - v) ** 2,
    slopes: (u, v) => [2 * (u - v), 2 * (v - u)],
    sign: "(*s* − *y*)²",
    look: "good",
    formula: (u, v) => `(${bare(u)} − ${v})²`,
    slopesOf: (f, u, v) => [`2(${u} − ${v})`, `2(${v} − ${u})`],
  },
};
const INPUT_LOOKS = { weight: "step", bias: "step", input: "data", target: "data" };

/** @typedef {{from: string, to: string, slope: number, contribution: number}} Arrow */

/**
 * Reverse mode: values on the way forward, with the slopes; adjoints on the way back.
 * @param {State} state
 * @returns {{values: Object<string, number>, adjoints: Object<string, number>,
 *   arrows: Arrow[], gradients: Object<string, number[]>}}
 */
export function run(state) {
  const nodes = GRAPHS[state.example];
  const given = [...state[state.example]];
  const values = {};
  const adjoints = {};
  /** @type {Arrow[]} */
  const arrows = [];
  /** @type {Object<string, number[]>} of the weights of a node */
  const gradients = {};
  for (const { name, kind, inputs, weights = {} } of nodes) {
    adjoints[name] = 0;
    if (!inputs.length) {
      values[name] = given.shift();
      continue;
    }
    const args = [...inputs.map((u) => values[u]), ...Object.values(weights)];
    values[name] = RULES[kind].value(...args);
    RULES[kind].slopes(...args).forEach((slope, i) => {
      arrows.push({ from: inputs[i], to: name, slope, contribution: 0 });
    });
  }
  adjoints[nodes.at(-1).name] = 1;
  for (const { name, inputs, weights } of [...nodes].reverse()) {
    if (weights) {
      gradients[name] = [...inputs.map((u) => values[u]), 1].map((u) => adjoints[name] * u);
    }
    for (const arrow of arrows.filter(({ to }) => to === name)) {
      arrow.contribution = adjoints[name] * arrow.slope;
      adjoints[arrow.from] += arrow.contribution;
    }
  }
  return { values, adjoints, arrows, gradients };
}

/**
 * Whose turn it is at each step: first the values of what is computed, then all adjoints.
 * @param {State["example"]} example
 * @returns {{forward: Node[], backward: Node[]}}
 */
function turns(example) {
  const nodes = GRAPHS[example];
  return {
    forward: nodes.filter(({ inputs }) => inputs.length),
    backward: [...nodes].reverse(),
  };
}

// In words -------------------------------------------------------------------------

/** @param {string} name @returns {string} "*w*₁" for "w1" */
const symbol = (name) => `*${name[0]}*${name[1] ? subscript(Number(name.slice(1))) : ""}`;
const barred = (name) => symbol(name).replace("*", "*¯");

/** @param {number} value @returns {string} short enough for a card */
function number(value) {
  const size = Math.abs(value);
  if (size >= 1e5) return scientific(value, 2).replace(" · ", "·");
  if (size > 0 && size < 0.0005) return scientific(value, 1).replace(" · ", "·");
  const text = fixed(value, size < 0.005 ? 3 : size < 1000 ? 2 : 0);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** @param {State} state @returns {[string, string]} where we are, and what is computed */
function explain(state) {
  const { values, adjoints, arrows, gradients } = run(state);
  const { forward, backward } = turns(state.example);
  const factor = (value) => {
    const text = number(value);
    return text.startsWith("−") || text.includes("·") ? `(${text})` : text;
  };
  const t = state.step;
  if (t === 0) {
    return ["The inputs are given.", "Each step gives one node its value, and its arrows their slopes."];
  }
  if (t <= forward.length) {
    const { name, kind, inputs, weights = {} } = forward[t - 1];
    const rule = RULES[kind];
    const fixedNumbers = Object.values(weights).map(number);
    const names = [...inputs.map(symbol), ...fixedNumbers];
    const numbersIn = [...inputs.map((u) => factor(values[u])), ...fixedNumbers];
    if (kind === "sum") numbersIn[0] = number(values[inputs[0]]);
    const result = `${symbol(name)} = ${rule.formula(...names)} = ${rule.formula(...numbersIn)} = ${number(values[name])}.`;
    const symbols = rule.slopesOf(symbol(name), ...names);
    const slopes = arrows
      .filter(({ to }) => to === name)
      .map(({ from, slope }, i) => {
        const way = symbols[i] === number(slope) ? "" : `${symbols[i]} = `;
        return `by ${symbol(from)}: ${way}${number(slope)}`;
      });
    return [`Forward, ${t} of ${forward.length}.`, `${result} Slope ${slopes.join("; ")}.`];
  }
  const at = t - forward.length;
  const { name, inputs: from, weights } = backward[at - 1];
  const where = `Backward, ${at} of ${backward.length}.`;
  const leaving = arrows.filter(({ from }) => from === name);
  if (!leaving.length) {
    return [where, `${barred(name)} = 1: the result changes as much as itself.`];
  }
  const products = leaving.map(({ to }) => {
    const { kind, inputs, weights = {} } = forward.find((one) => one.name === to);
    const texts = [...inputs.map(symbol), ...Object.keys(weights).map(symbol)];
    const slope = RULES[kind].slopesOf(symbol(to), ...texts)[inputs.indexOf(name)];
    return `${barred(to)} · ${slope}`;
  });
  const inNumbers = leaving.map(({ to, slope }, i) => {
    const first = i ? factor(adjoints[to]) : factor(adjoints[to]).replace(/^\((−[^·]*)\)$/, "$1");
    return `${first} · ${factor(slope)}`;
  });
  const sum = `${barred(name)} = ${products.join(" + ")} = ${inNumbers.join(" + ")} = ${number(adjoints[name])}.`;
  const reason =
    leaving.length > 1
      ? ` ${symbol(name)} feeds ${symbol(leaving[0].to)} and ${symbol(leaving[1].to)}: two contributions, one sum.`
      : "";
  const learned = Object.keys(weights ?? {}).map((weight, i) => {
    const way = i < from.length ? `${barred(name)} · ${symbol(from[i])}` : barred(name);
    return `${barred(weight)} = ${way} = ${number(gradients[name][i])}`;
  });
  return [where, sum + reason + (learned.length ? ` So ${learned.join(", ")}.` : "")];
}

// Where things stand ---------------------------------------------------------------

/**
 * Middles of the cards in columns and rows, in a wide and in a narrow column, and where
 * the number of an arrow stands to its left, seen along it. Arrows that cross have
 * theirs near where they begin.
 */
const PLACES = {
  exponential: {
    wide: {
      columns: 4,
      rows: 5,
      at: { w: [0, 0.9], x: [0, 3.1], z: [1, 2], b: [1, 4], o: [2, 2], y: [3, 2] },
      left: "w z, z o, o y",
    },
    narrow: {
      columns: 3,
      rows: 6,
      at: { w: [0, 0.6], x: [2, 0.6], z: [1, 1.85], b: [2, 1.85], o: [1, 3.1], y: [1, 4.4] },
      left: "x z, z o, o y",
    },
  },
  network: {
    wide: {
      columns: 5,
      rows: 5,
      at: {
        x1: [0, 0.7],
        x2: [0, 3.3],
        o1: [1.2, 0.7],
        o2: [1.2, 3.3],
        a1: [2.2, 0.7],
        a2: [2.2, 3.3],
        s: [3.1, 2],
        y: [4, 0.7],
        L: [4, 2],
      },
      left: "x1 o1, o1 a1, a1 s, s L, x2 o1",
      crossing: "x1 o2, x2 o1",
    },
    narrow: {
      columns: 5,
      rows: 6,
      at: {
        x1: [0.7, 0],
        x2: [3.3, 0],
        o1: [0.7, 1.4],
        o2: [3.3, 1.4],
        a1: [0.7, 2.6],
        a2: [3.3, 2.6],
        s: [2, 3.8],
        y: [4, 5],
        L: [2, 5],
      },
      left: "x2 o2, o2 a2, a2 s, x2 o1",
      crossing: "x1 o2, x2 o1",
    },
  },
};

/** @param {boolean} wide */
const sizes = (wide) => (wide ? { card: [72, 54], height: 340 } : { card: [60, 50], height: 470 });

/**
 * The graph: arrows in an SVG, and on it cards of HTML, one a node.
 * @param {import("../kit/figure.js").Figure} figure
 */
function stage(figure) {
  const drawing = svg("svg", { "aria-hidden": "true" });
  const cards = html("ul", { class: "cards", "aria-label": "The nodes" });
  const words = html("div", { "aria-hidden": "true" });
  const element = html("div", { class: "graph" }, drawing, words, cards);
  let width = 0;
  let shown = "";
  let parts;
  figure.plots.push({
    measure() {
      width = element.clientWidth;
      assign(drawing, { width, height: sizes(figure.wide).height });
    },
  });

  /** Make the elements of an example; they change only in text and look. */
  function make(example) {
    const { arrows } = run({ ...figure.state, example });
    parts = {
      cards: Object.fromEntries(
        GRAPHS[example].map(({ name, kind }) => {
          const lines = ["sign", "number", "number adjoint"].map((look) =>
            html("span", { class: look, "aria-hidden": "true" }),
          );
          const said = html("span", { class: "unseen" });
          const look = RULES[kind]?.look ?? INPUT_LOOKS[kind];
          return [name, { lines, said, element: html("li", { class: look }, ...lines, said) }];
        }),
      ),
      arrows: arrows.map(() => ({
        line: svg("path", { class: "line" }),
        head: svg("path", { class: "head" }),
        word: html("span"),
      })),
    };
    drawing.replaceChildren(...parts.arrows.flatMap(({ line, head }) => [line, head]));
    words.replaceChildren(...parts.arrows.map(({ word }) => word));
    cards.replaceChildren(...Object.values(parts.cards).map((card) => card.element));
  }

  function draw(/** @type {State} */ state) {
    if (state.example !== shown) make(state.example);
    shown = state.example;
    const { values, adjoints, arrows } = run(state);
    const { forward, backward } = turns(state.example);
    const { columns, rows, at, left, crossing = "" } = PLACES[state.example][figure.wide ? "wide" : "narrow"];
    const { card, height } = sizes(figure.wide);
    // Columns and rows fill the stage; cards at the edges touch it.
    const spread = (i, count, size, whole) => size / 2 + 1 + (i * (whole - size - 2)) / (count - 1);
    const middle = (name) => [
      spread(at[name][0], columns, card[0], width),
      spread(at[name][1], rows, card[1], height),
    ];
    const before = forward.length;
    const now = state.step === 0 ? undefined : [...forward, ...backward][state.step - 1].name;
    const goesBack = state.step > before;
    const valued = new Set([
      ...GRAPHS[state.example].filter(({ inputs }) => !inputs.length).map(({ name }) => name),
      ...forward.slice(0, state.step).map(({ name }) => name),
    ]);
    const done = new Set(backward.slice(0, Math.max(0, state.step - before)).map(({ name }) => name));

    for (const { name, kind, inputs, weights } of GRAPHS[state.example]) {
      const { lines, said, element: box } = parts.cards[name];
      const [x, y] = middle(name);
      box.style.transform = `translate(${(x - card[0] / 2).toFixed(1)}px, ${(y - card[1] / 2).toFixed(1)}px)`;
      box.classList.toggle("now", name === now);
      const pair = (mark, value) => `${mark}\u2002${number(value)}`;
      write(lines[0], RULES[kind]?.sign ?? kind);
      write(lines[1], valued.has(name) ? pair(symbol(name), values[name]) : symbol(name));
      write(lines[2], done.has(name) ? pair(barred(name), adjoints[name]) : "");
      const texts = [...inputs.map(symbol), ...Object.values(weights ?? {}).map(number)];
      const what = inputs.length ? plain(RULES[kind].formula(...texts)) : kind;
      const value = valued.has(name) ? `, value ${number(values[name])}` : "";
      const adjoint = done.has(name) ? `, adjoint ${number(adjoints[name])}` : "";
      write(said, plain(`${symbol(name)}: ${what}${value}${adjoint}.`));
    }
    arrows.forEach(({ from, to, slope, contribution }, i) => {
      const { line, head, word } = parts.arrows[i];
      const passed = done.has(from);
      const current = goesBack ? from === now : to === now;
      const ends = [leave(middle(from), middle(to), card), leave(middle(to), middle(from), card)];
      const [[x, y], [endX, endY]] = passed ? [...ends].reverse() : ends;
      const length = Math.hypot(endX - x, endY - y);
      const [dx, dy] = [(endX - x) / length, (endY - y) / length];
      const tip = (along, aside) =>
        `${(endX - along * dx - aside * dy).toFixed(1)},${(endY - along * dy + aside * dx).toFixed(1)}`;
      const look = passed ? "accent" : "axis-line";
      assign(line, {
        class: `line ${look}${passed ? " dashed" : ""}${current ? " wide" : ""}`,
        d: `M${x.toFixed(1)},${y.toFixed(1)}L${tip(5, 0)}`,
      });
      assign(head, { class: `head ${look}`, d: `M${tip(0, 0)}L${tip(8, 3.5)}L${tip(8, -3.5)}z` });
      // The number stands beside the line, as near as its own size lets it.
      word.className = passed ? "accent" : "step";
      write(word, passed ? number(contribution) : valued.has(to) ? number(slope) : "");
      const text = plain(word.textContent);
      const side = left.split(", ").includes(`${from} ${to}`) ? 1 : -1;
      const turn = passed ? -side : side;
      const normal = [dy * turn, -dx * turn];
      const away = 3 + Math.abs(normal[0]) * (text.length * 3.6) + Math.abs(normal[1]) * 7;
      const early = crossing.split(", ").includes(`${from} ${to}`) ? 0.27 : 0.5;
      const part = passed ? 1 - early : early;
      word.style.left = `${(x + part * (endX - x) + normal[0] * away).toFixed(1)}px`;
      word.style.top = `${(y + part * (endY - y) + normal[1] * away).toFixed(1)}px`;
    });
    element.style.height = `${height}px`;
    element.classList.toggle("small", !figure.wide);
  }
  return { element, draw };
}

/** Where the line between the middles of two cards leaves the first. */
function leave([x, y], [toX, toY], [width, height]) {
  const [dx, dy] = [toX - x, toY - y];
  const part = Math.min(width / 2 / Math.abs(dx), height / 2 / Math.abs(dy));
  return [x + part * dx, y + part * dy];
}

/** What the sliders take, in the order of the inputs. */
const STOPS = {
  exponential: [even(-4, 4, 81), even(-4, 4, 81), even(-5, 5, 101)],
  network: [even(-4, 4, 81), even(-4, 4, 81), even(-10, 10, 81)],
};

/** @type {import("../kit/figure.js").Explorer} */
export default {
  name: "graph",
  address: {
    example: oneOf("exponential", "network"),
    exponential: numbers(3, -10, 10),
    network: numbers(3, -10, 10),
    step: integer(0, 20),
  },
  build(figure) {
    const last = () => {
      const { forward, backward } = turns(figure.state.example);
      return forward.length + backward.length;
    };
    const player = film(figure, { trait: "step", last, pause: 1600 });
    const chooser = choice(figure, {
      label: "Graph",
      choices: { exponential: "*y* = exp(*wx* + *b*)", network: "A small network" },
      onChoose(example) {
        player.stop();
        figure.set({ example, step: 0 });
      },
    });
    const graph = stage(figure);
    const sliders = Object.fromEntries(
      Object.entries(GRAPHS).map(([example, nodes]) => [
        example,
        nodes
          .filter(({ inputs }) => !inputs.length)
          .map(({ name, kind }, i) =>
            slider(figure, {
              label: `${kind} ${symbol(name)}`,
              onMove: (value) => {
              const values = [...figure.state[example]];
              values[i] = value;
              figure.set({ [example]: values });
            },
            }),
          ),
      ]),
    );
    const inputs = html("div", { class: "inputs" });
    const where = html("strong");
    const what = html("span");
    const seen = html("p", { class: "verdict", "aria-hidden": "true" }, where, " ", what);
    const read = html("p", { class: "unseen" });
    figure.add(
      chooser.element,
      graph.element,
      player.element,
      seen,
      read,
      inputs,
      legend([
        ["axis-line", "forward, with slopes"],
        ["accent dashed", "back, with contributions to adjoints"],
      ]),
    );
    let shown = "";

    return (/** @type {State} */ state) => {
      // Another graph has fewer steps than an address or a kernel may ask for.
      const present = { ...state, step: Math.min(state.step, last()) };
      graph.draw(present);
      chooser.draw(state.example);
      player.draw();
      if (shown !== state.example) {
        inputs.replaceChildren(...sliders[state.example].map(({ element }) => element));
        shown = state.example;
      }
      sliders[state.example].forEach((control, i) => {
        const value = state[state.example][i];
        control.draw(value, number(value), STOPS[state.example][i]);
      });
      const [head, text] = explain(present);
      where.textContent = head;
      write(what, text);
      write(read, plain(`${head} ${text}`));
      figure.say(`${head} ${text}`);
    };
  },
};
