// Who races, how they look, and what becomes of them, on landscapes and on the points;
// `__init__.py` has the same functions in NumPy.
import { LANDSCAPES, once } from "./landscapes.js";
import { epochs, landscapeOf, POINTS } from "./points.js";
import { METHODS, RULES } from "./rules.js";

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
export const FAR = 1000;
export const NEAR = 0.01;
const LOST = 1e6;

export const NAMES = {
  gd: "GD",
  sgd: "SGD",
  momentum: "momentum",
  nesterov: "Nesterov",
  adagrad: "AdaGrad",
  rmsprop: "RMSProp",
  adam: "Adam",
};
/** @type {Object<string, [string, import("../kit/marks.js").Shape]>} line and mark */
export const LOOKS = {
  gd: ["step", "circle"],
  sgd: ["ink", "triangle"],
  momentum: ["curve", "down"],
  nesterov: ["ink dashed", "diamond"],
  adagrad: ["good dashed", "plus"],
  rmsprop: ["good", "right"],
  adam: ["accent", "star"],
};

const landscapes = once((settings) => ({
  ...LANDSCAPES,
  points: landscapeOf(settings.points),
}));

/** @param {State} state @returns {import("./landscapes.js").Landscape} the present one */
export const terrain = ({ settings, landscape }) => landscapes(settings)[landscape];

/** @param {State} state @returns {string[]} who runs */
export const racers = ({ landscape, shown }) =>
  landscape === "points" ? ["gd", "sgd"] : METHODS.filter((name) => shown.includes(name));

/** How many steps a racer takes while the figure plays one: SGD several in an epoch. */
export const pace = ({ batch }, name) => (name === "sgd" ? POINTS / batch : 1);

export const inReach = ([a, b]) => Math.max(Math.abs(a), Math.abs(b)) < LOST;

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
  const land = terrain(state);
  const path =
    state.landscape === "points"
      ? epochs(state, land, name === "gd" ? POINTS : state.batch)
      : walk(RULES[name], land, state.start, state[name]);
  const end = path.at(-1);
  if (!inReach(end)) return { path, kind: "lost" };
  const near = (theta) => land.loss(theta) - land.least < NEAR;
  const step = path.findLastIndex((theta) => !near(theta)) + 1;
  if (step < path.length) return { path, kind: "arrives", step };
  const rests = Math.max(...land.gradient(end).map(Math.abs)) < 1e-6;
  return { path, kind: rests ? "rests" : "late" };
}
