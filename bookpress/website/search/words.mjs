// Words of a text, as they are looked up: `from_logits`, `nn.Linear`, ρ, Lindström.

const GREEK = Object.fromEntries(
  `αalpha βbeta γgamma δdelta εepsilon ζzeta ηeta θtheta ιiota κkappa λlambda μmu νnu
   ξxi οomicron πpi ρrho σsigma ςsigma τtau υupsilon φphi χchi ψpsi ωomega`
    .split(/\s+/)
    .map((pair) => [pair[0], pair.slice(1)]),
);
// Letters that Unicode does not take apart into a letter and an accent.
const LATIN = { ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d", þ: "th", ł: "l", ı: "i" };
const SPECIAL = new RegExp(`[${Object.keys({ ...GREEK, ...LATIN }).join("")}]`, "g");

/** A text without accents and capitals, Greek letters by their names. */
export const plain = (text) =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(SPECIAL, (letter) => GREEK[letter] ?? LATIN[letter]);

// Indices and exponents, which end a word: `wₜ` is found as w.
const SMALL = /[²³¹ʰ-˿ᴬ-ᵪᶛ-ᶿⁱⁿ⁰-ₜ]/gu;
const WORD = /[\p{L}\p{M}\p{N}_]+(?:[.\-‐‑][\p{L}\p{M}\p{N}_]+)*/gu;

/** The words of a text as they stand there, with their places: [word, index]. */
export const wordsOf = (text) =>
  [...text.replace(SMALL, " ").matchAll(WORD)].map(({ 0: word, index }) => [word, index]);

/** The singular of an English plural, roughly: what is made of both must be equal. */
export const singular = (word) =>
  word.length < 4 || /(?:ss|us|is|\d)$/.test(word)
    ? word
    : word
        .replace(/ies$/, "y")
        .replace(/(ss|x|ch|sh)es$/, "$1")
        .replace(/s$/, "");

const known = new Map();

/** What a word is looked up as: whole, and by its parts if it has several. */
export function formsOf(word) {
  if (!known.has(word)) known.set(word, made(word));
  return known.get(word);
}

function made(word) {
  const bare = word.replace(/^_+|_+$/g, "") || word;
  if (/^[\d.]+$/.test(bare)) return [bare];
  const chain = bare.split(".");
  const whole = chain.map((_, at) => plain(chain.slice(at).join(".").replace(/[-‐‑]/g, "")));
  const parts = bare
    .split(/[._\-‐‑]+|(?<=[\p{Ll}\d])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u)
    .filter(Boolean)
    .map((part) => singular(plain(part)));
  whole[whole.length - 1] = singular(whole.at(-1));
  return [...new Set([...whole, ...parts])];
}

/** A text by which names are compared. */
export const keyOf = (text) =>
  wordsOf(text)
    .map(([word]) => formsOf(word)[0])
    .join(" ");
