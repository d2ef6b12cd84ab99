// Axes, lines, points and handles in one SVG, drawn to the pixel at every width.
import { assign, html, svg, write } from "./dom.js";
import { fixed } from "./format.js";
import { mark } from "./marks.js";
import { linear } from "./scales.js";

/** @typedef {[number, number]} Pair */

/**
 * @typedef {object} Axis
 * @property {Pair} domain
 * @property {string} label may have symbols between stars
 * @property {(value: number) => string} [format]
 * @property {number} [from] below it there are no ticks
 * @property {number[]} [ticks] in place of round values (vertical axis)
 * @property {boolean} [outward] a long label, from the edge of the plot (vertical axis)
 * @property {typeof linear} [scale]
 */

// Far enough outside to be clipped, near enough for every renderer.
const far = (pixel) => Math.max(-4000, Math.min(4000, pixel));
const place = (pixel) => far(pixel).toFixed(1);

export class Plot {
  /**
   * @param {import("./figure.js").Figure} figure
   * @param {object} options
   * @param {string} options.name what a screen reader calls the plot
   * @param {(width: number) => number} options.height height for a width, in pixels
   * @param {number} [options.left] room for the numbers of the vertical axis
   */
  constructor(figure, { name, height, left = 46 }) {
    this.figure = figure;
    this.heightFor = height;
    this.margin = { left, right: 10, top: 24, bottom: 38 };
    this.axes = svg("g", { class: "axes", "aria-hidden": "true" });
    this.drawn = "";
    this.window = svg("svg", { class: "window", "aria-hidden": "true" });
    this.front = svg("g");
    this.svg = svg("svg", { role: "group", "aria-label": name });
    this.svg.append(this.axes, this.window, this.front);
    this.element = html("div", { class: "plot" }, this.svg);
    /** @type {{distance: Function, grab: Function}[]} */
    this.handles = [];
    this.width = this.height = 0;
    figure.plots.push(this);
  }

  /** Read the width that the page gives. */
  measure() {
    this.width = this.element.clientWidth;
    this.height = this.width && Math.round(this.heightFor(this.width));
    assign(this.svg, { width: this.width, height: this.height });
  }

  /**
   * Set the axes of the present drawing; they are drawn anew only if they differ.
   * @param {Axis} x
   * @param {Axis} y
   */
  setAxes(x, y) {
    const { left, right, top, bottom } = this.margin;
    const [end, floor] = [this.width - right, this.height - bottom];
    const key = JSON.stringify([x, y, this.width, this.height]);
    if (key === this.drawn) return;
    this.drawn = key;
    this.x = (x.scale ?? linear)(x.domain, [left, end]);
    this.y = (y.scale ?? linear)(y.domain, [floor, top]);
    const width = Math.max(0, end - left + 6);
    const height = Math.max(0, floor - top + 6);
    // A nested drawing clips what leaves the axes, without an id on the page.
    assign(this.window, {
      x: left,
      y: top - 6,
      width,
      height,
      viewBox: `${left} ${top - 6} ${width} ${height}`,
    });
    const marks = [
      svg("path", { class: "axis", d: `M${left},${top}V${floor}H${end}` }),
    ];
    for (const value of this.x.ticks((end - left) / 70)) {
      const at = place(this.x.at(value));
      marks.push(
        svg("path", { class: "axis", d: `M${at},${floor}v4` }),
        svg(
          "text",
          { x: at, y: floor + 16, "text-anchor": "middle" },
          (x.format ?? tickText)(value),
        ),
      );
    }
    for (const value of y.ticks ?? this.y.ticks((floor - top) / 45)) {
      if (value < (y.from ?? -Infinity)) continue;
      const at = place(this.y.at(value));
      marks.push(
        svg("path", { class: "axis", d: `M${left},${at}h-4` }),
        svg(
          "text",
          { x: left - 7, y: at, dy: "0.35em", "text-anchor": "end" },
          (y.format ?? tickText)(value),
        ),
      );
    }
    const names = [
      { text: x.label, x: (left + end) / 2, y: floor + 33, "text-anchor": "middle" },
      y.outward
        ? { text: y.label, x: 0, y: top - 12, "text-anchor": "start" }
        : { text: y.label, x: left - 7, y: top - 12, "text-anchor": "end" },
    ];
    for (const { text, ...where } of names) {
      const label = svg("text", { class: "axis-label", ...where });
      write(label, text);
      marks.push(label);
    }
    this.axes.replaceChildren(...marks);
  }

  /**
   * Where a pointer is, in the plot's own pixels: a deck shows them enlarged.
   * @param {MouseEvent} event
   * @returns {Pair}
   */
  under(event) {
    const box = this.svg.getBoundingClientRect();
    const scale = box.width ? this.width / box.width : 1;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  /** @param {Pair} point @returns {string} its pixels, "12.0,34.5" */
  at([x, y]) {
    return `${place(this.x.at(x))},${place(this.y.at(y))}`;
  }

  /**
   * A line inside the axes.
   * @param {string} look classes: a color (curve, step, good, accent, axis, ink) and,
   *   if wanted, thin, wide, dashed, dotted
   * @returns {(points: Pair[]) => void} draws it through points
   */
  line(look) {
    const path = svg("path", { class: `line ${look}` });
    this.window.append(path);
    return (points) => {
      assign(path, {
        d: points.length ? `M${points.map((point) => this.at(point)).join("L")}` : "",
      });
    };
  }

  /**
   * Many lines inside the axes, of one look; looks as for `line`, and `faint`. A line of
   * one point is a dot if the look is `beads`.
   * @param {string} look
   * @returns {(lines: Pair[][]) => void} draws them
   */
  lines(look) {
    const path = svg("path", { class: `line ${look}` });
    this.window.append(path);
    return (lines) => {
      const drawn = lines.map((points) => {
        const way = points.map((point) => this.at(point)).join("L");
        return points.length > 1 ? `M${way}` : `M${way}h0`;
      });
      assign(path, { d: drawn.join("") });
    };
  }

  /**
   * Points inside the axes.
   * @param {string} look classes: a color and, if wanted, hollow
   * @param {number} [radius]
   * @param {import("./marks.js").Shape} [shape]
   * @returns {(points: Pair[]) => void} draws them
   */
  dots(look, radius = 3.5, shape = "circle") {
    const group = svg("g", { class: `dots ${look}` });
    this.window.append(group);
    return (points) => {
      while (group.childElementCount > points.length) group.lastChild.remove();
      while (group.childElementCount < points.length) {
        group.append(mark(shape, radius));
      }
      points.forEach(([x, y], i) => {
        const [cx, cy] = [place(this.x.at(x)), place(this.y.at(y))];
        const where = shape === "circle" ? { cx, cy } : { transform: `translate(${cx},${cy})` };
        assign(group.children[i], where);
      });
    };
  }

  /**
   * A word at a point; hidden while the point is outside of the axes.
   * @param {string} look a color
   * @returns {(point: Pair, text: string, dx?: number, dy?: number, anchor?: string) =>
   *   void}
   */
  label(look) {
    const text = svg("text", { class: `label ${look}`, "aria-hidden": "true" });
    this.front.append(text);
    return (point, words, dx = 0, dy = 0, anchor = "middle") => {
      const [x, y] = [this.x.at(point[0]), this.y.at(point[1])];
      const { left, right, top, bottom } = this.margin;
      const inside =
        x >= left - 1 &&
        x <= this.width - right + 1 &&
        y >= top - 1 &&
        y <= this.height - bottom + 1;
      assign(text, { visibility: inside ? undefined : "hidden" });
      if (!inside) return;
      assign(text, { x: place(x + dx), y: place(y + dy), "text-anchor": anchor });
      write(text, words);
    };
  }
}

/** @param {number} value @returns {string} */
function tickText(value) {
  const places = Number.isInteger(value) ? 0 : (String(value).split(".")[1] ?? "").length;
  return fixed(value, Math.min(places, 6));
}

/**
 * Move heights apart, in pixels, until each has room, in their order; for names of lines.
 * @param {number[]} heights
 * @param {number} room
 * @param {Pair} ends none is moved beyond them
 * @returns {number[]}
 */
export function apart(heights, room, [low, high]) {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
  const placed = [...heights];
  order.forEach((i, n) => {
    if (n) placed[i] = Math.max(placed[i], placed[order[n - 1]] + room);
    placed[i] = Math.max(low, placed[i]);
  });
  [...order].reverse().forEach((i, n, back) => {
    placed[i] = Math.min(placed[i], n ? placed[back[n - 1]] - room : high);
  });
  return placed;
}
