import { button, choice, named, readout, slider } from "../kit/controls.js";
import { assign, html, rich, svg, write } from "../kit/dom.js";
import { number, numbers, oneOf, some } from "../kit/fields.js";
import { fixed } from "../kit/format.js";
import { handle } from "../kit/handle.js";
import { mark } from "../kit/marks.js";
import { Plot } from "../kit/plot.js";
import { decades, even } from "../kit/scales.js";
import { lettered } from "./letters.js";
import { EDGE, NAMES, cells, keysAt, keysRead, mix, scores, shown, slope, wedges, weights } from "./weights.js";

const STEP = 0.05;
const LOOKS = [
  ["curve", "circle"],
  ["step", "triangle"],
  ["ink", "plus"],
  ["accent", "diamond"],
  ["data", "down"],
  ["good", "square"],
];
const LENGTHS = even(STEP, EDGE, 60);
const SHARPNESSES = { ...decades(-1, 2), count: 201 }; // 0.1 to 30
const MARKS = [
  { value: 0.1, text: "0.1" },
  { value: Math.SQRT1_2, text: "1/√*d*" },
  { value: 3, text: "3" },
  { value: 10, text: "10" },
  { value: 30, text: "30" },
];
const SETS = { uneven: "Uneven", circle: "On a circle", long: "B doubled" };

const round = (value) => Number(value.toFixed(6));
const pair = ([x, y]) => `(${fixed(x, 2)}, ${fixed(y, 2)})`;
const size = ([x, y]) => Math.hypot(x, y);
const list = (names) =>
  names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0];

/** @param {number} score @returns {string} with as many digits as have room */
const told = (score) =>
  score === -Infinity ? "−∞" : fixed(score, Math.abs(score) < 9.995 ? 2 : Math.abs(score) < 99.95 ? 1 : 0);

/** Discs behind marks, one for each key. */
function discs(plot) {
  const all = LOOKS.map(([look]) => svg("circle", { class: `lookup-disc ${look}` }));
  plot.window.append(...all);
  return (points, radii) =>
    all.forEach((disc, j) => {
      const [cx, cy] = plot.at(points[j]).split(",");
      assign(disc, { cx, cy, r: radii[j].toFixed(1) });
    });
}

/** The plane, shaded by winners; the cell of the present one is darker. */
function shades(plot) {
  const all = LOOKS.map(([look]) => svg("path", { class: `lookup-cell ${look}` }));
  plot.window.append(...all);
  return (areas, winners) =>
    all.forEach((area, j) => {
      const corners = areas[j].map((point) => plot.at(point)).join("L");
      assign(area, { d: corners && `M${corners}Z` });
      area.classList.toggle("lookup-winner", winners.includes(j));
    });
}

/** A key's row: its mark and name, value, score, a bar, weight, and a switch. */
function row(j, onSwitch) {
  const [look, shape] = LOOKS[j];
  const cell = (...nodes) => html("span", { role: "cell" }, ...nodes);
  const dot = svg("g", { class: `dots ${look}`, transform: "translate(8,8)" }, mark(shape, 5));
  const drawing = svg("svg", { width: 16, height: 16, "aria-hidden": "true" }, dot);
  const name = html("b", {}, NAMES[j]);
  const [value, score, weight] = [cell(), cell(), cell()];
  const bar = html("i", { class: look });
  const off = html("button", { type: "button" });
  off.addEventListener("click", onSwitch);
  const element = html(
    "div",
    { role: "row" },
    html("span", { role: "rowheader" }, drawing, name),
    value,
    score,
    html("span", { class: "lookup-bar", "aria-hidden": "true" }, bar),
    weight,
    cell(off),
  );
  return {
    element,
    draw(texts, share, may) {
      [value, score, weight].forEach((field, i) => write(field, texts[i]));
      bar.style.width = `${100 * share}%`;
      element.classList.toggle("lookup-off", !may);
      const word = may ? "Hide" : "Show";
      write(off, word);
      assign(off, { "aria-label": `${word} key ${NAMES[j]}` });
    },
  };
}

/** @type {import("../kit/figure.js").Explorer} */
export default {
  name: "lookup",
  address: {
    query: numbers(2, -EDGE, EDGE),
    places: numbers(12, -EDGE, EDGE),
    sharpness: number(0.1, 30),
    score: oneOf("dot", "distance"),
    hidden: some(...NAMES),
  },
  build(figure) {
    const plane = new Plot(figure, {
      name: "The plane of the query and the keys",
      left: 30,
      height: (width) => width + 22, // as long a unit upward as to the right
    });
    const shade = shades(plane);
    const axes = [plane.line("axis-line thin"), plane.line("axis-line thin")];
    const ray = plane.line("ink dotted");
    const arrows = LOOKS.map(([look]) => plane.line(look));
    const ways = LOOKS.map(([look]) => plane.line(`${look} thin dotted`));
    const disc = discs(plane);
    const arrow = plane.line("ink wide");
    const regions = LOOKS.map(() => plane.label("ink"));
    const letters = LOOKS.map(([look]) => plane.label(look === "data" ? "quiet" : look));
    const queryName = plane.label("ink");
    const limits = () => ({ low: [-EDGE, -EDGE], high: [EDGE, EDGE], step: [STEP, STEP] });
    const query = handle(plane, {
      name: "query",
      look: "ink",
      radius: 10,
      plane: true,
      limits,
      onMove: (to) => {
        // Within a circle, so that every direction goes equally far.
        const far = Math.max(1, size(to) / EDGE);
        figure.set({ query: to.map((v) => round(v / far)) });
      },
    });
    const knobs = LOOKS.map(([look, shape], j) => {
      const draw = handle(plane, {
        name: `key ${NAMES[j]}`,
        look: `${look} solid`,
        shape,
        reach: 15,
        plane: true,
        limits,
        onMove(to) {
          const places = [...figure.state.places];
          places.splice(2 * j, 2, ...to);
          figure.set({ places });
        },
      });
      return { draw, element: /** @type {Element} */ (plane.front.lastElementChild) };
    });

    const line = new Plot(figure, {
      name: "The values and their mix",
      left: 10,
      height: () => 108,
    });
    const weighed = discs(line);
    const marks = LOOKS.map(([look, shape]) => line.dots(look, 5, shape));
    const bar = line.line("ink bar");
    const sum = line.label("ink");

    const toggle = (name) => {
      const { hidden } = figure.state;
      const next = hidden.includes(name) ? hidden.filter((old) => old !== name) : [...hidden, name];
      figure.set({ hidden: NAMES.filter((each) => next.includes(each)) });
    };
    const all = html("button", { type: "button" });
    all.addEventListener("click", () =>
      figure.set({ hidden: figure.state.hidden.length === NAMES.length ? [] : [...NAMES] }),
    );
    const rows = NAMES.map((name, j) => row(j, () => toggle(name)));
    const head = (text) => html("span", { role: "columnheader" }, ...rich(text));
    const table = html(
      "div",
      { class: "lookup-table", role: "table", "aria-label": "Keys" },
      html(
        "div",
        { role: "row" },
        head("key"),
        head("value"),
        head("score"),
        html("span", { class: "lookup-head", role: "columnheader" }, "weight"),
        html("span", { role: "columnheader" }, all),
      ),
      ...rows.map((each) => each.element),
    );
    const score = choice(figure, {
      label: "Score",
      choices: { dot: "Dot product", distance: "Distance" },
      onChoose: (chosen) => figure.set({ score: chosen }),
    });
    const set = choice(figure, {
      label: "Keys",
      choices: SETS,
      onChoose: (chosen) => figure.set({ places: [...figure.state.sets[chosen]] }),
    });
    set.element.classList.add("tight");
    const sharpness = slider(figure, {
      label: "Sharpness",
      onMove: (chosen) => figure.set({ sharpness: chosen }),
    });
    const length = slider(figure, {
      label: "Length of *q*",
      onMove(chosen) {
        const now = figure.state.query;
        const far = size(now);
        figure.set({ query: far ? now.map((v) => round((v * chosen) / far)) : [chosen, 0] });
      },
    });
    const reset = button("reset", "Reset", () => figure.reset());
    const values = readout(["mix *y*", "keys read", "slope"]);
    const [word, reason] = [html("strong"), html("span")];
    figure.add(
      html("p", { class: "hint" }, ...rich("Drag the query *q* or a key, or hide keys.")),
      html("div", { class: "choices lookup-choices" }, score.element, named("Keys", set.element)),
      html(
        "div",
        { class: "plots lookup-plots" },
        plane.element,
        html("div", { class: "lookup-side" }, table, line.element),
      ),
      html("div", { class: "lookup-sliders" }, sharpness.element, length.element),
      html("p", { class: "verdict lookup-verdict" }, word, " ", reason),
      html(
        "div",
        { class: "lookup-foot" },
        values.element,
        html("div", { class: "film" }, reset.element),
      ),
    );

    return (/** @type {import("./weights.js").State} */ state) => {
      const [keys, may, alpha] = [keysAt(state), shown(state), weights(state)];
      const none = !may.includes(true);
      const most = Math.max(...alpha);
      const winners = NAMES.map((_, j) => j).filter((j) => alpha[j] > most - 1e-9);
      const inner = state.score === "dot";
      const shares = alpha.map((weight) => (none ? 0 : weight));

      plane.setAxes(
        { domain: [-EDGE, EDGE], label: "" },
        { domain: [-EDGE, EDGE], label: "" },
      );
      shade(cells(state), winners);
      axes[0]([[-EDGE, 0], [EDGE, 0]]);
      axes[1]([[0, -EDGE], [0, EDGE]]);
      const q = state.query;
      const reach = size(q) && EDGE / size(q);
      ray([[0, 0], [q[0] * reach, q[1] * reach]]);
      arrow(inner ? [[0, 0], q] : []);
      arrows.forEach((draw, j) => draw(inner && may[j] ? [[0, 0], keys[j]] : []));
      ways.forEach((draw, j) => draw(!inner && may[j] ? [q, keys[j]] : []));
      disc(keys, shares.map((share) => 26 * Math.sqrt(share)));
      query(q, pair(q));
      const pixel = ([x, y]) => /** @type {[number, number]} */ ([plane.x.at(x), plane.y.at(y)]);
      const room = 6; // half a letter
      const [spots, at] = [keys.map(pixel), pixel(q)];
      const middles = lettered(spots, at, pixel([0, 0]), {
        low: [plane.x.at(-EDGE) + room, plane.y.at(EDGE) + room],
        high: [plane.x.at(EDGE) - room, plane.y.at(-EDGE) - room],
      });
      const beside = (draw, point, from, [x, y], name) =>
        draw(point, name, x - from[0], y - from[1] + 4);
      beside(queryName, q, at, middles.at(-1), "*q*");
      const fans = wedges(state);
      NAMES.forEach((name, j) => {
        const text = may[j] ? `value ${fixed(state.values[j], 0)}, weight ${fixed(alpha[j], 2)}` : "hidden";
        knobs[j].draw(keys[j], `${pair(keys[j])}, ${text}`);
        knobs[j].element.classList.toggle("lookup-off", !may[j]);
        const far = size(keys[j]) || 1;
        const [dx, dy] = [keys[j][0] / far, keys[j][1] / far];
        beside(letters[j], keys[j], spots[j], middles[j], name);
        // A wedge has a name if its key does not lie in it, but farther aside.
        const [middle, width] = fans[j];
        const way = [Math.cos(middle), Math.sin(middle)];
        const rim = (0.93 * EDGE) / Math.max(...way.map(Math.abs));
        const border = /** @type {[number, number]} */ (way.map((v) => rim * v));
        const aside = dx * way[0] + dy * way[1] < Math.cos(width / 2 - 0.1);
        const [left, top] = pixel(border);
        const free =
          [q, ...keys].every(([x, y]) => size([x - border[0], y - border[1]]) > 0.6) &&
          middles.every(([x, y]) => Math.abs(x - left) > 40 || Math.abs(y - top) > 14);
        const anchor = border[0] > 2 ? "end" : border[0] < -2 ? "start" : "middle";
        const wins = inner && width > 0.15 && aside && free ? `${name} wins` : "";
        regions[j](border, wins, 0, 4, anchor);
      });

      const mixed = mix(alpha, state.values);
      const ceiling = Math.max(10, ...state.values);
      line.setAxes(
        { domain: [0, ceiling], label: "value; the bar is their mix *y*" },
        { domain: [0, 1], label: "", ticks: [] },
      );
      const onLine = state.values.map((value) => /** @type {[number, number]} */ ([value, 0.7]));
      weighed(onLine, shares.map((share) => 15 * Math.sqrt(share)));
      onLine.forEach((at, j) => marks[j](may[j] ? [at] : []));
      bar(none ? [] : [[0, 0.2], [mixed, 0.2]]);
      sum([none ? 0 : mixed, 0.2], none ? "0/0" : fixed(mixed, 2), 6, 4, "start");

      const points = scores(state);
      rows.forEach((each, j) =>
        each.draw(
          [fixed(state.values[j], 0), told(points[j]), none ? "0/0" : fixed(alpha[j], 2)],
          shares[j],
          may[j],
        ),
      );
      score.draw(state.score);
      const same = (known) => known.every((v, i) => Math.abs(v - state.places[i]) < 1e-4);
      set.draw(Object.keys(SETS).find((name) => same(state.sets[name])) ?? "");
      sharpness.draw(state.sharpness, fixed(state.sharpness, state.sharpness < 9.95 ? 2 : 1), SHARPNESSES, MARKS);
      length.draw(size(q), fixed(size(q), 2), LENGTHS, [0.5, 1, 2, 3].map((value) => ({ value, text: String(value) })));
      write(all, state.hidden.length === NAMES.length ? "Show all" : "Hide all");
      values.draw(
        none ? ["0/0", "0", "0/0"] : [fixed(mixed, 2), fixed(keysRead(alpha), 2), fixed(slope(alpha), 3)],
      );

      const [what, why] = verdict(state, alpha, winners, fans);
      write(word, what);
      write(reason, why);
      const mode = inner ? "Dot product" : "Distance";
      figure.say(
        none
          ? what
          : `${mode}, sharpness ${fixed(state.sharpness, 2)}: ${what} The mixed value is ${fixed(mixed, 2)}.`,
      );
    };
  },
};

/**
 * @param {import("./weights.js").State} state
 * @param {number[]} alpha
 * @param {number[]} winners
 * @param {[number, number][]} fans the wedges
 * @returns {[string, string]} who wins, and where else
 */
function verdict(state, alpha, winners, fans) {
  const may = shown(state);
  const left = NAMES.filter((_, j) => may[j]);
  if (!left.length) {
    return [
      "No key is left: 0/0.",
      "What comes out is a convention. Keras: 1/6 for each key, but 0 if the layer returns its weights. PyTorch: NaN in the layer by default, 0 in the function.",
    ];
  }
  if (left.length === 1) return [`Only ${left[0]} is left.`, "Its weight is 1, wherever the query is."];
  const names = list(winners.map((j) => NAMES[j]));
  const weight = fixed(alpha[winners[0]], 2);
  const what =
    winners.length === left.length
      ? `All have the same weight, ${weight}.`
      : winners.length > 1
        ? `${names} share the largest weight, ${weight}.`
        : `${names} has the largest weight, ${weight}.`;
  if (state.score === "distance") {
    return [what, "The nearest key wins, wherever the query is."];
  }
  const degrees = (j) => fixed((180 / Math.PI) * fans[j][1], 0);
  const never = NAMES.filter((_, j) => may[j] && fans[j][1] < 1e-9);
  const reach = winners.length > 1 ? "" : `It wins in ${degrees(winners[0])}° of 360°. `;
  return [what, `${reach}${never.length ? `No query makes ${list(never)} win.` : "Each key wins somewhere."}`];
}
