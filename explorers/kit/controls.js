// Sliders, choices, the buttons of a film, and numbers to read.
import { assign, freshId, html, plain, rich, svg, write } from "./dom.js";
import { mark } from "./marks.js";

/** @typedef {import("./figure.js").Figure} Figure */

/**
 * A slider with its value beside it and, if wanted, marks below.
 *
 * @param {Figure} figure
 * @param {object} options
 * @param {string} options.label may have symbols between stars
 * @param {(value: number) => void} options.onMove
 * @returns {{element: HTMLElement, draw: (value: number, text: string,
 *   stops: import("./scales.js").Stops, marks?: {value: number, text: string}[]) => void}}
 */
export function slider(figure, { label, onMove }) {
  const id = freshId();
  const input = /** @type {HTMLInputElement} */ (
    html("input", { type: "range", id, min: 0, step: 1 })
  );
  // The slider itself tells it aloud.
  const shown = html("span", { class: "value", "aria-hidden": "true" });
  const ruler = html("div", { class: "ruler", "aria-hidden": "true" });
  let stops;
  input.addEventListener("input", () => onMove(stops.value(Number(input.value))));
  const element = html(
    "div",
    { class: "slider" },
    html("label", { for: id }, ...rich(label)),
    shown,
    html("div", { class: "track" }, input, ruler),
  );
  const draw = (value, text, newStops, marks = []) => {
    stops = newStops;
    const last = stops.count - 1;
    const place = (v) => Math.min(last, Math.max(0, stops.index(v)));
    assign(input, { max: last, "aria-valuetext": plain(text) });
    input.value = String(Math.round(place(value)));
    write(shown, text);
    const key = JSON.stringify([marks, last]);
    if (ruler.dataset.key === key) return;
    ruler.dataset.key = key;
    ruler.replaceChildren(
      ...marks.map((mark) => {
        const at = html("span", {}, ...rich(mark.text));
        at.style.setProperty("--at", String(place(mark.value) / last));
        return at;
      }),
    );
  };
  return { element, draw };
}

/**
 * One of a few: radio buttons that look like a row of keys.
 *
 * @param {Figure} figure
 * @param {object} options
 * @param {string} options.label
 * @param {Object<string, string>} options.choices value: text
 * @param {(value: string) => void} options.onChoose
 * @returns {{element: HTMLElement, draw: (value: string) => void}}
 */
export function choice(figure, { label, choices, onChoose }) {
  const name = freshId();
  const inputs = Object.entries(choices).map(([value, text]) => {
    const input = /** @type {HTMLInputElement} */ (
      html("input", { type: "radio", name, value })
    );
    input.addEventListener("change", () => onChoose(value));
    return { input, element: html("label", {}, input, html("span", {}, ...rich(text))) };
  });
  const element = html(
    "fieldset",
    { class: "choice" },
    html("legend", {}, ...rich(label)),
    ...inputs.map((entry) => entry.element),
  );
  const draw = (value) => {
    for (const { input } of inputs) input.checked = input.value === value;
  };
  return { element, draw };
}

const ICONS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 2.5h3v11H4zM9.5 2.5h3v11h-3z",
  back: "M10.5 3 5 8l5.5 5z",
  step: "M5.500 3 11 8l-5.500 5z",
  rewind: "M4 3h2v10H4zM12.500 3 6.500 8l6 5z",
  reset: "M8 3a5 5 0 1 1-4.700 3.300l1.400.500A3.500 3.500 0 1 0 8 4.500V7L4.200 3.700 8 .5z",
};

/**
 * A button with a drawing and a word.
 * @param {keyof typeof ICONS} icon
 * @param {string} word
 * @param {() => void} onPress
 */
export function button(icon, word, onPress) {
  const path = svg("path", { d: ICONS[icon] });
  const text = html("span", {}, word);
  const drawing = svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, path);
  const element = html("button", { type: "button" }, drawing, text);
  element.addEventListener("click", () => {
    if (element.getAttribute("aria-disabled") !== "true") onPress();
  });
  return {
    element,
    /** @param {keyof typeof ICONS} newIcon @param {string} newWord */
    show(newIcon, newWord) {
      assign(path, { d: ICONS[newIcon] });
      if (text.textContent !== newWord) text.textContent = newWord;
    },
    /** Out of use, yet still where the keyboard is. */
    able(can) {
      assign(element, { "aria-disabled": can ? undefined : "true" });
    },
  };
}

/**
 * Play, Back, Step and Reset for a trait that counts steps. Playing from the end starts
 * anew; with reduced motion it goes to the end at once.
 *
 * @param {Figure} figure
 * @param {object} options
 * @param {string} options.trait
 * @param {() => number} options.last the last step that can be shown now
 * @param {number | (() => number)} [options.pause] milliseconds from step to step
 * @param {{back?: string, step?: string}} [options.words] on the buttons, where the
 *   figure has better ones
 * @returns {{element: HTMLElement, draw: () => void, stop: () => void}}
 */
export function film(figure, { trait, last, pause = 350, words = {} }) {
  let timer = 0;
  const present = () => Math.min(last(), figure.model.get(trait));
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    draw();
  };
  const tick = () => {
    if (figure.away) return;
    if (present() < last()) figure.set({ [trait]: present() + 1 });
    if (present() >= last()) stop();
  };
  const start = () => {
    if (figure.reduced.matches) return figure.set({ [trait]: last() });
    if (present() >= last()) figure.set({ [trait]: 0 });
    else tick();
    timer ||= setInterval(tick, typeof pause === "function" ? pause() : pause);
  };
  const go = (by) => {
    stop();
    figure.set({ [trait]: Math.min(last(), Math.max(0, present() + by)) });
  };
  const play = button("play", "Play", () => (timer ? stop() : start()));
  const back = button("back", words.back ?? "Back", () => go(-1));
  const step = button("step", words.step ?? "Step", () => go(1));
  const reset = button("reset", "Reset", () => {
    stop();
    figure.reset();
  });
  const parts = [play, back, step, reset].map((part) => part.element);
  const element = html("div", { class: "film" }, ...parts);
  const draw = () => {
    if (timer) play.show("pause", "Pause");
    else play.show("play", "Play");
    back.able(present() > 0);
    step.able(present() < last());
  };
  figure.endings.push(() => clearInterval(timer));
  return { element, draw, stop };
}

/**
 * Numbers with their names, in a row.
 * @param {string[]} labels
 * @returns {{element: HTMLElement, draw: (values: string[]) => void}}
 */
export function readout(labels) {
  const values = labels.map(() => html("b"));
  const pairs = labels.map((label, i) => html("span", {}, ...rich(label), " ", values[i]));
  return {
    element: html("div", { class: "readout" }, ...pairs),
    draw: (texts) => texts.forEach((text, i) => write(values[i], text)),
  };
}

/**
 * A small drawing of a line or a point, to stand before its name.
 * @param {string} look as `Plot.line` or, with "dot", as `Plot.dots`, a "triangle" if
 *   named
 * @param {import("./marks.js").Shape} [shape] of a point on the line
 * @returns {SVGElement}
 */
export function sample(look, shape) {
  const dot = look.includes("dot ");
  const point = mark(shape ?? (look.includes("triangle") ? "triangle" : "circle"), 3.5);
  const at = { class: `dots ${look}`, transform: "translate(12,6)" };
  return svg(
    "svg",
    { width: 24, height: 12, "aria-hidden": "true" },
    ...(dot ? [] : [svg("path", { class: `line ${look}`, d: "M1,6H23" })]),
    ...(dot || shape ? [svg("g", at, point)] : []),
  );
}

/** @param {string} look @param {string} text @returns {Node[]} a sample and its name */
const entry = (look, text) => [sample(look), html("span", {}, ...rich(text))];

/**
 * What the lines and points of a plot are.
 * @param {[string, string][]} entries look (as `sample`) and text
 * @returns {HTMLElement}
 */
export function legend(entries) {
  const items = entries.map(([look, text]) => html("li", {}, ...entry(look, text)));
  return html("ul", { class: "legend" }, ...items);
}

/**
 * A legend with numbers: one row for each look.
 * @param {string[]} heads names of the columns of numbers
 * @param {([string, string] | Node[])[]} rows look and name, or what stands there instead
 * @returns {{element: HTMLElement, draw: (texts: string[][]) => void}}
 */
export function ledger(heads, rows) {
  const cell = (role, ...nodes) => html("span", { role }, ...nodes);
  const fields = rows.map(() => heads.map(() => cell("cell")));
  const head = html(
    "div",
    { role: "row" },
    cell("cell"),
    ...heads.map((text) => cell("columnheader", ...rich(text))),
  );
  const lines = rows.map((row, i) => {
    const first = typeof row[0] === "string" ? entry(row[0], row[1]) : row;
    return html("div", { role: "row" }, cell("rowheader", ...first), ...fields[i]);
  });
  return {
    element: html("div", { class: "ledger", role: "table" }, head, ...lines),
    draw: (texts) =>
      texts.forEach((row, i) => row.forEach((text, j) => write(fields[i][j], text))),
  };
}

/** @param {string} text @param {HTMLElement} element a choice that shows its name */
export const named = (text, element) =>
  html("div", { class: "named" }, html("b", { "aria-hidden": "true" }, ...rich(text)), element);
