// Lines of equal height of a function on a grid.
import { contours } from "d3-contour";

/**
 * @param {number[]} values row by row, from low y to high y
 * @param {[number, number]} size columns and rows
 * @param {[number, number]} x coordinates of the first and the last column
 * @param {[number, number]} y coordinates of the first and the last row
 * @param {number[]} levels
 * @returns {{level: number, rings: [number, number][][]}[]} closed lines around what is
 *   at least as high, in the coordinates of x and y
 */
export function levelLines(values, [columns, rows], x, y, levels) {
  // D3 takes values for the middles of cells, the first at (0.5, 0.5).
  const scale = (at, [low, high], count) => low + ((at - 0.5) / (count - 1)) * (high - low);
  return contours()
    .size([columns, rows])
    .thresholds(levels)(values)
    .map(({ value, coordinates }) => ({
      level: value,
      rings: coordinates
        .flat()
        .map((ring) => ring.map(([i, j]) => [scale(i, x, columns), scale(j, y, rows)])),
    }));
}
