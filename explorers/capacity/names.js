// Where the names of curves stand: each along its own, away from the other curves and
// names.

const HEIGHT = 15; // of a name, in pixels
const BASE = 12; // of it, above the line on which the letters stand
const GAP = 3; // between a name and a curve
const NONE = 90; // what it costs to leave a name out, which the legend has as well
const STEP = 6; // from one place that is tried to the next

/**
 * @typedef {object} Curve
 * @property {number[]} heights in each column of pixels, downwards; NaN out of sight
 * @property {number} width of its name
 */

/**
 * Names touch no other name and no other curve; they stand above or below a level part
 * of their own, as far to the right as there is one. Where there is no room, for the
 * one between two near curves, it is left out.
 * @param {Curve[]} curves
 * @param {[number, number]} ends the highest and the lowest pixel
 * @param {number} [line] a column better left free
 * @returns {({right: number, base: number} | null)[]} null where there is no place
 */
export function places(curves, ends, line = -1) {
  const choices = curves.map((_, i) => tried(curves, i, ends, line));
  let [best, least] = [curves.map(() => null), Infinity];
  const place = (taken, cost) => {
    if (cost >= least) return;
    if (taken.length === curves.length) {
      [best, least] = [taken, cost];
      return;
    }
    for (const one of choices[taken.length]) {
      if (cost + one.cost >= least) break;
      if (!taken.some((other) => meet(one, other))) place([...taken, one], cost + one.cost);
    }
  };
  place([], 0);
  return best.map((one) => (one.box ? { right: one.left + one.width, base: one.box[0] + BASE } : null));
}

/** All places of one name, the best first; that it is left out is one of them. */
function tried(curves, i, [top, bottom], line) {
  const { heights, width } = curves[i];
  const others = curves.filter((_, k) => k !== i);
  const found = [];
  for (let left = heights.length - width; left >= 0; left -= STEP) {
    const first = Math.max(0, left - GAP);
    const end = Math.min(heights.length, left + width + GAP);
    const columns = Array.from({ length: end - first }, (_, k) => first + k);
    const own = columns.map((c) => heights[c]).filter((y) => !Number.isNaN(y));
    if (!own.length) continue;
    for (const above of [true, false]) {
      const edge = above ? Math.min(...own) : Math.max(...own);
      const start = above ? edge - GAP - HEIGHT : edge + GAP;
      if (start < top || start + HEIGHT > bottom) continue;
      // Another curve in the name, or between the name and its own curve.
      const crossed = (c) =>
        others.some(({ heights: y }) =>
          above
            ? y[c] > start - GAP && y[c] < (Number.isNaN(heights[c]) ? edge : heights[c])
            : y[c] < start + HEIGHT && y[c] > (Number.isNaN(heights[c]) ? edge : heights[c]),
        );
      const far = own.reduce((sum, y) => sum + Math.min(40, Math.abs(y - edge)), 0);
      const level = (far + 20 * (columns.length - own.length)) / columns.length;
      const cost =
        level +
        (above ? 0 : 2) +
        3 * columns.filter(crossed).length +
        0.1 * (heights.length - width - left) +
        // Letters hide a line that is upright.
        (line > left - GAP && line < left + width + GAP ? 8 : 0);
      found.push({ left, width, box: [start, start + HEIGHT], cost });
    }
  }
  return [...found, { cost: NONE }].sort((a, b) => a.cost - b.cost);
}

/** Whether two names touch. */
const meet = (a, b) =>
  a.box &&
  b.box &&
  a.left < b.left + b.width + 2 * GAP &&
  b.left < a.left + a.width + 2 * GAP &&
  a.box[0] < b.box[1] &&
  b.box[0] < a.box[1];
