"""axe-core, run on a page as it stands."""

from playwright.sync_api import Page
from this_book import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

# Unfold what is folded, so that a checker sees it; with `last`, show the last tabs.
UNFOLD = """async last => {
  document.querySelectorAll("details").forEach(d => { d.open = true; });
  if (last) document.querySelectorAll(".sd-tab-set").forEach(
    set => [...set.querySelectorAll(":scope > input")].at(-1).click());
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
}"""

# Two thirds of a chapter's elements are words of code, in about eight looks, and boxes
# of formulas. Of words that look alike one stays marked up, if possible one that axe
# judges: of two letters at least, which one sees without scrolling the code. The rest
# become text. A formula's boxes are hidden from whom axe speaks for: in their place
# stays a letter, as wide as they, unless one can get the focus.
THIN = """() => {
  const looks = new Set();
  const words = [...document.querySelectorAll(".highlight pre span")].filter(word =>
    !word.childElementCount && word.getAttributeNames().join() === "class");
  const isJudged = word => word.textContent.trim().length > 1 && word.checkVisibility()
    && word.getBoundingClientRect().right
    < word.closest("pre").getBoundingClientRect().right;
  const [judged, others] = [[], []];
  for (const word of words) (isJudged(word) ? judged : others).push(word);
  [...judged, ...others].filter(word => {
    let ground = word;
    while (ground && getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)")
      ground = ground.parentElement;
    const style = getComputedStyle(word);
    const look = [style.color, style.opacity, style.fontSize, style.fontWeight,
      ground && getComputedStyle(ground).backgroundColor].join();
    return looks.has(look) || !looks.add(look);
  }).forEach(word => word.replaceWith(...word.childNodes));
  const boxes = [...document.querySelectorAll(".katex-html[aria-hidden=true]")]
    .filter(box => !box.querySelector("a, button, input, [tabindex]"))
    .map(box => [box, box.scrollWidth, box.getBoundingClientRect()]);
  for (const [box, inside, { width, height }] of boxes) {
    box.textContent = "x";
    const size = `width: ${Math.max(width, inside)}px; height: ${height}px`;
    box.style = `display: inline-block; ${size}`;
  }
}"""

# From the disk nothing can be fetched: not the styles either, which axe would like to.
RUN_AXE = """async part => {
  const { violations } = await axe.run(part,
    { resultTypes: ["violations"], preload: location.protocol !== "file:" });
  return violations.flatMap(v => v.nodes.map(
    n => `${v.id}: ${n.target.join(" ")} ${n.failureSummary}`));
}"""


def violations(page: Page, part: str = "html") -> list[str]:
    """What axe-core finds on the page as it stands, or in parts of it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(RUN_AXE, part)
