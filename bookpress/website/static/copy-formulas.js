// What is copied of a formula is its TeX between dollar signs, within prose as well.
"use strict";

document.addEventListener("copy", (event) => {
  const selection = getSelection();
  if (selection.isCollapsed || event.target.closest?.("input, textarea")) return;
  const formulas = [...document.querySelectorAll(".katex")].filter(
    (formula) => selection.containsNode(formula, true) && formula.checkVisibility(),
  );
  if (!formulas.length) return;

  // Of a formula all or nothing.
  const range = selection.getRangeAt(0);
  if (range.comparePoint(formulas[0], 0) < 0) range.setStartBefore(formulas[0]);
  const last = formulas.at(-1);
  if (range.comparePoint(last, last.childNodes.length) > 0) range.setEndAfter(last);

  // For as long as the browser puts the text together, TeX stands in their places.
  const stand = formulas.map((formula) => {
    const whole = formula.closest(".formula-room") ?? formula; // its first form has no breaks
    const tex = whole.querySelector("annotation").textContent.trim();
    const sign = formula.closest(".katex-display") ? "$$" : "$";
    const source = document.createElement("span");
    source.style.whiteSpace = "pre-wrap";
    source.textContent = sign + tex.replaceAll("\\htmlClass{fragment}", "") + sign;
    formula.before(source);
    formula.style.display = "none";
    return { formula, source };
  });
  const text = selection.toString();
  const copied = document.createElement("div");
  copied.append(range.cloneContents());
  for (const part of copied.querySelectorAll(".katex, .headerlink, button, script")) part.remove();
  for (const { formula, source } of stand) {
    source.remove();
    formula.removeAttribute("style");
  }
  event.clipboardData.setData("text/plain", text);
  event.clipboardData.setData("text/html", copied.innerHTML);
  event.preventDefault();
});
