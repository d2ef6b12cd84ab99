// An explorer on the screen: its state, when it is drawn, what it says aloud.
import { html, plain } from "./dom.js";

/**
 * What a module `explorers/NAME.js` exports by default.
 * @typedef {object} Explorer
 * @property {string} name as in the file's name
 * @property {Object<string, import("./fields.js").Field<any>>} address the traits that
 *   an address carries, each with the way it is written
 * @property {(figure: Figure) => (state: any) => void} build makes the elements, once,
 *   and returns the function that draws a state into them
 */

/**
 * Where the state lives: anywidget's model in JupyterLab, `PageModel` on the website.
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(name: string, value: any) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, listener: () => void) => void} on
 * @property {(event: string, listener: () => void) => void} off
 */

export class Figure {
  /**
   * @param {Explorer} explorer
   * @param {Model} model
   * @param {HTMLElement} body what it is put into, in place of what is there
   * @param {object} defaults every trait with the value that a reset leads back to
   */
  constructor(explorer, model, body, defaults) {
    this.model = model;
    this.defaults = defaults;
    this.names = Object.keys(defaults);
    this.body = body;
    /** @type {import("./plot.js").Plot[]} */
    this.plots = [];
    /** @type {(() => void)[]} what to undo at the end */
    this.endings = [];
    this.frame = 0;
    this.seen = false;
    /** Scrolled away: what goes on by itself waits. */
    this.away = false;
    this.live = html("div", { class: "explorer-live", role: "status" });
    this.said = "";
    this.reduced = matchMedia("(prefers-reduced-motion: reduce)");

    const content = html("div", { class: "explorer-content" });
    this.content = content;
    this.paint = explorer.build(this);
    body.replaceChildren(content, this.live);

    this.redraw = () => this.schedule();
    model.on("change", this.redraw);
    const watch = new ResizeObserver(() => this.measure() && this.schedule());
    watch.observe(body);
    const gaze = new IntersectionObserver(([{ isIntersecting }]) => {
      this.away = !isIntersecting && !body.closest(".reveal"); // slides are drawn ahead
      if (!this.away) this.schedule();
    });
    gaze.observe(body);
    this.endings.push(() => gaze.disconnect());
    this.endings.push(() => watch.disconnect(), () => model.off("change", this.redraw));
    this.draw();
  }

  /** All traits by name. */
  get state() {
    return Object.fromEntries(this.names.map((name) => [name, this.model.get(name)]));
  }

  /**
   * Change traits; the figure is drawn once, in the next frame.
   * @param {object} changes
   */
  set(changes) {
    for (const [name, value] of Object.entries(changes)) this.model.set(name, value);
    this.model.save_changes();
    this.schedule();
  }

  /** Back to where it began. */
  reset() {
    this.set(this.defaults);
  }

  /**
   * Put elements at the end of the figure.
   * @param {...(Node | string)} nodes
   */
  add(...nodes) {
    this.content.append(...nodes);
  }

  /** Whether there is room for two plots side by side; kit.css draws the same line. */
  get wide() {
    return this.body.clientWidth >= 560;
  }

  /** Read the widths of the plots; tell whether they are on the screen. */
  measure() {
    for (const plot of this.plots) plot.measure();
    this.seen = this.body.clientWidth > 0;
    return this.seen;
  }

  schedule() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /** Draw, if it is on the screen; it is drawn when it gets there. */
  draw() {
    if (this.seen || this.measure()) this.paint(this.state);
  }

  /** Draw at once what waits for the next frame. */
  flush() {
    if (!this.frame) return;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.draw();
  }

  /**
   * Tell a screen reader, once the figure has come to rest; the first drawing is silent.
   * @param {string} text may have symbols between stars
   */
  say(text) {
    if (text === this.said) return;
    const first = this.said === "";
    this.said = text;
    clearTimeout(this.timer);
    if (!first) {
      this.timer = setTimeout(() => {
        this.live.textContent = plain(text);
      }, 600);
    }
  }

  dispose() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    for (const end of this.endings) end();
  }
}
