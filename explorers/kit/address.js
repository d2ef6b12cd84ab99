// State in the page's address, "?descent.rate=0.00005#fig-descent", so that a teacher
// can share what is on the screen.

/** @typedef {import("./fields.js").Field<any>} Field */

export class Address {
  /**
   * @param {string} key names the figure among those of the page
   * @param {Object<string, Field>} fields the traits that an address carries
   * @param {string} anchor id of what the address shall show
   */
  constructor(key, fields, anchor) {
    this.key = key;
    this.fields = fields;
    this.anchor = anchor;
    this.timer = 0;
    this.known = JSON.stringify(this.read());
  }

  /** @returns {object} the traits that the present address sets */
  read() {
    const query = new URLSearchParams(location.search);
    const state = {};
    for (const [name, field] of Object.entries(this.fields)) {
      const text = query.get(`${this.key}.${name}`);
      const value = text === null ? undefined : field.parse(text);
      if (value !== undefined) state[name] = value;
    }
    return state;
  }

  /**
   * Write what differs from the defaults, a moment after the last change, because
   * browsers refuse more than a few changes a second.
   * @param {object} state
   * @param {object} defaults
   */
  write(state, defaults) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = 0;
      const url = new URL(location.href);
      for (const [name, field] of Object.entries(this.fields)) {
        const text = field.format(state[name]);
        const same = text === field.format(defaults[name]);
        if (same) url.searchParams.delete(`${this.key}.${name}`);
        else url.searchParams.set(`${this.key}.${name}`, text);
      }
      if (url.search === location.search) return;
      if (this.anchor) url.hash = this.anchor;
      history.replaceState(history.state, "", url);
      this.known = JSON.stringify(this.read());
    }, 300);
  }

  /**
   * Tell of the states that Back and Forward lead to. What is still to be written is
   * newer, and becomes the state of the address that they have led to.
   * @param {(state: object) => void} tell is told the traits that the address sets
   */
  follow(tell) {
    addEventListener("popstate", () => {
      const state = this.read();
      const text = JSON.stringify(state);
      if (this.timer || text === this.known) return;
      this.known = text;
      tell(state);
      clearTimeout(this.timer); // it is written already
      this.timer = 0;
    });
  }
}
