// The search as a reader sees it: results below the field, as somebody types.
import { Finder } from "./find.mjs";
import { addressOf, lineOf, marked } from "./lines.mjs";

// Results in the dialog, and on the page of all results, which has enough with these.
const SHOWN = 12;
const MOST = 100;

const root = document.documentElement.dataset.content_root ?? "./";
const namesWords = "fragmentDirective" in document; // a browser that finds words by address
const finder = new Finder(globalThis.bookPages);

const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== ""));
  return made;
};

const withMarks = (pieces) =>
  pieces.map(([text, found]) => (found ? element("mark", {}, text) : text));

/** Where a place is: its chapter and sections, numbered as on the page. */
function pathOf(place) {
  const { page, above, section } = place;
  const path = [page, above, section].filter((head) => head !== place);
  const named = path.map(({ number, title }) => `${number} ${title}`.trim());
  return [...new Set(named)].join(" › ");
}

/** A result as a link. */
function link(hit, attributes = {}) {
  const { kind, number, title, section } = hit.place;
  const heading = [number, title].filter(Boolean).join(" ") || section.title;
  return element(
    "a",
    { class: "find", href: root + addressOf(hit, namesWords), ...attributes },
    element("span", { class: "find-kind" }, kind),
    element("span", { class: "find-title" }, ...withMarks(marked(heading, hit.words))),
    element("span", { class: "find-path" }, pathOf(hit.place)),
    element("span", { class: `find-line find-${kind}` }, ...withMarks(lineOf(hit))),
  );
}

/** What is said about the results, also to a screen reader. */
function told(query, count, dialog) {
  if (!query) return dialog ? "Arrow keys choose a result, Enter opens it." : "";
  if (!count) return ready ? `Nothing found for “${query}”.` : "Searching …";
  const results = count === 1 ? "1 result" : `${count} results`;
  if (dialog && count > SHOWN) return `${results}; Enter shows more.`;
  return count > MOST ? `${results}, the first ${MOST} here.` : `${results}.`;
}

/** Show results below a form while somebody types in it. */
class Results {
  constructor(form, list) {
    this.input = form.querySelector("input");
    this.status = element("p", { class: "find-status", role: "status" });
    this.list = list;
    form.after(this.status, list);
    this.input.addEventListener("input", () => this.show());
  }

  get query() {
    return this.input.value.trim();
  }

  tell(count) {
    const text = told(this.query, count, this instanceof Choice);
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  show() {
    const hits = finder.find(this.query);
    this.put(hits.slice(0, MOST).map((hit) => element("li", {}, link(hit))));
    this.tell(hits.length);
    const address = this.query ? `?q=${encodeURIComponent(this.query)}` : location.pathname;
    history.replaceState(null, "", address);
  }

  /** Put items into the list; what is there already stays, for a hand on its way to it. */
  put(items) {
    if (items.map((item) => item.outerHTML).join("") === this.list.innerHTML) return;
    this.list.replaceChildren(...items);
    this.list.scrollTop = 0;
  }

  /** Show what has become known meanwhile. */
  refresh() {
    if (this.query) this.show();
    else this.tell(0);
  }
}

/** Results in a dialog, from which the arrow keys choose while the field keeps the focus. */
class Choice extends Results {
  constructor(form, dialog) {
    const attributes = { id: "find-list", role: "listbox", "aria-label": "Results" };
    super(form, element("div", attributes));
    this.list.hidden = true;
    this.options = [];
    this.at = -1;
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-autocomplete", "list");
    this.input.setAttribute("aria-controls", this.list.id);
    this.input.setAttribute("aria-expanded", "false");
    this.input.addEventListener("focus", () => this.input.select()); // of the last search
    this.input.addEventListener("keydown", (event) => this.press(event));
    // A result on this page loads nothing, and would leave the dialog open.
    this.list.addEventListener("click", ({ target }) => target.closest("a") && dialog.close());
  }

  show() {
    const hits = finder.find(this.query);
    const shown = hits.slice(0, SHOWN);
    this.choose(-1);
    this.put(shown.map((hit, at) => link(hit, { role: "option", id: `find-${at}`, tabindex: "-1" })));
    this.options = [...this.list.children];
    this.list.hidden = !hits.length;
    this.input.setAttribute("aria-expanded", String(hits.length > 0));
    this.tell(hits.length);
  }

  refresh() {
    if (this.at < 0) super.refresh();
  }

  choose(at) {
    this.options[this.at]?.removeAttribute("aria-selected");
    this.at = at;
    const option = this.options[at];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.options.length) {
      event.preventDefault();
      const stops = this.options.length + 1; // the field itself is one of them
      this.choose(((this.at + 1 + step + stops) % stops) - 1);
    } else if (event.key === "Enter" && this.at >= 0) {
      event.preventDefault();
      this.options[this.at].click();
    }
  }
}

let ready = false;
const shown = [...document.querySelectorAll("form.bd-search")].map((form) => {
  const dialog = form.closest("dialog");
  return dialog ? new Choice(form, dialog) : new Results(form, element("ol", { class: "find-all" }));
});
const page = shown.find((results) => !(results instanceof Choice));
if (page) page.input.value = new URLSearchParams(location.search).get("q") ?? "";
const refresh = () => shown.forEach((results) => results.refresh());
finder.learn(refresh).then(() => {
  ready = true;
  refresh();
});
