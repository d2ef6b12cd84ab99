// Marks of points, drawn around the origin: told apart by shape, not by color alone.
import { svg } from "./dom.js";

/** @typedef {"circle" | "triangle" | "down" | "right" | "diamond" | "square" | "plus" | "star"} Shape */

/** Corners around the origin, for a radius of 1. */
const CORNERS = {
  triangle: [[0, -1.25], [1.1, 0.75], [-1.1, 0.75]],
  down: [[0, 1.25], [1.1, -0.75], [-1.1, -0.75]],
  right: [[1.25, 0], [-0.75, 1.1], [-0.75, -1.1]],
  diamond: [[0, -1.3], [1.1, 0], [0, 1.3], [-1.1, 0]],
  square: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  plus: [1, 0, -1, 0].flatMap((x, i) => {
    const y = [0, 1, 0, -1][i]; // each arm: its end, then the corner before the next
    return [
      [1.3 * x + 0.42 * y, 1.3 * y - 0.42 * x],
      [1.3 * x - 0.42 * y, 1.3 * y + 0.42 * x],
      [0.42 * (x - y), 0.42 * (x + y)],
    ];
  }),
  star: Array.from({ length: 10 }, (_, i) => {
    const size = i % 2 ? 0.62 : 1.45;
    return [size * Math.sin((i * Math.PI) / 5), -size * Math.cos((i * Math.PI) / 5)];
  }),
};

/**
 * @param {Shape} shape
 * @param {number} radius
 * @param {Object<string, string>} [attributes]
 * @returns {SVGElement}
 */
export function mark(shape, radius, attributes = {}) {
  if (shape === "circle") return svg("circle", { ...attributes, r: radius });
  const corners = CORNERS[shape].map((pair) => pair.map((v) => (v * radius).toFixed(1)));
  return svg("path", { ...attributes, d: `M${corners.join("L")}Z` });
}
