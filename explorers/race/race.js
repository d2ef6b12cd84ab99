// Optimizers race from one start, on landscapes of two parameters; on twenty points,
// gradient descent races SGD epoch by epoch. `__init__.py` has the same functions in NumPy.
import { levelLines } from "../kit/contours.js";
import { button, choice, film, ledger, sample, slider } from "../kit/controls.js";
import { freshId, html, write } from "../kit/dom.js";
import { integer, numbers, oneOf, some } from "../kit/fields.js";
import { fixed, scientific, short } from "../kit/format.js";
import { handle } from "../kit/handle.js";
import { apart, Plot } from "../kit/plot.js";
import { decades, listed, logarithmic } from "../kit/scales.js";

/** @typedef {[number, number]} Pair */

/**
 * @typedef {object} State the traits of `race.Race`
 * @property {"ravine" | "rosenbrock" | "saddle" | "wells" | "points"} landscape
 * @property {Pair} start
 * @property {number} steps epochs, on the points
 * @property {string[]} shown
 * @property {string} method whose settings are shown
 * @property {number[]} gd
 * @property {number[]} momentum
 * @property {number[]} nesterov
 * @property {number[]} adagrad
 * @property {number[]} rmsprop
 * @property {number[]} adam
 * @property {number} batch
 * @property {"mean" | "sum"} reduction
 * @property {number} seed
 * @property {{scenes: Object<string, object>, points: {x: number[], y: number[],
 *   best: Pair, least: number, orders: string[]}}} settings
 */

export const LAST = 150;
const FAR = 1000;
const NEAR = 0.01;
const LOST = 1e6;
const EPOCHS = 10;
const POINTS = 20;
const DECAY = 0.005;

/** The next value of one parameter, from its slope g, its own memory and the settings. */
const RULES = {
  gd: (theta, g, memory, [rate]) => theta - rate * g,
  momentum(theta, g, memory, [rate, mu]) {
    memory.v = mu * (memory.v ?? 0) - rate * g;
    return theta + memory.v;
  },
  nesterov(theta, g, memory, [rate, mu]) {
    memory.v = mu * (memory.v ?? 0) - rate * g;
    return theta + mu * memory.v - rate * g;
  },
  adagrad(theta, g, memory, [rate]) {
    memory.s = (memory.s ?? 0) + g * g;
    return theta - (rate * g) / (Math.sqrt(memory.s) + 1e-10);
  },
  rmsprop(theta, g, memory, [rate, beta]) {
    memory.s = beta * (memory.s ?? 0) + (1 - beta) * g * g;
    return theta - (rate * g) / (Math.sqrt(memory.s) + 1e-8);
  },
  adam(theta, g, memory, [rate, beta1, beta2]) {
    memory.m = beta1 * (memory.m ?? 0) + (1 - beta1) * g;
    memory.s = beta2 * (memory.s ?? 0) + (1 - beta2) * g * g;
    memory.p1 = (memory.p1 ?? 1) * beta1;
    memory.p2 = (memory.p2 ?? 1) * beta2;
    const m = memory.m / (1 - memory.p1);
    return theta - (rate * m) / (Math.sqrt(memory.s / (1 - memory.p2)) + 1e-8);
  },
};
const METHODS = Object.keys(RULES);
const NAMES = {
  gd: "GD",
  sgd: "SGD",
  momentum: "momentum",
  nesterov: "Nesterov",
  adagrad: "AdaGrad",
  rmsprop: "RMSProp",
  adam: "Adam",
};
/** @type {Object<string, [string, import("../kit/marks.js").Shape]>} line and mark */
const LOOKS = {
  gd: ["step", "circle"],
  sgd: ["ink", "triangle"],
  momentum: ["curve", "down"],
  nesterov: ["curve dashed", "diamond"],
  adagrad: ["good dashed", "plus"],
  rmsprop: ["good", "right"],
  adam: ["accent", "star"],
};

/** A bowl with curvatures 1 and 100, turned by 30 degrees. */
const [P, Q, R] = [25.75, -24.75 * Math.sqrt(3), 75.25];

/** Losses, their gradients, and how they are shown. */
export const LANDSCAPES = {
  ravine: {
    loss: ([a, b]) => 0.5 * (P * a * a + 2 * Q * a * b + R * b * b),
    gradient: ([a, b]) => [P * a + Q * b, Q * a + R * b],
    least: 0,
    x: [-10, 5],
    y: [-9, 6],
    step: 0.1,
    levels: [0.5, 5, 25, 80, 200, 500],
    heights: [1e-4, 1e3],
    best: [[0, 0]],
  },
  rosenbrock: {
    loss: ([a, b]) => (1 - a) * (1 - a) + 100 * (b - a * a) * (b - a * a),
    gradient([a, b]) {
      const bend = 200 * (b - a * a);
      return [-2 * (1 - a) - 2 * a * bend, bend];
    },
    least: 0,
    x: [-1.7, 1.7],
    y: [-0.9, 2.5],
    step: 0.05,
    levels: [0.5, 4, 20, 80, 250],
    heights: [1e-4, 1e3],
    best: [[1, 1]],
  },
  saddle: {
    loss: ([a, b]) => (a * b - 1) * (a * b - 1),
    gradient: ([a, b]) => [2 * (a * b - 1) * b, 2 * (a * b - 1) * a],
    least: 0,
    x: [-2, 2],
    y: [-2, 2],
    step: 0.05,
    levels: [0.05, 0.4, 1, 3, 8],
    heights: [1e-4, 1e2],
    best: [],
  },
  wells: {
    loss: ([a, b]) => (a * a - 1) * (a * a - 1) + 0.3 * a + 0.5 * b * b,
    gradient: ([a, b]) => [4 * a * (a * a - 1) + 0.3, b],
    least: -0.30542848374391596,
    x: [-2.2, 2.2],
    y: [-2.2, 2.2],
    step: 0.05,
    levels: [-0.2, 0.1, 0.4, 0.8, 1.3, 2, 4, 8, 14],
    heights: [1e-4, 1e2],
    best: [[-1.0355787140888542, 0]],
  },
};

const softplus = (o) => Math.max(o, 0) + Math.log1p(Math.exp(-Math.abs(o)));

/** The twenty points as a landscape; the gradient is that of a batch. */
function landscapeOfPoints({ x, y, best, least }) {
  const sum = ([a, b], i) => a * x[2 * i] + b * x[2 * i + 1];
  const all = y.map((_, i) => i);
  return {
    loss([a, b]) {
      const entropy = all.reduce((total, i) => {
        const o = sum([a, b], i);
        return total + softplus(o) - y[i] * o;
      }, 0);
      return entropy / POINTS + (DECAY / 2) * (a * a + b * b);
    },
    gradient([a, b], batch = all) {
      let [u, v] = [0, 0];
      for (const i of batch) {
        const error = 1 / (1 + Math.exp(-sum([a, b], i))) - y[i];
        u += error * x[2 * i];
        v += error * x[2 * i + 1];
      }
      return [u / batch.length + DECAY * a, v / batch.length + DECAY * b];
    },
    least,
    x: [0, 6],
    y: [-4, 2],
    step: 0.1,
    levels: [0.17, 0.2, 0.3, 0.5, 0.8, 1.2, 1.8, 2.5],
    heights: [1e-5, 10],
    best: [best],
  };
}

const of = once((settings) => ({
  ...LANDSCAPES,
  points: landscapeOfPoints(settings.points),
}));

/** @template F @param {F} make @returns {F} of one object, made once for each */
function once(make) {
  const known = new WeakMap();
  return (key) => {
    if (!known.has(key)) known.set(key, make(key));
    return known.get(key);
  };
}

/** @param {State} state @returns {string[]} who runs */
export const racers = ({ landscape, shown }) =>
  landscape === "points" ? ["gd", "sgd"] : METHODS.filter((name) => shown.includes(name));

/** Minibatch descent over ten epochs; a batch of all is gradient descent. */
function epochs({ start, gd, reduction, seed, settings }, batch) {
  const { gradient } = of(settings).points;
  const rate = gd[0] * (reduction === "sum" ? batch / POINTS : 1);
  const order = Array.from(settings.points.orders[seed], (letter) => letter.charCodeAt() - 97);
  const path = [[...start]];
  for (let i = 0; i < order.length; i += batch) {
    const theta = path.at(-1);
    const g = gradient(theta, order.slice(i, i + batch));
    path.push(theta.map((value, j) => value - rate * g[j]));
  }
  return path;
}

const inReach = ([a, b]) => Math.max(Math.abs(a), Math.abs(b)) < LOST;

/** A rule's iterates, fewer where they run away. */
function walk(rule, { gradient }, start, settings) {
  const memories = [{}, {}];
  const path = [[...start]];
  while (path.length <= FAR && inReach(path.at(-1))) {
    const theta = path.at(-1);
    const g = gradient(theta);
    path.push(theta.map((value, j) => rule(value, g[j], memories[j], settings)));
  }
  return path;
}

/**
 * A method's iterates and what becomes of them within 1 000 steps: it "arrives", and
 * from which step on its loss stays near the least; it is "lost"; it "rests" elsewhere,
 * without slope; or it is "late".
 * @param {State} state
 * @param {string} name
 * @returns {{path: Pair[], kind: "arrives" | "lost" | "rests" | "late", step?: number}}
 */
export function course(state, name) {
  const land = of(state.settings)[state.landscape];
  const path =
    state.landscape === "points"
      ? epochs(state, name === "gd" ? POINTS : state.batch)
      : walk(RULES[name], land, state.start, state[name]);
  const end = path.at(-1);
  if (!inReach(end)) return { path, kind: "lost" };
  const near = (theta) => land.loss(theta) - land.least < NEAR;
  const step = path.findLastIndex((theta) => !near(theta)) + 1;
  if (step < path.length) return { path, kind: "arrives", step };
  const rests = Math.max(...land.gradient(end).map(Math.abs)) < 1e-6;
  return { path, kind: rests ? "rests" : "late" };
}

/** The rate up to which a method converges on the ravine, none for those that scale. */
export function limit(name, [, mu]) {
  if (name === "gd") return 2 / 100;
  if (name === "momentum") return (2 * (1 + mu)) / 100;
  return name === "nesterov" ? (2 * (1 + mu)) / (1 + 2 * mu) / 100 : undefined;
}

// In words -----------------------------------------------------------------------------

/** @param {string[]} names @returns {string} "GD, SGD and Adam" */
const list = (names) => names.join(", ").replace(/, ([^,]*)$/, " and $1");
/** @param {string[]} names @param {string} one @param {string} many the verb */
const clause = (names, one, many) =>
  `${list(names.map((name) => NAMES[name]))} ${names.length > 1 ? many : one}`;
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

/**
 * @param {Object<string, ReturnType<typeof course>>} runs
 * @param {Object<string, number>} losses at the step that is shown
 * @param {number} t
 * @returns {[string, string]} what has happened, and more about it
 */
function verdict(runs, losses, t) {
  const names = Object.keys(runs);
  if (!names.length) return ["Nobody runs.", "Tick a method."];
  const of = (kind) => names.filter((name) => runs[name].kind === kind);
  const there = of("arrives").sort((a, b) => runs[a].step - runs[b].step);
  const lost = of("lost").filter((name) => t === LAST || t >= runs[name].path.length - 1);
  const parts = [];
  if (t < LAST) {
    const arrived = there.filter((name) => runs[name].step <= t);
    const first = names.reduce((a, b) => (losses[b] < losses[a] ? b : a));
    parts.push(t ? `${NAMES[first]} is lowest, at ${short(losses[first], 2)}` : "All are at the start");
    if (arrived.length) parts.push(clause(arrived, "has arrived", "have arrived"));
    if (lost.length) parts.push(clause(lost, "diverges", "diverge"));
    return [`Step ${t}.`, parts.map(sentence).join(" ")];
  }
  const first = runs[there[0]]?.step;
  const winners = there.filter((name) => runs[name].step === first);
  if (there.length) {
    const later = there.slice(winners.length).map((name) => `${NAMES[name]} from ${runs[name].step}`);
    const also = later.length ? `; ${list(later)}` : "";
    parts.push(`within ${NEAR} of the least loss from step ${first} on${also}`);
  }
  if (of("late").length) parts.push(`${clause(of("late"), "is", "are")} not there after 1\u202f000 steps`);
  if (of("rests").length) parts.push(`${clause(of("rests"), "rests", "rest")} elsewhere, where the slope is 0`);
  if (lost.length) parts.push(clause(lost, "diverges", "diverge"));
  const word = there.length ? sentence(clause(winners, "wins", "win")) : "Nobody arrives.";
  return [word, parts.map(sentence).join(" ")];
}

/** @param {State} state @param {number} t @param {number[]} ends losses of GD and SGD */
function verdictOfPoints({ batch, reduction }, t, [full, mini]) {
  const word =
    t === 0 || Math.abs(full - mini) < 5e-5
      ? `Epoch ${t}.`
      : `Epoch ${t}: ${mini < full ? "SGD" : "GD"} is lower.`;
  const count = POINTS / batch;
  if (count === 1) return [word, "One batch holds all points: SGD is gradient descent."];
  const steps = `In an epoch GD takes 1 step and SGD ${count}`;
  return reduction === "mean"
    ? [word, `${steps}, each about as long.`]
    : [word, `${steps}, each about ${count} times shorter, since a batch has ${count} times fewer terms.`];
}

// On the screen ------------------------------------------------------------------------

const contoursOf = once(({ loss, x, y, levels }) => {
  // A little beyond the axes: lines close along the edge of the grid.
  const size = 121;
  const wider = ([low, high]) => [low, high].map((v, i) => v + (i ? 0.06 : -0.06) * (high - low));
  const [xs, ys] = [wider(x), wider(y)];
  const at = ([low, high], i) => low + ((high - low) * i) / (size - 1);
  const values = Array.from({ length: size * size }, (_, k) =>
    loss([at(xs, k % size), at(ys, Math.floor(k / size))]),
  );
  return levelLines(values, [size, size], xs, ys, levels).flatMap(({ rings }) => rings);
});

/** Where the loss of two weights in a row is 0. */
const HYPERBOLA = [1, -1].map((sign) =>
  Array.from({ length: 41 }, (_, i) => {
    const a = sign * 0.4 * 1.05 ** i;
    return [a, 1 / a];
  }),
);

const MEMORY_STOPS = listed(
  [
    ...Array.from({ length: 19 }, (_, i) => 0.05 * i),
    ...Array.from({ length: 9 }, (_, i) => 0.91 + 0.01 * i),
    ...Array.from({ length: 9 }, (_, i) => 0.991 + 0.001 * i),
  ].map((value) => Number(value.toFixed(3))),
);
const RATE_STOPS = decades(-4, 2);
const RATE_STOPS_OF_POINTS = decades(-1, 2);
const SIZES = [1, 2, 4, 5, 10, 20];
const BATCHES = listed(SIZES);
const BATCHES_MARKS = SIZES.map((value) => ({ value, text: String(value) }));
/** The memories of each method, beside its rate. */
const MEMORIES = {
  gd: [],
  momentum: ["*μ*"],
  nesterov: ["*μ*"],
  adagrad: [],
  rmsprop: ["*β*"],
  adam: ["*β*₁", "*β*₂"],
};
const labels = (name) => [
  `Rate *ρ* of ${NAMES[name]}`,
  ...MEMORIES[name].map((symbol) => `Memory ${symbol}`),
];

/** A rate and so many memories, "0.1~0.9~0.999". */
const settings = (memories) => {
  const { parse, format } = numbers(1 + memories, 0, 1000);
  const sound = ([rate, ...others]) => rate > 0 && others.every((value) => value < 1);
  return { format, parse: (text) => [parse(text)].find((found) => found && sound(found)) };
};

const power = (value) => scientific(value, 1);

/**
 * The methods: who runs, whose settings are shown, and how far each has come.
 * @param {import("../kit/figure.js").Figure} figure
 */
function board(figure) {
  const group = freshId();
  const rows = METHODS.map((name) => {
    const tick = html("input", {
      type: "checkbox",
      class: LOOKS[name][0].split(" ")[0],
      "aria-label": `run ${NAMES[name]}`,
    });
    tick.addEventListener("change", () => {
      const { shown } = figure.state;
      const now = METHODS.filter((other) => (other === name ? tick.checked : shown.includes(other)));
      figure.set({ shown: now, ...(tick.checked ? { method: name } : {}) });
    });
    const radio = html("input", { type: "radio", name: group, value: name });
    radio.addEventListener("change", () => figure.set({ method: name }));
    const label = html("label", {}, radio, sample(...LOOKS[name]), html("span", {}, NAMES[name]));
    return { tick, radio, label };
  });
  const table = ledger(
    ["loss", "arrives"],
    rows.map(({ tick, label }) => [html("label", {}, tick), label]),
  );
  const element = html(
    "fieldset",
    { class: "board" },
    html("legend", {}, "Methods, and whose settings are shown"),
    table.element,
  );
  /** @param {State} state @param {(name: string) => string[]} numbersOf */
  const draw = ({ shown, method }, numbersOf) => {
    rows.forEach(({ tick, radio }, i) => {
      tick.checked = shown.includes(METHODS[i]);
      radio.checked = method === METHODS[i];
    });
    table.draw(METHODS.map((name) => (shown.includes(name) ? numbersOf(name) : ["", ""])));
  };
  return { element, draw };
}

/** @type {import("../kit/figure.js").Explorer} */
export default {
  name: "race",
  address: {
    landscape: oneOf(...Object.keys(LANDSCAPES), "points"),
    start: numbers(2, -10, 10),
    steps: integer(0, LAST),
    shown: some(...METHODS),
    method: oneOf(...METHODS),
    ...Object.fromEntries(METHODS.map((name) => [name, settings(MEMORIES[name].length)])),
    batch: { ...integer(1, POINTS), parse: (text) => SIZES.find((size) => text === String(size)) },
    reduction: oneOf("mean", "sum"),
    seed: integer(0, 7),
  },
  build(figure) {
    const ofPoints = () => figure.state.landscape === "points";
    const land = () => of(figure.state.settings)[figure.state.landscape];
    const player = film(figure, {
      trait: "steps",
      last: () => (ofPoints() ? EPOCHS : LAST),
      pause: () => (ofPoints() ? 500 : 60),
    });

    const plane = new Plot(figure, {
      name: "The two parameters, and the way of each method",
      left: 36,
      height: (width) => width * (figure.wide || ofPoints() ? 1 : 0.86) + (figure.wide ? 16 : 0),
    });
    const levels = plane.lines("axis-line thin");
    const valley = plane.lines("good");
    const fall = new Plot(figure, {
      name: "The loss at each step",
      height: () => (figure.wide ? 236 : 160) + (ofPoints() ? (figure.wide ? 110 : 60) : 0),
    });
    fall.margin.right = 78; // the names of the lines
    const goal = fall.line("good thin dotted");
    const lines = Object.entries(LOOKS).map(([name, [look, shape]]) => ({
      name,
      way: plane.line(`${look} thin`),
      beads: plane.lines(`${look.split(" ")[0]} beads`),
      head: plane.dots(look.split(" ")[0], 4.5, shape),
      drop: fall.line(`${look} thin`),
      end: fall.dots(look.split(" ")[0], 3.5, shape),
      label: fall.label(look.split(" ")[0]),
    }));
    const best = plane.dots("good", 4.5, "square");
    const startName = plane.label("ink");
    const start = handle(plane, {
      name: "start",
      look: "ink",
      plane: true,
      limits() {
        const { x, y, step } = land();
        const edge = ([low, high]) => [low + step, high - step];
        const [[left, right], [floor, top]] = [edge(x), edge(y)];
        return { low: [left, floor], high: [right, top], step: [step, step] };
      },
      onMove: ([a, b]) => figure.set({ start: [a, b] }),
    });

    const places = choice(figure, {
      label: "Landscape",
      choices: { ravine: "Ravine", rosenbrock: "Rosenbrock", saddle: "Saddle", wells: "Two wells" },
      onChoose(landscape) {
        player.stop();
        figure.set({ landscape, ...figure.state.settings.scenes[landscape] });
      },
    });
    const reductions = choice(figure, {
      label: "The loss over a batch",
      choices: { mean: "Mean over the batch", sum: "Sum over the batch" },
      onChoose: (reduction) => figure.set({ reduction }),
    });
    places.element.classList.add("tight");
    reductions.element.classList.add("tight");

    const methods = board(figure);
    const pair = ledger(["updates", "loss"], ["gd", "sgd"].map((name) => [
      sample(...LOOKS[name]),
      html("span", {}, NAMES[name]),
    ]));
    const controls = Object.fromEntries(
      METHODS.map((name) => [
        name,
        labels(name).map((label, i) =>
          slider(figure, {
            label,
            onMove: (value) =>
              figure.set({ [name]: figure.state[name].map((old, j) => (j === i ? value : old)) }),
          }),
        ),
      ]),
    );
    const rate = slider(figure, {
      label: "Learning rate *ρ*",
      onMove: (value) => figure.set({ gd: [value] }),
    });
    const batch = slider(figure, {
      label: "Batch size *b*",
      onMove: (value) => figure.set({ batch: value }),
    });
    const shuffle = button("reset", "Shuffle anew", () =>
      figure.set({ seed: (figure.state.seed + 1) % figure.state.settings.points.orders.length }),
    );

    const hint = html("p", { class: "hint" });
    const [above, beside] = [html("div"), html("div")];
    const below = html("div", { class: "settings" });
    const word = html("strong");
    const reason = html("span");
    figure.add(
      hint,
      above,
      html(
        "div",
        { class: "plots even" },
        plane.element,
        html("div", {}, fall.element, beside),
      ),
      below,
      player.element,
      html("p", { class: "verdict" }, word, " ", reason),
    );
    /** Which controls are there now; they are exchanged only when they change. */
    let present = {};
    const exchange = (points, method) => {
      if (points !== present.points) {
        above.replaceChildren(points ? reductions.element : places.element);
        beside.replaceChildren(points ? pair.element : methods.element);
        write(
          hint,
          points
            ? "Drag the start, move the rate and the batch size, play epoch by epoch."
            : "Drag the start. Tick who runs; choose a name to change its settings.",
        );
        figure.measure();
      }
      if (points !== present.points || method !== present.method) {
        const own = points ? [rate, batch, shuffle] : controls[method];
        below.replaceChildren(...own.map(({ element }) => element));
      }
      present = { points, method };
    };

    return (/** @type {State} */ state) => {
      const { landscape, method } = state;
      const points = landscape === "points";
      exchange(points, method);
      const { loss, least, x, y, heights, best: where } = land();
      const last = points ? EPOCHS : LAST;
      const t = Math.min(state.steps, last);
      const runs = Object.fromEntries(racers(state).map((name) => [name, course(state, name)]));

      plane.setAxes({ domain: x, label: "*θ*₁" }, { domain: y, label: "*θ*₂" });
      fall.setAxes(
        { domain: [0, last], label: points ? "epoch" : "step *t*" },
        { domain: heights, label: "loss above the least", outward: true, scale: logarithmic, format: power },
      );
      levels(contoursOf(land()));
      valley(landscape === "saddle" ? HYPERBOLA : []);
      best(where);
      goal(points ? [] : [[0, NEAR], [last, NEAR]]);

      const now = {};
      const ends = [];
      for (const { name, way, beads, head, drop, end, label } of lines) {
        // On the points SGD takes several steps in an epoch.
        const pace = name === "sgd" ? POINTS / state.batch : 1;
        const shown = runs[name]?.path.slice(0, t * pace + 1) ?? [];
        const losses = shown.map(loss);
        now[name] = losses.at(-1);
        // What is thrown far out of sight comes back, but not to be looked at.
        const far = 2 * (x[1] - x[0]);
        const gone = shown.findIndex(([a, b]) => Math.max(Math.abs(a), Math.abs(b)) > far);
        const seen = gone < 0 ? shown : shown.slice(0, gone + 1);
        way(seen);
        beads(seen.map((theta) => [theta]));
        head(shown.slice(-1).filter(inReach));
        const gaps = losses.map((value, i) => [i / pace, Math.max(value - least, heights[0] / 10)]);
        drop(gaps);
        end(gaps.slice(-1));
        if (gaps.length) ends.push([label, name, gaps.at(-1)]);
        else label([0, heights[0]], "");
      }
      const inside = (value) => Math.min(heights[1], Math.max(heights[0], value));
      const level = ends.map(([, , [, value]]) => fall.y.at(inside(value)));
      const placed = apart(level, 13, [fall.margin.top, fall.height - fall.margin.bottom]);
      ends.forEach(([label, name, [at, value]], i) => {
        label([at, inside(value)], NAMES[name], 8, placed[i] - level[i] + 4, "start");
      });
      start(state.start, `(${fixed(state.start[0], 2)}, ${fixed(state.start[1], 2)})`);
      startName(state.start, "start", 0, -13);

      player.draw();
      const amount = (value) => (Number.isFinite(value) ? short(value, 2) : "∞");
      if (points) {
        reductions.draw(state.reduction);
        const share = state.reduction === "sum" ? POINTS : 1;
        rate.draw(state.gd[0], short(state.gd[0] / share, 2), RATE_STOPS_OF_POINTS);
        batch.draw(state.batch, String(state.batch), BATCHES, BATCHES_MARKS);
        const counts = { gd: t, sgd: (t * POINTS) / state.batch };
        pair.draw(["gd", "sgd"].map((name) => [String(counts[name]), fixed(now[name], 4)]));
        const [what, why] = verdictOfPoints(state, t, [now.gd, now.sgd]);
        write(word, what);
        write(reason, why);
        figure.say(`${what} Loss of GD ${fixed(now.gd, 4)}, of SGD ${fixed(now.sgd, 4)}. ${why}`);
        return;
      }
      places.draw(landscape);
      methods.draw(state, (name) => {
        const { kind, step } = runs[name];
        const ended = t === LAST || t >= step || t >= runs[name].path.length - 1;
        const fate = { arrives: String(step), lost: "lost", rests: "rests", late: `> ${fixed(FAR, 0)}` };
        return [amount(now[name]), ended ? fate[kind] : ""];
      });
      controls[method].forEach((control, i) => {
        const value = state[method][i];
        if (i) return control.draw(value, String(value), MEMORY_STOPS);
        const most = landscape === "ravine" ? limit(method, state[method]) : undefined;
        const marks = most ? [{ value: most, text: "limit" }] : [];
        control.draw(value, short(value, 2), RATE_STOPS, marks);
      });
      const [what, why] = verdict(runs, now, t);
      write(word, what);
      write(reason, why);
      figure.say(`${what} ${why}`);
    };
  },
};
