"""axe-core, run on a page as it stands."""

from playwright.sync_api import Page
from this_book import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

# Unfold what is folded, so that a checker sees it; with `last`, show the last tabs.
UNFOLD = """async last => {
  document.querySelectorAll("details").forEach(d => { d.open = true; });
  document.querySelectorAll(".toggle-button-hidden").forEach(b => b.click());
  if (last) document.querySelectorAll(".sd-tab-set").forEach(
    set => [...set.querySelectorAll(":scope > input")].at(-1).click());
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
}"""

RUN_AXE = """async part => {
  const { violations } = await axe.run(part, { resultTypes: ["violations"] });
  return violations.flatMap(v => v.nodes.map(
    n => `${v.id}: ${n.target.join(" ")} ${n.failureSummary}`));
}"""


def violations(page: Page, part: str = "html") -> list[str]:
    """What axe-core finds on the page as it stands, or in parts of it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(RUN_AXE, part)
