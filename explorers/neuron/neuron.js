// One neuron in the plane: points of two classes, the line between its answers, its
// output as a tint, and Rosenblatt's rule. `__init__.py` has the same functions in NumPy.
import { choice, film, legend, readout } from "../kit/controls.js";
import { assign, freshId, html, rich, svg, write } from "../kit/dom.js";
import { integer, numbers, oneOf } from "../kit/fields.js";
import { fixed } from "../kit/format.js";
import { handle } from "../kit/handle.js";
import { Plot } from "../kit/plot.js";

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
const FAR = 1000;
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
const CENTER = [0.5, 0.5];
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

/**
 * Where the sum is o, from edge to edge.
 * @param {Line} line @param {number} o
 * @param {number} [inset] how far inside the axes its ends lie
 * @returns {Pair[]} two points, or none where the axes show none
 */
function level([w1, w2, b], o, inset = 0) {
  const size = Math.hypot(w1, w2);
  if (size === 0) return [];
  const foot = nearest([w1, w2, b], CENTER, o);
  const way = [-w2 / size, w1 / size];
  let [start, end] = [-HIGH, HIGH].map((t) => 2 * t);
  for (const j of [0, 1]) {
    const [near, far] = [LOW + inset, HIGH - inset];
    if (way[j] === 0 && (foot[j] < near || foot[j] > far)) return [];
    if (way[j] === 0) continue;
    const cuts = [near, far].map((edge) => (edge - foot[j]) / way[j]);
    start = Math.max(start, Math.min(...cuts));
    end = Math.min(end, Math.max(...cuts));
  }
  if (start > end) return [];
  return [start, end].map((t) => [foot[0] + t * way[0], foot[1] + t * way[1]]);
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
    const ends = flat ? [[LOW, 0], [HIGH, 0]] : [-reach, reach].map((o) => nearest(line, CENTER, o));
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
        "stop-opacity": (0.2 * Math.abs(shade)).toFixed(3),
      });
    });
  };
}

const pair = ([x, y]) => `(${fixed(x, 2)}, ${fixed(y, 2)})`;

/** @param {number} value @param {number} [before] @returns {string} "0.10 − 0.80 = −0.70" */
function calculation(value, before) {
  if (before === undefined) return fixed(value, 2);
  const sign = value < before ? "−" : "+";
  const change = fixed(Math.abs(value - before), 2);
  return `${fixed(before, 2)} ${sign} ${change} = ${fixed(value, 2)}`;
}

/**
 * @param {State} state
 * @param {ReturnType<typeof course>} way
 * @param {ReturnType<typeof outcome>} fate
 * @param {number} t
 * @returns {[string, string]} what has happened, and more about it
 */
function verdict(state, { lines, culprits, wrong }, { kind, mistakes, since, length }, t) {
  const count = `${wrong[t]} of ${places(state).length}`;
  if (t === 0) {
    if (!wrong[0]) return ["No point is wrong.", "The rule leaves this line alone."];
    return [
      `${count} points are wrong.`,
      "Drag the line to do better, or let the rule step from mistake to mistake.",
    ];
  }
  if (kind === "stops" && t === mistakes) {
    return [`Done after ${t} ${t > 1 ? "mistakes" : "mistake"}.`, "A whole pass without another one: the rule stops."];
  }
  if (kind === "circles" && t >= since + length) {
    return [
      "Going in circles.",
      `The line of ${length} mistakes ago is back. No line can be right here, so it never ends.`,
    ];
  }
  if (t === LAST) {
    if (kind === "never") return ["No end.", "No line can be right here, so the rule finds a mistake in every pass."];
    const need = kind === "slow" ? `more than ${fixed(FAR, 0)}` : String(mistakes);
    return ["Not yet.", `There is a line, but the gap is narrow: it takes ${need} mistakes.`];
  }
  const what = LABELS[culprits[t - 1]]
    ? "triangle gave 0 where 1 is right: add it to *w*, and 1 to *b*."
    : "dot gave 1 where 0 is right: subtract it from *w*, and 1 from *b*.";
  return [`Mistake ${t}.`, `The ringed ${what}`];
}

/** @type {import("../kit/figure.js").Explorer} */
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
      left: 36,
      height: (width) => width + 16, // as long a unit upward as to the right
    });
    const tint = surface(plane);
    const levels = Array.from({ length: 5 }, () => plane.line("ink thin"));
    const before = plane.line("ink thin dashed");
    const circle = Array.from({ length: 8 }, () => plane.line("ink dotted"));
    const edge = plane.line("ink wide");
    const wrong = plane.dots("accent hollow", 10.5);
    const culprit = plane.dots("ink hollow", 14.5);
    const old = plane.line("ink thin dashed");
    const change = plane.line("accent wide");
    const arrow = plane.line("ink wide");
    const head = plane.line("ink wide");
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
      left: 44,
      height: () => (figure.wide ? plane.height / 2 - 2 : 150),
    });
    const axis = graph.line("ink thin dotted");
    const curve = graph.line("ink wide");
    const zeros = graph.dots("curve", 4);
    const ones = graph.dots("step", 4.5, "triangle");
    const counts = new Plot(figure, {
      name: "Points on the wrong side after each mistake",
      left: 44,
      height: () => (figure.wide ? plane.height / 2 - 2 : 150),
    });
    const fall = counts.line("accent thin");
    const falls = counts.dots("accent", 3);

    const player = film(figure, {
      trait: "steps",
      last: () => course(figure.state).lines.length - 1,
      pause: 500,
    });
    const values = readout(["mistakes", "wrong"]);
    const sums = readout(["*w*₁", "*w*₂", "*b*"]);
    sums.element.classList.add("sums");
    const word = html("strong");
    const reason = html("span");
    figure.add(
      html(
        "p",
        { class: "hint" },
        ...rich("Drag the line, the tip of *w*, the points. Step corrects the next mistake."),
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
      sums.element,
    );

    return (/** @type {State} */ state) => {
      const way = course(state);
      const { lines, culprits, wrong: errors } = way;
      const fate = outcome(state);
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
        draw(marks[i] ? level(line, o) : []);
        const end = (marks[i] ? level(line, o, 0.17) : [])[1];
        levelNames[i](end ?? CENTER, end && !(crowded && o) ? text : "", 0, 4);
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
      const size = length(line) || 1;
      const [dx, dy] = [line[0] / size, line[1] / size];
      const pixel = 1 / (plane.x.at(1) - plane.x.at(0));
      head(
        length(line) * part * REACH < 30 * pixel
          ? []
          : [6, 0, -6].map((side) => {
              const back = (8 + 1.5 * Math.abs(side)) * pixel;
              return [
                end[0] - back * dx - side * pixel * dy,
                end[1] - back * dy + side * pixel * dx,
              ];
            }),
      );
      arrowName(end, "*w*", 19 * dx, 4 - 19 * dy);
      // Beside what was added, on the outer side, away from the name of w.
      const added = t ? [line[0] - lines[t - 1][0], line[1] - lines[t - 1][1]] : [1, 0];
      const turn = (added[0] * line[1] - added[1] * line[0] < 0 ? -16 : 16) / (length(added) || 1);
      const middle = reach([0, 1].map((j) => line[j] - 0.65 * added[j]));
      const text = t ? (LABELS[culprits[t - 1]] ? "+*x*" : "−*x*") : "";
      changeName(middle, text, -turn * added[1], 4 - turn * added[0]);

      const again = fate.kind === "circles" && t >= fate.since + fate.length;
      circle.forEach((draw, i) => {
        draw(again && i < fate.length - 1 ? level(lines[t - 1 - i], 0) : []);
      });
      foot(at, `through ${pair(at)}`);
      tip(end, `w = ${pair(line)}, b = ${fixed(line[2], 2)}`);

      const inputs = where.map((point) => Math.max(-4.9, Math.min(4.9, sum(line, point))));
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
        inputs.map((o) => [o, activation(o)]).filter((_, i) => LABELS[i] === label);
      zeros(on(0));
      ones(on(1));

      const last = lines.length - 1;
      counts.setAxes(
        { domain: [-0.4, Math.max(12, last) + 0.4], label: "mistakes" },
        { domain: [0, Math.max(where.length > 4 ? 8 : 4, ...errors)], label: "wrong" },
      );
      fall(errors.slice(0, t + 1).map((count, i) => [i, count]));
      falls(errors.slice(0, t + 1).map((count, i) => [i, count]));

      sets.draw(state.data);
      activations.draw(state.activation);
      player.draw();
      values.draw([String(t), `${errors[t]} of ${where.length}`]);
      sums.draw(line.map((value, j) => calculation(value, lines[t - 1]?.[j])));
      const [what, why] = verdict(state, way, fate, t);
      word.textContent = what;
      write(reason, why);
      figure.say(`${what} ${why} ${errors[t]} of ${where.length} are wrong.`);
    };
  },
};
