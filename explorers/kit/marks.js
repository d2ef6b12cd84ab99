// Marks of points, drawn around the origin: told apart by shape, not by color alone.
import { svg } from "./dom.js";

/** @typedef {"circle" | "triangle"} Shape */

/**
 * @param {Shape} shape
 * @param {number} radius
 * @param {Object<string, string>} [attributes]
 * @returns {SVGElement}
 */
export function mark(shape, radius, attributes = {}) {
  if (shape === "circle") return svg("circle", { ...attributes, r: radius });
  const [top, side, base] = [1.25, 1.1, 0.75].map((part) => (part * radius).toFixed(1));
  const d = `M0,-${top}L${side},${base}H-${side}Z`;
  return svg("path", { ...attributes, d });
}
