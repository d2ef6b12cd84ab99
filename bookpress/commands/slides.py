"""Print the decks of the built website, one slide a page (`make slides`)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from bookpress import progress
from bookpress.commands.cli import Parser
from bookpress.settings import settings
from bookpress.slides.decks import sources

# Chromium prints what the page shows, so that fonts and pictures must have come.
READY = """async () => {
  await document.fonts.ready;
  await Promise.all([...document.images].map((image) => {
    image.loading = "eager";
    return image.complete || image.decode();
  }));
}"""


def chromium() -> str:
    """The program that prints.

    Raises
    ------
    SystemExit : it is not installed
    """
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise SystemExit(
        "error: Chromium is missing, which prints the slides; install the packages "
        "that bookpress/slides/apt.txt names"
    )


def print_decks(
    root: Path, decks: list[str], frameworks: list[str], notes: bool
) -> Iterator[Path]:
    """Print decks for each framework, in PDF; yields the files.

    Parameters
    ----------
    root : the book's top folder, its website built
    decks : their names
    frameworks : whose code the slides show; one file for each
    notes : whether a page of notes follows each slide
    """
    from playwright.sync_api import sync_playwright

    target = root / "_build" / "slides"
    target.mkdir(parents=True, exist_ok=True)
    switches = ["--no-sandbox", "--disable-gpu"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=switches)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        for deck in decks:
            address = (root / "_build" / "html" / "slides" / f"{deck}.html").as_uri()
            for framework in frameworks:
                query = f"print-pdf&framework={framework}" + "&notes" * notes
                page.goto(f"{address}?{query}")
                page.locator(".pdf-page").last.wait_for(state="attached")
                page.evaluate(READY)
                end = "-notes" if notes else ""
                path = target / f"{deck}-{framework}{end}.pdf"
                page.pdf(path=path, prefer_css_page_size=True, print_background=True)
                yield path
        browser.close()


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(), help="the book's folder")
    parser.add_argument("--framework", default="both", help="whose code is shown")
    parser.add_argument("--notes", action="store_true", help="pages of notes, too")
    parser.add_argument("--deck", help="the only deck to print; all without it")
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    decks = [path.stem for path in sources(root)]
    built = root / "_build" / "html" / "slides"
    if arguments.deck not in (None, *decks):
        parser.error(f"argument --deck: choose from {', '.join(decks)}")
    known = [name.lower() for name in settings(root).frameworks.values()]
    if arguments.framework not in ("both", *known):
        parser.error(f"argument --framework: choose from both, {', '.join(known)}")
    chosen = known if arguments.framework == "both" else [arguments.framework]
    only = [arguments.deck] if arguments.deck else decks
    for deck in only:
        if not (page := built / f"{deck}.html").is_file():
            raise SystemExit(f"error: there is no {page}; build it first: make site")
    for path in print_decks(root, only, chosen or [""], arguments.notes):
        progress.say(f"slides: {path}")


if __name__ == "__main__":
    main()
