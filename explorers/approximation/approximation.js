// A network with one hidden layer imitates a curve on [0, 1], which the reader can
// redraw. `__init__.py` has the same functions in NumPy.
import { choice, film, legend, slider } from "../kit/controls.js";
import { html, write } from "../kit/dom.js";
import { integer, numbers, oneOf } from "../kit/fields.js";
import { fixed } from "../kit/format.js";
import { handle } from "../kit/handle.js";
import { apart, Plot } from "../kit/plot.js";
import { even, logarithmic } from "../kit/scales.js";

/**
 * @typedef {object} State the traits of `approximation.Approximation`
 * @property {"step" | "sigmoid" | "relu" | "square"} activation
 * @property {number} units
 * @property {"curve" | "corner" | "jump"} target
 * @property {number[]} bends
 */

export const LAST = 30;
const KNOTS = 7;
const spread = (count) => Float64Array.from({ length: count }, (_, i) => i / (count - 1));
const FINE = spread(4001);
const FIT = spread(401);
const RANGE = [-0.5, 1.5];

const TARGETS = {
  curve: (x) => Math.sin(2 * Math.PI * x) * Math.exp(-x) + x * x,
  corner: (x) => 1 - 1.5 * Math.abs(x - 0.4),
  jump: (x) => (x < 0.4 ? 0.2 : 0.8),
};
const ACTIVATIONS = {
  step: (o) => (o >= 0 ? 1 : 0),
  sigmoid: (o) => 1 / (1 + Math.exp(-o)),
  relu: (o) => Math.max(o, 0),
  square: (o) => o * o,
};
const NAMES = { step: "steps", sigmoid: "sigmoids", relu: "ReLUs", square: "squares" };

/** @param {State} state @returns {(x: number) => number} */
export function goalOf({ target, bends }) {
  return (x) => {
    const k = Math.min(Math.floor(x * (KNOTS - 1)), KNOTS - 2);
    const t = x * (KNOTS - 1) - k;
    const share = t * t * (3 - 2 * t);
    return TARGETS[target](x) + bends[k] * (1 - share) + bends[k + 1] * share;
  };
}

const dot = (a, b) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

/** Take from a column what lies along a direction of length 1; how much that was. */
const sweep = (column, direction) => {
  const along = dot(direction, column);
  for (let i = 0; i < column.length; i++) column[i] -= along * direction[i];
  return along;
};

/**
 * The columns of a layer, the bias first, made orthonormal: a QR decomposition by the
 * modified method of Gram and Schmidt, as sound for least squares as Householder's when
 * the target is swept like a column (Björck 1967). A column of which nothing is left is
 * a sum of those before it and is passed over (all squares but two). The target is not
 * in it, so each is made once.
 * @type {(activation: string, q: number) => {kept: number[], Q: Float64Array[],
 *   R: number[][]}} R by columns
 */
const decomposition = remembered((activation, q) => {
  const phi = ACTIVATIONS[activation];
  const [kept, Q, R] = [[], [], []];
  for (let j = 0; j <= q; j++) {
    const column = new Float64Array(FIT.length).fill(1);
    if (j) for (let i = 0; i < column.length; i++) column[i] = phi(2 * q * (FIT[i] - (j - 1) / q));
    const size = Math.sqrt(dot(column, column));
    const above = Q.map((direction) => sweep(column, direction));
    const rest = Math.sqrt(dot(column, column));
    if (rest < 1e-10 * size) continue;
    for (let i = 0; i < column.length; i++) column[i] /= rest;
    kept.push(j);
    Q.push(column);
    R.push([...above, rest]);
  }
  return { kept, Q, R };
});

/**
 * What the target asks of every network, kept until the target changes: its values on
 * both grids and, by activation and q, the network's output, error and weights.
 */
const taskOf = latest((target, ...bends) => {
  const goal = goalOf({ target, bends });
  const [fine, fit] = [FINE.map(goal), FIT.map(goal)];
  const network = remembered((activation, q) => {
    if (activation === "step") {
      const heights = Array.from({ length: q }, (_, j) => goal((j + 0.5) / q));
      const output = new Float64Array(FINE.length);
      for (let i = 0, j = 0; q && i < FINE.length; i++) {
        while (j + 1 < q && FINE[i] >= (j + 1) / q) j += 1;
        output[i] = heights[j];
      }
      const weights = heights.map((height, i) => height - (heights[i - 1] ?? 0));
      return { output, bias: 0, weights, ...largest(FINE, output, fine) };
    }
    const { kept, Q, R } = decomposition(activation, q);
    const left = fit.slice();
    const along = Q.map((direction) => sweep(left, direction));
    const output = fit.map((y, i) => y - left[i]);
    const v = new Array(q + 1).fill(0);
    for (let i = Q.length - 1; i >= 0; i--) {
      v[kept[i]] = along[i] / R[i][i];
      for (let k = 0; k < i; k++) along[k] -= v[kept[i]] * R[i][k];
    }
    return { output, bias: v[0], weights: v.slice(1), ...largest(FIT, output, fit) };
  });
  return { goal, fit, network };
});

/** Where two functions on a grid differ most. */
function largest(grid, output, goal) {
  let worst = 0;
  for (let i = 1; i < grid.length; i++) {
    if (Math.abs(output[i] - goal[i]) > Math.abs(output[worst] - goal[worst])) worst = i;
  }
  return {
    error: Math.abs(output[worst] - goal[worst]),
    where: grid[worst],
    ends: [goal[worst], output[worst]],
  };
}

/** @template F @param {F} make @returns {F} of two arguments, with a memory */
function remembered(make) {
  const known = new Map();
  return (...key) => {
    const name = key.join();
    if (!known.has(name)) known.set(name, make(...key));
    return known.get(name);
  };
}

/** @template F @param {F} make @returns {F} which remembers its last answer */
function latest(make) {
  let [name, answer] = ["", undefined];
  return (...key) => {
    if (name !== key.join()) [name, answer] = [key.join(), make(...key)];
    return answer;
  };
}

const task = ({ target, bends }) => taskOf(target, ...bends);

/**
 * The network of a state.
 * @param {State} state
 * @returns {{output: number[], weights: number[], bias: number, error: number,
 *   where: number}}
 */
export function network(state) {
  const found = task(state).network(state.activation, state.units);
  return { ...found, output: Array.from(found.output) };
}

/** @param {State} state @returns {number[]} the largest error with 0, 1, ... 30 units */
export function errors(state) {
  const { network: of } = task(state);
  return Array.from({ length: LAST + 1 }, (_, q) => of(state.activation, q).error);
}

/** What a unit times its weight looks like, with no more points than it needs. */
function shape(activation, q, j, weight) {
  const start = j / q;
  const at = {
    step: [0, start, start, 1],
    relu: [0, start, 1],
    sigmoid: Array.from({ length: 25 }, (_, i) => start + (i - 12) / (4 * q)),
    square: Array.from({ length: 41 }, (_, i) => i / 40),
  }[activation];
  const places = activation === "sigmoid" ? [0, ...at.filter((x) => x > 0 && x < 1), 1] : at;
  return places.map((x, i) => {
    const o = 2 * q * (x - start);
    const left = activation === "step" && i < 2;
    return [x, left ? 0 : weight * ACTIVATIONS[activation](o)];
  });
}

/** The network's line: with corners where steps have them. */
function outline(activation, q, output, weights) {
  if (activation !== "step") return Array.from(FIT, (x, i) => [x, output[i]]);
  const points = [[0, 0]];
  let height = 0;
  weights.forEach((weight, j) => {
    height += weight;
    points.push([j / q, height], [(j + 1) / q, height]);
  });
  return q ? points.slice(1) : [...points, [1, 0]];
}

/** @param {number} error @returns {string} */
const size = (error) => (error < 1e-9 ? "0" : fixed(error, error < 0.0995 ? 4 : 3));

/** @param {State} state @returns {string} what kind of function it is */
function remark({ activation, units, target }) {
  if (units === 0) return "Without units, the network is a constant.";
  if (activation === "step") {
    return "Flat pieces: right in their middle, off toward their ends, most where it is steep.";
  }
  if (activation === "square") {
    return units > 2 ? "One parabola; all squares but two weigh nothing." : "One parabola.";
  }
  if (target === "jump") {
    return "A continuous sum cannot jump: it is off by about half of the jump.";
  }
  if (activation === "sigmoid") {
    return "A wave of sigmoids, stretched by 2*q*; wider ones would give another.";
  }
  const pieces = units === 1 ? "One straight piece" : `${units} straight pieces`;
  return `${pieces}, off where the target bends between two units.`;
}

/** Decompose while nobody waits, so that no move of the slider has to; returns a stop. */
function prepare() {
  let q = 0;
  const timer = setInterval(() => {
    for (const kind of ["sigmoid", "relu", "square"]) decomposition(kind, q);
    if (++q > LAST) clearInterval(timer);
  }, 25);
  return () => clearInterval(timer);
}

const FLOOR = 1e-3;
const MARKS = [0, 10, 20, 30].map((value) => ({ value, text: String(value) }));
/** Ends of the axis of errors; the smallest one that holds them is taken. */
const LIMITS = [2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

/** @type {import("../kit/figure.js").Explorer} */
export default {
  name: "approximation",
  address: {
    activation: oneOf(...Object.keys(ACTIVATIONS)),
    units: integer(0, LAST),
    target: oneOf(...Object.keys(TARGETS)),
    bends: numbers(KNOTS, -1, 1),
  },
  build(figure) {
    const kind = choice(figure, {
      label: "Hidden units",
      choices: { step: "Steps", sigmoid: "Sigmoids", relu: "ReLUs", square: "Squares" },
      onChoose: (activation) => figure.set({ activation }),
    });
    const goals = choice(figure, {
      label: "Target",
      choices: { curve: "Curve", corner: "Corner", jump: "Jump" },
      onChoose: (target) => figure.set({ target, bends: Array(KNOTS).fill(0) }),
    });
    const main = new Plot(figure, {
      name: "The target and the network",
      height: () => (figure.wide ? 236 : 190),
    });
    const off = new Plot(figure, {
      name: "Network minus target",
      height: () => (figure.wide ? 128 : 118),
    });
    main.margin.bottom = 22; // the axis is named below
    const course = new Plot(figure, {
      name: "The largest error for each number of units",
      height: () => (figure.wide ? 364 : 160),
    });
    course.margin.right = 76; // the names of the lines
    const parts = main.lines("data thin faint");
    const aim = main.line("curve wide");
    const says = main.line("step wide");
    const gaps = [main, off].map((plot) => plot.line("accent widest"));
    const zero = off.line("data thin");
    const rest = off.line("step");
    const others = Object.keys(ACTIVATIONS);
    const trails = others.map(() => course.line("data"));
    const trail = course.line("step");
    const trailDots = course.dots("step", 2.5);
    const present = course.dots("accent", 4.5);
    const names = others.map(() => course.label("quiet"));
    const ownName = course.label("step");
    const knots = Array.from({ length: KNOTS }, (_, k) => k / (KNOTS - 1));
    const points = knots.map((x, k) =>
      handle(main, {
        name: `target at x = ${fixed(x, 2)}`,
        look: "curve",
        radius: 5,
        upright: true,
        limits: () => ({ low: [-0.4], high: [1.4], step: [0.02] }),
        onMove([y]) {
          const bends = [...figure.state.bends];
          bends[k] = Number((y - TARGETS[figure.state.target](x)).toFixed(5));
          figure.set({ bends });
        },
      }),
    );
    const count = slider(figure, {
      label: "Hidden units *q*",
      onMove: (units) => figure.set({ units }),
    });
    const player = film(figure, {
      trait: "units",
      last: () => LAST,
      words: { back: "Remove", step: "Add" },
    });
    const word = html("strong");
    const reason = html("span");
    figure.add(
      html("p", { class: "hint" }, "Add units. Drag the target by its points."),
      html("div", { class: "choices" }, kind.element, goals.element),
      html(
        "div",
        { class: "plots" },
        html("div", {}, main.element, off.element),
        course.element,
      ),
      legend([
        ["curve wide", "target"],
        ["step wide", "network"],
        ["data thin", "its units, each times its weight"],
        ["accent widest", "largest error"],
      ]),
      count.element,
      player.element,
      html("p", { class: "verdict" }, word, " ", reason),
    );
    const stops = even(0, LAST, LAST + 1);
    figure.endings.push(prepare());

    return (/** @type {State} */ state) => {
      const { activation, units } = state;
      const { goal, fit, network: of } = task(state);
      const { output, weights, error, where, ends } = of(activation, units);

      const values = activation === "step" ? output.filter((_, i) => i % 10 === 0) : output;
      const limit = LIMITS.findLast((value) => value >= error) ?? LIMITS[0];
      main.setAxes({ domain: [0, 1], label: "" }, { domain: RANGE, label: "*y*" });
      off.setAxes(
        { domain: [0, 1], label: "*x*" },
        { domain: [-limit, limit], label: "error", ticks: [-limit, 0, limit] },
      );
      parts(weights.map((weight, j) => shape(activation, units, j, weight)));
      aim(Array.from(FIT, (x, i) => [x, fit[i]]));
      says(outline(activation, units, output, weights));
      gaps[0](ends.map((y) => [where, y]));
      gaps[1]([0, ends[1] - ends[0]].map((y) => [where, y]));
      zero([0, 1].map((x) => [x, 0]));
      rest(Array.from(FIT, (x, i) => [x, values[i] - fit[i]]));
      knots.forEach((x, k) => {
        const y = goal(x);
        const shown = Math.min(RANGE[1], Math.max(RANGE[0], y));
        points[k]([x, shown], `f(${fixed(x, 2)}) = ${fixed(y, 2)}`);
      });

      course.setAxes(
        { domain: [0, LAST], label: "hidden units *q*" },
        { domain: [FLOOR, 2], label: "largest error", outward: true, scale: logarithmic },
      );
      const counts = Array.from({ length: units + 1 }, (_, q) => q);
      const trailOf = (which) => counts.map((q) => [q, Math.max(FLOOR, of(which, q).error)]);
      const lines = others.map(trailOf);
      const own = others.indexOf(activation);
      lines.forEach((line, i) => trails[i](i === own ? [] : line));
      trail(lines[own]);
      trailDots(lines[own]);
      present(lines[own].slice(-1));
      const heights = apart(
        lines.map((line) => course.y.at(line[units][1])),
        13,
        [course.margin.top, course.height - course.margin.bottom],
      );
      lines.forEach((line, i) => {
        const name = NAMES[others[i]];
        const shift = heights[i] - course.y.at(line[units][1]) + 4;
        names[i](line[units], i === own ? "" : name, 8, shift, "start");
        if (i === own) ownName(line[units], name, 8, shift, "start");
      });

      kind.draw(activation);
      goals.draw(state.target);
      count.draw(units, String(units), stops, MARKS);
      player.draw();
      const what = `Largest error ${size(error)}`;
      const name = units === 1 ? NAMES[activation].slice(0, -1) : NAMES[activation];
      word.textContent = what;
      write(reason, `at *x* = ${fixed(where, 2)}. ${remark(state)}`);
      figure.say(`${units} ${name}: largest error ${size(error)} at x = ${fixed(where, 2)}.`);
    };
  },
};
