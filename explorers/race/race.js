// Optimizers race from one start in the plane of two parameters: methods on landscapes,
// or gradient descent and SGD on twenty points.
import { film } from "../kit/controls.js";
import { html, write } from "../kit/dom.js";
import { integer, numbers, oneOf, some } from "../kit/fields.js";
import { fixed, scientific } from "../kit/format.js";
import { handle } from "../kit/handle.js";
import { apart, Plot } from "../kit/plot.js";
import { logarithmic } from "../kit/scales.js";
import { descents } from "./descents.js";
import { contoursOf, LANDSCAPES } from "./landscapes.js";
import { methods } from "./methods.js";
import { POINTS, SIZES } from "./points.js";
import { course, inReach, LAST, LOOKS, NAMES, pace, racers, terrain } from "./racers.js";
import { MEMORIES, METHODS } from "./rules.js";

/** @typedef {import("./racers.js").State} State */

/**
 * What one of the two races has around the plane and the plot of its losses.
 * @typedef {object} Surroundings
 * @property {string} hint
 * @property {number} last how many steps or epochs are played
 * @property {number} pause between two of them, in ms
 * @property {string} time the name of their axis
 * @property {number} [goal] a loss above the least that counts as there
 * @property {number} plane height of a narrow plane, for a width of 1
 * @property {[number, number]} fall height of the plot of losses, wide and narrow, in px
 * @property {HTMLElement} above the plots
 * @property {HTMLElement} beside the plane, below the plot of losses
 * @property {(state: State) => {element: HTMLElement}[]} settings
 * @property {(state: State, t: number,
 *   runs: Object<string, ReturnType<typeof course>>, losses: Object<string, number>
 *   ) => [string, string, string]} draw returns what has happened, why, and both aloud
 */

/** A rate and so many memories, "0.1~0.9~0.999". */
const settings = (memories) => {
  const { parse, format } = numbers(1 + memories, 0, 1000);
  const sound = ([rate, ...others]) => rate > 0 && others.every((value) => value < 1);
  return { format, parse: (text) => [parse(text)].find((found) => found && sound(found)) };
};

const power = (value) => scientific(value, 1);

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
    const player = film(figure, {
      trait: "steps",
      last: () => around().last,
      pause: () => around().pause,
    });
    const [onLandscapes, onPoints] = [methods(figure, player.stop), descents(figure)];
    const around = () => (figure.state.landscape === "points" ? onPoints : onLandscapes);

    const plane = new Plot(figure, {
      name: "The two parameters, and the way of each method",
      left: 36,
      height: (width) => width * (figure.wide ? 1 : around().plane) + (figure.wide ? 16 : 0),
    });
    const levels = plane.lines("axis-line thin");
    const valley = plane.lines("good");
    const fall = new Plot(figure, {
      name: "The loss at each step",
      height: () => around().fall[figure.wide ? 0 : 1],
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
        const { x, y, step } = terrain(figure.state);
        const edge = ([low, high]) => [low + step, high - step];
        const [[left, right], [floor, top]] = [edge(x), edge(y)];
        return { low: [left, floor], high: [right, top], step: [step, step] };
      },
      onMove: ([a, b]) => figure.set({ start: [a, b] }),
    });

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
    let [present, controls] = [null, null];
    const exchange = (now, own) => {
      if (now !== present) {
        above.replaceChildren(now.above);
        beside.replaceChildren(now.beside);
        write(hint, now.hint);
        figure.measure();
      }
      if (own !== controls) below.replaceChildren(...own.map(({ element }) => element));
      [present, controls] = [now, own];
    };

    return (/** @type {State} */ state) => {
      const now = around();
      exchange(now, now.settings(state));
      const land = terrain(state);
      const { loss, least, x, y, heights } = land;
      const t = Math.min(state.steps, now.last);
      const runs = Object.fromEntries(racers(state).map((name) => [name, course(state, name)]));

      plane.setAxes({ domain: x, label: "*θ*₁" }, { domain: y, label: "*θ*₂" });
      fall.setAxes(
        { domain: [0, now.last], label: now.time },
        { domain: heights, label: "loss above the least", outward: true, scale: logarithmic, format: power },
      );
      levels(contoursOf(land));
      valley(land.valley ?? []);
      best(land.best);
      goal(now.goal ? [[0, now.goal], [now.last, now.goal]] : []);

      const losses = {};
      const ends = [];
      for (const { name, way, beads, head, drop, end, label } of lines) {
        const each = pace(state, name);
        const shown = runs[name]?.path.slice(0, t * each + 1) ?? [];
        const along = shown.map(loss);
        losses[name] = along.at(-1);
        // What is thrown far out of sight comes back, but not to be looked at.
        const far = 2 * (x[1] - x[0]);
        const gone = shown.findIndex(([a, b]) => Math.max(Math.abs(a), Math.abs(b)) > far);
        const seen = gone < 0 ? shown : shown.slice(0, gone + 1);
        way(seen);
        beads(seen.map((theta) => [theta]));
        head(shown.slice(-1).filter(inReach));
        const gaps = along.map((value, i) => [i / each, Math.max(value - least, heights[0] / 10)]);
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
      const [what, why, aloud] = now.draw(state, t, runs, losses);
      write(word, what);
      write(reason, why);
      figure.say(aloud);
    };
  },
};
