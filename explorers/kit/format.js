// Numbers as the book prints them: true minus, thin spaces, powers of ten.

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

/** @param {number} number @param {string} digits */
const digits = (number, digits) =>
  String(number).replace("-", "⁻").replace(/\d/g, (digit) => digits[digit]);

/** @param {number} index @returns {string} "₁₀" for 10 */
export const subscript = (index) => digits(index, SUBSCRIPTS);

/**
 * @param {number} value
 * @param {number} places after the point
 * @returns {string} "−1 234.50"
 */
export function fixed(value, places) {
  const [whole, rest] = Math.abs(value).toFixed(places).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const text = rest ? `${grouped}.${rest}` : grouped;
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/**
 * @param {number} value
 * @param {number} figures significant ones; zeros at the end of the mantissa are dropped
 * @returns {string} "4.9 · 10⁻⁵"
 */
export function scientific(value, figures) {
  const [mantissa, exponent] = value.toExponential(figures - 1).split("e");
  const power = `10${digits(Number(exponent), SUPERSCRIPTS)}`;
  const factor = String(Number(mantissa)).replace("-", "−");
  return factor === "1" ? power : `${factor} · ${power}`;
}

/**
 * @param {number} value
 * @param {number} [figures] significant ones
 * @returns {string} decimal where that is short, else a power of ten
 */
export function short(value, figures = 3) {
  if (value === 0) return "0";
  const size = Math.floor(Math.log10(Math.abs(value)));
  if (!Number.isFinite(size) || size < -3 || size > 6) return scientific(value, figures);
  return fixed(value, Math.max(0, figures - 1 - size));
}
