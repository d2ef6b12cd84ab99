// The year ahead: an origin that is moved along a series, forecasts, and their record.
import { button, choice, ledger, legend, named, readout, sample, slider } from "../kit/controls.js";
import { assign, html, rich, svg, write } from "../kit/dom.js";
import { integer, oneOf, some } from "../kit/fields.js";
import { fixed } from "../kit/format.js";
import { handle } from "../kit/handle.js";
import { apart, Plot } from "../kit/plot.js";
import { even, whole } from "../kit/scales.js";
import { account, AHEAD, forecast, limits, NAMES, neighbor, PERIODS, unpack } from "./forecasts.js";

const BEFORE = [24, 12]; // months of past in the close-up, in a wide and a narrow column
const LOOKS = {
  now: ["as now", "step", "dashed"],
  cycle: ["a cycle ago", "good", "ahead-dashes"],
  line: ["line", "accent", "ahead-dots"],
  network: ["network", "curve", ""],
  neighbor: ["neighbor", "quiet", "ahead-beads"],
};
const MONTHS =
  "January February March April May June July August September October November December".split(" ");
const LONGEST = 1200; // letters of an address; more visits are not told

/** Origins as ranges, "2531-2540~2600". */
const visits = {
  parse(text) {
    if (text === "") return [];
    const found = [];
    for (const part of text.split("~")) {
      const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part);
      if (!match) return undefined;
      const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
      if (first > last || first <= (found.at(-1) ?? -1)) return undefined;
      for (let t = first; t <= last; t++) found.push(t);
    }
    return found;
  },
  format(origins) {
    const parts = [];
    for (const t of origins) {
      const end = parts.at(-1);
      if (end && end[1] === t - 1) end[1] = t;
      else parts.push([t, t]);
    }
    const text = parts.map(([a, b]) => (a === b ? a : `${a}-${b}`)).join("~");
    return text.length > LONGEST ? "" : text;
  },
};

const flag = { parse: (text) => ({ yes: true, no: false })[text], format: (on) => (on ? "yes" : "no") };

/** The smallest of a few heights that holds a value. */
const roof = (value) => [40, 80, 120, 160, 200, 250, 300, 400, 600, 1000].find((top) => top >= value) ?? value;

/** @param {number[]} a @param {number[]} b @returns {number[]} in rising order */
const united = (a, b) => [...new Set([...a, ...b])].sort((p, q) => p - q);
const percent = (part, all) => `${fixed((100 * part) / all, 1)}\u00a0%`;
const plural = (count, word) => `${fixed(count, 0)} ${word}${count === 1 ? "" : "s"}`;

/** @type {import("../kit/figure.js").Explorer} */
export default {
  name: "ahead",
  address: {
    origin: integer(0, 9999),
    period: integer(...PERIODS),
    shown: some(...NAMES),
    came: flag,
    shuffled: flag,
    visited: visits,
  },
  build(figure) {
    const data = unpack(figure.state);
    const { y } = data;
    const { start, cuts, places } = figure.state;
    const [first, last] = limits(data);
    const judged = Array.from({ length: last - cuts[1] + 2 }, (_, i) => cuts[1] - 1 + i);
    const yearOf = (t) => start + t / 12;
    const nameOf = (t) => `${MONTHS[t % 12]} ${start + Math.floor(t / 12)}`;
    const within = (t) => Math.min(last, Math.max(first, Math.round(t)));
    /** Places as they are, whatever an address says. */
    const sound = (state) => ({
      ...state,
      origin: within(state.origin),
      visited: state.visited.filter((t) => t >= first && t <= last),
    });
    /** What was said at an origin does not change; it is kept. */
    const kept = new Map();
    const said = (state, name, t) => {
      const how = { cycle: state.period, neighbor: state.shuffled }[name] ?? "";
      const key = `${name} ${how} ${t}`;
      if (!kept.has(key)) kept.set(key, forecast(data, state, name, t));
      return kept.get(key);
    };

    /** Move on: what is left behind has come, and is counted. A step keeps what came in
     * view, a jump hides it: another year is to be guessed first. */
    const go = (wanted) => {
      const { origin, visited, came } = sound(figure.state);
      const t = within(wanted);
      if (t === origin) return;
      const open = came && Math.abs(t - origin) === 1;
      figure.set({ origin: t, came: open, visited: united(visited, open ? [origin, t] : [origin]) });
    };

    // All years.
    const all = new Plot(figure, {
      name: "All years",
      height: () => (figure.wide ? 134 : 120),
    });
    all.margin.top = 20;
    const borders = cuts.map(() => all.line("axis-line thin dashed"));
    const later = all.line("data thin faint");
    const past = all.line("ink ahead-hair");
    const like = all.dots("ahead-mark", 5.5, "diamond");
    const periods = ["learn", "choose", "judge"].map(() => all.label("quiet"));
    const likeName = all.label("quiet");
    const knob = handle(all, {
      name: "forecast origin",
      look: "step solid",
      radius: 6,
      limits: () => ({ low: [yearOf(first)], high: [yearOf(last)], step: [1 / 12] }),
      onMove: ([year]) => go((year - start) * 12),
    });
    all.element.addEventListener("click", (event) => {
      if (event.target.closest(".handle")) return;
      go((all.x.value(all.under(event)[0]) - start) * 12);
    });
    all.element.classList.add("ahead-all");

    // The months around the origin.
    const near = new Plot(figure, {
      name: "The months around the origin",
      height: () => (figure.wide ? 290 : 250),
    });
    near.margin.right = 88; // the names of the lines
    const bands = { network: near.line("curve ahead-band"), line: near.line("accent ahead-band pale") };
    const edges = near.lines("accent thin");
    const origin = near.line("axis-line thin");
    const similar = near.line("quiet thin");
    const before = near.line("ink");
    const lines = Object.fromEntries(
      NAMES.map((name) => [name, near.line(`${LOOKS[name][1]} wide ${LOOKS[name][2]}`)]),
    );
    const trail = near.dots("accent hollow", 3);
    const pastDots = near.dots("ink", 2);
    const after = near.line("ink wide");
    const afterDots = near.dots("ink", 3.2);
    const ends = Object.fromEntries(NAMES.map((name) => [name, near.label(LOOKS[name][1])]));
    const here = near.label("ink");

    // What each has to its account.
    const sums = new Plot(figure, {
      name: "Mean absolute error by horizon",
      height: () => (figure.wide ? 222 : 190),
    });
    sums.margin.right = 14;
    const falls = Object.fromEntries(
      NAMES.map((name) => [name, sums.line(`${LOOKS[name][1]} ${LOOKS[name][2]}`)]),
    );
    const ticks = Object.fromEntries(
      NAMES.map((name) => {
        const mark = svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: "M2.500 8.500 6.500 12.500 13.500 3.500" }));
        const tick = html("button", { type: "button", class: "ahead-tick" }, mark);
        tick.addEventListener("click", () => {
          const { shown } = figure.state;
          figure.set({ shown: NAMES.filter((other) => shown.includes(other) !== (other === name)) });
        });
        assign(tick, { "aria-label": `show ${LOOKS[name][0]}` });
        return [name, tick];
      }),
    );
    const table = ledger(
      ["here", "so far", "too low"],
      NAMES.map((name) => [
        ticks[name],
        sample(`${LOOKS[name][1]} ${LOOKS[name][2]} wide`),
        html("span", {}, LOOKS[name][0]),
      ]),
    );
    table.element.classList.add("ahead-table");
    const held = readout(["Line's 80\u00a0%:", "Network's 80\u00a0%:"]);
    held.element.classList.add("ahead-held");
    const inside = html("p", { class: "hint" }, "Months so far that lay inside of the intervals:");

    // Controls.
    const back = button("back", "Back", () => go(sound(figure.state).origin - 1));
    const next = button("step", "Next month", () => go(sound(figure.state).origin + 1));
    const reveal = html("button", { type: "button" }, "Show what came");
    reveal.addEventListener("click", () => {
      const { came, origin, visited } = sound(figure.state);
      figure.set({ came: !came, visited: came ? visited : united(visited, [origin]) });
    });
    const reset = button("reset", "Reset", () => figure.reset());
    const leads = places.map(([name, place]) => {
      const lead = html("button", { type: "button" }, name);
      lead.addEventListener("click", () => go(place));
      return lead;
    });
    const period = slider(figure, {
      label: "A cycle ago: months",
      onMove: (value) => figure.set({ period: value }),
    });
    const split = choice(figure, {
      label: "The neighbor comes from",
      choices: { no: `before ${Math.floor(yearOf(cuts[0]))}`, yes: "a shuffled split" },
      onChoose: (value) =>
        figure.set({
          shuffled: value === "yes",
          shown: NAMES.filter((name) => name === "neighbor" || figure.state.shown.includes(name)),
        }),
    });
    split.element.classList.add("tight");
    const neighbors = named("The neighbor comes from", split.element);
    neighbors.classList.add("ahead-named");
    const everything = button("play", `All of ${Math.floor(yearOf(cuts[1]))} to ${Math.floor(yearOf(y.length - 1))}`, () =>
      figure.set({ visited: judged }),
    );
    const forget = button("rewind", "Forget", () => figure.set({ visited: [] }));
    const [word, reason] = [html("strong"), html("span")];
    const told = html("p", { class: "hint" });

    figure.add(
      html("p", { class: "hint" }, "Drag the point, tap a year, or step (keys: arrows, Page Up, Page Down)."),
      all.element,
      html("div", { class: "film ahead-film" }, back.element, next.element, reveal, reset.element),
      html("div", { class: "film ahead-film" }, ...leads),
      near.element,
      legend([
        ["curve bar faint", "80\u00a0% of the network"],
        ["accent bar faint", "of the line"],
        ["dot accent hollow", "what the line said a year before"],
      ]),
      html("p", { class: "verdict ahead-verdict" }, word, " ", reason),
      html("div", { class: "plots halves" }, period.element, neighbors),
      html("div", { class: "film ahead-film" }, everything.element, forget.element, told),
      html("div", { class: "plots halves" }, sums.element, html("div", {}, table.element, inside, held.element)),
    );
    const months = even(...PERIODS, PERIODS[1] - PERIODS[0] + 1);

    return (raw) => {
      const state = sound(raw);
      const { origin: t, shown, came } = state;
      const on = NAMES.filter((name) => shown.includes(name));
      const now = Object.fromEntries(NAMES.map((name) => [name, on.includes(name) ? said(state, name, t) : null]));
      const points = (from, to) => {
        const found = [];
        for (let i = Math.max(0, from); i <= to; i++) found.push([yearOf(i), y[i]]);
        return found;
      };
      const ahead = (values) => values.map((value, k) => [yearOf(t + 1 + k), value]);
      const close = now.neighbor ? neighbor(data, t, state.shuffled) : -1;

      // All years: the twelve months that are asked for stay open.
      const span = [start, yearOf(y.length)];
      all.setAxes(
        { domain: span, label: "year", format: String },
        { domain: [0, Math.max(...y)], label: "sunspot number", outward: true },
      );
      borders.forEach((border, i) => border([[yearOf(cuts[i]), 0], [yearOf(cuts[i]), 999]]));
      past(points(0, came ? t + AHEAD : t));
      later(points(t + AHEAD + (came ? 0 : 1), y.length - 1));
      const stretch = [0, ...cuts, y.length];
      periods.forEach((label, i) => {
        label([yearOf((stretch[i] + stretch[i + 1]) / 2), Math.max(...y)], ["learn", "choose", "judge"][i], figure.wide ? 0 : [0, -5, 4][i], -4);
      });
      like(close < 0 ? [] : [[yearOf(close), y[close]]]);
      likeName([yearOf(Math.max(0, close)), y[Math.max(0, close)]], close < 0 ? "" : "neighbor", 0, y[Math.max(0, close)] > 0.5 * Math.max(...y) ? 20 : -11);
      knob([yearOf(t), y[t]], nameOf(t));

      // The months around the origin. Hidden months do not choose the scale.
      const reach = BEFORE[figure.wide ? 0 : 1];
      const seen = points(t - reach, came ? t + AHEAD : t);
      const tops = [seen.map((point) => point[1]), ...on.map((name) => now[name].high ?? now[name].middle)];
      const top = roof(Math.max(...tops.flat()));
      near.setAxes(
        { domain: [yearOf(t - reach), yearOf(t + AHEAD)], label: "year", scale: whole, format: String },
        { domain: [-0.06 * top, top], label: "sunspot number", outward: true, from: 0 },
      );
      origin([[yearOf(t), -99], [yearOf(t), top]]);
      before(points(t - reach, t));
      pastDots(points(t - reach, t));
      after(came ? points(t, t + AHEAD) : []);
      afterDots(came ? points(t + 1, t + AHEAD) : []);
      for (const name of ["line", "network"]) {
        const it = now[name];
        bands[name](it ? [...ahead(it.low), ...ahead(it.high).reverse()] : []);
      }
      edges(now.line ? [ahead(now.line.low), ahead(now.line.high)] : []);
      similar(
        close < 0
          ? []
          : Array.from({ length: reach }, (_, i) => [yearOf(t - reach + 1 + i), y[close - reach + 1 + i]]),
      );
      for (const name of NAMES) lines[name](now[name] ? ahead(now[name].middle) : []);
      const heights = on.map((name) => near.y.at(now[name].middle[AHEAD - 1]));
      const placed = apart(heights, 14, [near.margin.top, near.height - near.margin.bottom]);
      for (const name of NAMES) ends[name]([yearOf(t), 0], "");
      on.forEach((name, i) => {
        ends[name]([yearOf(t + AHEAD), now[name].middle[AHEAD - 1]], LOOKS[name][0], 6, placed[i] - heights[i] + 4, "start");
      });
      const [title, year] = nameOf(t).split(" ");
      here([yearOf(t), top], `${figure.wide ? title : title.slice(0, 3)} ${year}`, -5, 2, "end");

      // The record.
      const counted = state.visited;
      const accounts = Object.fromEntries(
        on.map((name) => [name, account(data, (place) => said(state, name, place), counted)]),
      );
      const reached = new Set(counted);
      trail(
        now.line
          ? Array.from({ length: reach + AHEAD + 1 }, (_, i) => t - reach + i)
              .filter((month) => reached.has(month - AHEAD) && month <= (came ? t + AHEAD : t))
              .map((month) => [yearOf(month), said(state, "line", month - AHEAD).middle[AHEAD - 1]])
          : [],
      );
      const most = Math.max(30, ...on.flatMap((name) => accounts[name].errors));
      sums.setAxes(
        { domain: [1, AHEAD], label: "months ahead *k*" },
        { domain: [0, roof(most)], label: "mean absolute error", outward: true },
      );
      for (const name of NAMES) {
        const it = counted.length ? accounts[name] : null;
        falls[name](it ? it.errors.map((value, k) => [k + 1, value]) : []);
      }
      const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
      const missedBy = (name) => mean(now[name].middle.map((value, k) => Math.abs(value - y[t + 1 + k])));
      table.draw(
        NAMES.map((name) => {
          const it = accounts[name];
          if (!it) return ["", "", ""];
          return [
            came ? fixed(missedBy(name), 1) : "–",
            counted.length ? fixed(mean(it.errors), 1) : "–",
            counted.length ? `${fixed((100 * it.low) / it.months, 0)}\u00a0%` : "–",
          ];
        }),
      );
      held.draw(
        ["line", "network"].map((name) => {
          const it = accounts[name];
          if (!it || !counted.length) return "–";
          return `${fixed(it.inside, 0)} of ${fixed(it.months, 0)}, ${percent(it.inside, it.months)}`;
        }),
      );
      const others = counted.filter((place) => place < judged[0]).length;
      const sorts = [
        [counted.length - others, "judged"],
        [others, "other"],
      ].filter(([count]) => count);
      write(
        told,
        counted.length
          ? `Counted: ${sorts.map(([count, word]) => `${fixed(count, 0)} ${word}`).join(" and ")}.`
          : "An origin counts once shown or left.",
      );

      for (const name of NAMES) assign(ticks[name], { "aria-pressed": String(on.includes(name)) });
      back.able(t > first);
      next.able(t < last);
      forget.able(state.visited.length > 0);
      reveal.textContent = came ? "Hide what came" : "Show what came";
      leads.forEach((lead, i) => lead.classList.toggle("ahead-there", places[i][1] === t));
      period.draw(state.period, String(state.period), months, [100, 132, 150].map((value) => ({ value, text: String(value) })));
      split.draw(state.shuffled ? "yes" : "no");

      const what = `${nameOf(t)}, ${fixed(y[t], 1)}.`;
      const known =
        t + AHEAD < cuts[0]
          ? "Line and network have learned the year ahead."
          : t + 1 >= cuts[0] && t + AHEAD < cuts[1]
            ? "Settings were chosen on the year ahead."
            : t + 1 >= cuts[1]
              ? "The year ahead is for judging."
              : "The year ahead lies on a cut.";
      const between = Math.abs(close - t);
      const [gap, unit] = between < 24 ? [between, "month"] : [Math.round(between / 12), "year"];
      const nearest =
        close < 0 ? "" : ` Its nearest neighbor is ${nameOf(close)}, ${plural(gap, unit)} ${close < t ? "before" : "after"}.`;
      const outcome = came ? ` The mean of what came is ${fixed(mean([...y.slice(t + 1, t + 1 + AHEAD)]), 1)}.` : "";
      write(word, what);
      write(reason, `${known}${nearest}${outcome}`);
      const twelfth = on.map((name) => {
        const { middle, low, high } = now[name];
        const k = AHEAD - 1;
        return `${LOOKS[name][0]} ${fixed(middle[k], 0)}${low ? `, between ${fixed(low[k], 0)} and ${fixed(high[k], 0)}` : ""}`;
      });
      const truth = came ? ` It came ${fixed(y[t + AHEAD], 0)}.` : "";
      figure.say(`${what} ${nearest.trim()} For month 12: ${twelfth.join("; ")}.${truth}`);
    };
  },
};
