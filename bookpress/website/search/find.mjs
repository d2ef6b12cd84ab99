// Look things up in the places of the book's pages, which entries.py has read.
import MiniSearch from "minisearch";
import { formsOf, keyOf, plain, wordsOf } from "./words.mjs";

// How much a find counts by where the words stand, and by what kind of place it is.
const FIELDS = { names: 6, title: 4, number: 3, kind: 2, where: 0.5, text: 1 };
const KINDS = {
  term: 3, symbol: 2, figure: 1.5, chapter: 1.4, section: 1.4, table: 1.2, solution: 0.8, code: 0.6,
};
const EXACT = { term: 12, symbol: 8, chapter: 5, section: 5 }; // of the whole query
const LATER = 0.98; // of a page, against the one before: what comes first explains
export const HEADS = new Set(["chapter", "page", "section"]);
const FEW = 5; // results, below which some of the words are enough
const CHUNK = 40_000; // letters that are made known without a pause

const IDLE = new Set(
  `a about an and any are as at be been between by can could did difference do does for
   from had has have how i if in into is it its me my not of on one or our should so some
   than that the their them then there these they this those to was we were what when
   where which while who whose why will with would you your`.split(/\s+/),
);

/** The places of all pages in a row, each with its section and the numbered one above. */
function placesOf(pages) {
  const places = [];
  for (const [turn, { address, number: chapter, entries }] of pages.entries()) {
    const [, , , name] = entries[0] ?? [];
    const page = { address, title: name, number: chapter ?? "" };
    let section, above;
    for (const [kind, anchor = "", number = "", title = "", text = "", names = []] of entries) {
      const place = { id: places.length, page, kind, anchor, number, title, text, names };
      place.weight = (KINDS[kind] ?? 1) * LATER ** turn;
      if (HEADS.has(kind)) section = place;
      if (section === place && (number || !chapter)) above = place;
      Object.assign(place, { section, above });
      place.where = HEADS.has(kind) ? name : `${name} ${section.title}`;
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

/** Whether a query is one of the names, or has all words of one that has several. */
function isNamed(keys, key, asked) {
  return keys.some((name) => {
    const words = name.split(" ");
    return name === key || (words.length > 1 && words.every((word) => asked.has(word)));
  });
}

const scaled = (factor) =>
  Object.fromEntries(Object.entries(FIELDS).map(([field, value]) => [field, factor * value]));

/** A query for one word: as it is written, or all of its parts. */
function wordQuery(word, last, fuzzy) {
  const [whole, ...parts] = formsOf(word);
  const exact = /\p{Script=Greek}/u.test(word) || whole.length < 2;
  const options = {
    prefix: (form) => !exact && form.length > (last ? 1 : 3),
    fuzzy: fuzzy && whole.length > 4 ? 0.25 : false,
  };
  if (!parts.length) return { queries: [whole], ...options };
  return {
    combineWith: "OR",
    queries: [
      { queries: [whole], ...options, boost: scaled(6) },
      { combineWith: "AND", queries: parts, prefix: false, boost: scaled(0.5) },
    ],
  };
}

export class Finder {
  /** A finder for a list of pages, which knows nothing before `learn`. */
  constructor(pages) {
    this.places = placesOf(pages);
    nameTerms(this.places);
    for (const place of this.places) place.keys = [place.title, ...place.names].map(keyOf);
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
        boostDocument: (id) => this.places[id].weight,
        processTerm: (term) => term,
        tokenize: (term) => [term],
        weights: { fuzzy: 0.3, prefix: 0.5 },
      },
    });
  }

  /**
   * Make all places known, with pauses in which a reader may type: terms and headings
   * first, after which `onNames` is called.
   */
  async learn(onNames = () => {}) {
    const isName = ({ kind }) => kind in EXACT;
    const others = this.places.filter((place) => !isName(place));
    await this.add(this.places.filter(isName));
    onNames();
    await this.add(others);
  }

  async add(places) {
    for (let first = 0, next = 0; first < places.length; first = next) {
      let size = 0;
      while (next < places.length && size < CHUNK) size += 80 + places[next++].text.length;
      this.index.addAll(places.slice(first, next));
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
    const asked = new Set(key.split(" "));
    // Terms that the query calls by another name, or names among other words.
    const others = this.places
      .filter(({ kind, keys }) => kind === "term" && keys[0] !== key && isNamed(keys, key, asked))
      .map(({ title }) => ({
        combineWith: "AND",
        queries: wordsOf(title).map(([word]) => formsOf(word)[0]),
        boost: scaled(0.25),
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
      let factor = place.keys.includes(key) ? (EXACT[place.kind] ?? 3) : 1;
      if (place.kind === "term" && factor === 1 && isNamed(place.keys, key, asked)) factor = 6;
      return { place, score: score * factor, words: new Set(Object.keys(match)) };
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
