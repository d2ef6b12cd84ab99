// Traits as text in an address, and back. What does not parse is left out.

/**
 * @template T
 * @typedef {object} Field
 * @property {(text: string) => T | undefined} parse
 * @property {(value: T) => string} format
 */

/**
 * @param {number} low
 * @param {number} high
 * @returns {Field<number>}
 */
export const number = (low, high) => ({
  parse: (text) => {
    const value = text.trim() === "" ? NaN : Number(text);
    return value >= low && value <= high ? value : undefined;
  },
  format: String,
});

/**
 * @param {number} low
 * @param {number} high
 * @returns {Field<number>}
 */
export const integer = (low, high) => ({
  parse: (text) => {
    const value = number(low, high).parse(text);
    return Number.isInteger(value) ? value : undefined;
  },
  format: String,
});

/**
 * @param {...string} names
 * @returns {Field<string>}
 */
export const oneOf = (...names) => ({
  parse: (text) => (names.includes(text) ? text : undefined),
  format: String,
});

/**
 * A list of numbers, "1.5~2~-0.3".
 * @param {number} length
 * @param {number} low
 * @param {number} high
 * @returns {Field<number[]>}
 */
export const numbers = (length, low, high) => ({
  parse: (text) => {
    const values = text.split("~").map(number(low, high).parse);
    const whole = values.length === length && !values.includes(undefined);
    return whole ? /** @type {number[]} */ (values) : undefined;
  },
  format: (values) => values.map((value) => Number(value.toPrecision(6))).join("~"),
});

/**
 * Some of a few names, "adam~gd"; none is an empty text.
 * @param {...string} names
 * @returns {Field<string[]>}
 */
export const some = (...names) => ({
  parse: (text) => {
    const found = text === "" ? [] : text.split("~");
    const sound = found.every((name, i) => names.includes(name) && found.indexOf(name) === i);
    return sound ? found : undefined;
  },
  format: (found) => found.join("~"),
});
