// What is left of a change and of an adjoint along an unrolled recurrent cell.
import { SEEDS, STEPS, UNITS, outcome, states } from "./cells.js";
import { button, choice, legend, readout, slider } from "../kit/controls.js";
import { html, rich } from "../kit/dom.js";
import { integer, number, oneOf } from "../kit/fields.js";
import { fixed, scientific, short } from "../kit/format.js";
import { handle } from "../kit/handle.js";
import { bitmap } from "../kit/pixels.js";
import { Plot } from "../kit/plot.js";
import { even, linear, logarithmic, whole } from "../kit/scales.js";

const NAMES = { linear: "Linear", tanh: "tanh", lstm: "LSTM" };
const HINT =
  "16 units with random weights read four sequences. Click a step *t*, or drag the dot: an adjoint goes back from there.";

/** Exponents at the ends of the axis; the smallest range that holds the sizes is taken. */
const LOWS = [-2, -4, -8, -16, -32, -64];
const HIGHS = [1, 2, 3, 4, 8, 16, 32, 48];

/** @param {number[]} sizes @returns {import("../kit/plot.js").Axis} */
function axisFor(sizes) {
  const powers = sizes.filter((value) => value > 0).map(Math.log10);
  const [least, most] = [Math.min(...powers), Math.max(...powers)];
  const low = LOWS.find((end) => end <= least) ?? LOWS.at(-1);
  const high = HIGHS.find((end) => end >= most + 0.3) ?? HIGHS.at(-1);
  const step = [1, 2, 4, 5, 10, 20].find((by) => (high - low) / by <= 6);
  const ticks = [];
  for (let power = Math.ceil(low / step) * step; power <= high; power += step) {
    ticks.push(10 ** power);
  }
  return {
    domain: [10 ** low, 10 ** high],
    label: "what is left",
    outward: true,
    scale: logarithmic,
    ticks,
    format: (value) => scientific(value, 1),
  };
}

const bare = (domain, range) => ({ ...linear(domain, range), ticks: () => [] });

const percent = (share) => `${fixed(100 * share, 0)}\u00a0%`;
const left = (value) => (value ? short(value, 2) : "< 10⁻¹⁰⁰");

/** @type {import("../kit/figure.js").Explorer} */
export default {
  name: "echo",
  address: {
    cell: oneOf(...Object.keys(NAMES)),
    radius: number(0, 2.5),
    spread: number(0, 2),
    length: integer(5, STEPS),
    bias: number(-1, 6),
    at: integer(1, STEPS),
    seed: integer(0, SEEDS - 1),
  },
  build(figure) {
    const now = () => {
      const { at, length } = figure.state;
      return { at: Math.min(at, length), length };
    };
    const kind = choice(figure, {
      label: "Cell",
      choices: NAMES,
      onChoose: (cell) => figure.set({ cell }),
    });
    const chain = new Plot(figure, { name: "The states of one sequence", height: () => 114 });
    chain.margin.bottom = 10;
    const plot = new Plot(figure, {
      name: "What is left of a change and of an adjoint, at each step",
      height: () => (figure.wide ? 280 : 240),
    });
    const picture = bitmap(chain);
    const chosen = chain.line("step wide");
    const level = plot.line("axis-line thin dotted");
    const upright = plot.line("step thin");
    const power = plot.line("data");
    const gate = plot.line("good wide dotted");
    const forward = plot.line("curve wide");
    const back = plot.line("accent wide dashed");
    const arrived = [plot.dots("accent hollow", 4), plot.dots("curve hollow", 4)];
    const place = handle(plot, {
      name: "Step t that the adjoint starts from",
      look: "accent solid",
      limits: () => ({ low: [1], high: [now().length], step: [1] }),
      onMove: ([at]) => figure.set({ at }),
    });
    for (const [part, shift] of [[chain, 1], [plot, 0]]) {
      part.svg.addEventListener("click", (event) => {
        const [pixel] = part.under(event);
        if (pixel < part.margin.left || event.target.closest(".handle")) return;
        const at = Math.round(part.x.value(pixel)) + shift;
        figure.set({ at: Math.min(now().length, Math.max(1, at)) });
      });
    }
    const radius = slider(figure, {
      label: "Spectral radius *γ*",
      onMove: (value) => figure.set({ radius: value }),
    });
    const spread = slider(figure, {
      label: "Size of the inputs",
      onMove: (value) => figure.set({ spread: value }),
    });
    const length = slider(figure, {
      label: "Steps *T*",
      onMove: (value) => {
        const last = now().at === now().length; // it stays the last one
        figure.set({ length: value, at: last ? value : Math.min(value, now().at) });
      },
    });
    const bias = slider(figure, {
      label: "Bias of the forget gate",
      onMove: (value) => figure.set({ bias: value }),
    });
    const numbers = readout([
      "left at step 1:",
      "each step back ×",
      "the gate alone ×",
      "saturated:",
    ]);
    const fresh = button("step", "New weights", () =>
      figure.set({ seed: (figure.state.seed + 1) % SEEDS }),
    );
    const reset = button("reset", "Reset", () => figure.reset());
    figure.add(
      html("p", { class: "hint" }, ...rich(HINT)),
      kind.element,
      html("div", {}, chain.element, plot.element),
      legend([
        ["curve wide", "change of the first state, forward →"],
        ["accent wide dashed", "adjoint from step *t*, ← back"],
        ["good wide dotted", "the gate’s line alone, back"],
        ["data", "*γ*ᵗ⁻ˢ, of the radius alone"],
      ]),
      html("div", { class: "plots halves" }, ...[radius, spread, length, bias].map((s) => s.element)),
      numbers.element,
      html("div", { class: "film" }, fresh.element, reset.element),
    );
    const radii = even(0, 2.5, 51);
    const spreads = even(0, 2, 41);
    const lengths = even(5, STEPS, STEPS - 4);
    const biases = even(-1, 6, 15);
    const marks = (...values) => values.map((value) => ({ value, text: fixed(value, 0) }));

    return (/** @type {import("./cells.js").State} */ state) => {
      const end = outcome(state);
      const at = Math.min(state.at, state.length);
      const picked = states(state);
      const most = state.cell === "tanh" ? 1 : picked.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
      const size = short(most, 1);
      chain.setAxes(
        { domain: [-0.5, state.length - 0.5], label: "", scale: bare },
        {
          domain: [0.5 - UNITS, 0.5],
          label: `*${state.cell === "lstm" ? "c" : "h"}* of 16 units: white ${size}, black 0, orange −${size}`,
          outward: true,
          ticks: [],
        },
      );
      picture(picked, state.length, most);
      const sides = [at - 1.5, at - 0.5];
      chosen([
        [sides[0], 0.5],
        [sides[1], 0.5],
        [sides[1], 0.5 - UNITS],
        [sides[0], 0.5 - UNITS],
        [sides[0], 0.5],
      ]);
      const axis = axisFor([...end.forward, ...end.back, ...end.gate]);
      plot.setAxes(
        { domain: [0.5, state.length + 0.5], label: "step", scale: whole },
        axis,
      );
      const points = (values) => values.map((value, s) => [s + 1, value || 1e-300]);
      level([
        [0.5, 1],
        [state.length + 0.5, 1],
      ]);
      upright(axis.domain.map((value) => [at, value]));
      const simple = state.cell !== "lstm";
      power(!simple ? [] : points(end.back.map((_, s) => state.radius ** (at - 1 - s))));
      gate(points(end.gate));
      forward(points(end.forward));
      back(points(end.back));
      arrived[0](points(end.back).slice(0, 1));
      arrived[1](points(end.forward).slice(at - 1, at));
      const told = `${left(end.back[0])} of the adjoint is left at step 1, ${short(end.rate, 2)} for each step.`;
      place([at, 1], `step ${at}, ${told}`);
      kind.draw(state.cell);
      radius.draw(state.radius, fixed(state.radius, 2), radii, marks(0, 1, 2));
      spread.draw(state.spread, fixed(state.spread, 2), spreads, [
        { value: 0.1, text: "0.1" },
        ...marks(1, 2),
      ]);
      length.draw(state.length, String(state.length), lengths, marks(5, 20, 50, 100));
      bias.draw(state.bias, fixed(state.bias, 1), biases, marks(0, 1, 3, 5));
      numbers.draw([
        left(end.back[0]),
        fixed(end.rate, 3),
        fixed(end.gate_rate, 3),
        percent(end.saturated),
      ]);
      figure.say(
        `${NAMES[state.cell]}, radius ${fixed(state.radius, 2)}, inputs of size ${fixed(state.spread, 2)}: from step ${at}, ${told} The gate alone: ${short(end.gate_rate, 2)}. Saturated: ${percent(end.saturated)}.`,
      );
    };
  },
};
