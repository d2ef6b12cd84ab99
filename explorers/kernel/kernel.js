import { button, choice, named, readout } from "../kit/controls.js";
import { assign, html, rich, write } from "../kit/dom.js";
import { integer, number, oneOf } from "../kit/fields.js";
import { fixed } from "../kit/format.js";
import { handle } from "../kit/handle.js";
import { bitmap, bytes, squares } from "../kit/pixels.js";
import { Plot } from "../kit/plot.js";
import { KERNELS, brief, brightest, fraction, nameOf, patch, plainly, read, slide } from "./sliding.js";

const LARGEST = 10; // of a weight
const BIAS = 999; // at most
const WHITE = 255;
const LONGEST = 316; // px, of a picture
const NAMES = {
  identity: "Identity",
  blur: "Blur",
  across: "Sobel across",
  down: "Sobel down",
  laplace: "Laplace",
  sharpen: "Sharpen",
  learned: "Learned",
};

/** Nine weights in an address, "1/9~0~-2~...". */
const nine = {
  parse: (text) => {
    const values = text.split("~").map((part) => read(part, LARGEST));
    return values.length === 9 && !values.includes(undefined) ? values : undefined;
  },
  format: (values) => values.map(plainly).join("~"),
};

/** Corners of a square around a pixel. */
const square = (row, column, half) =>
  [[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]].map(([x, y]) => [
    column + half * x,
    -row + half * y,
  ]);

/**
 * Nine weights and a bias to type in or step: one stop for the Tab key, in which arrows
 * lead from field to field.
 * @param {import("../kit/figure.js").Figure} figure
 */
function fields(figure) {
  let selected = 4;
  const largest = (i) => (i < 9 ? LARGEST : BIAS);
  const value = (i) => (i < 9 ? figure.state.weights[i] : figure.state.bias);
  const put = (i, next) => {
    if (i === 9) return figure.set({ bias: next });
    const { weights } = figure.state;
    figure.set({ weights: weights.map((old, k) => (k === i ? next : old)) });
  };
  const name = (i) =>
    i < 9 ? `weight, row ${Math.floor(i / 3) + 1}, column ${(i % 3) + 1}` : "bias";
  const inputs = Array.from({ length: 10 }, (_, i) => {
    const input = /** @type {HTMLInputElement} */ (
      html("input", { type: "text", "aria-label": name(i), autocomplete: "off" })
    );
    input.addEventListener("focus", () => select(i));
    input.addEventListener("input", () => {
      const typed = read(input.value, largest(i));
      assign(input, { "aria-invalid": typed === undefined ? "true" : undefined });
      if (typed !== undefined) put(i, typed);
    });
    input.addEventListener("blur", () => {
      assign(input, { "aria-invalid": undefined });
      figure.flush();
      input.value = fraction(value(i));
    });
    input.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const step = { PageUp: 1, PageDown: -1 }[event.key];
      if (step) by(step);
      else {
        const next = neighbor(i, event.key);
        if (next === undefined) return;
        select(next);
        inputs[next].focus();
        inputs[next].select();
      }
      event.preventDefault();
    });
    return input;
  });
  const select = (i) => {
    selected = i;
    figure.schedule();
  };
  const by = (step) => {
    figure.flush();
    const next = Math.round((value(selected) + step) * 1e9) / 1e9;
    put(selected, Math.min(largest(selected), Math.max(-largest(selected), next)));
    inputs[selected].value = "";
  };
  const stepper = (step, sign) => {
    const element = html("button", { type: "button" }, sign);
    element.addEventListener("click", () => by(step));
    return element;
  };
  const steppers = [stepper(-1, "−1"), stepper(1, "+1")];
  const bias = html("span", { class: "kernel-bias" }, ...rich("+ bias *b*"), inputs[9]);
  return {
    grid: html("div", { class: "squares" }, ...inputs.slice(0, 9)),
    bias,
    steppers,
    draw() {
      inputs.forEach((input, i) => {
        assign(input, { tabindex: i === selected ? 0 : -1 });
        input.classList.toggle("kernel-selected", i === selected);
        // What is being typed stays as it is, as long as it means the same.
        const typed = input === document.activeElement && read(input.value, largest(i));
        const invalid = input.hasAttribute("aria-invalid");
        input.classList.toggle("long", fraction(value(i)).length > 4);
        if (!invalid && typed !== value(i)) input.value = fraction(value(i));
      });
      const where = selected < 9 ? "selected weight" : "bias";
      steppers.forEach((element, i) =>
        assign(element, { "aria-label": `${i ? "+1" : "−1"}, ${where}` }),
      );
    },
  };
}

/** The field that an arrow leads to; the bias, number 9, lies below the others. */
function neighbor(i, key) {
  if (i === 9) return { ArrowUp: 7, ArrowLeft: 8 }[key];
  if (key === "ArrowLeft") return i ? i - 1 : undefined;
  if (key === "ArrowRight") return i + 1;
  if (key === "ArrowUp") return i > 2 ? i - 3 : undefined;
  return key === "ArrowDown" ? Math.min(9, i + 3) : undefined;
}

/** What the weights tell before any picture is seen. @param {number[]} weights */
function judged(weights) {
  const sum = weights.reduce((total, w) => total + w, 0);
  const negative = weights.some((w) => w < 0);
  if (weights.every((w) => w === 0)) return ["All weights are 0.", "Only the bias is left."];
  if (Math.abs(sum) < 1e-9) {
    return ["The weights add up to 0.", "Even gray becomes 0, black: only differences are left."];
  }
  if (Math.abs(sum - 1) < 1e-9) {
    if (weights.filter((w) => w !== 0).length === 1) {
      return weights[4]
        ? ["One weight, 1, in the middle.", "The picture stays as it is."]
        : ["One weight, 1, beside the middle.", "The picture moves by a pixel."];
    }
    return [
      "The weights add up to 1.",
      negative
        ? "Even gray stays as it is; differences between neighbors grow."
        : "Even gray stays as it is: each pixel becomes a mean of its neighborhood.",
    ];
  }
  return [
    `The weights add up to ${fraction(sum)}.`,
    `Even gray is multiplied by ${fraction(sum)}.`,
  ];
}

/** @type {import("../kit/figure.js").Explorer} */
export default {
  name: "kernel",
  address: {
    weights: nine,
    bias: number(-BIAS, BIAS),
    border: oneOf("zeros", "repeat"),
    row: integer(0, 4095),
    column: integer(0, 4095),
  },
  build(figure) {
    let columns = figure.state.columns;
    let rows = bytes(figure.state.pixels).length / columns;
    const plots = ["The picture", "The result"].map((name, i) => {
      const plot = new Plot(figure, {
        name,
        height: (width) => {
          const left = i || !figure.wide ? 2 : 24;
          // No larger than this, so that the figure is as high in every wide column.
          const side = Math.min(LONGEST, width - left - 2);
          Object.assign(plot.margin, { left, right: width - left - side, top: 20, bottom: 18 });
          return (side * rows) / columns + 38;
        },
      });
      return plot;
    });
    const paint = plots.map(bitmap);
    const marks = plots.map((plot) => [plot.line("step wide halo"), plot.line("step wide")]);
    const titles = plots.map((plot) => plot.label("ink"));

    const go = (row, column) => figure.set({ row, column });
    const knob = handle(plots[0], {
      name: "pixel",
      look: "step",
      reach: 18,
      plane: true,
      limits: () => ({ low: [0, 1 - rows], high: [columns - 1, 0], step: [1, 1] }),
      onMove: ([x, y]) => go(-y, x),
    });
    for (const plot of plots) {
      plot.element.addEventListener("click", (event) => {
        if (/** @type {Element} */ (event.target).closest(".handle")) return;
        const [left, top] = plot.under(event);
        const column = Math.round(plot.x.value(left));
        const row = -Math.round(plot.y.value(top));
        if (row >= 0 && column >= 0 && row < rows && column < columns) go(row, column);
      });
    }

    const around = squares("patch", fraction);
    const products = squares("products", brief);
    const typed = fields(figure);
    const total = html("b");
    const preset = choice(figure, {
      label: "Kernel",
      choices: figure.defaults.learned.length ? NAMES : (({ learned, ...rest }) => rest)(NAMES),
      onChoose: (name) =>
        figure.set({ weights: [...(KERNELS[name] ?? figure.state.learned)] }),
    });
    preset.element.classList.add("kernel-presets");
    const border = choice(figure, {
      label: "Border",
      choices: { zeros: "Zeros", repeat: "Repeated" },
      onChoose: (chosen) => figure.set({ border: chosen }),
    });
    border.element.classList.add("tight");
    const reset = button("reset", "Reset", () => figure.reset());
    const numbers = readout(["smallest", "largest", "negative"]);
    const ends = [html("span"), html("span")];
    const scale = html("div", { class: "kernel-scale", role: "img" }, ends[0], html("i"), ends[1]);
    const [word, reason] = [html("strong"), html("span")];
    const column = (title, ...nodes) =>
      html("div", { class: "kernel-column" }, html("span", {}, title), ...nodes);
    const sign = (text) => html("span", { class: "kernel-sign", "aria-hidden": "true" }, text);
    figure.add(
      html(
        "p",
        { class: "hint" },
        "Choose a pixel; type a weight or step it (keys: arrows, Page Up, Page Down).",
      ),
      html("div", { class: "kernel-pictures" }, ...plots.map((plot) => plot.element)),
      html(
        "fieldset",
        { class: "kernel-sum" },
        html("legend", {}, "Weights and bias"),
        column("Patch", around.element),
        sign("×"),
        column("Weights", typed.grid),
        sign("="),
        column("Products", products.element),
        html(
          "div",
          { class: "kernel-total" },
          html("span", { class: "kernel-steps" }, ...typed.steppers),
          typed.bias,
          total,
        ),
      ),
      preset.element,
      html(
        "div",
        { class: "choices" },
        named("Border", border.element),
        html("div", { class: "film" }, reset.element),
      ),
      html("div", { class: "kernel-numbers" }, numbers.element, scale),
      html("p", { class: "verdict" }, word, " ", reason),
    );

    let [text, pixels] = ["", new Uint8Array()];
    return (state) => {
      if (state.pixels !== text) [text, pixels] = [state.pixels, bytes(state.pixels)];
      const { weights, bias } = state;
      columns = state.columns;
      rows = pixels.length / columns;
      const [row, at] = [Math.min(state.row, rows - 1), Math.min(state.column, columns - 1)];
      const result = slide(pixels, columns, weights, bias, state.border);
      const [low, high] = [Math.min(...result), Math.max(...result)];
      const most = brightest(result);
      const sum = result[row * columns + at];
      plots.forEach((plot, i) => {
        plot.setAxes(
          { domain: [-0.5, columns - 0.5], label: "" },
          {
            domain: [0.5 - rows, 0.5],
            label: "",
            ticks: i || !figure.wide ? [] : undefined,
            format: (value) => String(-value),
          },
        );
        paint[i](i ? result : pixels, columns, i ? most : WHITE);
        for (const line of marks[i]) line(square(row, at, i ? 0.8 : 1.5));
        const title = i ? `Result ${fraction(sum)}` : `Row ${row}, column ${at}`;
        titles[i]([-0.5, 0.5], title, 0, -7, "start");
      });
      const nine = patch(pixels, columns, row, at, state.border);
      const parts = nine.map((value, i) => value * weights[i]);
      knob([at, -row], `row ${row}, column ${at}: ${pixels[row * columns + at]}, result ${fraction(sum)}`);
      around.draw(nine, WHITE);
      products.draw(parts, brightest(parts));
      typed.draw();
      const added = parts.reduce((a, b) => a + b, 0);
      write(total, `${fraction(added)} ${bias < 0 ? "−" : "+"} ${fraction(Math.abs(bias))} = ${fraction(sum)}`);
      preset.draw(nameOf(weights, state.learned));
      border.draw(state.border);
      const below = result.filter((value) => value < -1e-9).length / result.length;
      numbers.draw([fraction(low), fraction(high), `${fixed(100 * below, 0)}\u00a0%`]);
      const [what, why] = judged(weights);
      const [orange, white] = [fraction(-most), fraction(most)];
      write(ends[0], orange);
      write(ends[1], white);
      assign(scale, {
        "aria-label": `Colors: ${orange} and less is orange, 0 black, ${white} and more white`,
      });
      write(word, what);
      write(reason, why);
      figure.say(`Row ${row}, column ${at}: result ${fraction(sum)}. ${what} ${why}`);
    };
  },
};
