// What the figure has around the race of gradient descent and SGD on twenty points.
import { button, choice, ledger, sample, slider } from "../kit/controls.js";
import { html } from "../kit/dom.js";
import { fixed, short } from "../kit/format.js";
import { decades, listed } from "../kit/scales.js";
import { EPOCHS, POINTS, SIZES } from "./points.js";
import { LOOKS, NAMES } from "./racers.js";

const RATE_STOPS = decades(-1, 2);
const BATCHES = listed(SIZES);
const BATCHES_MARKS = SIZES.map((value) => ({ value, text: String(value) }));
const BOTH = ["gd", "sgd"];

/**
 * @param {import("./racers.js").State} state
 * @param {number} t
 * @param {{gd: number, sgd: number}} losses
 * @returns {[string, string]} what has happened, and why
 */
function verdict({ batch, reduction }, t, { gd, sgd }) {
  const word =
    t === 0 || Math.abs(gd - sgd) < 5e-5
      ? `Epoch ${t}.`
      : `Epoch ${t}: ${sgd < gd ? "SGD" : "GD"} is lower.`;
  const count = POINTS / batch;
  if (count === 1) return [word, "One batch holds all points: SGD is gradient descent."];
  const steps = `In an epoch GD takes 1 step and SGD ${count}`;
  return reduction === "mean"
    ? [word, `${steps}, each about as long.`]
    : [word, `${steps}, each about ${count} times shorter, since a batch has ${count} times fewer terms.`];
}

/**
 * @param {import("../kit/figure.js").Figure} figure
 * @returns {import("./race.js").Surroundings}
 */
export function descents(figure) {
  const reductions = choice(figure, {
    label: "The loss over a batch",
    choices: { mean: "Mean over the batch", sum: "Sum over the batch" },
    onChoose: (reduction) => figure.set({ reduction }),
  });
  reductions.element.classList.add("tight");
  const pair = ledger(
    ["updates", "loss"],
    BOTH.map((name) => [sample(...LOOKS[name]), html("span", {}, NAMES[name])]),
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
  const own = [rate, batch, shuffle];
  return {
    hint: "Drag the start, move the rate and the batch size, play epoch by epoch.",
    last: EPOCHS,
    pause: 500,
    time: "epoch",
    plane: 1,
    fall: [346, 220],
    above: reductions.element,
    beside: pair.element,
    settings: () => own,
    draw(state, t, runs, losses) {
      reductions.draw(state.reduction);
      const share = state.reduction === "sum" ? POINTS : 1;
      rate.draw(state.gd[0], short(state.gd[0] / share, 2), RATE_STOPS);
      batch.draw(state.batch, String(state.batch), BATCHES, BATCHES_MARKS);
      const counts = { gd: t, sgd: (t * POINTS) / state.batch };
      pair.draw(BOTH.map((name) => [String(counts[name]), fixed(losses[name], 4)]));
      const [what, why] = verdict(state, t, losses);
      const both = `Loss of GD ${fixed(losses.gd, 4)}, of SGD ${fixed(losses.sgd, 4)}.`;
      return [what, why, `${what} ${both} ${why}`];
    },
  };
}
