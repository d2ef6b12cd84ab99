"""Build website, handouts and bundle (`make site`, `make pdf`, `make book` ...).

Sphinx works incrementally in `_build/work/`; what it made is published to
`_build/html` and `_build/NAME.pdf` only when it is whole and without a
warning. A build that failed or was killed leaves the last good one in place, and the
next one starts from clean work folders; outputs of chapters are kept all the same.
Further editions (`handout/editions.py`) are written from what was read for the first;
nothing is executed or read again. Where nothing at all has changed, nothing is done.
"""

import atexit
import fcntl
import functools
import gc
import json
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bookpress import progress
from bookpress.commands.cli import Parser
from bookpress.handout.editions import PAPERS, SOLUTIONS, Edition, choices, offered
from bookpress.settings import settings
from bookpress.stale import digest, installed, key_of
from bookpress.workers import workers

PRESS = Path(__file__).resolve().parents[1]

# What Sphinx does not watch: after an edit of these, or of the press itself, pages are
# made anew.
MACHINERY = ["_config.yml", "_toc.yml", "package-lock.json", "requirements.lock"]


def handouts(root: Path) -> list[Path]:
    """The handouts that are built."""
    return sorted((root / "_build").glob(f"{settings(root).file_name}*.pdf"))


class Done:
    """What a build made, and from what; the next one can tell that all is the same."""

    def __init__(self, root: Path, target: str, edition: Edition):
        name = edition.name(settings(root).file_name)
        self.file = root / "_build" / "work" / f"{target}-{name}.json"
        parts = [sys.version, *installed(), key_of(root), key_of(PRESS)]
        if target in ("site", "bundle"):  # these hold the handouts that there are
            parts += [f"{path} {path.stat().st_mtime_ns}" for path in handouts(root)]
        self.key = digest(*parts)

    def paths(self) -> list[Path]:
        """What was made, if it was made from the same and still lies there."""
        try:
            found = json.loads(self.file.read_text("utf8"))
            same = found["key"] == self.key and all(
                Path(name).stat().st_mtime_ns == written
                for name, written in found["made"].items()
            )
        except (OSError, ValueError):  # not made, or deleted
            return []
        return [Path(name) for name in found["made"]] if same else []

    def note(self, paths: list[Path]) -> None:
        made = {str(path): path.stat().st_mtime_ns for path in paths}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps({"key": self.key, "made": made}), "utf8")


def clear(work: Path) -> None:
    """Delete what Sphinx made, save drawings: they are named after all that is in them.

    A drawing takes LaTeX seconds.
    """
    for path in work.rglob("*"):
        if path.is_file() and not path.match("_images/tikz-*.svg"):
            path.unlink()


def share_drawings(work: Path, made: Path) -> None:
    """Take the drawings that another edition has made."""
    for drawing in work.glob("*/_images/tikz-*.svg"):
        target = made / "_images" / drawing.name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(drawing, target)


def hasten() -> None:
    """Spare Sphinx work that this book's builds have no use for."""
    # jsonschema would compile a grammar of web addresses, a second at every start,
    # for a check that no configuration asks for; it does without if this is missing.
    sys.modules["rfc3987_syntax"] = None
    # Document trees are many small objects that live long: looking for garbage among
    # them at Python's default rate takes a third of the build.
    gc.set_threshold(100_000, 20, 20)
    atexit.register(gc.freeze)  # and among what dies with the process, two seconds
    # For each citation pybtex would look through all that is installed for a style.
    import pybtex.plugin

    pybtex.plugin.find_plugin = functools.cache(pybtex.plugin.find_plugin)


def call_sphinx(
    root: Path, builder: str, out: Path, doctrees: Path, settings: dict, **options: bool
) -> int:
    """Let Sphinx write a book by one of its builders; return the exit status."""
    # Imported here: Sphinx takes a second, and a wrong option is told without it.
    from jupyter_book.sphinx import build_sphinx

    os.chdir(root)  # figures and bibliographies are named from here
    with progress.telling(lambda: progress.at):
        return build_sphinx(
            str(root),
            str(out),
            noconfig=True,
            path_config=str(root / "_config.yml"),
            confoverrides={
                "external_toc_path": str(root / "_toc.yml"),
                "latex_individualpages": False,
                "nitpicky": True,
                **settings,
            },
            doctreedir=str(doctrees),
            builder=builder,
            quiet=True,
            keep_going=True,
            **options,
        )


def run_sphinx(root: Path, builder: str, edition: Edition) -> Path:
    """Run one builder over the book, every warning an error.

    Parameters
    ----------
    root : the book's top folder
    builder : "html" or "latex"
    edition : what to keep of frameworks and solutions

    Returns
    -------
    the builder's output folder

    Raises
    ------
    SystemExit : the build failed; the reasons were printed
    """
    work = root / "_build" / "work" / builder
    made = work / edition.name(settings(root).file_name)
    stamp = work / "complete"
    key = key_of(root, *MACHINERY) + key_of(PRESS)
    if not stamp.is_file():  # killed, or failed: a drawing may be cut short
        shutil.rmtree(work, ignore_errors=True)
    elif stamp.read_text() != key:
        clear(work)
    stamp.unlink(missing_ok=True)
    share_drawings(work, made)
    status = call_sphinx(
        root, builder, made, work / "doctrees", edition.settings, warningiserror=True
    )
    if status != 0:
        sys.exit(
            f"error: the {builder} build stopped for the reasons above; "
            "mend them and run it again (what was last published is still in place)"
        )
    work.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)
    return made


def publish_site(made: Path, site: Path, handouts: list[Path]) -> None:
    """Replace the published site by what Sphinx made, without figures of the past."""
    fresh = site.with_name(f"{site.name}.new")
    old = site.with_name(f"{site.name}.old")
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    pages = "".join(page.read_text("utf8") for page in made.rglob("*.html"))

    def leftovers(folder: str, names: list[str]) -> set[str]:
        if Path(folder) == made / "_images":
            return {name for name in names if f"_images/{name}" not in pages}
        return {".buildinfo"} & set(names)

    shutil.copytree(made, fresh, ignore=leftovers)
    (fresh / "handouts").mkdir()
    for path in handouts:
        if f"handouts/{path.name}" in pages:
            shutil.copy(path, fresh / "handouts" / path.name)
    if site.exists():
        site.rename(old)
    fresh.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def build_site(root: Path, edition: Edition) -> list[Path]:
    """Build the website; without solutions it gets a folder of its own."""
    without = edition.solutions == "none"
    site = root / "_build" / ("html-student" if without else "html")
    edition = Edition(solutions="none" if without else "end")
    made = run_sphinx(root, "html", edition)
    publish_site(made, site, handouts(root))
    return [site / "index.html"]


def build_handouts(root: Path, *editions: Edition) -> list[Path]:
    """Build handouts; LaTeX works on as many at a time as the machine has room for."""
    from bookpress.handout.typeset import build_pdf

    book = settings(root).file_name
    sources = [
        run_sphinx(root, "latex", edition) / f"{book}.tex" for edition in editions
    ]
    outs = [root / "_build" / f"{edition.name(book)}.pdf" for edition in editions]
    with ThreadPoolExecutor(workers(1.0)) as pool:
        return list(pool.map(build_pdf, sources, outs))


def build_offered(root: Path, edition: Edition) -> list[Path]:
    return build_handouts(root, *offered(settings(root).frameworks))


def build_bundle(root: Path, edition: Edition) -> list[Path]:
    from bookpress.notebooks import bundle

    return bundle.write(root)


TARGETS = {
    "site": ("website", build_site),
    "pdf": ("handout", build_handouts),
    "handouts": ("handouts", build_offered),
    "bundle": ("bundle", build_bundle),
}


def main() -> None:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "targets", nargs="+", choices=TARGETS, metavar="|".join(TARGETS)
    )
    parser.add_argument(
        "--root", type=Path, default=Path(), help="the book's top folder"
    )
    parser.add_argument("--framework", default="both", help="whose code (handout)")
    parser.add_argument(
        "--solutions", choices=SOLUTIONS, default="end", help="where solutions stand"
    )
    parser.add_argument(
        "--paper", choices=PAPERS, default="a4", help="size of the handout's sheets"
    )
    parser.add_argument(
        "--part", default="", help="the one part that the handout holds"
    )
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    known = choices(settings(root).frameworks)
    if arguments.framework not in known:
        parser.error(
            f"argument --framework: invalid choice: {arguments.framework!r} "
            f"(choose from {', '.join(known)})"
        )
    if arguments.part:
        from bookpress.handout.parts import slugs

        if arguments.part not in (parts := slugs(root)):
            parser.error(
                f"argument --part: invalid choice: {arguments.part!r} "
                f"(choose from {', '.join(parts) or 'none: the book has no parts'})"
            )
    edition = Edition(
        arguments.framework, arguments.solutions, arguments.paper, arguments.part
    )
    (root / "_build").mkdir(exist_ok=True)
    hasten()
    with (root / "_build" / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another build to end ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        for target in arguments.targets:
            name, build = TARGETS[target]
            start = time.monotonic()
            done = Done(root, target, edition)
            if paths := done.paths():
                took = "nothing has changed"
            else:
                paths = build(root, edition)
                done.note(paths)
                took = f"{time.monotonic() - start:.1f} s"
            where = ", ".join(str(path) for path in paths)
            print(f"{name}: {where} ({took})", flush=True)


if __name__ == "__main__":
    main()
