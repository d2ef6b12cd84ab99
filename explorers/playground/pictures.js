// What is drawn from the values on the grid: a tint, lines of equal value, small maps.
import { html } from "../kit/dom.js";
import { NODES, PLANE } from "./network.js";

/** @typedef {import("../kit/plot.js").Plot} Plot */
/** @typedef {import("../kit/plot.js").Pair} Pair */

/** Two coordinates of each node in the plane of the inputs. */
export const SQUARE = Float64Array.from({ length: 2 * NODES ** 2 }, (_, i) => {
  const index = i % 2 ? Math.floor(i / 2 / NODES) : (i / 2) % NODES;
  return PLANE * ((2 * index) / (NODES - 1) - 1);
});

/** @param {ArrayLike<number>} places @param {number} i @returns {Pair} */
const pair = (places, i) => [places[2 * i], places[2 * i + 1]];

/** @param {ArrayLike<number>} places two coordinates each @returns {Pair[]} */
export const pairs = (places) =>
  Array.from({ length: places.length / 2 }, (_, i) => pair(places, i));

/**
 * Where values on the nodes pass a level: the ends of short lines, each as two nodes
 * and how far it lies on the way from the one to the other.
 * @param {ArrayLike<number>} values
 * @param {number} level
 * @returns {[number, number, number][]} two for each line
 */
export function crossings(values, level) {
  const found = [];
  for (let row = 0; row < NODES - 1; row++) {
    for (let column = 0; column < NODES - 1; column++) {
      const a = row * NODES + column;
      const [b, c, d] = [a + 1, a + NODES + 1, a + NODES];
      const high = values[a] > level;
      const others = (values[b] > level) + (values[c] > level) + (values[d] > level);
      if (others === (high ? 3 : 0)) continue;
      const ends = [[a, b], [b, c], [d, c], [a, d]]
        .filter(([from, to]) => values[from] > level !== values[to] > level)
        .map(([from, to]) => [from, to, (level - values[from]) / (values[to] - values[from])]);
      if (ends.length === 4) {
        // The value where it is level tells which corners belong together.
        const [va, vb, vc, vd] = [a, b, c, d].map((node) => values[node]);
        const saddle = (va * vc - vb * vd) / (va + vc - vb - vd);
        if (saddle > level !== high) ends.push(ends.shift());
      }
      found.push(...ends);
    }
  }
  return found;
}

/**
 * @param {[number, number, number][]} ends as `crossings` tells them
 * @param {ArrayLike<number>} places of the nodes
 * @returns {Pair[][]} the short lines
 */
export function shortLines(ends, places) {
  const points = ends.map(([from, to, part]) => {
    const [[x1, y1], [x2, y2]] = [pair(places, from), pair(places, to)];
    return [x1 + part * (x2 - x1), y1 + part * (y2 - y1)];
  });
  return points.flatMap((point, i) => (i % 2 ? [[points[i - 1], point]] : []));
}

/** @param {ArrayLike<number>} places of the nodes @returns {Pair[][]} every sixth line */
export function grid(places) {
  const lines = [];
  for (let line = 0; line < NODES; line += 6) {
    const along = Array.from({ length: (NODES + 1) / 2 }, (_, i) => 2 * i);
    lines.push(along.map((i) => pair(places, line * NODES + i)));
    lines.push(along.map((i) => pair(places, i * NODES + line)));
  }
  return lines;
}

/**
 * The color of a role where an element stands, as one of four bytes (the last one is
 * the first in memory) without opacity.
 * @param {Element} element
 * @param {string} role
 */
export function color(element, role) {
  const probe = html("i");
  probe.style.color = `var(--${role})`; // which may be a color of the system
  element.append(probe);
  const [red, green, blue] = getComputedStyle(probe).color.match(/\d+/g).map(Number);
  probe.remove();
  return (blue << 16) | (green << 8) | red;
}

/**
 * A tint of a plot of the inputs by the probability of class 1.
 * @param {Plot} plot
 * @returns {(logits: Float64Array, colors: number[]) => void} colors of class 0 and 1
 */
export function tint(plot) {
  const canvas = html("canvas", { width: NODES, height: NODES, "aria-hidden": "true" });
  plot.element.classList.add("tinted");
  plot.element.prepend(canvas);
  const context = canvas.getContext("2d");
  const image = context.createImageData(NODES, NODES);
  const pixels = new Uint32Array(image.data.buffer);
  return (logits, colors) => {
    for (let node = 0; node < NODES ** 2; node++) {
      const row = NODES - 1 - Math.floor(node / NODES);
      const shade = Math.tanh(logits[node] / 2); // 2p − 1
      const opacity = (90 * Math.abs(shade)) << 24;
      pixels[row * NODES + (node % NODES)] = opacity | colors[shade < 0 ? 0 : 1];
    }
    context.putImageData(image, 0, 0);
    // The middles of the outermost pixels lie on the edges, and the rest is cut.
    const [left, right] = [-PLANE, PLANE].map(plot.x.at);
    const cell = (right - left) / (NODES - 1);
    const side = `${right - left + cell}px`;
    Object.assign(canvas.style, {
      left: `${left - cell / 2}px`,
      top: `${plot.y.at(PLANE) - cell / 2}px`,
      width: side,
      height: side,
      clipPath: `inset(${cell / 2}px)`,
    });
  };
}

const TILE = (NODES + 1) / 2;
const GAP = 2;

/**
 * A row of small maps of the plane, one for each unit of a layer.
 * @param {number} most how many units there may be
 * @returns {{element: HTMLCanvasElement,
 *   draw: (shades: Uint8ClampedArray, ink: number) => void}}
 */
export function maps(most) {
  const width = most * (TILE + GAP) - GAP;
  const canvas = html("canvas", { width, height: TILE, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  const image = context.createImageData(TILE, TILE);
  const pixels = new Uint32Array(image.data.buffer);
  const draw = (shades, ink) => {
    context.clearRect(0, 0, width, TILE);
    for (let unit = 0; unit < shades.length / TILE ** 2; unit++) {
      for (let node = 0; node < TILE ** 2; node++) {
        const [row, column] = [TILE - 1 - Math.floor(node / TILE), node % TILE];
        const edge = row % (TILE - 1) === 0 || column % (TILE - 1) === 0;
        const opacity = edge ? 120 : 0.85 * shades[unit * TILE ** 2 + node];
        pixels[row * TILE + column] = (opacity << 24) | ink;
      }
      context.putImageData(image, unit * (TILE + GAP), 0);
    }
  };
  return { element: canvas, draw };
}
