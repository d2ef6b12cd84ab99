// Elements of HTML and SVG, and text with symbols in it.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Set attributes; `undefined` and `false` take one away.
 * @template {Element} E
 * @param {E} element
 * @param {Object<string, string | number | boolean | undefined>} attributes
 * @returns {E}
 */
export function assign(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) {
      element.setAttribute(name, String(value));
    }
  }
  return element;
}

/**
 * @param {string} tag
 * @param {Object<string, string | number | boolean | undefined>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function html(tag, attributes = {}, ...children) {
  const element = assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
}

/**
 * @param {string} tag
 * @param {Object<string, string | number | boolean | undefined>} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = assign(document.createElementNS(SVG, tag), attributes);
  element.append(...children);
  return element;
}

/**
 * Text whose symbols stand between stars, "the weight *w*": nodes with these in the
 * type of the formulas. `make` is `html` (default) or `svg`. A symbol that begins with ¯
 * wears a bar (in HTML), "*¯w*", and is read as the adjoint of what follows.
 * @param {string} text
 * @param {typeof html | typeof svg} [make]
 * @returns {(Node | string)[]}
 */
export function rich(text, make = html) {
  const tag = make === html ? "span" : "tspan";
  return text
    .split("*")
    .map((part, i) => {
      if (i % 2 === 0) return part;
      if (!part.startsWith("¯")) return make(tag, { class: "symbol" }, part);
      const shape = /^¯[bdfhklt\p{Lu}]/u.test(part) ? "high" : /^¯[mw]/.test(part) ? "broad" : "";
      return make(tag, { class: `symbol bar ${shape}` }, part.slice(1));
    })
    .filter((part) => part !== "");
}

/**
 * The same text without its stars, for names and announcements.
 * @param {string} text
 * @returns {string}
 */
export const plain = (text) => text.replaceAll("*¯", "adjoint of ").replaceAll("*", "");

/**
 * Show text with symbols in an element, unless it is there already.
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.getAttribute("data-text") === text) return;
  element.setAttribute("data-text", text);
  const make = element instanceof SVGElement ? svg : html;
  element.replaceChildren(...rich(text, make));
}

let count = 0;

/** @returns {string} an id that nothing else on the page has */
export const freshId = () => `explorer-${++count}`;
