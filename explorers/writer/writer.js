import { button, choice, named, sample, slider } from "../kit/controls.js";
import { assign, freshId, html, svg, write } from "../kit/dom.js";
import { integer, number } from "../kit/fields.js";
import { fixed, short, subscript } from "../kit/format.js";
import { handle } from "../kit/handle.js";
import { bytes, paint } from "../kit/pixels.js";
import { Plot } from "../kit/plot.js";
import { even } from "../kit/scales.js";
import { counted, drawn, logits, reader, softmax, tempered, unpack, without, written } from "./model.js";

const END = "\n"; // stands before the first letter and after the last
const SIGNS = { [END]: "↵", " ": "␣" };
const WORDS = { [END]: "end of line", " ": "space", ",": "comma", "-": "hyphen" };
const LEGIBLE = 9; // pixels of a cell, from which on it has a letter beside it
const REST = 250; // milliseconds, before more is computed than is asked for
const EDGE = 54; // pixels beside it, where words stand for the letters
const SHADES = 32; // of the color of a weight
const HIGH = 320; // pixels of the matrix in a wide column

const two = (value) => fixed(value, 2);
const sign = (letter) => SIGNS[letter] ?? letter;
const word = (letter) => WORDS[letter] ?? letter;
/** A letter within a sentence, where a comma would be read as a comma. */
const quoted = (letter) => `“${sign(letter)}”`;
/** A frame around cells, from a first row and column to a last. */
const box = (top, left, bottom, right) => {
  const [x0, x1, y0, y1] = [left - 0.5, right + 0.5, 0.5 - top, -0.5 - bottom];
  return [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]];
};

const line = {
  parse: (text) => (/^[ -~]{0,199}$/.test(text) ? text : undefined),
  format: String,
};
const places = {
  parse: (text) => {
    const found = text === "" ? [] : text.split("~").map(integer(0, 199).parse);
    return found.every((place, i) => place >= 0 && !(place <= found[i - 1])) ? found : undefined;
  },
  format: (found) => found.join("~"),
};

/** The last answer of a function of one key. */
function remembered(make) {
  let [last, answer] = [undefined, null];
  return (key, ...given) => {
    if (key !== last) [last, answer] = [key, make(...given)];
    return answer;
  };
}

/**
 * The weights as squares, in steps of a 32nd of the color.
 * @param {Plot} plot
 * @returns {(weights: ArrayLike<number>[]) => void} of each letter that reads, a row
 */
function shades(plot) {
  const paths = Array.from({ length: SHADES + 1 }, (_, level) =>
    svg("path", { class: level ? "shade" : "shade none", "fill-opacity": level ? level / SHADES : 1 }),
  );
  plot.window.append(...paths);
  return (weights) => {
    const places = paths.map(() => []);
    const [wide, high] = [plot.x.at(1) - plot.x.at(0), plot.y.at(-1) - plot.y.at(0)];
    weights.forEach((row, i) => {
      Array.from(row).forEach((share, j) => {
        const at = `${plot.x.at(j - 0.5).toFixed(2)},${plot.y.at(0.5 - i).toFixed(2)}`;
        places[Math.round(SHADES * share)].push(`M${at}h${wide.toFixed(2)}v${high.toFixed(2)}h-${wide.toFixed(2)}z`);
      });
    });
    paths.forEach((path, level) => assign(path, { d: places[level].join("") }));
  };
}

/** The letters along the sides of a matrix, or the words where these would be too small. */
function sides(plot) {
  const group = svg("g", { class: "writer-sides", "aria-hidden": "true" });
  plot.front.append(group);
  let drawn_ = "";
  return (text, cell, hidden) => {
    const key = JSON.stringify([text, cell, hidden]);
    if (key === drawn_) return;
    drawn_ = key;
    const letters = [...`${END}${text}`];
    const starts = letters.flatMap((letter, i) => (i && !/[a-z]/.test(letters[i - 1]) && /[a-z]/.test(letter) ? [i] : []));
    const named_ = cell >= LEGIBLE
      ? letters.map((letter, i) => [i, sign(letter)])
      : starts.map((i) => [i, text.slice(i - 1).match(/^[a-z]+/)[0]]);
    const upright = cell >= LEGIBLE;
    const [left, top] = [plot.x.at(-0.5) - 3, plot.y.at(0.5) - 4];
    group.replaceChildren(
      ...named_.flatMap(([i, name]) => {
        const [x, y] = [plot.x.at(i), plot.y.at(-i)];
        const look = hidden.includes(i) ? "gone" : undefined;
        const turn = upright ? {} : { transform: `rotate(-90 ${x} ${top})`, dy: "0.35em" };
        return [
          svg("text", { x: left, y, dy: "0.35em", "text-anchor": "end" }, name),
          svg("text", { x, y: top, "text-anchor": upright ? "middle" : "start", class: look, ...turn }, name),
        ];
      }),
    );
  };
}

/**
 * The line, each letter with two bars: how much it is read, and what it is worth.
 * @param {(place: number) => void} onTap
 * @param {(place: number | null) => void} onPeek
 */
function strip(onTap, onPeek) {
  const element = html("div", { class: "writer-strip", role: "img" });
  const under = (event) => {
    const found = /** @type {Element} */ (event.target).closest(".writer-letter");
    return found ? [...element.children].indexOf(found) : null;
  };
  element.addEventListener("click", (event) => {
    const place = under(event);
    if (place !== null) onTap(place);
  });
  element.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse") onPeek(under(event));
  });
  element.addEventListener("pointerleave", () => onPeek(null));
  const grow = () => {
    const parts = [html("i"), html("span"), html("i")];
    return html("span", { class: "writer-letter" }, ...parts);
  };
  return {
    element,
    draw(letters, { weights, effects, row, column, hidden, from }) {
      while (element.childElementCount > letters.length) element.lastChild.remove();
      while (element.childElementCount < letters.length) element.append(grow());
      letters.forEach((letter, j) => {
        const cell = /** @type {HTMLElement} */ (element.children[j]);
        const [up, name, down] = /** @type {HTMLElement[]} */ ([...cell.children]);
        up.style.setProperty("--share", String(j <= row ? weights[j] : 0));
        down.style.setProperty("--share", String(j <= row ? Math.max(0, effects[j] || 0) : 0));
        if (name.textContent !== sign(letter)) name.textContent = sign(letter);
        const looks = { asks: j === row, seen: j === column, gone: hidden.includes(j), late: j > row, own: j >= from };
        for (const [look, on] of Object.entries(looks)) cell.classList.toggle(look, on);
      });
    },
  };
}

/** A vector as cells of a color, with its name. */
function vector(name) {
  const canvas = /** @type {HTMLCanvasElement} */ (html("canvas", { "aria-hidden": "true" }));
  const title = html("span");
  write(title, name);
  return {
    parts: [title, canvas],
    draw(values, text = name, most = 0) {
      paint(canvas, values, values.length, most || Math.max(1e-9, ...Array.from(values, Math.abs)));
      canvas.style.setProperty("--cells", String(values.length));
      write(title, text);
    },
  };
}

/** What comes next: a bar for each letter. */
function nextBars(letters) {
  const columns = letters.map((letter) => {
    const [bar, before] = [html("i"), html("u")];
    const name = html("span", {}, sign(letter));
    return { bar, before, element: html("div", {}, html("div", { class: "writer-track" }, bar, before), name) };
  });
  const element = html("div", { class: "writer-next", role: "img" }, ...columns.map((c) => c.element));
  return {
    element,
    draw(shares, bare, best, falls) {
      columns.forEach(({ bar, before, element: column }, k) => {
        bar.style.height = `${100 * shares[k]}%`;
        before.style.bottom = `${100 * bare[k]}%`;
        before.style.visibility = bare === shares || bare[k] < 0.005 ? "hidden" : "";
        column.classList.toggle("best", k === best);
        column.classList.toggle("drawn", k === falls);
      });
    },
  };
}

/** @type {import("../kit/figure.js").Explorer} */
export default {
  name: "writer",
  address: {
    text: line,
    written: integer(0, 199),
    layer: integer(0, 99),
    head: integer(0, 99),
    row: integer(-1, 199),
    column: integer(-1, 199),
    hidden: places,
    temperature: number(0, 2),
    seed: integer(1, 9999),
  },
  build(figure) {
    const form = figure.state;
    const model = unpack(bytes(form.parameters), form);
    const alphabet = [...form.letters];
    const [, length, , , depth] = form.sizes;
    const size = model.d / model.heads;
    const read = reader(model);
    const readAll = reader(model);
    const clean = (text) =>
      [...text.toLowerCase()].filter((letter) => letter !== END && alphabet.includes(letter)).join("").slice(0, length - 1);
    const tokensOf = (text) => [...`${END}${text}`].map((letter) => alphabet.indexOf(letter));

    /** A state that makes sense, with places in place of -1 for the last. */
    const sound = (state) => {
      const text = clean(state.text);
      const last = text.length;
      const hidden = state.hidden.filter((place) => place <= last);
      const row = state.row < 0 || state.row > last ? last : state.row;
      const layer = Math.min(state.layer, depth - 1);
      const head = Math.min(state.head, model.heads - 1);
      return { ...state, text, last, hidden, row, layer, head };
    };
    /** What is under the mouse: a place that is looked at but not chosen. */
    let peeked = null;
    const peek = (place) => {
      if (JSON.stringify(place) === JSON.stringify(peeked)) return;
      peeked = place;
      figure.schedule();
    };
    const readMost = (shares) => shares.indexOf(Math.max(...shares));
    const here = () => {
      const state = sound(figure.state);
      const all = hiddenRows(state);
      const { row } = state;
      const shares = Array.from(all[row][state.layer].weights[state.head]);
      const column = state.column < 0 || state.column > state.last ? readMost(shares) : state.column;
      return { ...state, column };
    };
    const hiddenRows = ({ text, hidden }) =>
      hidden.length ? read(tokensOf(text), hidden) : readAll(tokensOf(text), []);

    // The line, and the letters that the model adds to it.
    const id = freshId();
    const input = /** @type {HTMLInputElement} */ (
      html("input", {
        type: "text",
        class: "writer-line",
        id,
        maxlength: length - 1,
        autocomplete: "off",
        autocapitalize: "none",
        spellcheck: "false",
      })
    );
    input.addEventListener("input", () => {
      figure.set({ text: clean(input.value), written: 0, row: -1, column: -1 });
    });
    const add = (state, most) => {
      const how = { hidden: state.hidden, temperature: state.temperature, seed: state.seed, most };
      const line_ = written(model, state.hidden.length ? read : readAll, tokensOf(state.text), how);
      const text = line_.slice(1).map((token) => alphabet[token]).join("");
      const more = text.length - state.text.length;
      figure.set({ text, seed: state.seed, written: state.written + more, row: -1, column: -1 });
    };
    const back = (state) => ({ ...state, text: state.text.slice(0, state.last - state.written), written: 0 });
    const now = () => {
      figure.flush();
      return sound(figure.state);
    };
    const one = button("step", "One sign", () => add(now(), 1));
    const all = button("play", "To the end", () => add(now(), length));
    const again = button("rewind", "New draw", () => {
      const state = back(now());
      add({ ...state, seed: (state.seed % 9999) + 1 }, length);
    });
    const undo = button("back", "Take back", () => {
      const { text } = back(now());
      figure.set({ text, written: 0, row: -1, column: -1 });
    });
    const reset = button("reset", "Reset", () => figure.reset());

    const toggle = (place) => {
      const { hidden } = sound(figure.state);
      const kept = hidden.filter((other) => other !== place);
      const next = kept.length < hidden.length ? kept : [...hidden, place].sort((a, b) => a - b);
      figure.set({ hidden: next, column: place });
    };
    const letters = strip(
      (column) => figure.set({ column }),
      (column) => peek(column === null ? null : { column }),
    );
    const hide = choice(figure, {
      label: "The sign looked at",
      choices: { no: "Shown", yes: "Hidden" },
      onChoose: () => toggle(here().column),
    });
    const showAll = button("reset", "Show all", () => figure.set({ hidden: [] }));

    // The matrix.
    const matrix = new Plot(figure, {
      name: "Who reads whom",
      height: (width) => {
        const side = Math.min(figure.wide ? HIGH : 400, width);
        const edge = (side - EDGE) / (sound(figure.state).last + 1) >= LEGIBLE ? 18 : EDGE;
        Object.assign(matrix.margin, { left: edge, right: width - side + 1, top: edge, bottom: 1 });
        return side;
      },
    });
    matrix.element.classList.add("writer-matrix");
    const show = shades(matrix);
    const label = sides(matrix);
    const gone = matrix.lines("accent dashed");
    const rowMark = [matrix.line("step wide halo"), matrix.line("step wide")];
    const columnMark = [matrix.line("curve wide halo"), matrix.line("curve wide dashed")];
    const knob = handle(matrix, {
      name: "who reads and who is read",
      look: "step",
      plane: true,
      limits: () => {
        const { last } = sound(figure.state);
        return { low: [0, -last], high: [last, 0], step: [1, 1] };
      },
      onMove: ([x, y]) => figure.set({ row: -y, column: x }),
    });
    const under = (event) => {
      const at = matrix.svg.getBoundingClientRect();
      const [x, y] = [event.clientX - at.left, event.clientY - at.top];
      const [column, row] = [Math.round(matrix.x.value(x)), Math.round(-matrix.y.value(y))];
      const { last } = sound(figure.state);
      const inside = column >= 0 && row >= 0 && column <= last && row <= last;
      return inside ? { row, column: Math.min(column, row) } : null;
    };
    matrix.element.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") peek(under(event));
    });
    matrix.element.addEventListener("pointerleave", () => peek(null));
    matrix.element.addEventListener("click", (event) => {
      const place = under(event);
      if (place) figure.set(place);
    });
    matrix.element.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !["h", "Enter", " "].includes(event.key)) return;
      figure.flush();
      toggle(here().column);
      event.preventDefault();
    });

    // Which head, who asks, and the way from two letters to a weight.
    const numbered = (count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [i, String(i + 1)]));
    const layerChoice = choice(figure, {
      label: "Block",
      choices: numbered(depth),
      onChoose: (i) => figure.set({ layer: Number(i), column: -1 }),
    });
    const headChoice = choice(figure, {
      label: "Head",
      choices: numbered(model.heads),
      onChoose: (i) => figure.set({ head: Number(i), column: -1 }),
    });
    for (const part of [layerChoice, headChoice]) part.element.classList.add("tight");
    const who = slider(figure, { label: "Who reads", onMove: (row) => figure.set({ row, column: -1 }) });
    const [ask, asked, query, key, value, mix] = ["", "", "", "", "", ""].map(vector);
    const [score, mask, share_, weight] = [html("span"), html("span"), html("span"), html("b")];
    const way = html(
      "div",
      { class: "writer-way" },
      ...ask.parts,
      ...asked.parts,
      ...query.parts,
      ...key.parts,
      ...[[score], [mask], [share_, weight]].map((parts) => html("p", {}, ...parts)),
      ...value.parts,
      ...mix.parts,
      html("p", { class: "hint" }, "White: positive, orange: negative, black: 0."),
    );

    // What comes next.
    const temperature = slider(figure, {
      label: "Temperature",
      onMove: (value_) => figure.set({ temperature: value_ }),
    });
    const stops = even(0, 2, 41);
    const bars = nextBars(alphabet);
    const [verdict, reason, told] = [html("strong"), html("span"), html("p", { class: "writer-told" })];

    // The numbers, for those who want them.
    const heads = ["", "*q*", "*k*", "*q k*", "*v*", "Σ *α v*"];
    const cells = Array.from({ length: size }, () =>
      heads.map((_, c) => (c ? html("td") : html("th", { scope: "row" }))),
    );
    const feet = ["sum", `÷ √${size}`, "*α*"].map((text) => {
      const name = html("th", { scope: "row" });
      write(name, text);
      const found = html("td");
      return { found, element: html("tr", {}, name, ...["", ""].map(() => html("td")), found) };
    });
    const caption = html("caption");
    const table = html(
      "table",
      {},
      caption,
      html("thead", {}, html("tr", {}, ...heads.map((text) => {
        const head = html(text ? "th" : "td", text ? { scope: "col" } : {});
        write(head, text);
        return head;
      }))),
      html(
        "tbody",
        {},
        ...cells.map((row) => html("tr", {}, ...row)),
        ...feet.map((foot) => foot.element),
      ),
    );
    const summary = html("summary", {}, "The numbers of this pair");
    const details = html("details", { class: "writer-numbers" }, summary, table);
    details.addEventListener("toggle", () => figure.schedule());

    const entry = (look, text) => html("li", {}, sample(look), text);
    figure.add(
      html(
        "p",
        { class: "hint" },
        "Change the line; point at signs or cells, tap to keep one. (Keys in the matrix: arrows, h hides.)",
      ),
      html("div", { class: "writer-top" }, html("label", { for: id }, "The line"), input),
      html("div", { class: "film writer-film" }, ...[one, all, again, undo, reset].map((part) => part.element)),
      letters.element,
      html(
        "ul",
        { class: "legend" },
        entry("curve bar", "up: its weight in this head"),
        entry("step bar", "down: lost when it is hidden"),
        entry("step wide", "reads"),
        entry("curve wide dashed", "is read"),
      ),
      html(
        "div",
        { class: "writer-main" },
        matrix.element,
        html(
          "div",
          { class: "writer-side" },
          html(
            "div",
            { class: "choices" },
            ...(depth > 1 ? [named("Block", layerChoice.element)] : []),
            named("Head", headChoice.element),
          ),
          who.element,
          way,
        ),
      ),
      html(
        "div",
        { class: "choices writer-hide" },
        named("Sign looked at", hide.element),
        html("div", { class: "film" }, showAll.element),
      ),
      html("p", { class: "verdict" }, verdict, " ", reason),
      bars.element,
      told,
      temperature.element,
      details,
    );

    /**
     * What the answer loses without a letter. One block answers for all letters at once;
     * more are asked for the one looked at, and for the rest when the figure has rested.
     */
    const losses = remembered((tokens, rows, best) => {
      const share = (scores) => softmax(scores)[best];
      const whole = share(logits(model, rows.at(-1)));
      const lost = tokens.map(() => NaN);
      const find = (places_) =>
        without(model, tokens, rows, places_).forEach((scores, i) => {
          lost[places_[i]] = whole - share(scores);
        });
      const rest = () => find([...lost.keys()].filter((j) => Number.isNaN(lost[j])));
      return { lost, find, rest };
    });
    let pause = 0;
    figure.endings.push(() => clearTimeout(pause));
    let [before, shaded] = ["", ""];

    return () => {
      const state = { ...here() };
      if (peeked) {
        Object.assign(state, peeked);
        state.row = Math.min(state.row, state.last);
        state.column = Math.min(state.column, state.last);
      }
      const { text, last, hidden, row, column, layer, head } = state;
      const tokens = tokensOf(text);
      const signs = [...`${END}${text}`];
      const label_ = (j) => `${sign(signs[j])}${subscript(j)}`;
      const called = (j) => `“${label_(j)}”`;
      const spoken = (j) => `${word(signs[j])}, place ${j}`;
      const bare = readAll(tokens, []);
      const rows = hiddenRows(state);

      // The answer of the letter that asks.
      const own = logits(model, rows[row]);
      const clear = hidden.length ? logits(model, bare[row]) : own;
      const shares = tempered(own, state.temperature);
      const best = readMost(Array.from(clear));
      const answer = alphabet[best];
      const first = tokens.slice(0, row + 1);
      const { lost, find, rest: others } = losses(first.join(), first, bare.slice(0, row + 1), best);
      clearTimeout(pause);
      if (depth === 1) others();
      else {
        if (column <= row && Number.isNaN(lost[column])) find([column]);
        if (lost.some(Number.isNaN)) {
          pause = setTimeout(() => {
            others();
            figure.schedule();
          }, REST);
        }
      }
      const [whole, veiled] = [clear, own].map((scores) => softmax(scores)[best]);

      if (input.value !== text) input.value = text;
      const full = last + 1 >= length;
      const ahead = row === last ? own : logits(model, rows[last]);
      const falls = full ? -1 : drawn(tempered(ahead, state.temperature), state.seed, last + 1);
      const ends = full || alphabet[falls] === END;
      one.able(!ends);
      all.able(!ends);
      undo.able(state.written > 0);
      again.able(!ends || state.written > 0);
      showAll.able(hidden.length > 0);

      const block = rows[row][layer];
      const weights = Array.from(block.weights[head]);
      const bareWeights = bare[row][layer].weights[head];
      letters.draw(signs, { weights, effects: lost, row, column, hidden, from: last + 1 - state.written });
      const top = weights.map((share, j) => [share, j]).sort((a, b) => b[0] - a[0]).slice(0, 3);
      const reads = top
        .filter(([share]) => share > 0.05)
        .map(([share, j]) => `${spoken(j)}: ${two(share)}`);
      const most_ = `${spoken(row)}, reads most: ${reads.join("; ") || "nobody"}`;
      assign(letters.element, { "aria-label": `The line ${text}. ${most_}` });

      // The matrix.
      if (text !== before) {
        before = text;
        matrix.measure(); // the room for its letters depends on their number
      }
      const count = last + 1;
      matrix.setAxes(
        { domain: [-0.5, last + 0.5], label: "" },
        { domain: [-last - 0.5, 0.5], label: "", ticks: [] },
      );
      const key_ = JSON.stringify([text, hidden, layer, head, matrix.width]);
      if (key_ !== shaded) show(rows.map((each) => each[layer].weights[head]));
      shaded = key_;
      label(text, matrix.x.at(1) - matrix.x.at(0), hidden);
      gone(hidden.map((j) => [[j, -j + 0.5], [j, -last - 0.5]]));
      for (const line_ of rowMark) line_(box(row, 0, row, row));
      for (const line_ of columnMark) line_(box(column, column, last, column));
      const late = column > row;
      const veil = hidden.includes(column);
      const share = late ? 0 : weights[column];
      const pair = `${spoken(row)}, reads ${spoken(column)}: ${two(share)}`;
      knob([column, -row], pair);

      // The way.
      layerChoice.draw(String(layer));
      headChoice.draw(String(head));
      who.draw(row, label_(row), even(0, Math.max(1, last), Math.max(2, count)));
      const part = (values) => Array.from(values.subarray(head * size, (head + 1) * size));
      const other = rows[column][layer];
      const [q, k, v, m] = [block.query, other.key, other.value, block.mixed].map(part);
      const came = layer ? `from block ${layer}` : "sign + position";
      const most = (...lists) => Math.max(1e-9, ...lists.flat().map(Math.abs));
      const wide = most(Array.from(block.x), Array.from(other.x));
      ask.draw(block.x, `${label_(row)}: ${came}`, wide);
      asked.draw(other.x, `${label_(column)}: ${came}`, wide);
      query.draw(q, `*q* of ${label_(row)}`, most(q, k));
      key.draw(k, `*k* of ${label_(column)}`, most(q, k));
      value.draw(v, `*v* of ${label_(column)}`, most(v, m));
      mix.draw(m, `mixed: Σ *α v*`, most(v, m));
      const dot = q.reduce((sum, each, i) => sum + each * k[i], 0);
      const scaled = dot / Math.sqrt(size);
      write(score, `score *q*·*k*/√${size} = ${two(dot)}/√${size} = ${two(scaled)}`);
      write(mask, late ? "mask: −∞, it comes later" : veil ? "mask: −∞, hidden" : "mask: 0, it may be read");
      const all_ = block.scores[head].filter((_, j) => !hidden.includes(j));
      const sum = all_.reduce((total, each) => total + Math.exp(each), 0);
      const power = `exp(${late || veil ? "−∞" : two(scaled)})`;
      const ratio = all_.length ? `${power}/${short(sum)} =` : "0/0, taken as";
      write(share_, `softmax: *α* = ${ratio} `);
      write(weight, two(share));
      if (details.hasAttribute("open")) {
        cells.forEach((line_, i) => [String(i + 1), ...[q[i], k[i], q[i] * k[i], v[i], m[i]].map(two)].forEach((t, c) => write(line_[c], t)));
        [dot, scaled, share].forEach((each, i) => write(feet[i].found, two(each)));
        write(caption, `Head ${head + 1}: ${label_(row)} reads ${label_(column)}`);
      }

      // What follows.
      const end = row === last;
      const bareShares = hidden.length ? tempered(clear, state.temperature) : shares;
      bars.draw(shares, bareShares, readMost(Array.from(shares)), end ? falls : -1);
      const ranked = Array.from(shares, (p, i) => [p, i]).sort((a, b) => b[0] - a[0]).slice(0, 3);
      const likely = ranked.filter(([p], n) => !n || p >= 0.005);
      const list = likely.map(([p, i]) => `${quoted(alphabet[i])} ${two(p)}`).join(", ");
      const next = likely.map(([p, i]) => `${word(alphabet[i])} ${two(p)}`).join(", ");
      assign(bars.element, { "aria-label": `After ${spoken(row)}: ${next}` });
      const chance = state.temperature > 0; // at 0 nothing is drawn
      const drawn_ = chance ? ` Draw ${state.seed} falls on ${quoted(alphabet[falls])}` : "";
      let draw = "";
      if (end && full) draw = " The line is full.";
      else if (end && chance) draw = `${drawn_}${ends ? ", the end" : ""}.`;
      else if (end && ends) draw = " The line ends.";
      const goal = counted(text);
      const rest = text.split(", ").slice(1).join(", ");
      let judged = "";
      if (goal && rest) {
        if (text === goal) judged = " The line is right.";
        else if (goal.startsWith(text)) judged = " Right so far.";
        else judged = ` The successor is ${goal.split(", ")[1]}.`;
      }
      const lines = hidden.length ? " Orange lines: with nothing hidden." : "";
      write(told, `After ${called(row)} comes ${list}.${draw}${judged}${lines}`);
      temperature.draw(state.temperature, two(state.temperature), stops, [0, 0.5, 1, 1.5, 2].map((t) => ({ value: t, text: String(t) })));

      hide.draw(veil ? "yes" : "no");
      const had = late ? 0 : bareWeights[column];
      const names = hidden.map(called).join(", ");
      const where = `head ${head + 1}${depth > 1 ? ` of block ${layer + 1}` : ""}`;
      const verb = veil ? "had" : "has";
      write(verdict, `${called(column)} ${verb} weight ${two(had)} in ${where}.`);
      const less = two(whole - lost[column]);
      const at = state.temperature === 1 ? "" : "at temperature 1, ";
      const alone = late
        ? "It comes later, so nothing is lost without it."
        : two(whole) === less
          ? `Without it, ${at}${quoted(answer)} stays at ${two(whole)}.`
          : `Without it, ${at}${quoted(answer)} goes from ${two(whole)} to ${less}.`;
      const [without_, hides] = hidden.length
        ? [
            ` Hidden now: ${names}; ${quoted(answer)} has ${two(veiled)}.`,
            ` ${hidden.length} hidden: ${word(answer)} ${two(veiled)}.`,
          ]
        : ["", ""];
      write(reason, `${alone}${without_}`);
      const told_ = late ? "" : ` Without it, ${word(answer)} ${less}.`;
      figure.say(`${pair}. Next: ${next}.${told_}${hides}${judged}`);
    };
  },
};
