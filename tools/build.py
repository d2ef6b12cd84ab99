"""Build website, handouts and bundle (`make site`, `make pdf`, `make book` ...).

Sphinx works incrementally in `_build/work/`; what it made is published to
`_build/html` and `_build/deep-learning-basics.pdf` only when it is whole and without a
warning. A build that failed or was killed leaves the last good one in place, and the
next one starts from clean work folders; outputs of chapters are kept all the same.
Further editions (`tools/editions.py`) are written from what was read for the first;
nothing is executed or read again.
"""

import fcntl
import functools
import hashlib
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cli import Parser
from editions import BOOK, FRAMEWORKS, OFFERED, PAPERS, SOLUTIONS, Edition

ROOT = Path(__file__).resolve().parent.parent

# What Sphinx does not watch: after an edit of these, pages are made anew.
MACHINERY = [
    "_config.yml",
    "_toc.yml",
    "_ext",
    "_templates",
    "latex",
    "package-lock.json",
    "requirements.lock",
    "tools/build.py",
    "tools/editions.py",
]


@functools.cache
def machinery_key(root: Path) -> str:
    """Hash of the machinery, taken once: a later edit counts for the next build."""
    digest = hashlib.sha256()
    for name in MACHINERY:
        path = root / name
        for file in [path] if path.is_file() else sorted(path.rglob("*.*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(root)}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def share_drawings(work: Path, made: Path) -> None:
    """Take the drawings that another edition has made, for LaTeX takes seconds each."""
    for drawing in work.glob("*/_images/tikz-*.svg"):
        target = made / "_images" / drawing.name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(drawing, target)


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
    # jsonschema would compile a grammar of web addresses, a second at every start,
    # for a check that no configuration asks for; it does without if this is missing.
    sys.modules["rfc3987_syntax"] = None
    # Imported here: Sphinx takes a second, and a wrong option is told without it.
    from jupyter_book.sphinx import build_sphinx

    work = root / "_build" / "work" / builder
    made = work / edition.name
    stamp = work / "complete"
    key = machinery_key(root)
    if not stamp.is_file() or stamp.read_text() != key:
        shutil.rmtree(work, ignore_errors=True)
    stamp.unlink(missing_ok=True)
    share_drawings(work, made)
    os.chdir(root)  # figures and bibliographies are named from here
    status = build_sphinx(
        str(root),
        str(made),
        noconfig=True,
        path_config=str(root / "_config.yml"),
        confoverrides={
            "external_toc_path": str(root / "_toc.yml"),
            "latex_individualpages": False,
            "nitpicky": True,
            **edition.settings,
        },
        doctreedir=str(work / "doctrees"),
        builder=builder,
        quiet=True,
        warningiserror=True,
        keep_going=True,
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
    publish_site(made, site, sorted((root / "_build").glob(f"{BOOK}*.pdf")))
    return [site / "index.html"]


def build_handouts(root: Path, *editions: Edition) -> list[Path]:
    """Build handouts; LaTeX works on as many at a time as there are cores."""
    import handout

    sources = [
        run_sphinx(root, "latex", edition) / f"{BOOK}.tex" for edition in editions
    ]
    outs = [root / "_build" / f"{edition.name}.pdf" for edition in editions]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(handout.build_pdf, sources, outs))


def build_offered(root: Path, edition: Edition) -> list[Path]:
    return build_handouts(root, *OFFERED)


def build_bundle(root: Path, edition: Edition) -> list[Path]:
    import pack

    return pack.write(root)


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
    parser.add_argument("--root", type=Path, default=ROOT, help="the book's top folder")
    parser.add_argument(
        "--framework", choices=FRAMEWORKS, default="both", help="whose code (handout)"
    )
    parser.add_argument(
        "--solutions", choices=SOLUTIONS, default="end", help="where solutions stand"
    )
    parser.add_argument(
        "--paper", choices=PAPERS, default="a4", help="size of the handout's sheets"
    )
    arguments = parser.parse_args()
    edition = Edition(arguments.framework, arguments.solutions, arguments.paper)
    root = arguments.root.resolve()
    (root / "_build").mkdir(exist_ok=True)
    with (root / "_build" / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another build to end ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        for target in arguments.targets:
            name, build = TARGETS[target]
            start = time.monotonic()
            paths = build(root, edition)
            seconds = time.monotonic() - start
            where = ", ".join(str(path) for path in paths)
            print(f"{name}: {where} ({seconds:.1f} s)", flush=True)


if __name__ == "__main__":
    main()
