import { button, choice, named } from "../kit/controls.js";
import { assign, html, write } from "../kit/dom.js";
import { integer, oneOf } from "../kit/fields.js";
import { fixed } from "../kit/format.js";
import { handle } from "../kit/handle.js";
import { halves } from "../kit/numbers.js";
import { bitmap, bytes, paint, squares } from "../kit/pixels.js";
import { Plot } from "../kit/plot.js";
import { ERASER, FIRST, SECOND, SIDE, forward, moved, parts, unpack } from "./forward.js";

const FARTHEST = 13; // pixels of a shift
const HALF = SIDE / 2;
const LONGEST = 252; // px, of the picture
const STEP = HALF + 1; // from map to map, with the line between them
const [WIDE, HIGH] = [8 * STEP - 1, 2 * STEP - 1];

const flag = {
  parse: (text) => ({ yes: true, no: false })[text],
  format: (value) => (value ? "yes" : "no"),
};
const capital = (text) => text[0].toUpperCase() + text.slice(1);
const ink = (pixels) => pixels.reduce((sum, gray) => sum + gray, 0);
const two = (value) => fixed(value, 2);

/**
 * Maps side by side, eight in a row, with a line left open between them.
 * @param {ArrayLike<number>} maps
 * @param {number} side
 * @returns {{values: Float64Array, columns: number}}
 */
export function mosaic(maps, side) {
  const columns = 8 * (side + 1) - 1;
  const rows = (maps.length / side ** 2 / 8) * (side + 1) - 1;
  const values = new Float64Array(rows * columns).fill(NaN);
  for (let i = 0; i < maps.length; i++) {
    const [map, u, v] = [Math.floor(i / side ** 2), Math.floor(i / side) % side, i % side];
    const row = Math.floor(map / 8) * (side + 1) + u;
    values[row * columns + (map % 8) * (side + 1) + v] = maps[i];
  }
  return { values, columns };
}

/** Corners of a rectangle of pixels. */
const box = (top, left, bottom, right) =>
  [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]].map(([v, u]) => [
    v + (v === left ? -0.5 : 0.5),
    -(u + (u === top ? -0.5 : 0.5)),
  ]);

/** The last answer of a function of texts and numbers. */
function remembered(make) {
  let [key, answer] = ["", null];
  return (...given) => {
    const name = given.join();
    if (name !== key) [key, answer] = [name, make(...given)];
    return answer;
  };
}

/** Ten bars with names. @param {string[]} names */
function bars(names) {
  const rows = names.map((name) => {
    const [bar, value, word] = [html("i"), html("b"), html("span", {}, name)];
    const track = html("span", { class: "network-track" }, bar);
    return { bar, value, word, nodes: [word, track, value] };
  });
  const element = html("div", { class: "network-bars", role: "img" });
  element.append(...rows.flatMap((row) => row.nodes));
  return {
    element,
    draw(probabilities, label, best) {
      const texts = probabilities.map(two);
      assign(element, {
        "aria-label": `Probabilities: ${names.map((name, k) => `${name} ${texts[k]}`).join(", ")}`,
      });
      rows.forEach(({ bar, value, word }, k) => {
        bar.style.width = `${100 * probabilities[k]}%`;
        bar.className = k === label ? "curve" : k === best ? "step" : "data";
        value.textContent = texts[k];
        word.className = k === label ? "network-true" : "";
      });
    },
  };
}

/** A strip of maps with its name. @param {string} name */
function strip(name) {
  const canvas = /** @type {HTMLCanvasElement} */ (html("canvas", { role: "img", "aria-label": name }));
  const element = html("div", { class: "network-strip" }, html("span", {}, name), canvas);
  return {
    element,
    draw(maps, side) {
      const { values, columns } = mosaic(maps, side);
      paint(canvas, values, columns, Math.max(1e-9, ...maps));
    },
  };
}

/** @type {import("../kit/figure.js").Explorer} */
export default {
  name: "network",
  address: {
    image: integer(0, 999),
    right: integer(-FARTHEST, FARTHEST),
    down: integer(-FARTHEST, FARTHEST),
    mirrored: flag,
    eraser: oneOf("off", "black", "gray"),
    row: integer(0, SIDE - ERASER),
    column: integer(0, SIDE - ERASER),
    map: integer(0, SECOND - 1),
    unit_row: integer(0, HALF - 1),
    unit_column: integer(0, HALF - 1),
    channel: integer(0, FIRST - 1),
  },
  build(figure) {
    const { labels, names } = figure.state;
    const weights = unpack(halves(bytes(figure.state.parameters)));
    const pictures = bytes(figure.state.images);
    const pixelsOf = (i) => pictures.subarray(i * SIDE ** 2, (i + 1) * SIDE ** 2);

    const picture = new Plot(figure, {
      name: "The picture",
      height: (width) => {
        const side = Math.min(LONGEST, width - 2);
        Object.assign(picture.margin, { left: 1, right: width - side - 1, top: 1, bottom: 1 });
        return side + 2;
      },
    });
    const showPicture = bitmap(picture);
    const field = [picture.line("step wide halo"), picture.line("step wide")];
    const square = [picture.line("curve wide halo"), picture.line("curve wide dashed")];
    picture.element.classList.add("network-picture");
    const [center, inner] = [SIDE / 2, ERASER / 2]; // where the handles lie
    const shift = handle(picture, {
      name: "shift",
      look: "step network-knob",
      plane: true,
      limits: () => ({
        low: [center - FARTHEST, -center - FARTHEST],
        high: [center + FARTHEST, FARTHEST - center],
        step: [1, 1],
      }),
      onMove: ([x, y]) => figure.set({ right: x - center, down: -y - center }),
    });
    const erase = handle(picture, {
      name: "eraser",
      look: "curve network-knob",
      shape: "square",
      plane: true,
      limits: () => ({
        low: [inner, ERASER - SIDE - inner],
        high: [SIDE - ERASER + inner, -inner],
        step: [1, 1],
      }),
      onMove: ([x, y]) => figure.set({ column: x - inner, row: -y - inner }),
    });

    const maps = new Plot(figure, {
      name: "The sixteen maps of the second convolution",
      height: (width) => {
        Object.assign(maps.margin, { left: 1, right: 1, top: 1, bottom: 1 });
        return ((width - 2) * HIGH) / WIDE + 2;
      },
    });
    const showMaps = bitmap(maps);
    const unitMark = [maps.line("step wide halo"), maps.line("step wide")];
    const placeOf = ({ map, unit_row, unit_column }) => [
      (map % 8) * STEP + unit_column,
      -(Math.floor(map / 8) * STEP + unit_row),
    ];
    /** From the line between two maps on to the map that one was going to. */
    const inMap = (at, from) => (at % STEP < HALF ? at : at > from ? at + 1 : at - 1);
    const chooseUnit = (x, y) => {
      const [fromX, fromY] = placeOf(figure.state);
      const [right, down] = [inMap(x, fromX), inMap(-y, -fromY)];
      figure.set({
        map: 8 * Math.floor(down / STEP) + Math.floor(right / STEP),
        unit_row: down % STEP,
        unit_column: right % STEP,
      });
    };
    const unit = handle(maps, {
      name: "unit",
      look: "step",
      plane: true,
      limits: () => ({ low: [0, 1 - HIGH], high: [WIDE - 1, 0], step: [1, 1] }),
      onMove: ([x, y]) => chooseUnit(x, y),
    });
    maps.element.addEventListener("click", (event) => {
      if (/** @type {Element} */ (event.target).closest(".handle")) return;
      const [left, top] = maps.under(event);
      const [x, y] = [Math.round(maps.x.value(left)), Math.round(maps.y.value(top))];
      if (x >= 0 && x < WIDE && y <= 0 && y > -HIGH) chooseUnit(x, y);
    });

    const strips = ["First convolution, 28 × 28", "pooled, 14 × 14", "pooled, 7 × 7"].map(strip);
    const chosen = choice(figure, {
      label: "Picture",
      choices: Object.fromEntries(labels.map((label, i) => [i, names[label]])),
      onChoose: (i) => figure.set({ image: Number(i) }),
    });
    chosen.element.classList.add("network-choice");
    chosen.element.querySelectorAll("label").forEach((label, i) => {
      const canvas = /** @type {HTMLCanvasElement} */ (html("canvas", { "aria-hidden": "true" }));
      paint(canvas, pixelsOf(i), SIDE, 255);
      const frame = label.querySelector("span");
      label.title = frame.textContent;
      frame.replaceChildren(canvas, html("span", { class: "unseen" }, frame.textContent));
    });
    const mirror = choice(figure, {
      label: "Mirror",
      choices: { no: "As it is", yes: "Mirrored" },
      onChoose: (value) => figure.set({ mirrored: value === "yes" }),
    });
    const eraser = choice(figure, {
      label: "Eraser",
      choices: { off: "Off", black: "Black", gray: "Gray" },
      onChoose: (value) => figure.set({ eraser: value }),
    });
    for (const part of [mirror, eraser]) part.element.classList.add("tight");
    const reset = button("reset", "Reset", () => figure.reset());
    const bar = bars(names);
    const [word, reason] = [html("strong"), html("span")];

    // The unit: eight maps before it, one of them in numbers.
    const channels = choice(figure, {
      label: "Map of the layer before",
      choices: Object.fromEntries(Array.from({ length: FIRST }, (_, c) => [c, ""])),
      onChoose: (c) => figure.set({ channel: Number(c) }),
    });
    channels.element.classList.add("network-channels");
    const columns = [...channels.element.querySelectorAll("label > span")].map((frame) => {
      const canvases = [html("canvas", { "aria-hidden": "true" }), html("canvas", { "aria-hidden": "true" })];
      const sum = html("b");
      frame.append(canvases[0], html("span", { "aria-hidden": "true" }, "×"), canvases[1], sum);
      return { canvases, sum };
    });
    const groups = ["patch", "weights", "products"].map((name) => squares(name, two));
    const heads = groups.map(({ element }, i) => {
      const title = html("span", {}, ["Patch", "Weights", "Products"][i]);
      return html("div", { class: "network-group" }, title, element);
    });
    const sign = (text) => html("span", { class: "network-sign", "aria-hidden": "true" }, text);
    const unitName = html("b");
    const total = html("p", { class: "network-total" });
    figure.add(
      html("p", { class: "hint" }, "Drag the picture by its dot; choose a unit in the maps (keys: arrows)."),
      chosen.element,
      html(
        "div",
        { class: "network-top" },
        picture.element,
        html("div", { class: "network-side" }, bar.element, html("p", { class: "verdict" }, word, " ", reason)),
      ),
      html(
        "div",
        { class: "choices" },
        mirror.element,
        html("div", { class: "film" }, reset.element),
        named("Eraser", eraser.element),
      ),
      html(
        "div",
        { class: "network-maps" },
        strips[0].element,
        strips[1].element,
        html("div", { class: "network-strip" }, html("span", {}, "Second convolution, 14 × 14"), maps.element),
        strips[2].element,
      ),
      unitName,
      channels.element,
      html("div", { class: "network-sum" }, heads[0], sign("×"), heads[1], sign("="), heads[2]),
      total,
    );

    const run = remembered((image, right, down, mirrored, mode, row, column) => {
      const how = { right, down, mirrored, eraser: mode, row, column };
      const pixels = moved(pixelsOf(image), how);
      const kept = ink(moved(pixelsOf(image), { ...how, eraser: "off" })) / ink(pixelsOf(image));
      return { pixels, gone: 1 - kept, ...forward(weights, pixels) };
    });

    return (state) => {
      const { right, down, mirrored, row, column, map, channel } = state;
      const image = Math.min(state.image, labels.length - 1);
      const found = run(image, right, down, mirrored, state.eraser, row, column);
      const label = labels[image];
      const best = found.probabilities.indexOf(Math.max(...found.probabilities));

      const across = { domain: [-0.5, SIDE - 0.5], label: "" };
      picture.setAxes(across, { domain: [0.5 - SIDE, 0.5], label: "", ticks: [] });
      showPicture(found.pixels, SIDE, 255);
      const [u, v] = [state.unit_row, state.unit_column];
      // Two 3 × 3 kernels and a pooling between them: 8 × 8 pixels.
      const seen = [2 * u - 3, 2 * v - 3, 2 * u + 4, 2 * v + 4];
      const inside = seen.map((at) => Math.min(SIDE - 1, Math.max(0, at)));
      for (const line of field) line(box(...inside));
      const off = state.eraser === "off";
      for (const line of square) {
        line(off ? [] : box(row, column, row + ERASER - 1, column + ERASER - 1));
      }
      shift([center + right, -center - down], `${right} to the right, ${down} down`);
      erase(off ? null : [column + inner, -row - inner], `row ${row}, column ${column}`);

      strips[0].draw(found.maps, SIDE);
      strips[1].draw(found.small, HALF);
      strips[2].draw(found.last, HALF / 2);
      const tiles = mosaic(found.after, HALF);
      maps.setAxes(
        { domain: [-0.5, WIDE - 0.5], label: "" },
        { domain: [0.5 - HIGH, 0.5], label: "", ticks: [] },
      );
      showMaps(tiles.values, tiles.columns, Math.max(1e-9, ...found.after));
      const [x, y] = placeOf(state);
      for (const line of unitMark) line(box(-y - 1, x - 1, -y + 1, x + 1));
      const before = found.before[(map * HALF + u) * HALF + v];
      unit([x, y], `map ${map + 1}, row ${u}, column ${v}: ${two(Math.max(0, before))}`);

      const shares = parts(weights, found.small, map, u, v);
      const largest = (name) => Math.max(1e-9, ...shares.flatMap((part) => part[name].map(Math.abs)));
      const most = ["patch", "kernel", "products"].map(largest);
      shares.forEach(({ patch, kernel, sum }, c) => {
        paint(columns[c].canvases[0], patch, 3, most[0]);
        paint(columns[c].canvases[1], kernel, 3, most[1]);
        write(columns[c].sum, two(sum));
      });
      const { patch, kernel, products, sum } = shares[channel];
      [patch, kernel, products].forEach((numbers, i) => groups[i].draw(numbers, most[i]));
      write(unitName, `The unit in map ${map + 1}, row ${u}, column ${v}, and the eight maps before it`);
      const bias = weights.biases[1][map];
      const all = before - bias;
      write(
        total,
        `Map ${channel + 1} gives ${two(sum)}, all eight ${two(all)}; with the bias ${two(bias)} that is ` +
          `${two(before)}, after ReLU ${two(Math.max(0, before))}.`,
      );

      chosen.draw(String(image));
      mirror.draw(mirrored ? "yes" : "no");
      eraser.draw(state.eraser);
      channels.draw(String(channel));
      bar.draw(found.probabilities, label, best);
      const way = [
        right && `${Math.abs(right)} to the ${right > 0 ? "right" : "left"}`,
        down && `${Math.abs(down)} ${down > 0 ? "down" : "up"}`,
      ].filter(Boolean);
      const how = [
        way.length ? `moved ${way.join(" and ")}` : mirrored || !off ? "" : "as it is",
        mirrored && "mirrored",
        !off && "partly erased",
      ].filter(Boolean);
      const answer = `${capital(names[best])}, ${two(found.probabilities[best])}.`;
      const verdict = best === label ? "Right" : `Wrong: it is the ${names[label]}`;
      const gone = found.gone < 0.005 ? "" : ` ${fixed(100 * found.gone, 0)}\u00a0% of its ink is out of the picture.`;
      write(word, answer);
      write(reason, `${verdict}; ${how.join(", ")}.${gone}`);
      figure.say(`${capital(how.join(", "))}: ${answer} ${verdict}.${gone}`);
    };
  },
};
