"""Build the website and the handouts (`make site`, `make pdf`, `make book`).

Sphinx works incrementally in `_build/work/`; what it made is published to
`_build/html` and `_build/deep-learning-basics.pdf` only when it is whole and without a
warning. A build that failed or was killed leaves the last good one in place, and the
next one starts from clean work folders; outputs of chapters are kept all the same.
"""

import fcntl
import hashlib
import os
import shutil
import sys
import time
from pathlib import Path

from cli import Parser

ROOT = Path(__file__).resolve().parent.parent
HANDOUT = "deep-learning-basics"

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
]


def machinery_key(root: Path) -> str:
    digest = hashlib.sha256()
    for name in MACHINERY:
        path = root / name
        for file in [path] if path.is_file() else sorted(path.rglob("*.*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(root)}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def run_sphinx(root: Path, builder: str) -> Path:
    """Run one builder over the book, every warning an error.

    Parameters
    ----------
    root : the book's top folder
    builder : "html" or "latex"

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
    stamp = work / "complete"
    key = machinery_key(root)
    if not stamp.is_file() or stamp.read_text() != key:
        shutil.rmtree(work, ignore_errors=True)
    stamp.unlink(missing_ok=True)
    os.chdir(root)  # figures and bibliographies are named from here
    status = build_sphinx(
        str(root),
        str(work / builder),
        noconfig=True,
        path_config=str(root / "_config.yml"),
        confoverrides={
            "external_toc_path": str(root / "_toc.yml"),
            "latex_individualpages": False,
            "nitpicky": True,
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
    return work / builder


def publish_site(made: Path, site: Path) -> None:
    """Replace the published site by what Sphinx made, without figures of the past."""
    fresh, old = site.with_name("html.new"), site.with_name("html.old")
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    pages = "".join(page.read_text("utf8") for page in made.rglob("*.html"))

    def leftovers(folder: str, names: list[str]) -> set[str]:
        if Path(folder) == made / "_images":
            return {name for name in names if f"_images/{name}" not in pages}
        return {".buildinfo"} & set(names)

    shutil.copytree(made, fresh, ignore=leftovers)
    if site.exists():
        site.rename(old)
    fresh.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def build_site(root: Path) -> Path:
    site = root / "_build" / "html"
    publish_site(run_sphinx(root, "html"), site)
    return site / "index.html"


def build_handout(root: Path) -> Path:
    import handout

    return handout.build_pdf(
        run_sphinx(root, "latex"), root / "_build" / f"{HANDOUT}.pdf"
    )


TARGETS = {"site": ("website", build_site), "pdf": ("handout", build_handout)}


def main() -> None:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="+", choices=TARGETS, metavar="site|pdf")
    parser.add_argument("--root", type=Path, default=ROOT, help="the book's top folder")
    arguments = parser.parse_args()
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
            path = build(root)
            print(f"{name}: {path} ({time.monotonic() - start:.1f} s)", flush=True)


if __name__ == "__main__":
    main()
