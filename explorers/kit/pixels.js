// Pixels: pictures and maps as small bitmaps, numbers in squares of their color.
import { assign, html } from "./dom.js";

/** @param {string} text bytes in base64 @returns {Uint8Array} */
export const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

const ORANGE = [255, 136, 58];

/**
 * The color of a value: black is 0, white is 1 and more, orange as much below 0.
 * @param {number} share of what is white
 * @returns {number[]} red, green, blue from 0 to 255
 */
export function color(share) {
  const size = Math.min(1, Math.abs(share));
  return share < 0 ? ORANGE.map((part) => Math.round(part * size)) : Array(3).fill(Math.round(255 * size));
}

/** @param {number[]} rgb @returns {string} black or white, whichever stands out more */
export function ink(rgb) {
  const [r, g, b] = rgb.map((part) => {
    const c = part / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}

/**
 * Show values as pixels, row by row; those that are no numbers are left open.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} values
 * @param {number} columns
 * @param {number} most what is shown white
 */
export function paint(canvas, values, columns, most) {
  const rows = values.length / columns;
  if (canvas.width !== columns || canvas.height !== rows) {
    Object.assign(canvas, { width: columns, height: rows });
  }
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) image.data.set([...color(values[i] / most), 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

/**
 * A picture behind a plot, a pixel for each value.
 * @param {import("./plot.js").Plot} plot its axes go from the first row down to minus the last
 * @returns {(values: ArrayLike<number>, columns: number, most: number) => void}
 */
export function bitmap(plot) {
  const canvas = /** @type {HTMLCanvasElement} */ (html("canvas", { "aria-hidden": "true" }));
  plot.element.classList.add("bitmap");
  plot.element.prepend(canvas);
  return (values, columns, most) => {
    const rows = values.length / columns;
    paint(canvas, values, columns, most);
    const [left, right] = [-0.5, columns - 0.5].map(plot.x.at);
    const [top, bottom] = [0.5, 0.5 - rows].map(plot.y.at);
    Object.assign(canvas.style, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${right - left}px`,
      height: `${bottom - top}px`,
    });
  };
}

/**
 * Nine small squares with numbers.
 * @param {string} name what a screen reader calls them
 * @param {(value: number) => string} write
 */
export function squares(name, write) {
  const cells = Array.from({ length: 9 }, () => html("span"));
  const element = html("div", { class: "squares", role: "img" }, ...cells);
  return {
    element,
    /** @param {number[]} numbers @param {number} most */
    draw(numbers, most) {
      const texts = numbers.map(write);
      assign(element, { "aria-label": `${name}: ${texts.join(", ")}` });
      cells.forEach((cell, i) => {
        const shade = color(numbers[i] / most);
        cell.textContent = texts[i];
        // Set smaller in a narrow column.
        cell.classList.toggle("long", texts[i].length > 4);
        Object.assign(cell.style, { background: `rgb(${shade})`, color: ink(shade) });
      });
    },
  };
}
