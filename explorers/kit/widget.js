// Explorers in JupyterLab: the same figure on anywidget's model.
import { html } from "./dom.js";
import { Figure } from "./figure.js";

/** @param {import("./figure.js").Explorer} explorer */
export function widget(explorer) {
  return {
    render({ model, el }) {
      const body = html("div", { class: "explorer-body" });
      const root = html("div", { class: "explorer" }, body);
      // Plain keys belong to the figure: outside, an arrow leaves the cell and d d
      // deletes it. Commands such as Ctrl+S belong to JupyterLab, which listens on the
      // document before the figure does and asks for this attribute.
      const command = (event) => event.ctrlKey || event.metaKey || event.altKey;
      const lend = (event) =>
        root.toggleAttribute("data-lm-suppress-shortcuts", !command(event));
      window.addEventListener("keydown", lend, true);
      root.addEventListener("keydown", (event) => {
        if (!command(event)) event.stopPropagation();
      });
      el.append(root);
      const figure = new Figure(explorer, model, body, model.get("_defaults"));
      return () => {
        window.removeEventListener("keydown", lend, true);
        figure.dispose();
      };
    },
  };
}
