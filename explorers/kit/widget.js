// Explorers in JupyterLab: the same figure on anywidget's model.
import { html } from "./dom.js";
import { Figure } from "./figure.js";

/** @param {import("./figure.js").Explorer} explorer */
export function widget(explorer) {
  return {
    render({ model, el }) {
      const body = html("div", { class: "explorer-body" });
      const root = html("div", { class: "explorer" }, body);
      // Keys belong to the figure: outside, an arrow leaves the cell and d d deletes it.
      root.setAttribute("data-lm-suppress-shortcuts", "true");
      root.addEventListener("keydown", (event) => event.stopPropagation());
      el.append(root);
      const figure = new Figure(explorer, model, body, model.get("_defaults"));
      return () => figure.dispose();
    },
  };
}
