// A network that is trained while one watches: what it says about the plane, how its
// hidden layers bend it, and the losses. `__init__.py` has the same training in NumPy.
import { button, choice, ledger, legend, named, slider } from "../kit/controls.js";
import { assign, html, write } from "../kit/dom.js";
import { integer, number, numbers, oneOf } from "../kit/fields.js";
import { fixed, short } from "../kit/format.js";
import { Plot } from "../kit/plot.js";
import { decades, even, linear } from "../kit/scales.js";
import { COUNT, LAST, PLANE, dataset } from "./network.js";
import * as pictures from "./pictures.js";
import { trainer } from "./trainer.js";

const { SQUARE, crossings, grid, pairs, shortLines } = pictures;

/**
 * @typedef {import("./network.js").Settings
 *   & import("./network.js").View & {epochs: number}} State the traits of
 *   `playground.Playground`
 */

const WIDEST = 8;
const BATCHES = [1, 10, 50, COUNT];
const JUMP = 250; // epochs that Play adds where nothing shall move
const TOPS = [0.8, 1.6, 3, 6, 12];
const SURE = [-Math.log(9), Math.log(9)]; // logits of 0.1 and 0.9
const HORIZONS = [50, 100, 200, 500, 1000, LAST];

/** @param {State} state @returns {import("./network.js").Settings} */
const settingsOf = ({ data, hidden, activation, rate, batch, init, seed }) => ({
  data,
  hidden,
  activation,
  rate,
  batch,
  init,
  seed,
});

/** Whether two plain values are the same. */
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * @param {object} answer of the trainer
 * @returns {[string, string]} how the training stands, and more about it
 */
function verdict(answer) {
  const { dead } = answer.picture;
  const [what, why] = standing(answer);
  const units = dead === 1 ? "unit is dead" : "units are dead";
  return [what, dead ? `${dead} hidden ${units}, 0 at every training point.` : why];
}

/** The same as far as no unit is dead. */
function standing({ epochs, lost, picture }) {
  const { recent, best, least, history, dead, equal } = picture;
  if (lost) return ["Diverged.", "The loss is no longer a number."];
  if (equal && !dead) return ["Copies.", "Equal units of a layer get equal slopes and stay equal."];
  if (epochs === 0) return ["Untrained.", "The weights are as they were drawn."];
  if (recent.heldOut > 1.5 * best && recent.heldOut > best + 0.03) {
    const past = `was least, ${fixed(least[1], 3)}, after epoch ${least[0]}`;
    return ["Too long?", `The held-out loss ${past}, and has risen since.`];
  }
  if (recent.right > 0.97) {
    return ["Learned.", "A curve in the inputs, a straight line in the last hidden layer."];
  }
  if (recent.loss > 0.75) return ["Worse than a coin.", "A coin has a loss of 0.693."];
  if (recent.loss > 0.6) return ["Hardly better than a coin.", "A coin has a loss of 0.693."];
  return ["Learning.", `The training loss began at ${fixed(history[0][1], 3)}.`];
}

/** @param {State} state @returns {[string, string, string]} the layer that is shown and
 *  the names of its axes */
function axisNames({ hidden, layer, axes }) {
  const sizes = [2, ...hidden.filter(Boolean)];
  const shown = Math.min(layer, sizes.length - 1);
  const name = shown ? `layer ${shown}` : "inputs";
  const unit = (k) => `unit ${(k % sizes[shown]) + 1}`;
  if (axes) return [name, unit(2 * axes - 2), sizes[shown] > 1 ? unit(2 * axes - 1) : ""];
  if (shown < sizes.length - 1) {
    return [name, "first principal direction", "second principal direction"];
  }
  return [name, "along the output's weights", "main direction of the rest"];
}

/** A scale without numbers. */
const bare = (domain, range) => ({ ...linear(domain, range), ticks: () => [] });

/** @type {import("../kit/figure.js").Explorer} */
export default {
  name: "playground",
  address: {
    data: oneOf("spiral", "circles", "xor", "moons"),
    hidden: {
      parse: (text) => numbers(3, 0, WIDEST).parse(text)?.map(Math.round),
      format: numbers(3, 0, WIDEST).format,
    },
    activation: oneOf("tanh", "relu", "sigmoid"),
    rate: number(1e-4, 10),
    batch: { parse: (text) => BATCHES.find((size) => String(size) === text), format: String },
    init: oneOf("glorot", "he", "small", "large", "equal"),
    seed: integer(0, 99),
    epochs: integer(0, LAST),
    layer: integer(1, 3),
    axes: integer(0, WIDEST / 2),
  },
  build(figure) {
    /** The last answer of the trainer. */
    let shown = null;
    let playing = false;
    /** How far the last request goes while it plays. */
    let aim = 0;
    /** The trait as it was last written while playing, and when. */
    let noted = { epochs: 0, time: 0 };
    const work = trainer((answer) => {
      shown = answer;
      figure.schedule();
    });
    /** What the canvases paint with, read anew after a change of the theme. */
    let colors = null;
    const watch = new MutationObserver(() => {
      colors = null;
      figure.schedule();
    });
    for (const root of [document.documentElement, document.body]) {
      watch.observe(root, { attributeFilter: ["data-theme", "data-jp-theme-light"] });
    }
    figure.endings.push(work.end, () => watch.disconnect());

    const note = (epochs) => {
      noted = { epochs, time: performance.now() };
      figure.set({ epochs });
    };
    /** Stop where the last request leads. */
    const pause = () => {
      if (playing) note(aim);
      playing = false;
    };
    const play = button("play", "Play", () => {
      if (playing) return pause();
      const { epochs } = figure.state;
      if (figure.reduced.matches) return figure.set({ epochs: Math.min(LAST, epochs + JUMP) });
      playing = true;
      if (epochs >= LAST) shown = null;
      aim = epochs % LAST;
      note(aim);
    });
    const rewind = button("rewind", "Rewind", () => {
      playing = false;
      figure.set({ epochs: 0 });
    });
    const step = button("step", "Step", () => {
      pause();
      figure.set({ epochs: Math.min(LAST, figure.state.epochs + 1) });
    });
    const reset = button("reset", "Reset", () => {
      playing = false;
      figure.reset();
    });
    const film = [play, rewind, step, reset];

    const choose = (trait, label, choices, read = String) => {
      const made = choice(figure, {
        label,
        choices,
        onChoose: (value) => figure.set({ [trait]: read(value) }),
      });
      made.element.classList.add("tight");
      return { ...made, draw: (state) => made.draw(String(state[trait])) };
    };
    const sets = choose("data", "Data", {
      spiral: "Spiral",
      circles: "Circles",
      xor: "XOR",
      moons: "Moons",
    });
    const widths = [0, 1, 2].map((k) =>
      slider(figure, {
        label: `Layer ${k + 1}`,
        onMove: (units) =>
          figure.set({ hidden: figure.state.hidden.map((n, i) => (i === k ? units : n)) }),
      }),
    );
    const rate = slider(figure, {
      label: "Learning rate *ρ*",
      onMove: (value) => figure.set({ rate: value }),
    });
    const seed = slider(figure, { label: "Seed", onMove: (value) => figure.set({ seed: value }) });
    const more = {
      Activation: choose("activation", "Activation", {
        tanh: "tanh",
        relu: "ReLU",
        sigmoid: "sigmoid",
      }),
      Initialization: choose("init", "Initialization", {
        glorot: "Glorot",
        he: "He",
        small: "small",
        large: "large",
        equal: "equal",
      }),
      Batch: choose("batch", "Batch", { 1: "1", 10: "10", 50: "50", 200: "all 200" }, Number),
      Axes: choose(
        "axes",
        "Axes of the layer's plane: directions or two units",
        { 0: "directions", 1: "1, 2", 2: "3, 4", 3: "5, 6", 4: "7, 8" },
        Number,
      ),
    };

    const left = 30;
    const square = (width) => width + 22; // as long a unit upward as to the right
    const plane = new Plot(figure, { name: "The plane of the inputs", left, height: square });
    const bent = new Plot(figure, {
      name: "The plane as a hidden layer sees it",
      left,
      height: square,
    });
    const course = new Plot(figure, {
      name: "The losses after each epoch",
      left: 36,
      height: () => (figure.wide ? 150 : 140),
    });
    const shade = pictures.tint(plane);
    const meshes = bent.lines("data thin faint");
    const borders = [plane, bent].map((plot) => plot.lines("ink wide round"));
    const sure = plane.lines("ink thin faint round");
    const marks = [plane, bent].map((plot) => {
      const [zeros, ones] = [plot.lines("curve points"), plot.lines("step solid")];
      return (places, labels) => {
        const unit = 1 / (plot.x.at(1) - plot.x.at(0));
        const triangle = ([x, y]) =>
          [[0, 4.2], [3.7, -2.6], [-3.7, -2.6]].map(([dx, dy]) => [x + dx * unit, y + dy * unit]);
        zeros(places.filter((_, i) => !labels[i]).map((place) => [place, place]));
        ones(places.filter((_, i) => labels[i]).map(triangle));
      };
    });
    const lines = [course.line("accent dashed"), course.line("good wide")];
    const best = course.dots("accent hollow", 4);
    const names = { 1: "Layer 1", 2: "Layer 2", 3: "Layer 3" };
    const layers = choose("layer", "Hidden layer that is shown", names, Number);
    layers.element.classList.add("layers");
    const rows = [...layers.element.querySelectorAll("label")].map((label) => {
      const row = pictures.maps(WIDEST);
      label.append(row.element);
      return { label, draw: row.draw };
    });
    const numbersShown = ledger(
      ["loss", "right"],
      [
        ["good wide", `training, ${COUNT} points`],
        ["accent dashed", `held out, ${COUNT} points`],
      ],
    );
    const word = html("strong");
    const reason = html("span");
    const key = legend([
      ["dot curve", "class 0"],
      ["dot step triangle", "class 1"],
      ["ink wide", "border, *p* = 0.5"],
      ["ink thin faint", "*p* = 0.1 and 0.9"],
    ]);
    // The compact form does without them.
    for (const part of [bent.element, widths[2].element, rate.element, key]) {
      part.classList.add("extra");
    }
    const stops = {
      units: even(0, WIDEST, WIDEST + 1),
      rate: decades(-3, 1),
      seed: even(0, 99, 100),
    };
    figure.add(
      html(
        "div",
        { class: "choices" },
        sets.element,
        html("div", { class: "film" }, ...film.map((part) => part.element)),
      ),
      html("div", { class: "knobs" }, ...widths.map((part) => part.element), rate.element),
      html("p", { class: "verdict" }, word, " ", reason),
      html("div", { class: "plots halves" }, plane.element, bent.element),
      key,
      html(
        "div",
        { class: "plots halves extra" },
        html("div", {}, course.element, numbersShown.element),
        layers.element,
      ),
      html(
        "details",
        { class: "extra" },
        html("summary", {}, "More settings"),
        html(
          "div",
          { class: "more" },
          ...Object.entries(more).map(([name, part]) => named(name, part.element)),
          seed.element,
        ),
      ),
    );

    /** Draw an answer of the trainer. */
    const paint = (answer) => {
      const { picture, epochs, lost, settings } = answer;
      const { x, y } = dataset(settings.data, 0);
      const at = (level) => (lost ? [] : crossings(picture.logits, level));
      const border = at(0);
      colors ??= ["curve", "step", "ink"].map((role) => pictures.color(plane.element, role));
      shade(picture.logits, colors);
      sure(SURE.map(at).flatMap((ends) => shortLines(ends, SQUARE)));
      borders[0](shortLines(border, SQUARE));
      marks[0](pairs(x), y);
      meshes(lost ? [] : grid(picture.bent));
      borders[1](shortLines(border, picture.bent));
      marks[1](lost ? [] : pairs(picture.seen), y);
      rows.forEach(({ label, draw }, k) => {
        label.hidden = k >= picture.units.length;
        if (!label.hidden) draw(picture.units[k], colors[2]);
      });

      const past = picture.history.filter((row) => row.every(Number.isFinite));
      // Rare peaks are cut.
      const heights = past.flatMap(([, ...losses]) => losses).sort((a, b) => a - b);
      const most = heights[Math.floor(0.95 * heights.length)];
      const high = TOPS.find((end) => end >= most) ?? TOPS.at(-1);
      course.setAxes(
        { domain: [0, HORIZONS.find((end) => end >= epochs)], label: "epoch" },
        { domain: [0, high], label: "loss", outward: true },
      );
      [2, 1].forEach((column, i) => lines[i](past.map((row) => [row[0], row[column]])));
      best([picture.least]);
      const told = picture.scores.map(({ loss, right }) => [
        loss < 100 ? fixed(loss, 3) : loss < Infinity ? short(loss) : "none",
        `${fixed(100 * right, right < 1 ? 1 : 0)} %`,
      ]);
      numbersShown.draw(told);

      const name = [2, ...settings.hidden.filter(Boolean), 1].join("-");
      const [what, why] = verdict(answer);
      write(word, `Epoch ${epochs}, ${name}.`);
      write(reason, `${what} ${why}`);
      const [training, heldOut] = told.map((pair) => pair.join(", right "));
      return `Epoch ${epochs}. ${what} ${why} Training loss ${training}; held out ${heldOut}.`;
    };

    return (/** @type {State} */ state) => {
      const settings = settingsOf(state);
      const view = { layer: state.layer, axes: state.axes };
      const current = shown && same(shown.settings, settings);
      // Somebody else has set the trait, or there is no way on.
      if (playing && state.epochs !== noted.epochs) playing = false;
      if (playing && current && (shown.lost || shown.epochs >= LAST)) return pause();
      const pace = Math.max(1, Math.min(5, Math.round(state.batch / 20)));
      // While it plays, new settings begin anew; at rest, they get as many epochs.
      if (playing) aim = Math.min(LAST, (current ? shown.epochs : 0) + pace);
      const wanted = playing ? aim : state.epochs;
      const reached = current && (shown.epochs === wanted || (shown.lost && shown.epochs < wanted));
      const done = reached && same(shown.view, view);
      if (!done && !figure.away) work.ask({ settings, epochs: wanted, view });
      if (playing && current && performance.now() - noted.time > 250) note(shown.epochs);

      const span = [-PLANE, PLANE];
      const ticks = [-2, -1, 0, 1, 2];
      plane.setAxes({ domain: span, label: "*x*₁" }, { domain: span, label: "*x*₂", ticks });
      const [name, across, upward] = axisNames(state);
      bent.setAxes(
        { domain: [-1, 1], label: across, scale: bare },
        { domain: [-1, 1], label: `${name}${upward && `: ${upward}`}`, outward: true, ticks: [] },
      );
      sets.draw(state);
      widths.forEach((part, k) => {
        const units = state.hidden[k];
        part.draw(units, units ? String(units) : "none", stops.units);
      });
      rate.draw(state.rate, short(state.rate, 2), stops.rate);
      seed.draw(state.seed, String(state.seed), stops.seed);
      for (const part of Object.values(more)) part.draw(state);
      const depth = state.hidden.filter(Boolean).length;
      layers.draw({ layer: Math.min(state.layer, depth) });
      play.show(playing ? "pause" : "play", playing ? "Pause" : "Play");
      rewind.able(playing || state.epochs > 0);
      step.able(state.epochs < LAST && !(current && shown.lost));
      const rests = done && !playing;
      assign(figure.content, { "aria-busy": rests ? undefined : "true" });
      if (!shown || (figure.reduced.matches && !done)) return;
      const said = paint(shown);
      if (rests) figure.say(said);
    };
  },
};
