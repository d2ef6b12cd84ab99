// Predictions: what readers commit to before they see the answer. It stays in their own
// browser, under one key for the book: {name: {guess, right}}, {seen: true} where they
// asked to be shown, and {"": "open"} once nothing shall be covered.
//
// A box and what it covers are settled while the page is parsed, before they are laid
// out, so that nothing moves: each cover begins with a call of `coverPrediction`.
"use strict";

const predictions = (() => {
  const KEY = {{ ("predictions: " + docstitle)|tojson }};
  let kept = {}; // for this visit, where nothing can be stored

  function load() {
    try {
      const found = JSON.parse(localStorage.getItem(KEY));
      if (typeof found === "object") kept = found ?? kept;
    } catch {} // storage is closed, or holds what is not ours
    return kept;
  }

  function store() {
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch {}
  }

  /** Keep something under a name, or forget it. */
  function keep(name, value) {
    load();
    if (value === undefined) delete kept[name];
    else kept[name] = value;
    store();
  }

  /** Forget all guesses. */
  function empty() {
    kept = kept[""] ? { "": kept[""] } : {};
    store();
  }

  // Numbers ------------------------------------------------------------------------

  /** A number as people write it: 0.5, 0,5, 3 653, 1,500, −2, about 40 %. */
  function read(text) {
    let plain = text.replace(/\s/g, "").replace(/[−–]/, "-");
    plain = plain.replace(/^[^\d.-]+|[^\d.]+$/g, "");
    if (/^-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/.test(plain)) plain = plain.replaceAll(",", "");
    return plain === "" ? NaN : Number(plain.replace(",", "."));
  }

  /** A distance, to two digits. */
  function short(value) {
    const [whole, ...rest] = String(Number(value.toPrecision(2))).split(".");
    return [whole.replace(/\B(?=(\d{3})+$)/g, "\u202f"), ...rest].join(".");
  }

  // What is told -------------------------------------------------------------------

  const strong = (content) => {
    const element = document.createElement("strong");
    element.append(content);
    return element;
  };

  /** What a question is made of, whether in its box or on the page of predictions. */
  function partsOf(box) {
    const { kind, right, amount, near } = box.dataset;
    const hidden = box.querySelector("template").content;
    const choices = [...box.querySelectorAll("[data-value]")];
    choices.push(...hidden.querySelectorAll("[data-value]"));
    const words = (part) => {
      const copy = document.createDocumentFragment();
      copy.append(...part.cloneNode(true).childNodes);
      return copy;
    };
    const choice = (value) => choices.find((part) => part.dataset.value === value);
    return {
      kind,
      amount: Number(amount),
      near: Number(near),
      choice: (value) => words(choice(value)),
      answer: () => words(kind === "choice" ? choice(right) : hidden.querySelector("[data-answer]")),
      isRight: (guess) => kind === "choice" ? guess === right : off(guess, amount) <= Number(near),
      /** Whether a guess is still one of the choices. */
      knows: (known) => kind !== "choice" || known.seen || choice(known.guess) !== undefined,
      replies: (guess) =>
        [...hidden.querySelectorAll("[data-to]")]
          .filter((part) => ["", guess].includes(part.dataset.to))
          .map((part) => part.cloneNode(true)),
    };
  }

  const off = (guess, amount) => Math.abs(read(guess) - Number(amount)) * (1 - 1e-9);

  /** The sentence that sets a guess beside the answer. */
  function verdict(parts, { guess, seen }) {
    const line = document.createElement("p");
    if (seen) {
      line.append("The answer is ", strong(parts.answer()), ".");
      return line;
    }
    line.append("You said ", strong(parts.kind === "choice" ? parts.choice(guess) : guess));
    if (parts.kind === "words") {
      line.append(". The answer is ", strong(parts.answer()), ".");
    } else if (parts.kind === "choice") {
      if (parts.isRight(guess)) line.append(", and that is right.");
      else line.append(". The answer is ", strong(parts.answer()), ".");
    } else {
      const difference = read(guess) - parts.amount;
      line.append(". The answer is ", strong(parts.answer()));
      const far = `${short(Math.abs(difference))} too ${difference > 0 ? "high" : "low"}`;
      if (off(guess, parts.amount) === 0) line.append(", and that is right.");
      else if (parts.isRight(guess)) line.append(`. You are ${far}: near enough.`);
      else line.append(`. You are ${far}.`);
    }
    return line;
  }

  // A box --------------------------------------------------------------------------

  const button = (text, act) => {
    const element = document.createElement("button");
    element.type = "button";
    element.textContent = text;
    element.addEventListener("click", act);
    return element;
  };

  /** Let readers judge their own words. */
  function judge(box, name) {
    const row = document.createElement("p");
    row.className = "predict-judge";
    row.append("Did you have it? ");
    for (const [text, right] of [["I had it", true], ["Not quite", false]]) {
      const choice = button(text, () => {
        keep(name, { ...load()[name], right });
        mark();
      });
      choice.dataset.right = right;
      row.append(choice, " ");
    }
    const mark = () => {
      for (const choice of row.querySelectorAll("button")) {
        choice.ariaPressed = String(choice.dataset.right === String(load()[name]?.right));
      }
    };
    mark();
    return row;
  }

  /** What lies below a box, or below the last of several in a row. */
  function coverOf(box) {
    let next = box.nextElementSibling;
    while (next?.matches(".predict")) next = next.nextElementSibling;
    return next?.matches(".predict-cover") ? next : null;
  }

  /** The boxes whose answers a cover hides. */
  function boxesOf(cover) {
    const found = [];
    let box = cover.previousElementSibling;
    for (; box?.matches(".predict"); box = box.previousElementSibling) found.push(box);
    return found;
  }

  /** What a reader has left of a box, if it is still an answer to its question. */
  function known(box) {
    const found = load()[box.dataset.name];
    return found && partsOf(box).knows(found) ? found : null;
  }

  /** Show a box as its reader has left it. */
  function settle(box) {
    const parts = partsOf(box);
    const told = box.querySelector(".predict-told");
    const found = known(box);
    const done = found !== null;
    box.classList.toggle("predict--told", done);
    told.replaceChildren();
    if (done) {
      const line = verdict(parts, found);
      line.id = `${box.id}-verdict`; // what is spoken when it gets the focus
      told.setAttribute("aria-labelledby", line.id);
      told.append(line);
      if (parts.kind === "words" && !found.seen) told.append(judge(box, box.dataset.name));
      told.append(...parts.replies(found.seen ? "" : found.guess));
      const row = document.createElement("div");
      row.className = "predict-do";
      const link = document.createElement("a");
      link.href = box.dataset.page;
      link.textContent = "All your predictions";
      row.append(button("Ask me again", () => ask(box)), " ", link);
      told.append(row);
    }
    told.hidden = !done;
    const cover = coverOf(box);
    if (!cover) return;
    if (kept[""] === "open" || boxesOf(cover).every(known)) cover.removeAttribute("hidden");
    else cover.setAttribute("hidden", "until-found");
  }

  function tell(box, value) {
    keep(box.dataset.name, value);
    settle(box);
    box.querySelector(".predict-told").focus({ preventScroll: true });
  }

  function ask(box) {
    keep(box.dataset.name, undefined);
    box.reset();
    settle(box);
    box.querySelector("input").focus({ preventScroll: true });
  }

  function commit(box) {
    const parts = partsOf(box);
    const field = box.querySelector("input");
    const guess = new FormData(box).get(field.name).trim();
    if (parts.kind === "number" && Number.isNaN(read(guess))) {
      field.setCustomValidity("Write a number, such as 0.5.");
      field.reportValidity();
      return;
    }
    if (guess === "") return;
    tell(box, { guess });
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".predict")) return;
    event.preventDefault();
    commit(event.target);
  });
  document.addEventListener("input", ({ target }) => {
    if (target.matches(".predict input")) target.setCustomValidity("");
  });
  document.addEventListener("click", ({ target }) => {
    if (target.matches(".predict-show")) tell(target.form, { seen: true });
  });

  // What an address names must be seen, in browsers that do not see to it themselves.
  function follow() {
    const target = document.getElementById(location.hash.slice(1));
    const cover = target?.closest(".predict-cover[hidden]");
    if (!cover) return;
    cover.removeAttribute("hidden");
    target.scrollIntoView();
  }
  const boxes = () => [...document.querySelectorAll(".predict")];
  addEventListener("DOMContentLoaded", () => {
    boxes().filter((box) => !coverOf(box)).forEach(settle);
    follow();
  });
  addEventListener("hashchange", follow);
  addEventListener("pageshow", ({ persisted }) => persisted && boxes().forEach(settle));

  return { boxesOf, empty, keep, load, partsOf, settle, verdict };
})();

/** Settle the boxes above a cover; called from within, by its first child. */
function coverPrediction(script) {
  predictions.boxesOf(script.parentNode).forEach(predictions.settle);
  script.remove();
}
