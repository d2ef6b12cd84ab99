// Look things up in the places of the book's pages, which entries.py has read.
import MiniSearch from "minisearch";
import { formsOf, keyOf, plain, wordsOf } from "./words.mjs";

// How much a find counts by where the words stand, and by what kind of place it is.
const FIELDS = { names: 6, title: 4, number: 3, kind: 2, where: 0.5, text: 1 };
const KINDS = { term: 3, symbol: 2, section: 1.4, solution: 0.8, code: 0.7, source: 0.8 };
const EXACT = { term: 12, symbol: 8, section: 5 };
const FEW = 5; // results, below which some of the words are enough
const LONG = 160; // letters of a line that are shown
const CHUNK = 40_000; // letters that are made known without a pause

const IDLE = new Set(
  `a about an and any are as at be been between by can could did difference do does for
   from had has have how i if in into is it its me my not of on one or our should so some
   than that the their them then there these they this those to was we were what when
   where which while who whose why will with would you your`.split(/\s+/),
);

/** The places of all pages in a row, each with the section that it stands in. */
function placesOf(pages) {
  const places = [];
  for (const { address, number: chapter, entries } of pages) {
    const [, , , name] = entries.find(([kind]) => kind === "section") ?? [];
    const page = { address, title: name, number: chapter ?? "" };
    let section;
    for (const [kind, anchor = "", number = "", title = "", text = "", names = []] of entries) {
      const place = { id: places.length, page, kind, anchor, number, title, text, names };
      if (kind === "section") section = place;
      place.section = section;
      place.where = kind === "section" ? name : `${name} ${section.title}`;
      places.push(place);
    }
  }
  return places;
}

/** Let a term be found by its symbols and its names in code, too. */
function nameTerms(places) {
  const terms = new Map();
  for (const place of places) {
    if (place.kind === "term") terms.set(keyOf(place.title), place);
  }
  for (const { kind, title, names } of places) {
    if (kind === "symbol") terms.get(keyOf(title))?.names.push(...names);
  }
}

const keysOf = ({ title, names }) => new Set([title, ...names].map(keyOf));

/** A query for one word: as it is written, or all of its parts. */
function wordQuery(word, last, fuzzy) {
  const [whole, ...parts] = formsOf(word);
  const exact = /\p{Script=Greek}/u.test(word) || whole.length < 2;
  const options = {
    prefix: !exact && (last || whole.length > 3),
    fuzzy: fuzzy && whole.length > 4 ? 0.25 : false,
  };
  if (!parts.length) return { queries: [whole], ...options };
  const boost = Object.fromEntries(Object.entries(FIELDS).map(([f, n]) => [f, 3 * n]));
  return {
    combineWith: "OR",
    queries: [
      { queries: [whole], ...options, boost },
      { combineWith: "AND", queries: parts, ...options },
    ],
  };
}

export class Finder {
  /** A finder for a list of pages, which knows nothing before `learn`. */
  constructor(pages) {
    this.places = placesOf(pages);
    nameTerms(this.places);
    this.index = new MiniSearch({
      fields: Object.keys(FIELDS),
      extractField: (place, field) => {
        const value = place[field];
        return Array.isArray(value) ? value.join("\n") : value;
      },
      tokenize: (text) => wordsOf(text).map(([word]) => word),
      processTerm: formsOf,
      searchOptions: {
        boost: FIELDS,
        boostDocument: (id) => KINDS[this.places[id].kind] ?? 1,
        processTerm: (term) => term,
        tokenize: (term) => [term],
        weights: { fuzzy: 0.3, prefix: 0.5 },
      },
    });
  }

  /** Make all places known, names first, with pauses in which a reader may type. */
  async learn(onProgress = () => {}) {
    const first = (place) => (place.kind in EXACT ? 0 : 1);
    const places = [...this.places].sort((a, b) => first(a) - first(b));
    for (let size = 0; places.length; size = 0) {
      let count = 0;
      while (count < places.length && size < CHUNK) size += 80 + places[count++].text.length;
      this.index.addAll(places.splice(0, count));
      onProgress();
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  /** All places for a query, the best first: {place, words, score}. */
  find(query) {
    let words = wordsOf(query).map(([word]) => word);
    const wanted = words.filter((word) => !IDLE.has(plain(word)));
    if (wanted.length) words = wanted;
    if (!words.length) return [];
    const all = (combineWith, fuzzy) => ({
      combineWith,
      queries: words.map((word, at) => wordQuery(word, at === words.length - 1, fuzzy)),
    });
    const key = keyOf(query);
    const named = this.places.filter((place) => place.names.length && keysOf(place).has(key));
    // What has the query for a second name is looked up by its first one, too.
    const others = named
      .filter(({ kind, title }) => kind === "term" && keyOf(title) !== key)
      .map(({ title }) => ({
        combineWith: "AND",
        queries: wordsOf(title).map(([word]) => formsOf(word)[0]),
        boost: Object.fromEntries(Object.entries(FIELDS).map(([f, n]) => [f, n / 4])),
      }));
    const search = (tree) =>
      this.index.search(others.length ? { combineWith: "OR", queries: [tree, ...others] } : tree);
    let found = search(all("AND", false));
    if (!found.length) found = search(all("AND", true));
    if (found.length < FEW && words.length > 1) {
      const known = new Set(found.map(({ id }) => id));
      const rest = search(all("OR", true)).filter(({ id }) => !known.has(id));
      const least = found.at(-1)?.score ?? Infinity;
      const most = rest[0]?.score ?? 1;
      found.push(...rest.map((hit) => ({ ...hit, score: Math.min(1, least / most) * hit.score })));
    }
    const hits = found.map(({ id, score, match }) => {
      const place = this.places[id];
      const exact = keysOf(place).has(key) ? (EXACT[place.kind] ?? 3) : 1;
      return { place, score: score * exact, words: new Set(Object.keys(match)) };
    });
    hits.sort((a, b) => b.score - a.score || a.place.id - b.place.id);
    return oncePerSection(hits);
  }
}

/** Of the cells of a section, and of its text and its code, the best only. */
function oncePerSection(hits) {
  const seen = new Set();
  return hits.filter(({ place }) => {
    if (place.kind !== "code") return true;
    if (seen.has(place.section)) return false;
    seen.add(place.section);
    return true;
  });
}

/** The line of a place that has most of the words, with the places of these. */
function bestLine({ place, words }) {
  const lines = place.text.split("\n").map((text) => {
    const marks = marksIn(text, words);
    return { text, marks, count: new Set(marks.map(([word]) => formsOf(word)[0])).size };
  });
  const most = Math.max(...lines.map(({ count }) => count));
  return lines.find(({ count }) => count === most);
}

const marksIn = (text, words) =>
  wordsOf(text).filter(([word]) => formsOf(word).some((form) => words.has(form)));

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

/** The stretch of a line that has most of the marks, from one word's end to another's. */
function stretch(text, marks) {
  if (text.length <= LONG) return [0, text.length];
  const starts = [0, ...marks.map(([, at]) => Math.max(0, at - LONG / 4))];
  const within = (from) => marks.filter(([, at]) => at >= from && at < from + LONG * 0.9).length;
  let from = starts.reduce((best, start) => (within(start) > within(best) ? start : best));
  if (from > 0) from = text.indexOf(" ", from) + 1 || from;
  const to = from + LONG < text.length ? text.lastIndexOf(" ", from + LONG) : text.length;
  return [from, to > from ? to : Math.min(from + LONG, text.length)];
}

function pieces(text, marks, from, to) {
  const shown = [];
  let at = from;
  for (const [word, start] of marks) {
    if (start < from || start + word.length > to) continue;
    shown.push([text.slice(at, start), false], [word, true]);
    at = start + word.length;
  }
  shown.push([text.slice(at, to), false]);
  return shown
    .map(([piece, found]) => [piece.replace(/[\u2062\u2063]/g, ""), found])
    .filter(([piece]) => piece);
}

// Places that are long enough for their address to name the words, too.
const LONG_KINDS = new Set(["section", "code", "box", "exercise", "solution"]);

/** Where a result leads: its id, and the words themselves for browsers that know how. */
export function addressOf(hit, naming = true) {
  const { kind, anchor, section, page } = hit.place;
  const words = naming && LONG_KINDS.has(kind) ? phrase(bestLine(hit)) : "";
  const named = encodeURIComponent(words).replaceAll("-", "%2D");
  const place = encodeURIComponent(anchor || section.anchor);
  return `${page.address}#${place}${words && `:~:text=${named}`}`;
}

/** Some words of a line around the first that is found; none if that is in a formula. */
function phrase({ text, marks: [first] }) {
  if (!first) return "";
  const [word, at] = first;
  const before = text.slice(0, at).split("\u2063");
  if (before.length % 2 === 0) return "";
  const left = before.at(-1).trimStart().split(" ").slice(-4).join(" ");
  const right = text.slice(at + word.length).split("\u2063")[0].trimEnd();
  return left + word + right.split(" ").slice(0, 5).join(" ");
}
