// A small convolutional network, from gray values to probabilities.

export const [FIRST, SECOND, CLASSES, SIDE] = [8, 16, 10, 28];
const [HALF, QUARTER] = [SIDE / 2, SIDE / 4];
export const ERASER = 6; // pixels wide and high

/**
 * @typedef {object} Weights
 * @property {Float64Array} first kernels: map, row, column
 * @property {Float64Array} second kernels: map, map before it, row, column
 * @property {Float64Array} dense class, map, row, column
 * @property {Float64Array[]} biases of the three layers
 */

/** @param {Float64Array} values layer by layer, weights before biases @returns {Weights} */
export function unpack(values) {
  let start = 0;
  const take = (count) => values.subarray(start, (start += count));
  const first = take(9 * FIRST);
  const biases = [take(FIRST)];
  const second = take(9 * FIRST * SECOND);
  biases.push(take(SECOND));
  const dense = take(CLASSES * SECOND * QUARTER ** 2);
  return { first, second, dense, biases: [...biases, take(CLASSES)] };
}

/**
 * The picture mirrored, then shifted, then erased in a square.
 * @param {ArrayLike<number>} pixels
 * @param {{right: number, down: number, mirrored: boolean, eraser: string, row: number,
 *   column: number}} how `row` and `column` are the square's upper left pixel
 * @returns {number[]} gray values
 */
export function moved(pixels, { right, down, mirrored, eraser, row, column }) {
  const within = (at, low, count) => at >= low && at < low + count;
  return Array.from({ length: SIDE ** 2 }, (_, i) => {
    const [u, v] = [Math.floor(i / SIDE), i % SIDE];
    const erased = within(u, row, ERASER) && within(v, column, ERASER);
    if (eraser !== "off" && erased) return eraser === "gray" ? 128 : 0;
    const [from, at] = [u - down, v - right];
    if (!within(from, 0, SIDE) || !within(at, 0, SIDE)) return 0;
    return pixels[from * SIDE + (mirrored ? SIDE - 1 - at : at)];
  });
}

/** A layer's sums: padded by zeros, kernels of 3 × 3. */
function sums(maps, before, side, kernels, biases) {
  const wide = side + 2;
  const padded = new Float64Array(before * wide ** 2);
  for (let c = 0; c < before; c++) {
    for (let u = 0; u < side; u++) {
      const row = maps.subarray((c * side + u) * side, (c * side + u + 1) * side);
      padded.set(row, (c * wide + u + 1) * wide + 1);
    }
  }
  const out = new Float64Array(biases.length * side ** 2);
  for (let m = 0; m < biases.length; m++) {
    for (let u = 0; u < side; u++) {
      for (let v = 0; v < side; v++) {
        let sum = biases[m];
        for (let c = 0; c < before; c++) {
          const from = (c * wide + u) * wide + v;
          const kernel = 9 * (m * before + c);
          for (let r = 0; r < 3; r++) {
            for (let q = 0; q < 3; q++) {
              sum += kernels[kernel + 3 * r + q] * padded[from + r * wide + q];
            }
          }
        }
        out[(m * side + u) * side + v] = sum;
      }
    }
  }
  return out;
}

/** The largest of each two times two. */
function pooled(maps, side) {
  const half = side / 2;
  return Float64Array.from({ length: maps.length / 4 }, (_, i) => {
    const [row, v] = [Math.floor(i / half), i % half];
    const at = 2 * row * side + 2 * v;
    return Math.max(maps[at], maps[at + 1], maps[at + side], maps[at + side + 1]);
  });
}

const relu = (values) => values.map((value) => Math.max(0, value));

/**
 * All that the network computes from a picture.
 * @param {Weights} weights
 * @param {ArrayLike<number>} pixels gray values from 0 to 255
 */
export function forward(weights, pixels) {
  const { first, second, dense, biases } = weights;
  const image = Float64Array.from(pixels, (gray) => gray / 255);
  const maps = relu(sums(image, 1, SIDE, first, biases[0]));
  const small = pooled(maps, SIDE);
  const before = sums(small, FIRST, HALF, second, biases[1]);
  const after = relu(before);
  const last = pooled(after, HALF);
  const logits = Array.from(biases[2], (bias, k) =>
    last.reduce((sum, value, i) => sum + value * dense[k * last.length + i], bias),
  );
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const total = powers.reduce((a, b) => a + b);
  const probabilities = powers.map((power) => power / total);
  return { maps, small, before, after, last, logits, probabilities };
}

/** The same from texts, for tests. */
export function whole(values, pixels, how) {
  const found = forward(unpack(Float64Array.from(values)), moved(pixels, how));
  const plain = Object.entries(found).map(([name, numbers]) => [name, Array.from(numbers)]);
  return Object.fromEntries(plain);
}

/**
 * What a unit of the second convolution adds up: for each of the eight maps before it
 * nine values, nine weights and their nine products.
 * @param {Weights} weights
 * @param {Float64Array} small the eight maps
 * @param {number} map
 * @param {number} row
 * @param {number} column
 */
export function parts(weights, small, map, row, column) {
  return Array.from({ length: FIRST }, (_, c) => {
    const patch = Array.from({ length: 9 }, (_, i) => {
      const [u, v] = [row + Math.floor(i / 3) - 1, column + (i % 3) - 1];
      const inside = u >= 0 && v >= 0 && u < HALF && v < HALF;
      return inside ? small[(c * HALF + u) * HALF + v] : 0;
    });
    const kernel = Array.from(weights.second.subarray(9 * (map * FIRST + c), 9 * (map * FIRST + c + 1)));
    const products = patch.map((value, i) => value * kernel[i]);
    return { patch, kernel, products, sum: products.reduce((a, b) => a + b) };
  });
}
