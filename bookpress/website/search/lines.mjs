// What is shown of a find: the line that tells, its words marked, and its address.
import { HEADS } from "./find.mjs";
import { formsOf, wordsOf } from "./words.mjs";

const LONG = 160; // letters of a line that are shown
const FORMULA = "\u2063"; // before and behind a formula

/** The words of a text that are found: {word, at, forms}. */
function marksIn(text, found) {
  const marks = wordsOf(text)
    .map(([word, at]) => ({ word, at, forms: formsOf(word).filter((form) => found.has(form)) }))
    .filter(({ forms }) => forms.length);
  // Beside `nn.Linear` as a whole, its parts are no news.
  const parts = new Set(marks.flatMap(({ forms }) => forms.filter(isName).flatMap(partsOf)));
  return marks.filter(({ forms }) => forms.some((form) => !parts.has(form)));
}

const isName = (form) => /\w[._]\w/.test(form);
const partsOf = (form) => formsOf(form).slice(1);

/** The line of a place that has most of what was found. */
function bestLine({ place, words }) {
  const lines = place.text.split("\n").map((text) => {
    const marks = marksIn(text, words);
    const forms = new Set(marks.flatMap(({ forms }) => forms));
    return { text, marks, weight: weightOf([...forms]) };
  });
  const most = Math.max(...lines.map(({ weight }) => weight));
  return lines.find(({ weight }) => weight === most);
}

const weightOf = (forms) => forms.reduce((sum, form) => sum + (isName(form) ? 3 : 1), 0);

/** A title as pieces: [text, is found]. */
export const marked = (text, words) => pieces(text, marksIn(text, words), 0, text.length);

/** The line of a result that has most of the words as pieces, cut where it is long. */
export function lineOf(hit) {
  const { text, marks } = bestLine(hit);
  const [from, to] = stretch(text, marks);
  const shown = pieces(text, marks, from, to);
  if (from > 0) shown.unshift(["… ", false]);
  if (to < text.length) shown.push([" …", false]);
  return shown;
}

/** The stretch of a line that has most of the marks, between two spaces. */
function stretch(text, marks) {
  if (text.length <= LONG) return [0, text.length];
  const starts = [0, ...marks.map(({ at }) => Math.max(0, at - LONG / 4))];
  const within = (from) =>
    weightOf(
      marks.filter(({ at }) => at >= from && at < from + LONG * 0.9).flatMap(({ forms }) => forms),
    );
  let from = starts.reduce((best, start) => (within(start) > within(best) ? start : best));
  if (from > 0) from = text.indexOf(" ", from) + 1 || from;
  const to = from + LONG < text.length ? text.lastIndexOf(" ", from + LONG) : text.length;
  return [from, to > from ? to : Math.min(from + LONG, text.length)];
}

function pieces(text, marks, from, to) {
  const shown = [];
  let last = from;
  for (const { word, at } of marks) {
    if (at < from || at + word.length > to) continue;
    shown.push([text.slice(last, at), false], [word, true]);
    last = at + word.length;
  }
  shown.push([text.slice(last, to), false]);
  return shown
    .map(([piece, found]) => [piece.replace(/[\u2062\u2063]/g, ""), found])
    .filter(([piece]) => piece);
}

// Places that are long enough for their address to name the words, too.
const LONG_KINDS = new Set([...HEADS, "code", "box", "exercise", "solution"]);

/** Where a result leads: its id, and the words themselves for browsers that know how. */
export function addressOf(hit, naming = true) {
  const { kind, anchor, section, page } = hit.place;
  const address = `${page.address}#${encodeURI(anchor || section.anchor)}`;
  const words = naming && LONG_KINDS.has(kind) ? phraseOf(hit) : "";
  return words ? `${address}:~:text=${encodeURIComponent(words).replaceAll("-", "%2D")}` : address;
}

/** Some words around the first mark that is shown; none if that stands in a formula. */
function phraseOf(hit) {
  const { text, marks } = bestLine(hit);
  const [from] = stretch(text, marks);
  const { word, at } = marks.find((mark) => mark.at >= from) ?? {};
  const before = text.slice(0, at).split(FORMULA);
  if (!word || before.length % 2 === 0) return "";
  const [left] = before.at(-1).split(" · ").slice(-1);
  const [right] = text.slice(at + word.length).split(/\u2063| · /);
  const first = left.split(" ").slice(-4).join(" ");
  const last = right.split(" ").slice(0, 5).join(" ");
  return (first + word + last).trim();
}
