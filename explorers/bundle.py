"""Make browser modules of the explorers with esbuild (standard library only).

Two kinds come from the same sources: for JupyterLab one module per explorer, for the
website one script per page. They lie in `_built/`, which git ignores, and are made anew
when a source has changed. Where Node is not installed (a copy of the book without its
tools), what is there is used as it is.
"""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
BUILT = FOLDER / "_built"
REMEDY = "run: make book"


class BundleError(RuntimeError):
    """A module cannot be made; the message is one line."""


def names() -> list[str]:
    """The explorers: each is a folder with a module of its name."""
    return sorted(
        path.stem for path in FOLDER.glob("*/*.js") if path.stem == path.parent.name
    )


def sources() -> list[Path]:
    """The files that decide what the built modules hold, Python aside."""
    lock = FOLDER.parent / "package-lock.json"
    own = [path for kind in ("*.js", "*.mjs", "*.css") for path in FOLDER.rglob(kind)]
    return [*sorted(path for path in own if BUILT not in path.parents), lock]


def digest() -> str:
    """Hash of the sources, which changes when any of them does."""
    content = hashlib.sha256(Path(__file__).read_bytes())
    for path in sources():
        if path.is_file():
            content.update(f"{path.name}\0".encode() + path.read_bytes())
    return content.hexdigest()


def widget_module(name: str) -> str:
    """Return an explorer as a module that JupyterLab loads."""
    source = (
        f'import explorer from "./{name}/{name}.js";\n'
        'import { widget } from "./kit/widget.js";\n'
        "export default widget(explorer);\n"
    )
    return built(f"{name}.js", source, "js")


def page_script(used: Iterable[str]) -> str:
    """Return the kit and the explorers of one page as the text of a module script."""
    used = sorted(set(used))
    lines = [f'import {name} from "./{name}/{name}.js";' for name in used]
    lines += [
        'import { mountAll } from "./kit/page.js";',
        f"mountAll([{', '.join(used)}]);",
    ]
    script = built(f"page-{'-'.join(used)}.js", "\n".join(lines), "js")
    return safe_in_html(script)


def style() -> str:
    """Return the stylesheet of all explorers: the kit's rules, then their own."""
    own = [f"{name}/{name}.css" for name in names()]
    files = ["kit/kit.css", *(file for file in own if (FOLDER / file).is_file())]
    return built("kit.css", "".join(f'@import "./{file}";' for file in files), "css")


def safe_in_html(script: str) -> str:
    """Write a script so that no text in it can end or change its element.

    esbuild does so too; a page that is silently dead deserves two locks.
    """
    script = re.sub(r"</(?=script)", r"<\\/", script, flags=re.IGNORECASE)
    return script.replace("<!--", r"\x3C!--")


def built(file: str, source: str, loader: str) -> str:
    """Return a built file, made first if it is missing or its sources have changed.

    Parameters
    ----------
    file : its name in `_built/`
    source : what to bundle; it imports what is needed, relative to this folder
    loader : "js" or "css"

    Raises
    ------
    BundleError : the file is missing and cannot be made, or a source has an error
    """
    target = BUILT / file
    key, text = "", ""
    if target.is_file():
        key, _, text = target.read_text("utf8").partition("\n")
    node = node_program()
    if node is None or not (FOLDER.parent / "node_modules" / "esbuild").is_dir():
        if text:
            return text
        missing = "Node" if node is None else "the Node package esbuild"
        raise BundleError(
            f"{target} is missing, and {missing}, which makes it, is not installed; "
            + REMEDY
        )
    present = f"/* made from {digest()} */"
    if key != present:
        BUILT.mkdir(exist_ok=True)
        text = run_esbuild(node, source, loader)
        # Whole or not at all: another process may be reading.
        draft = target.with_suffix(f".{os.getpid()}")
        draft.write_text(f"{present}\n{text}", "utf8")
        draft.replace(target)
    return text


def run_esbuild(node: Path, source: str, loader: str) -> str:
    request = {"folder": str(FOLDER), "source": source, "loader": loader}
    done = subprocess.run(
        [node, FOLDER / "bundle.mjs"],
        input=json.dumps(request),
        capture_output=True,
        encoding="utf8",
        cwd=FOLDER.parent,
    )
    if done.returncode:
        reason = " ".join(done.stderr.split()) or f"Node stopped ({done.returncode})"
        raise BundleError(f"explorers cannot be bundled: {reason}")
    return done.stdout


def node_program() -> Path | None:
    """Node, where the book is; a copy of the notebooks has no tools."""
    try:
        from bookpress.node import NodeMissing, program
    except ImportError:
        return None
    try:
        return program()
    except NodeMissing:
        return None


def main() -> None:
    """Make what JupyterLab needs, ahead of time."""
    try:
        style()
        for name in names():
            widget_module(name)
    except BundleError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
