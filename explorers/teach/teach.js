import { button, choice, named } from "../kit/controls.js";
import { assign, html, svg, write } from "../kit/dom.js";
import { integer } from "../kit/fields.js";
import { fixed } from "../kit/format.js";
import { handle } from "../kit/handle.js";
import { mark } from "../kit/marks.js";
import { halves } from "../kit/numbers.js";
import { bytes, paint } from "../kit/pixels.js";
import { Plot } from "../kit/plot.js";
import { drawn, grays, judged, largest, layout, missing, neighbors, onward, scores } from "./heads.js";

const SIDE = 32; // pixels of a tile
const UNIT = SIDE + 2; // with a line around it
const LABELS = 30; // at most
const DRAWS = 20; // whose shares are marked beside the reader's
const NEAREST = 3;
const LOOKS = [["curve", "circle"], ["good", "triangle"], ["accent", "square"]];

const capital = (text) => text[0].toUpperCase() + text.slice(1);
const percent = (share) => `${fixed(100 * share, 1)}\u00a0%`;
const flag = {
  parse: (text) => ({ yes: true, no: false })[text],
  format: (value) => (value ? "yes" : "no"),
};

/** Labels in an address, "12.0~70.1", tile and kind. */
const labelsField = {
  parse: (text) => {
    if (text === "") return [];
    const parts = text.split("~");
    if (parts.length > LABELS || !parts.every((part) => /^\d{1,4}\.[0-2]$/.test(part))) return undefined;
    const labels = parts.map((part) => part.split(".").map(Number));
    const rising = labels.every(([tile], i) => i === 0 || tile > labels[i - 1][0]);
    return rising ? labels : undefined;
  },
  format: (labels) => labels.map((label) => label.join(".")).join("~"),
};

/** A small mark of a kind. */
const badge = (kind) => {
  const [look, shape] = LOOKS[kind];
  const dot = svg("g", { class: `dots ${look}`, transform: "translate(7,7)" }, mark(shape, 4.5));
  return svg("svg", { width: 14, height: 14, "aria-hidden": "true" }, dot);
};

/** A frame around a place, so far on each side. */
const frame = ([x, y], half) =>
  [[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]].map(([a, b]) => [x + half * a, -y + half * b]);

/** The last answer of a function of one key. */
function remembered(make) {
  let [last, answer] = [undefined, null];
  return (key, ...given) => {
    if (key !== last) [last, answer] = [key, make(...given)];
    return answer;
  };
}

/**
 * The layers to choose from: each with the share that its head gets right, as a bar with
 * the shares of other draws as ticks on it.
 * @param {import("../kit/figure.js").Figure} figure
 * @param {[string, number, number][]} layers
 */
function shares(figure, layers) {
  const chosen = choice(figure, {
    label: "Features",
    choices: Object.fromEntries(layers.map(([name], i) => [i, name])),
    onChoose: (i) => figure.set({ layer: Number(i) }),
  });
  chosen.element.classList.add("teach-layers");
  const rows = [...chosen.element.querySelectorAll("label > span")].map((span, i) => {
    const [name, kept, numbers] = layers[i];
    const [bar, ticks, value] = [html("i"), html("span", { class: "teach-ticks" }), html("b")];
    const size = kept === numbers ? `${numbers} numbers` : `${kept} of ${numbers}`;
    span.replaceChildren(
      html("span", { class: "teach-name" }, capital(name), " ", html("small", {}, size)),
      html("span", { class: "teach-track", "aria-hidden": "true" }, bar, ticks),
      value,
    );
    return { bar, ticks, value };
  });
  return {
    element: chosen.element,
    /** @param {number} layer @param {(number | null)[]} now @param {number[][]} others */
    draw(layer, now, others) {
      chosen.draw(String(layer));
      rows.forEach(({ bar, ticks, value }, i) => {
        bar.style.width = `${100 * (now[i] ?? 0)}%`;
        write(value, now[i] === null ? "–" : percent(now[i]));
        const key = others[i].join();
        if (ticks.dataset.key === key) return;
        ticks.dataset.key = key;
        ticks.replaceChildren(
          ...others[i].map((share) => {
            const tick = html("i");
            tick.style.left = `${100 * share}%`;
            return tick;
          }),
        );
      });
    },
  };
}

/** @type {import("../kit/figure.js").Explorer} */
export default {
  name: "teach",
  address: {
    labels: labelsField,
    drawn: integer(1, 9999),
    layer: integer(0, 9),
    scaled: flag,
    kind: integer(0, 2),
  },
  build(figure) {
    const { kinds, names, layers, maps } = figure.state;
    const count = kinds.length;
    const pictures = grays(bytes(figure.state.pixels));
    const pictureOf = (tile) => pictures.subarray(tile * SIDE ** 2, (tile + 1) * SIDE ** 2);
    const features = figure.state.halves.map((text) => halves(bytes(text)));
    const ordinal = (tile) => kinds.slice(0, tile + 1).filter((kind) => kind === kinds[tile]).length;
    const title = (tile) => `${names[kinds[tile]]} ${ordinal(tile)}`;
    /** Labels and place as they are, whatever an address says. */
    const sound = (state) => ({
      ...state,
      labels: state.labels.filter(([tile]) => tile < count),
      layer: Math.min(state.layer, layers.length - 1),
      tile: Math.min(state.tile, count - 1),
    });

    const put = (tile, kind) => {
      const { labels } = sound(figure.state);
      const others = labels.filter((label) => label[0] !== tile);
      if (kind !== null && others.length >= LABELS) return;
      const added = kind === null ? others : [...others, [tile, kind]];
      figure.set({ labels: added.sort((a, b) => a[0] - b[0]), tile });
    };
    /** Say of a tile what is chosen, or take that back. */
    const tap = (tile) => {
      const { labels, kind } = figure.state;
      const said = labels.some((label) => label[0] === tile && label[1] === kind);
      put(tile, said ? null : kind);
    };

    // All tiles, a block for each kind.
    const place = remembered((wide) => layout(kinds, wide));
    const now = () => place(figure.wide, figure.wide);
    const tiles = new Plot(figure, {
      name: "The tiles",
      height: (width) => {
        const { columns, rows } = now();
        Object.assign(tiles.margin, { left: 1, right: 1, top: 1, bottom: 1 });
        return ((width - 2) * rows) / columns + 2;
      },
    });
    const canvas = /** @type {HTMLCanvasElement} */ (html("canvas", { "aria-hidden": "true" }));
    tiles.element.classList.add("bitmap", "teach-tiles");
    tiles.element.prepend(canvas);
    const paintTiles = remembered(() => {
      const { columns, rows, cells } = now();
      const values = new Float64Array(columns * rows * UNIT ** 2).fill(NaN);
      cells.forEach(([x, y], tile) => {
        pictureOf(tile).forEach((gray, i) => {
          const [u, v] = [y * UNIT + 1 + Math.floor(i / SIDE), x * UNIT + 1 + (i % SIDE)];
          values[u * columns * UNIT + v] = gray;
        });
      });
      paint(canvas, values, columns * UNIT, 255);
    });
    const wrongFrames = [tiles.lines("teach-halo"), tiles.lines("step teach-wrong")];
    const labelHalo = tiles.lines("teach-halo broad");
    const labelFrames = LOOKS.map(([look]) => tiles.lines(`${look} teach-label`));
    const wrongMarks = LOOKS.map(([look, shape]) => tiles.dots(`${look} teach-badge`, 4, shape));
    const labelMarks = LOOKS.map(([look, shape]) => tiles.dots(`${look} teach-badge`, 5.5, shape));
    const lookedAt = [tiles.line("halo wide"), tiles.line("ink wide")];
    const headMarks = LOOKS.map(([look, shape]) => tiles.dots(look, 5, shape));
    const heads = LOOKS.map(([look]) => tiles.label(look));
    const knob = handle(tiles, {
      name: "tile",
      look: "step",
      radius: 12,
      reach: 13,
      plane: true,
      limits: () => ({ low: [0, 1 - now().rows], high: [now().columns - 1, 0], step: [1, 1] }),
      onMove: ([x, y]) => {
        const { cells, columns, rows } = now();
        const from = cells[sound(figure.state).tile];
        figure.set({ tile: onward(cells, from, [x, -y], [columns, rows]) });
      },
    });
    /** The tile under a pointer, or −1. */
    const under = (event) => {
      const [left, top] = tiles.under(event);
      const [x, y] = [Math.round(tiles.x.value(left)), Math.round(-tiles.y.value(top))];
      return now().cells.findIndex((cell) => cell[0] === x && cell[1] === y);
    };
    const look = (tile) => {
      if (tile >= 0 && tile !== figure.state.tile) figure.set({ tile });
    };
    tiles.element.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") look(under(event));
    });
    tiles.element.addEventListener("click", (event) => {
      const tile = under(event);
      if (tile >= 0) tap(tile);
    });
    tiles.element.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { tile } = sound(figure.state);
      if (["1", "2", "3"].includes(event.key)) put(tile, Number(event.key) - 1);
      else if (["0", "Delete", "Backspace"].includes(event.key)) put(tile, null);
      else if (["Enter", " "].includes(event.key)) tap(tile);
      else return;
      event.preventDefault();
    });

    // The map.
    const map = new Plot(figure, {
      name: "The tiles by their features",
      height: (width) => {
        Object.assign(map.margin, { left: 1, right: 1, top: 6, bottom: 4 });
        return Math.min(350, (figure.wide ? 1 : 0.85) * width);
      },
    });
    map.element.classList.add("teach-map");
    const untold = map.dots("data", 2.6);
    const answered = LOOKS.map(([look, shape]) => map.dots(look, 2.8, shape));
    const wrongDots = map.dots("step teach-ring", 6, "diamond");
    const taughtDots = LOOKS.map(([look, shape]) => map.dots(`${look} teach-taught`, 6, shape));
    const here = map.dots("ink teach-ring", 9);
    const placeIn = (layer, tile) => [maps[layer][tile], maps[layer][count + tile]];
    const nearest = (event) => {
      const [x, y] = map.under(event);
      const { layer } = sound(figure.state);
      const far = kinds.map((_, tile) => {
        const [a, b] = placeIn(layer, tile);
        return Math.hypot(map.x.at(a) - x, map.y.at(b) - y);
      });
      const least = Math.min(...far);
      return least < 16 ? far.indexOf(least) : -1;
    };
    map.element.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") look(nearest(event));
    });
    map.element.addEventListener("click", (event) => look(nearest(event)));

    // The tile looked at.
    const large = /** @type {HTMLCanvasElement} */ (html("canvas", { "aria-hidden": "true" }));
    const [said, told] = [html("b"), html("span")];
    const rows = names.map((name, kind) => {
      const value = html("b");
      return { value, element: html("span", {}, badge(kind), name, value) };
    });
    const near = Array.from({ length: NEAREST }, () => {
      const picture = /** @type {HTMLCanvasElement} */ (html("canvas", { "aria-hidden": "true" }));
      const word = html("span");
      return { picture, word, element: html("div", {}, picture, word) };
    });
    const detail = html(
      "div",
      { class: "teach-detail" },
      large,
      html(
        "div",
        {},
        html("div", { class: "teach-said" }, said, " ", told),
        html("div", { class: "teach-scores" }, ...rows.map((row) => row.element)),
      ),
      html(
        "div",
        { class: "teach-near" },
        html("span", {}, "The labeled tiles nearest to it, and how far"),
        ...near.map((n) => n.element),
      ),
    );

    // Controls.
    const kindChoice = choice(figure, {
      label: "Label as",
      choices: Object.fromEntries(names.map((name, kind) => [kind, name])),
      onChoose: (kind) => figure.set({ kind: Number(kind) }),
    });
    kindChoice.element.classList.add("tight", "teach-kinds");
    kindChoice.element.querySelectorAll("label > span").forEach((span, kind) => span.prepend(badge(kind)));
    const again = button("step", "Six at random", () => {
      const number = (figure.state.drawn % 9999) + 1;
      figure.set({ drawn: number, labels: drawn(number, kinds) });
    });
    const forget = button("rewind", "Forget all", () => figure.set({ labels: [] }));
    const reset = button("reset", "Reset", () => figure.reset());
    const layerChoice = shares(figure, layers);
    const scaling = choice(figure, {
      label: "Each feature",
      choices: { no: "as it is", yes: "divided by its spread" },
      onChoose: (value) => figure.set({ scaled: value === "yes" }),
    });
    scaling.element.classList.add("tight", "teach-scaling");
    const [word, reason] = [html("strong"), html("span")];
    figure.add(
      html(
        "p",
        { class: "hint" },
        "Choose a name and tap tiles; a second tap takes it back. (Keys: arrows, 1 to 3, and 0 to take back.)",
      ),
      html(
        "div",
        { class: "choices" },
        named("Label as", kindChoice.element),
        html("div", { class: "film" }, again.element, forget.element, reset.element),
      ),
      tiles.element,
      html("p", { class: "verdict" }, word, " ", reason),
      html(
        "div",
        { class: "teach-below" },
        map.element,
        html(
          "div",
          { class: "teach-side" },
          layerChoice.element,
          html("p", { class: "hint" }, `Right of all unlabeled tiles. Ticks: ${DRAWS} draws of six.`),
          named("Each feature", scaling.element),
          detail,
        ),
      ),
    );

    const teach = (labels, scaled) =>
      layers.map(([, d], i) => {
        const found = scores(features[i], d, labels, scaled);
        const answers = found.map(largest);
        return { found, answers, ...judged(answers, kinds, labels) };
      });
    const taught = remembered(teach);
    const ofDraws = remembered((scaled) => {
      const runs = Array.from({ length: DRAWS }, (_, i) => teach(drawn(i + 1, kinds), scaled));
      return layers.map((_, i) => runs.map((run) => run[i].right / run[i].of));
    });
    const nearby = remembered(neighbors);

    return (raw) => {
      const state = sound(raw);
      const { labels, layer, scaled, tile } = state;
      const key = labelsField.format(labels);
      const lacking = missing(labels);
      const ready = lacking.length === 0;
      const all = ready ? taught(`${key} ${scaled}`, labels, scaled) : null;
      const run = all?.[layer];
      const label = labels.find((pair) => pair[0] === tile)?.[1];

      const { columns, rows: high, cells, heads: headCells } = now();
      paintTiles(figure.wide);
      tiles.setAxes(
        { domain: [-0.5, columns - 0.5], label: "" },
        { domain: [0.5 - high, 0.5], label: "", ticks: [] },
      );
      const [left, right] = [-0.5, columns - 0.5].map(tiles.x.at);
      const [top, bottom] = [0.5, 0.5 - high].map(tiles.y.at);
      Object.assign(canvas.style, {
        left: `${left}px`,
        top: `${top}px`,
        width: `${right - left}px`,
        height: `${bottom - top}px`,
      });
      const wrong = run?.wrong ?? [];
      for (const lines of wrongFrames) lines(wrong.map((i) => frame(cells[i], 0.45)));
      labelHalo(labels.map(([i]) => frame(cells[i], 0.44)));
      const corner = (i, side) => [cells[i][0] + side, -cells[i][1] + side];
      LOOKS.forEach((_, kind) => {
        const own = labels.filter((pair) => pair[1] === kind).map(([i]) => i);
        labelFrames[kind](own.map((i) => frame(cells[i], 0.44)));
        labelMarks[kind](own.map((i) => corner(i, 0.25)));
        const taken = wrong.filter((i) => run.answers[i] === kind);
        wrongMarks[kind](taken.map((i) => corner(i, -0.25)));
        const errors = wrong.filter((i) => kinds[i] === kind).length;
        const [x, y] = headCells[kind];
        headMarks[kind]([[x, -y - 0.05]]);
        heads[kind]([x, -y], `${names[kind]}${ready ? `, ${errors} wrong` : ""}`, 11, 4, "start");
      });
      for (const line of lookedAt) line(frame(cells[tile], 0.5));

      const spots = kinds.map((_, i) => placeIn(layer, i));
      const [xs, ys] = [0, 1].map((axis) => spots.map((spot) => spot[axis]));
      const middle = [xs, ys].map((v) => (Math.min(...v) + Math.max(...v)) / 2);
      // One scale for both axes, with room for the marks.
      const ratio = (map.width - 2) / Math.max(1, map.height - 10);
      const half = 1.08 * Math.max(
        (Math.max(...ys) - Math.min(...ys)) / 2,
        (Math.max(...xs) - Math.min(...xs)) / 2 / ratio,
      );
      map.setAxes(
        { domain: [middle[0] - half * ratio, middle[0] + half * ratio], label: "" },
        { domain: [middle[1] - half, middle[1] + half], label: "", ticks: [] },
      );
      const given = new Map(labels);
      untold(ready ? [] : spots.filter((_, i) => !given.has(i)));
      LOOKS.forEach((_, kind) => {
        answered[kind](spots.filter((_, i) => run && !given.has(i) && run.answers[i] === kind));
        taughtDots[kind](spots.filter((_, i) => given.get(i) === kind));
      });
      wrongDots(wrong.map((i) => spots[i]));
      here([spots[tile]]);

      paint(large, pictureOf(tile), SIDE, 255);
      write(said, capital(title(tile)));
      const answer = run && names[run.answers[tile]];
      const judgement = run && (run.answers[tile] === kinds[tile] ? "" : ", wrong");
      const sentence =
        label !== undefined ? `labeled ${names[label]}` : run ? `taken for ${answer}${judgement}` : "no label";
      write(told, sentence);
      rows.forEach(({ value }, kind) => write(value, run ? fixed(run.found[tile][kind], 2) : "–"));
      const close = nearby(`${key} ${scaled} ${layer} ${tile}`, features[layer], layers[layer][1], labels, scaled, tile, NEAREST);
      near.forEach(({ picture, word, element }, i) => {
        element.style.visibility = close[i] ? "" : "hidden";
        if (!close[i]) return;
        const [other, distance] = close[i];
        paint(picture, pictureOf(other), SIDE, 255);
        write(word, `${names[given.get(other)]} ${fixed(distance, 1)}`);
      });
      knob([cells[tile][0], -cells[tile][1]], `${title(tile)}: ${sentence}`);

      kindChoice.draw(String(state.kind));
      scaling.draw(scaled ? "yes" : "no");
      layerChoice.draw(layer, layers.map((_, i) => (all ? all[i].right / all[i].of : null)), ofDraws(scaled, scaled));
      forget.able(labels.length > 0);
      const name = capital(layers[layer][0]);
      if (!ready) {
        write(word, labels.length ? "Not enough." : "Nothing labeled.");
        write(reason, `The head needs one tile of each kind at least; there is no ${lacking.map((k) => names[k]).join(", no ")}.`);
      } else {
        write(word, `${name}: ${run.right} of ${run.of} tiles without a label right.`);
        const false_ = labels.filter(([i, kind]) => kinds[i] !== kind).length;
        const full = labels.length >= LABELS ? ` ${LABELS} labels are all it takes.` : "";
        write(
          reason,
          `From ${labels.length} labels${false_ ? `, ${false_} of them false` : ""}.${full}`,
        );
      }
      figure.say(`${word.textContent} ${ready ? "" : reason.textContent} ${capital(title(tile))}: ${sentence}.`);
    };
  },
};
