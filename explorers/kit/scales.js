// From numbers to pixels and back, and from numbers to the places of a slider.
import { ticks } from "d3-array";

/**
 * @typedef {object} Scale
 * @property {(value: number) => number} at pixel of a value
 * @property {(pixel: number) => number} value value of a pixel
 * @property {(count: number) => number[]} ticks about so many round values
 */

/**
 * @param {[number, number]} domain
 * @param {[number, number]} range in pixels
 * @returns {Scale}
 */
export function linear([low, high], [start, end]) {
  const slope = (end - start) / (high - low);
  return {
    at: (value) => start + (value - low) * slope,
    value: (pixel) => low + (pixel - start) / slope,
    ticks: (count) => ticks(low, high, count),
  };
}

/**
 * A linear scale for what has no fractions: steps, layers, years.
 * @param {[number, number]} domain
 * @param {[number, number]} range in pixels
 * @returns {Scale}
 */
export function whole(domain, range) {
  const inner = linear(domain, range);
  return { ...inner, ticks: (count) => inner.ticks(count).filter(Number.isInteger) };
}

/**
 * A scale of powers of ten.
 * @param {[number, number]} domain both positive
 * @param {[number, number]} range in pixels
 * @returns {Scale}
 */
export function logarithmic([low, high], range) {
  const inner = linear([Math.log10(low), Math.log10(high)], range);
  return {
    at: (value) => inner.at(Math.log10(value)),
    value: (pixel) => 10 ** inner.value(pixel),
    ticks: (count) => {
      const [from, to] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
      const every = Math.max(1, Math.ceil((to - from) / count));
      const powers = [];
      for (let power = from; power <= to; power += every) powers.push(10 ** power);
      return powers;
    },
  };
}

/**
 * @typedef {object} Stops the values that a slider can take, by index
 * @property {number} count
 * @property {(index: number) => number} value
 * @property {(value: number) => number} index may lie between two stops
 */

/**
 * Evenly spaced values.
 * @param {number} low
 * @param {number} high
 * @param {number} count how many, both ends included
 * @returns {Stops}
 */
export function even(low, high, count) {
  const steps = count - 1;
  return {
    count,
    // So that stops are the numbers that people write: 0.3, not 0.30000000000000004.
    value: (index) => Number((low + ((high - low) * index) / steps).toPrecision(12)),
    index: (value) => ((value - low) / (high - low)) * steps,
  };
}

/**
 * All values of two significant digits between two powers of ten: 1.0, 1.1, ... 9.9,
 * then 10, 11, ... 99, and so on, each decade as long as the others.
 * @param {number} lowest exponent of the first decade
 * @param {number} highest exponent of the last value
 * @returns {Stops}
 */
export function decades(lowest, highest) {
  return {
    count: 90 * (highest - lowest) + 1,
    value: (index) =>
      Number(`${10 + (index % 90)}e${lowest + Math.floor(index / 90) - 1}`),
    index: (value) => {
      const exponent = Math.floor(Math.log10(value) + 1e-12);
      return 90 * (exponent - lowest) + 10 * (value / 10 ** exponent) - 10;
    },
  };
}

/**
 * Given values, in rising order.
 * @param {number[]} values
 * @returns {Stops}
 */
export function listed(values) {
  return {
    count: values.length,
    value: (index) => values[index],
    index: (value) => {
      const above = values.findIndex((stop) => stop >= value);
      if (above <= 0) return above < 0 ? values.length - 1 : 0;
      const [low, high] = values.slice(above - 1, above + 1);
      return above - (high - value) / (high - low);
    },
  };
}
