// What the figure has around the race of six methods on four landscapes.
import { choice, ledger, sample, slider } from "../kit/controls.js";
import { freshId, html } from "../kit/dom.js";
import { fixed, short } from "../kit/format.js";
import { decades, listed } from "../kit/scales.js";
import { FAR, LAST, LOOKS, NAMES, NEAR } from "./racers.js";
import { limit, MEMORIES, METHODS } from "./rules.js";

/** @typedef {import("./racers.js").State} State */
/** @typedef {ReturnType<typeof import("./racers.js").course>} Course */

const MEMORY_STOPS = listed(
  [
    ...Array.from({ length: 19 }, (_, i) => 0.05 * i),
    ...Array.from({ length: 9 }, (_, i) => 0.91 + 0.01 * i),
    ...Array.from({ length: 9 }, (_, i) => 0.991 + 0.001 * i),
  ].map((value) => Number(value.toFixed(3))),
);
const RATE_STOPS = decades(-4, 2);
const labels = (name) => [
  `Rate *ρ* of ${NAMES[name]}`,
  ...MEMORIES[name].map((symbol) => `Memory ${symbol}`),
];

/** @param {string[]} names @returns {string} "GD, SGD and Adam" */
const list = (names) => names.join(", ").replace(/, ([^,]*)$/, " and $1");
/** @param {string[]} names @param {string} one @param {string} many the verb */
const clause = (names, one, many) =>
  `${list(names.map((name) => NAMES[name]))} ${names.length > 1 ? many : one}`;
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

/**
 * @param {Object<string, Course>} runs
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

/**
 * @param {import("../kit/figure.js").Figure} figure
 * @param {() => void} stop what plays
 * @returns {import("./race.js").Surroundings}
 */
export function methods(figure, stop) {
  const places = choice(figure, {
    label: "Landscape",
    choices: { ravine: "Ravine", rosenbrock: "Rosenbrock", saddle: "Saddle", wells: "Two wells" },
    onChoose(landscape) {
      stop();
      figure.set({ landscape, ...figure.state.settings.scenes[landscape] });
    },
  });
  places.element.classList.add("tight");
  const table = board(figure);
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
  const amount = (value) => (Number.isFinite(value) ? short(value, 2) : "∞");
  return {
    hint: "Drag the start. Tick who runs; choose a name to change its settings.",
    last: LAST,
    pause: 60,
    time: "step *t*",
    goal: NEAR,
    plane: 0.86,
    fall: [236, 160],
    above: places.element,
    beside: table.element,
    settings: ({ method }) => controls[method],
    draw(state, t, runs, losses) {
      const { landscape, method } = state;
      places.draw(landscape);
      table.draw(state, (name) => {
        const { kind, step, path } = runs[name];
        const ended = t === LAST || t >= step || t >= path.length - 1;
        const fate = { arrives: String(step), lost: "lost", rests: "rests", late: `> ${fixed(FAR, 0)}` };
        return [amount(losses[name]), ended ? fate[kind] : ""];
      });
      controls[method].forEach((control, i) => {
        const value = state[method][i];
        if (i) return control.draw(value, String(value), MEMORY_STOPS);
        const most = landscape === "ravine" ? limit(method, state[method]) : undefined;
        const marks = most ? [{ value: most, text: "limit" }] : [];
        control.draw(value, short(value, 2), RATE_STOPS, marks);
      });
      const [what, why] = verdict(runs, losses, t);
      return [what, why, `${what} ${why}`];
    },
  };
}
