// A kernel that slides over a picture: its arithmetic, and how its numbers are written.

/** @typedef {"zeros" | "repeat"} Border */

export const KERNELS = {
  identity: [0, 0, 0, 0, 1, 0, 0, 0, 0],
  blur: Array(9).fill(1 / 9),
  across: [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  down: [-1, -2, -1, 0, 0, 0, 1, 2, 1],
  laplace: [0, 1, 0, 1, -4, 1, 0, 1, 0],
  sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
};

/**
 * The nine values around a pixel, row by row.
 * @param {ArrayLike<number>} pixels
 * @param {number} columns
 * @param {number} row
 * @param {number} column
 * @param {Border} border what lies around the picture
 * @returns {number[]}
 */
export function patch(pixels, columns, row, column, border) {
  const rows = pixels.length / columns;
  const inside = (at, count) => Math.min(count - 1, Math.max(0, at));
  return Array.from({ length: 9 }, (_, i) => {
    const [u, v] = [row + Math.floor(i / 3) - 1, column + (i % 3) - 1];
    const [near, close] = [inside(u, rows), inside(v, columns)];
    return border === "zeros" && (near !== u || close !== v) ? 0 : pixels[near * columns + close];
  });
}

/**
 * The weighted sum of each pixel's neighborhood, and the bias.
 * @param {ArrayLike<number>} pixels
 * @param {number} columns
 * @param {number[]} weights nine, row by row
 * @param {number} bias
 * @param {Border} border
 * @returns {number[]}
 */
export function slide(pixels, columns, weights, bias, border) {
  return Array.from({ length: pixels.length }, (_, i) => {
    const around = patch(pixels, columns, Math.floor(i / columns), i % columns, border);
    return around.reduce((sum, value, k) => sum + value * weights[k], 0) + bias;
  });
}

/**
 * What is shown white: 255, or what 95 % of the values do not exceed in size.
 * @param {number[]} values
 */
export function brightest(values) {
  const sizes = Float64Array.from(values, Math.abs).sort();
  return Math.max(255, sizes[Math.floor((95 * (sizes.length - 1)) / 100)]);
}

/**
 * The name of a kernel, if it has one.
 * @param {number[]} weights
 * @param {number[]} learned
 */
export function nameOf(weights, learned) {
  const all = Object.entries({ ...KERNELS, learned });
  const same = ([, kernel]) => kernel.length && kernel.every((w, i) => w === weights[i]);
  return all.find(same)?.[0] ?? "";
}

/**
 * A number as people write it, "-2", "0.5", "1/9".
 * @param {string} text
 * @param {number} largest what is larger, in either direction, is none
 * @returns {number | undefined}
 */
export function read(text, largest) {
  const [above, below = "1", ...rest] = text.replaceAll("−", "-").split("/");
  if (rest.length || !above.trim() || !below.trim()) return undefined;
  const value = Number(above) / Number(below);
  return Math.abs(value) <= largest ? value : undefined;
}

/**
 * A number as the figure writes it: 3, −0.25, 1/9, else up to two decimals.
 * @param {number} value
 * @returns {string}
 */
export function fraction(value) {
  const [sign, size] = [value < 0 ? "−" : "", Math.abs(value)];
  const whole = (x) => Math.abs(x - Math.round(x)) < 1e-7;
  if (!whole(size * 100) && size < 4) {
    const below = [3, 9, 16, 8].find((count) => whole(size * count));
    if (below) return `${sign}${Math.round(size * below)}/${below}`;
  }
  const text = String(Number(size.toFixed(size < 100 ? 2 : size < 1000 ? 1 : 0)));
  return text === "0" ? text : sign + text;
}

/** As short as a small square needs it. @param {number} value */
export function brief(value) {
  const size = Math.abs(value);
  if (size < 10) return fraction(value);
  const parts = size < 100 ? 10 : 1;
  return fraction(Math.floor(value * parts + 0.5) / parts);
}

/**
 * A number for an address, from which the same number is read again.
 * @param {number} value
 */
export function plainly(value) {
  const text = fraction(value).replace("−", "-");
  return Math.abs(read(text, Infinity) - value) < 1e-12 ? text : String(value);
}
