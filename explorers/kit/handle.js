// A point that is moved by mouse, touch or keyboard.
import { assign, svg } from "./dom.js";
import { mark } from "./marks.js";

const KEYS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/**
 * Put a handle on a plot. It is a slider to screen readers; arrow keys move it by a
 * step, with Shift or as Page Up and Page Down by ten, Home and End to the ends.
 *
 * @param {import("./plot.js").Plot} plot
 * @param {object} options
 * @param {string} options.name
 * @param {string} options.look a color and, if wanted, solid
 * @param {number} options.radius of what is seen
 * @param {import("./marks.js").Shape} options.shape
 * @param {number} options.reach radius of what can be touched
 * @param {boolean} options.plane moved in both directions, not along x alone
 * @param {boolean} options.upright moved along y alone; limits and moves are those of y
 * @param {() => {low: number[], high: number[], step: number[]}} options.limits of each
 *   coordinate
 * @param {(point: number[]) => void} options.onMove is told where it shall be
 * @returns {(point: number[] | null, text: string) => void} draws it at a point, or
 *   nowhere; the text says aloud where that is
 */
export function handle(
  plot,
  {
    name,
    look,
    radius = 6,
    shape = "circle",
    reach = 18,
    plane = false,
    upright = false,
    limits,
    onMove,
  },
) {
  const target = svg("circle", { class: "target", r: reach });
  const group = svg(
    "g",
    {
      class: `handle ${look}`,
      tabindex: 0,
      role: "slider",
      "aria-label": name,
      "aria-roledescription": plane ? "point in the plane" : undefined,
      "aria-orientation": upright ? "vertical" : undefined,
    },
    target,
    svg("circle", { class: "ring", r: radius + 4 }),
    mark(shape, radius, { class: "knob" }),
  );
  plot.front.append(group);
  let now = [0, 0];
  /** From the pointer to the handle's center, kept while it is dragged. */
  let grip = null;

  const move = (x, y) => {
    const { low, high } = limits();
    const wanted = plane ? [x, y] : [upright ? y : x];
    onMove(wanted.map((v, i) => Math.min(high[i], Math.max(low[i], v))));
  };
  /** Round to the step, so that values are those that the keyboard reaches. */
  const snap = (value, step) => Number((Math.round(value / step) * step).toPrecision(12));

  const away = (event) => {
    const [x, y] = plot.under(event);
    return [plot.x.at(now[0]) - x, plot.y.at(now[1]) - y];
  };
  const self = {
    /** @param {PointerEvent} event @returns {number} pixels, infinite out of reach */
    distance(event) {
      const pixels = Math.hypot(...away(event));
      return pixels <= reach && group.getAttribute("display") !== "none" ? pixels : Infinity;
    },
    /** @param {PointerEvent} event */
    grab(event) {
      grip = away(event);
      group.setPointerCapture(event.pointerId);
      group.focus({ preventScroll: true });
    },
  };
  plot.handles.push(self);
  group.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    // Where handles overlap, the nearest one is meant, not the one on top.
    const nearest = plot.handles.reduce(
      (best, other) => (other.distance(event) < best.distance(event) ? other : best),
      self,
    );
    nearest.grab(event);
    event.preventDefault();
  });
  // A finger on it moves it, not the page; touch-action does not do it inside of SVG.
  group.addEventListener("touchstart", (event) => event.preventDefault(), {
    passive: false,
  });
  group.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const [x, y] = plot.under(event);
    const { step } = limits();
    move(
      snap(plot.x.value(x + grip[0]), step[0]),
      snap(plot.y.value(y + grip[1]), upright ? step[0] : (step[1] ?? 1)),
    );
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    group.addEventListener(end, () => {
      grip = null;
    });
  }
  group.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    // Keys may come faster than frames; each moves on from where the last one led.
    plot.figure.flush();
    const { low, high, step } = limits();
    const far = event.shiftKey ? 10 : 1;
    let [dx, dy] = (KEYS[event.key] ?? [0, 0]).map((d) => d * far);
    if (event.key === "PageUp") dx = 10;
    if (event.key === "PageDown") dx = -10;
    if (!plane) [dx, dy] = [dx + dy, 0];
    if (upright && (event.key === "Home" || event.key === "End")) {
      move(now[0], event.key === "Home" ? low[0] : high[0]);
    } else if (upright && dx) move(now[0], snap(now[1] + dx * step[0], step[0]));
    else if (event.key === "Home") move(low[0], now[1]);
    else if (event.key === "End") move(high[0], now[1]);
    else if (dx || dy) {
      move(
        snap(now[0] + dx * step[0], step[0]),
        snap(now[1] + dy * (step[1] ?? 1), step[1] ?? 1),
      );
    } else return;
    event.preventDefault();
  });

  return (point, text) => {
    now = point ?? [0, 0];
    const { low, high } = limits();
    assign(group, {
      display: point ? "inline" : "none",
      transform: `translate(${plot.at(now)})`,
      "aria-valuenow": now[upright ? 1 : 0],
      "aria-valuemin": low[0],
      "aria-valuemax": high[0],
      "aria-valuetext": text,
    });
  };
}
