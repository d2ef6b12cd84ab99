// Explorers on a page of the website: state from the page and its address.
import { Address } from "./address.js";
import { Figure } from "./figure.js";

/** The state of one figure, with the face of anywidget's model. */
export class PageModel {
  /** @param {object} state */
  constructor(state) {
    this.state = { ...state };
    /** @type {Set<() => void>} */
    this.listeners = new Set();
  }

  /** @param {string} name */
  get(name) {
    return this.state[name];
  }

  /** @param {string} name @param {any} value */
  set(name, value) {
    this.state[name] = value;
  }

  save_changes() {
    for (const listener of this.listeners) listener();
  }

  /** @param {string} event @param {() => void} listener */
  on(event, listener) {
    this.listeners.add(listener);
  }

  /** @param {string} event @param {() => void} listener */
  off(event, listener) {
    this.listeners.delete(listener);
  }
}

/**
 * Make a figure as large as the reader's letters, as far as there is room for it.
 * @param {HTMLElement} place
 */
function enlarge(place) {
  if (place.closest(".reveal")) return; // a deck enlarges it
  const letters = parseFloat(getComputedStyle(document.documentElement).fontSize) / 17;
  const room = place.parentElement.clientWidth / 280;
  place.style.zoom = String(Math.min(letters, Math.max(1, room)));
}

/**
 * Bring a place on the page to life.
 * @param {HTMLElement} place
 * @param {import("./figure.js").Explorer} explorer
 * @param {string} key names the figure in the page's address
 * @param {?object} told what a deck has asked it to show, before it was there
 */
function mount(place, explorer, key, told) {
  enlarge(place);
  addEventListener("resize", () => enlarge(place));
  const defaults = JSON.parse(place.querySelector("script").textContent);
  const anchor = place.closest("figure[id]")?.id ?? "";
  const address = new Address(key, explorer.address, anchor);
  const model = new PageModel({ ...defaults, ...address.read() });
  const body = place.querySelector(".explorer-body");
  const figure = new Figure(explorer, model, body, defaults);
  model.on("change", () => address.write(model.state, defaults));
  const names = Object.keys(explorer.address);
  const usual = Object.fromEntries(names.map((trait) => [trait, defaults[trait]]));
  address.follow((state) => figure.set({ ...usual, ...state }));
  // A deck leads a figure from state to state.
  if (told) figure.set(told);
  place.addEventListener("explorer-state", ({ detail }) => figure.set(detail));
}

/**
 * Have the state of a place: at once where the page holds it, else from its own file.
 * @param {HTMLElement} place
 * @param {() => void} ready
 */
function withState(place, ready) {
  const holder = place.querySelector("script");
  if (holder.textContent) return ready();
  holder.addEventListener("load", ready, { once: true });
  fetchState(holder);
}

/** @param {HTMLScriptElement} holder of a state that is still in its file */
function fetchState(holder) {
  if (holder.textContent || holder.dataset.asked) return;
  holder.dataset.asked = "";
  const script = document.createElement("script");
  script.src = holder.dataset.source;
  script.onload = () => holder.dispatchEvent(new Event("load"));
  document.head.append(script);
}

/**
 * Bring to life every place on the page that names one of the explorers: when it comes
 * near the window, before print, and for the keyboard; in a deck one after the other.
 * @param {import("./figure.js").Explorer[]} explorers
 */
export function mountAll(explorers) {
  const seen = {};
  /** @type {Map<HTMLElement, () => void>} */
  const asleep = new Map();
  const wake = (place) => {
    const start = asleep.get(place);
    asleep.delete(place);
    near.unobserve(place);
    start?.();
  };
  const wakeAll = () => [...asleep.keys()].forEach(wake);
  const idle = window.requestIdleCallback ?? setTimeout;
  const near = new IntersectionObserver(
    (changes) => {
      for (const { isIntersecting, target } of changes) if (isIntersecting) wake(target);
    },
    { rootMargin: "100% 0px" },
  );
  for (const place of document.querySelectorAll(".explorer")) {
    const explorer = explorers.find(({ name }) => name === place.dataset.explorer);
    if (!explorer) continue;
    const number = (seen[explorer.name] = (seen[explorer.name] ?? 0) + 1);
    const key = number === 1 ? explorer.name : `${explorer.name}-${number}`;
    let told = null;
    place.addEventListener("explorer-state", ({ detail }) => (told = detail));
    asleep.set(place, () => withState(place, () => mount(place, explorer, key, told)));
    near.observe(place);
    if (place.closest(".reveal")) idle(() => wake(place)); // those on slides to come
  }
  // What comes from files must be there before somebody prints.
  const far = document.querySelectorAll(".explorer > script[data-source]");
  addEventListener("load", () => far.forEach(fetchState));
  addEventListener("beforeprint", wakeAll);
  addEventListener("keydown", ({ key }) => key === "Tab" && wakeAll());
}
