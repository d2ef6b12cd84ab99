// Gradient descent on a loss of one parameter: the loss of the Boston rooms, which is
// a parabola, and a double well. `__init__.py` has the same functions in NumPy.
import { choice, film, legend, readout, slider } from "../kit/controls.js";
import { html, rich, write } from "../kit/dom.js";
import { integer, number, oneOf } from "../kit/fields.js";
import { fixed, short, subscript } from "../kit/format.js";
import { handle } from "../kit/handle.js";
import { Plot } from "../kit/plot.js";
import { decades } from "../kit/scales.js";

/**
 * @typedef {object} State the traits of `descent.Descent`
 * @property {"boston" | "well"} loss
 * @property {number} rate
 * @property {number} start
 * @property {number} steps
 * @property {{boston: {rate: number, start: number, xx: number, xy: number, yy: number},
 *   well: {rate: number, start: number}}} settings
 */

/**
 * @typedef {object} Loss
 * @property {(w: number) => number} value
 * @property {(w: number) => number} slope
 * @property {(w: number) => number} curvature
 */

export const LAST = 30;
const LOST = 1e6;

/** @param {State} state @returns {Loss} */
export function lossOf({ loss, settings }) {
  if (loss === "well") {
    return {
      value: (w) => (w * w - 1) ** 2 + 0.3 * w,
      slope: (w) => 4 * w * (w * w - 1) + 0.3,
      curvature: (w) => 12 * w * w - 4,
    };
  }
  const { xx, xy, yy } = settings.boston;
  return {
    value: (w) => (xx * w - 2 * xy) * w + yy,
    slope: (w) => 2 * (xx * w - xy),
    curvature: () => 2 * xx,
  };
}

/**
 * The iterates, up to `LAST` steps or until they are lost from sight for good.
 * @param {State} state
 * @returns {number[]}
 */
export function iterates(state) {
  const { slope } = lossOf(state);
  const path = [state.start];
  while (path.length <= LAST && Math.abs(path.at(-1)) < LOST) {
    path.push(path.at(-1) - state.rate * slope(path.at(-1)));
  }
  return path;
}

/**
 * What becomes of the iterates in the end, and the numbers that say why.
 * @param {State} state
 * @returns {{kind: "converges" | "oscillates" | "restless" | "diverges", where: number,
 *   product: number}} `product` is the rate times the curvature at `where`: at the
 *   minimum that is approached, or where the curvature first is too large
 */
export function outcome(state) {
  const { slope, curvature } = lossOf(state);
  let w = state.start;
  let steep;
  for (let t = 0; t < 2000; t++) {
    if (steep === undefined && state.rate * curvature(w) > 2) steep = w;
    const next = w - state.rate * slope(w);
    if (Math.abs(next) > LOST) {
      return { kind: "diverges", where: steep, product: state.rate * curvature(steep) };
    }
    const arrived = Math.abs(next - w) < 1e-12;
    w = next;
    if (arrived) break;
  }
  const product = state.rate * curvature(w);
  const rests = Math.abs(state.rate * slope(w)) < 1e-6;
  if (!rests) return { kind: "restless", where: w, product };
  return { kind: product <= 1 ? "converges" : "oscillates", where: w, product };
}

/** @param {number} product @returns {string} the rate times the curvature, in words */
function measure(product) {
  const size = product < 0.095 ? fixed(product, 3) : fixed(product, 2);
  if (product <= 1) return `*ρL*″ = ${size}, below 1`;
  if (product < 2) return `*ρL*″ = ${size}, between 1 and 2`;
  return `*ρL*″ = ${size}, above 2`;
}

/** @param {State} state @returns {[string, string]} a word and the reason */
function verdict(state) {
  const { kind, where, product } = outcome(state);
  const factor = Math.abs(1 - product);
  const left = factor < 0.995 ? `${fixed(100 * factor, factor < 0.1 ? 1 : 0)} %` : "nearly all";
  const word = {
    converges: "Converging.",
    oscillates: "Oscillating, and converging.",
    restless: "Oscillating without end.",
    diverges: "Diverging.",
  }[kind];
  if (state.loss === "boston") {
    const reason = {
      converges: `each step keeps to its side and leaves ${left} of the distance to the best *w*.`,
      oscillates: `each step crosses the valley and leaves ${left} of the distance to the best *w*.`,
      restless: "each step crosses the valley and lands as far away.",
      diverges: `each step crosses the valley and lands ${fixed(factor, 3)} times as far away.`,
    }[kind];
    return [word, `${measure(product)}: ${reason}`];
  }
  const which = where < 0 ? "lower" : "higher";
  const reason = {
    converges: `To the ${which} minimum, *w* = ${fixed(where, 3)}. There ${measure(product)}.`,
    oscillates: `To the ${which} minimum, *w* = ${fixed(where, 3)}. There ${measure(product)}.`,
    restless: "Neither minimum holds the iterates, and the walls throw them back.",
    diverges: `At *w* = ${fixed(where, 2)} the curvature is ${short(product / state.rate, 2)}, so ${measure(product)}.`,
  }[kind];
  return [word, reason];
}

/** How the two losses are shown. */
const VIEWS = {
  boston: {
    x: { domain: [-3, 10], label: "weight *w*" },
    y: {
      // The parabola of a long step reaches below zero; no loss does.
      domain: [-300000, 950000],
      label: "loss",
      from: 0,
      format: (v) => (v ? `${v / 1000}k` : "0"),
    },
    limits: { low: [-2.5], high: [9.5], step: [0.1] },
    stops: decades(-6, -4),
    places: 3,
    loss: (v) => fixed(v, 0),
  },
  well: {
    x: { domain: [-2.2, 2.2], label: "weight *w*" },
    y: { domain: [-1, 11], label: "loss" },
    limits: { low: [-2], high: [2], step: [0.02] },
    stops: decades(-2, 0),
    places: 3,
    loss: (v) => fixed(v, 3),
  },
};

/** @type {import("../kit/figure.js").Explorer} */
export default {
  name: "descent",
  address: {
    loss: oneOf("boston", "well"),
    rate: number(1e-9, 10),
    start: number(-10, 10),
    steps: integer(0, LAST),
  },
  build(figure) {
    const chooser = choice(figure, {
      label: "Loss",
      choices: { boston: "Rooms and prices", well: "Two valleys" },
      onChoose(loss) {
        const { rate, start } = figure.state.settings[loss];
        figure.set({ loss, rate, start });
      },
    });
    const hill = new Plot(figure, {
      name: "The loss and the iterates",
      height: (width) => (figure.wide ? 320 : 0.72 * width),
    });
    const course = new Plot(figure, {
      name: "The loss at each step",
      height: () => (figure.wide ? 320 : 130),
    });
    const curve = hill.line("curve wide");
    const bowl = hill.line("good dashed");
    const tangent = hill.line("accent");
    const path = hill.line("step thin");
    const points = hill.dots("step");
    const next = hill.dots("good hollow", 4.5);
    const startName = hill.label("step");
    const nowName = hill.label("step");
    const start = handle(hill, {
      name: "start, w₀",
      look: "step",
      limits: () => VIEWS[figure.state.loss].limits,
      onMove: ([w]) => figure.set({ start: w }),
    });
    const fall = course.line("step thin");
    const falls = course.dots("step");

    const rate = slider(figure, {
      label: "Learning rate *ρ*",
      onMove: (value) => figure.set({ rate: value }),
    });
    const player = film(figure, {
      trait: "steps",
      last: () => iterates(figure.state).length - 1,
    });
    const numbers = readout(["step", "*w*", "loss", "slope"]);
    const word = html("strong");
    const reason = html("span");
    figure.add(
      html("p", { class: "hint" }, ...rich("Drag *w*₀, move the rate, play or step.")),
      chooser.element,
      html("div", { class: "plots" }, hill.element, course.element),
      legend([
        ["dot step", "iterates"],
        ["accent", "tangent"],
        ["good dashed", "parabola of curvature 1/*ρ* on it; its bottom is the next iterate"],
      ]),
      rate.element,
      player.element,
      html("p", { class: "verdict" }, word, " ", reason),
      numbers.element,
    );

    return (/** @type {State} */ state) => {
      const view = VIEWS[state.loss];
      const { value, slope, curvature } = lossOf(state);
      const all = iterates(state);
      const t = Math.min(state.steps, all.length - 1);
      const shown = all.slice(0, t + 1);
      const now = shown[t];
      const heights = shown.map(value);

      hill.setAxes(view.x, view.y);
      course.setAxes({ domain: [0, LAST], label: "step *t*" }, view.y);
      const grid = spread(view.x.domain, 161);
      curve(grid.map((w) => [w, value(w)]));
      tangent(touching(hill, now, heights[t], slope(now)));
      const bottom = now - state.rate * slope(now);
      const depth = heights[t] - (state.rate * slope(now) ** 2) / 2;
      const reach = Math.sqrt(2 * state.rate * Math.max(0, 1.1 * view.y.domain[1] - depth));
      bowl(
        spread([bottom - reach, bottom + reach], 61).map((w) => [
          w,
          depth + (w - bottom) ** 2 / (2 * state.rate),
        ]),
      );
      next([[bottom, depth]]);
      path(shown.map((w, i) => [w, heights[i]]));
      points(shown.map((w, i) => [w, heights[i]]));
      fall(shown.map((_, i) => [i, heights[i]]));
      falls(shown.map((_, i) => [i, heights[i]]));

      start([state.start, heights[0]], `w₀ = ${fixed(state.start, 2)}`);
      // Below the curve, on the outer side, nothing else is drawn.
      const name = (label, w, height, text) => {
        const [dx, anchor] = slope(w) > 0 ? [9, "start"] : [-9, "end"];
        label([w, height], text, dx, 17, anchor);
      };
      const apart = Math.hypot(
        hill.x.at(now) - hill.x.at(state.start),
        hill.y.at(heights[t]) - hill.y.at(heights[0]),
      );
      name(startName, state.start, heights[0], "*w*₀");
      name(nowName, now, heights[t], apart > 30 ? `*w*${subscript(t)}` : "");

      const marks =
        state.loss === "boston"
          ? [1, 2].map((n) => ({ value: n / curvature(0), text: `${n}/*L*″` }))
          : [];
      rate.draw(state.rate, short(state.rate, 2), view.stops, marks);
      chooser.draw(state.loss);
      player.draw();
      numbers.draw([
        `${t} of ${LAST}`,
        short(now, 4),
        Math.abs(heights[t]) < 1e7 ? view.loss(heights[t]) : short(heights[t]),
        short(slope(now)),
      ]);
      const [what, why] = verdict(state);
      word.textContent = what;
      write(reason, why);
      figure.say(`${what} ${why} Step ${t}: w is ${short(now, 4)}.`);
    };
  },
};

/**
 * Ends of a tangent, some 70 pixels to each side of where it touches.
 * @param {Plot} plot @param {number} w @param {number} height @param {number} slope
 * @returns {[number, number][]}
 */
function touching(plot, w, height, slope) {
  const steepness = Math.abs(slope * (plot.y.at(1) - plot.y.at(0))) / Math.abs(plot.x.at(1) - plot.x.at(0));
  const reach = 70 / Math.hypot(1, steepness) / (plot.x.at(1) - plot.x.at(0));
  return [-reach, reach].map((d) => [w + d, height + slope * d]);
}

/** @param {number[]} ends @param {number} count @returns {number[]} */
function spread([low, high], count) {
  return Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
}
