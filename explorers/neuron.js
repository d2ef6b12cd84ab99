// One neuron in the plane: points of two classes, the line between its answers, its
// output as a tint, and Rosenblatt's rule. `neuron.py` has the same functions in NumPy.
import { choice, film, legend, readout } from "./kit/controls.js";
import { assign, freshId, html, rich, svg, write } from "./kit/dom.js";
import { integer, numbers, oneOf } from "./kit/fields.js";
import { fixed } from "./kit/format.js";
import { handle } from "./kit/handle.js";
import { Plot } from "./kit/plot.js";

/** @typedef {[number, number]} Pair */
/** @typedef {number[]} Line w₁, w₂, b */

/**
 * @typedef {object} State the traits of `neuron.Neuron`
 * @property {"apart" | "mixed" | "xor"} data
 * @property {"step" | "sigmoid" | "identity"} activation
 * @property {Line} line before the first mistake
 * @property {number[]} hold the handle of the line lies on the line, nearest to here
 * @property {number[]} points moved ones, or none
 * @property {number} steps
 * @property {Object<string, {points: number[], line: Line, hold: number[]}>} settings
 */

export const LAST = 40;
const FAR = 5000;
const LABELS = [0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0];

const ACTIVATIONS = {
  step: (o) => (o >= 0 ? 1 : 0),
  sigmoid: (o) => 1 / (1 + Math.exp(-o)),
  identity: (o) => o,
};

/** @param {Line} line @param {Pair} point @returns {number} the pre-activation */
const sum = ([w1, w2, b], [x1, x2]) => w1 * x1 + w2 * x2 + b;

const errs = (line, point, i) => sum(line, point) >= 0 !== (LABELS[i] === 1);

/** @param {State} state @returns {Pair[]} where the points lie, moved ones included */
export function places({ data, points, settings }) {
  const own = settings[data].points;
  const flat = points.length === own.length ? points : own;
  return Array.from({ length: own.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
}

/**
 * The rule's way, up to a number of mistakes.
 * @param {State} state
 * @param {number} [limit]
 * @returns {{lines: Line[], culprits: number[], wrong: number[], ended: boolean}} each
 *   line, the point of each mistake, how many points are on the wrong side of each line,
 *   and whether no point errs any more
 */
export function course(state, limit = LAST) {
  const points = places(state);
  let line = state.line;
  const lines = [line];
  const culprits = [];
  for (let seen = 0, right = 0; right < points.length && culprits.length < limit; seen++) {
    const i = seen % points.length;
    right++;
    if (!errs(line, points[i], i)) continue;
    const sign = LABELS[i] ? 1 : -1;
    line = [line[0] + sign * points[i][0], line[1] + sign * points[i][1], line[2] + sign];
    lines.push(line);
    culprits.push(i);
    right = 0;
  }
  const wrong = lines.map((each) => points.filter((point, i) => errs(each, point, i)).length);
  return { lines, culprits, wrong, ended: wrong.at(-1) === 0 };
}

/**
 * Whether a line has all points of class 1 strictly on one side. Its normal makes an
 * acute angle with every way from a 0 to a 1; so these lie within less than half a turn.
 * @param {State} state
 * @returns {boolean}
 */
export function separable(state) {
  const points = places(state);
  const of = (label) => points.filter((_, i) => LABELS[i] === label);
  const ways = of(1).flatMap(([x, y]) => of(0).map(([u, v]) => [x - u, y - v]));
  if (ways.some(([x, y]) => x === 0 && y === 0)) return false;
  const angles = ways.map(([x, y]) => Math.atan2(y, x)).sort((a, b) => a - b);
  const next = (i) => angles[i + 1] ?? angles[0] + 2 * Math.PI;
  return Math.max(...angles.map((angle, i) => next(i) - angle)) > Math.PI + 1e-9;
}

/**
 * What becomes of the rule in the end.
 * @param {State} state
 * @returns {{kind: "stops" | "circles" | "never" | "slow", mistakes?: number,
 *   since?: number, length?: number}} how many mistakes it takes; or from which mistake
 *   on, and after how many more, everything returns
 */
export function outcome(state) {
  const { lines, culprits, ended } = course(state, FAR);
  if (ended) return { kind: "stops", mistakes: culprits.length };
  if (separable(state)) return { kind: "slow" };
  for (let now = 2; now <= LAST; now++) {
    for (let then = 1; then < now; then++) {
      const same = lines[now].every((v, j) => Math.abs(v - lines[then][j]) <= 1e-9);
      if (same && culprits[now - 1] === culprits[then - 1]) {
        return { kind: "circles", since: then, length: now - then };
      }
    }
  }
  return { kind: "never" };
}

/** @param {State} state @param {Line} line @returns {number[]} the outputs on the points */
export const answers = (state, line) =>
  places(state).map((point) => ACTIVATIONS[state.activation](sum(line, point)));

const [LOW, HIGH] = [-1, 2];
const [LEAST, MOST] = [LOW + 0.05, HIGH - 0.05];
const STEP = 0.05;
const REACH = 0.5; // length of the arrow for weights of length 1

const round = (value, places) => Number(value.toFixed(places));
const inside = (value) => Math.min(MOST, Math.max(LEAST, value));
const length = ([x, y]) => Math.hypot(x, y);

/** @param {Line} line @param {number[]} from @param {number} o @returns {Pair} where the
 *  sum is o, nearest to a point */
function nearest(line, from, o = 0) {
  const square = line[0] ** 2 + line[1] ** 2;
  if (square === 0) return [from[0], from[1]];
  const way = (o - sum(line, [from[0], from[1]])) / square;
  return [from[0] + way * line[0], from[1] + way * line[1]];
}

/** @param {Line} line @param {number} o @returns {Pair[]} ends, outside of the axes */
function level(line, o) {
  const size = length(line);
  if (size === 0) return [];
  const foot = nearest(line, [0.5, 0.5], o);
  return [-4, 4].map((t) => [foot[0] - (t * line[1]) / size, foot[1] + (t * line[0]) / size]);
}

/** @param {Pair[]} ends @returns {Pair | undefined} where a line leaves the axes, a
 *  little inside, on the side of its second end */
function exit([from, to] = []) {
  if (!from) return undefined;
  let [start, end] = [0, 1];
  for (const axis of [0, 1]) {
    const way = to[axis] - from[axis];
    const cuts = [LOW + 0.17, HIGH - 0.17].map((edge) => (edge - from[axis]) / way);
    if (!Number.isFinite(cuts[0])) continue;
    start = Math.max(start, Math.min(...cuts));
    end = Math.min(end, Math.max(...cuts));
  }
  if (start > end) return undefined;
  return [from[0] + end * (to[0] - from[0]), from[1] + end * (to[1] - from[1])];
}

/** How the activations are shown: tint at an output from −1 to 1, sums of the lines of
 *  equal output and their names, axis of the output. */
const LOOKS = {
  step: { reach: 1, tint: (o) => (o >= 0 ? 1 : -1), levels: {}, y: [-0.12, 1.12] },
  sigmoid: {
    reach: 6,
    tint: (o) => 2 * ACTIVATIONS.sigmoid(o) - 1,
    levels: { 0.1: -Math.log(9), 0.5: 0, 0.9: Math.log(9) },
    y: [-0.12, 1.12],
  },
  identity: {
    reach: 4,
    tint: (o) => o / 4,
    levels: { "−2": -2, "−1": -1, 0: 0, 1: 1, 2: 2 },
    y: [-4.5, 4.5],
  },
};
const NAMES = { step: "Step", sigmoid: "Sigmoid", identity: "Identity" };

/** A tint of the plane, which changes along the weights only: one gradient. */
function surface(plot) {
  const id = freshId();
  const stops = Array.from({ length: 18 }, () => svg("stop"));
  const gradient = svg("linearGradient", { id, gradientUnits: "userSpaceOnUse" }, ...stops);
  const area = svg("rect", { class: "tint", fill: `url(#${id})` });
  plot.window.append(gradient, area);
  return (line, { reach, tint }) => {
    const flat = length(line) === 0;
    const ends = flat ? [[LOW, 0], [HIGH, 0]] : [-reach, reach].map((o) => nearest(line, [0.5, 0.5], o));
    const [[x1, y1], [x2, y2]] = ends.map(([x, y]) => [plot.x.at(x), plot.y.at(y)]);
    assign(gradient, { x1, y1, x2, y2 });
    const [x, y] = [plot.x.at(LOW), plot.y.at(HIGH)];
    assign(area, { x, y, width: plot.x.at(HIGH) - x, height: plot.y.at(LOW) - y });
    stops.forEach((stop, i) => {
      // Two stops in the middle, where the step has two values.
      const offset = (i < 9 ? i : i - 1) / 16;
      const o = flat ? line[2] : reach * (2 * offset - 1) + (i < 9 ? -1e-9 : 1e-9);
      const shade = Math.max(-1, Math.min(1, tint(o)));
      assign(stop, {
        class: shade < 0 ? "curve" : "step",
        offset,
        "stop-opacity": (0.3 * Math.abs(shade)).toFixed(3),
      });
    });
  };
}

const pair = ([x, y]) => `(${fixed(x, 2)}, ${fixed(y, 2)})`;

/** @param {State} state @param {number} t @returns {[string, string]} what has happened,
 *  and more about it */
function verdict(state, t) {
  const { lines, culprits, wrong } = course(state);
  const { kind, mistakes, since, length } = outcome(state);
  const count = `${wrong[t]} of ${places(state).length}`;
  if (t === 0) {
    if (!wrong[0]) return ["No point is wrong.", "The rule would leave this line alone."];
    return [
      `${count} points are on the wrong side.`,
      "Drag the line to do better, or let the rule go from mistake to mistake.",
    ];
  }
  if (kind === "stops" && t === mistakes) {
    return [`Done after ${t} ${t > 1 ? "mistakes" : "mistake"}.`, "A whole pass without another one: the rule stops."];
  }
  if (kind === "circles" && t >= since + length) {
    return [
      "Going in circles.",
      `The line stands where it stood ${length} mistakes ago, so this never ends. No line has these points on their sides.`,
    ];
  }
  if (t === LAST) {
    if (kind === "never") return ["No end.", "No line has these points on their sides, so one is always wrong."];
    const need = kind === "slow" ? `more than ${fixed(FAR, 0)}` : String(mistakes);
    return ["Not yet.", `There is a line, but the gap is narrow: it takes ${need} mistakes.`];
  }
  const i = culprits[t - 1];
  const [w1, w2, b] = lines[t - 1];
  const sign = LABELS[i] ? "+" : "−";
  const what = LABELS[i] ? "triangle gave 0, so add it" : "dot gave 1, so subtract it";
  return [
    `Mistake ${t}.`,
    `The ringed ${what}: *w* = ${pair([w1, w2])} ${sign} ${pair(places(state)[i])}, *b* = ${fixed(b, 2)} ${sign} 1.`,
  ];
}

/** @type {import("./kit/figure.js").Explorer} */
export default {
  name: "neuron",
  address: {
    data: oneOf("apart", "mixed", "xor"),
    activation: oneOf("step", "sigmoid", "identity"),
    line: numbers(3, -99, 99),
    hold: numbers(2, -9, 9),
    points: {
      parse: (text) => [24, 8].map((n) => numbers(n, LOW, HIGH).parse(text)).find(Boolean),
      format: numbers(0, 0, 0).format,
    },
    steps: integer(0, LAST),
  },
  build(figure) {
    /** What is shown: the mistakes so far, and the line after them. */
    const present = () => {
      const { lines } = course(figure.state);
      const t = Math.min(figure.state.steps, lines.length - 1);
      const line = lines[t];
      const foot = nearest(line, figure.state.hold).map(inside);
      return { t, line, foot };
    };
    /** What the hand moves is a new beginning. */
    const begin = ([w1, w2, b], changes) => {
      player.stop();
      figure.set({ line: [round(w1, 2), round(w2, 2), round(b, 4)], steps: 0, ...changes });
    };
    const through = ([w1, w2], hold) =>
      begin([w1, w2, -(w1 * hold[0] + w2 * hold[1])], { hold });

    const sets = choice(figure, {
      label: "Points",
      choices: { apart: "Two groups", mixed: "Mixed", xor: "XOR" },
      onChoose(data) {
        const { line, hold } = figure.state.settings[data];
        begin(line, { data, hold, points: [] });
      },
    });
    const activations = choice(figure, {
      label: "Activation",
      choices: NAMES,
      onChoose: (activation) => figure.set({ activation }),
    });

    const plane = new Plot(figure, {
      name: "The plane of the two inputs",
      left: 32,
      height: (width) => width + 20, // as long a unit upward as to the right
    });
    const tint = surface(plane);
    const levels = Array.from({ length: 5 }, () => plane.line("ink thin"));
    const before = plane.line("ink thin dashed");
    const edge = plane.line("ink wide");
    const wrong = plane.dots("accent hollow", 10.5);
    const culprit = plane.dots("ink hollow", 14.5);
    const old = plane.line("ink thin dashed");
    const change = plane.line("accent wide");
    const arrow = plane.line("ink wide");
    const levelNames = levels.map(() => plane.label("ink"));
    const changeName = plane.label("accent");
    const arrowName = plane.label("ink");
    const limits = () => ({ low: [LEAST, LEAST], high: [MOST, MOST], step: [STEP, STEP] });
    const foot = handle(plane, {
      name: "the line",
      look: "ink",
      plane: true,
      limits,
      onMove: (hold) => through(present().line, hold),
    });
    const tip = handle(plane, {
      name: "the weights w",
      look: "ink solid",
      plane: true,
      limits,
      onMove(to) {
        const hold = present().foot.map((v) => round(v, 2));
        const weights = to.map((v, j) => round((v - hold[j]) / REACH, 2));
        if (length(weights) > 0.1) through(weights, hold);
      },
    });
    const points = LABELS.map((label, i) =>
      handle(plane, {
        name: `point ${i + 1}, class ${label}`,
        look: label ? "step solid" : "curve solid",
        shape: label ? "triangle" : "circle",
        reach: 14,
        plane: true,
        limits,
        onMove(to) {
          const moved = places(figure.state);
          moved[i] = [to[0], to[1]];
          begin(present().line, { points: moved.flat() });
        },
      }),
    );

    const graph = new Plot(figure, {
      name: "The activation and the points' outputs",
      left: 32,
      height: () => (figure.wide ? plane.height / 2 - 2 : 150),
    });
    const axis = graph.line("ink thin dotted");
    const curve = graph.line("ink wide");
    const zeros = graph.dots("curve", 4);
    const ones = graph.dots("step", 4.5, "triangle");
    const counts = new Plot(figure, {
      name: "Points on the wrong side after each mistake",
      left: 32,
      height: () => (figure.wide ? plane.height / 2 - 2 : 150),
    });
    const fall = counts.line("accent thin");
    const falls = counts.dots("accent", 3);

    const player = film(figure, {
      trait: "steps",
      last: () => course(figure.state).lines.length - 1,
      pause: 600,
    });
    const values = readout(["mistakes", "wrong", "*w*₁", "*w*₂", "*b*"]);
    const word = html("strong");
    const reason = html("span");
    figure.add(
      html(
        "p",
        { class: "hint" },
        ...rich("Drag the line, the tip of *w* or the points. Step goes to the next mistake and corrects it."),
      ),
      html("div", { class: "choices" }, sets.element, activations.element),
      html(
        "div",
        { class: "plots even" },
        plane.element,
        html("div", { class: "stack" }, graph.element, counts.element),
      ),
      legend([
        ["dot curve", "class 0"],
        ["dot step triangle", "class 1"],
        ["dot accent hollow", "wrong side"],
        ["ink thin dashed", "before the correction"],
        ["accent wide", "what it adds to *w*"],
      ]),
      player.element,
      html("p", { class: "verdict" }, word, " ", reason),
      values.element,
    );

    return (/** @type {State} */ state) => {
      const { lines, culprits, wrong: errors } = course(state);
      const { t, line, foot: at } = present();
      const where = places(state);
      const look = LOOKS[state.activation];

      plane.setAxes({ domain: [LOW, HIGH], label: "*x*₁" }, { domain: [LOW, HIGH], label: "*x*₂" });
      tint(line, look);
      edge(level(line, 0));
      const marks = Object.entries(look.levels);
      const crowded = Math.abs(plane.x.at(1) - plane.x.at(0)) < 20 * length(line);
      levels.forEach((draw, i) => {
        const [text, o] = marks[i] ?? ["", NaN];
        const ends = marks[i] && length(line) ? level(line, o) : [];
        draw(ends);
        const end = exit(ends);
        levelNames[i](end ?? [0, 0], end && !(crowded && o) ? text : "", 0, 4);
      });

      const outputs = answers(state, line);
      const erring = where.filter((point, i) => errs(line, point, i));
      wrong(erring);
      culprit(t ? [where[culprits[t - 1]]] : []);
      where.forEach((point, i) => {
        const verb = errs(line, point, i) ? "wrong" : "right";
        points[i](point, `${pair(point)}, output ${fixed(outputs[i], 2)}, ${verb}`);
      });
      points.slice(where.length).forEach((draw) => draw(null, ""));

      // The arrow is cut where it would leave the plane.
      const room = [0, 1].map((j) => {
        const way = REACH * line[j];
        return way ? Math.max((LEAST - at[j]) / way, (MOST - at[j]) / way) : Infinity;
      });
      const part = Math.min(1, ...room);
      const reach = (weights) => [0, 1].map((j) => at[j] + part * REACH * weights[j]);
      const end = reach(line);
      arrow([at, end]);
      before(t ? level(lines[t - 1], 0) : []);
      old(t ? [at, reach(lines[t - 1])] : []);
      change(t ? [reach(lines[t - 1]), end] : []);
      const middle = t ? reach([0, 1].map((j) => (line[j] + lines[t - 1][j]) / 2)) : [0, 0];
      changeName(middle, t ? (LABELS[culprits[t - 1]] ? "+*x*" : "−*x*") : "", 12, -8);
      arrowName(end, "*w*", line[0] < 0 ? -12 : 12, line[1] < 0 ? 18 : -8);
      foot(at, `through ${pair(at)}`);
      tip(end, `w = ${pair(line)}, b = ${fixed(line[2], 2)}`);

      const sums = where.map((point) => Math.max(-4.9, Math.min(4.9, sum(line, point))));
      graph.setAxes(
        { domain: [-5, 5], label: "sum *o*" },
        { domain: look.y, label: "*ŷ*" },
      );
      axis([[0, look.y[0]], [0, look.y[1]]]);
      const activation = ACTIVATIONS[state.activation];
      const grid = Array.from({ length: 81 }, (_, i) => -5 + i / 8);
      curve(
        state.activation === "step"
          ? [[-5, 0], [0, 0], [0, 1], [5, 1]]
          : grid.map((o) => [o, activation(o)]),
      );
      const on = (label) =>
        sums.map((o) => [o, activation(o)]).filter((_, i) => LABELS[i] === label);
      zeros(on(0));
      ones(on(1));

      const last = lines.length - 1;
      counts.setAxes(
        { domain: [0, Math.max(12, last)], label: "mistakes" },
        { domain: [0, where.length > 4 ? 8 : 4], label: "wrong" },
      );
      fall(errors.slice(0, t + 1).map((count, i) => [i, count]));
      falls(errors.slice(0, t + 1).map((count, i) => [i, count]));

      sets.draw(state.data);
      activations.draw(state.activation);
      player.draw();
      values.draw([
        String(t),
        `${errors[t]} of ${where.length}`,
        ...line.map((value) => fixed(value, 2)),
      ]);
      const [what, why] = verdict(state, t);
      word.textContent = what;
      write(reason, why);
      figure.say(`${what} ${why} ${errors[t]} of ${where.length} are wrong.`);
    };
  },
};
