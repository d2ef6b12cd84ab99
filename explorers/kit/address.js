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
    }, 300);
  }
}
