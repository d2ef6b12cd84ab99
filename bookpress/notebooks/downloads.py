"""Each chapter to take along: as a notebook, as Python code, and what both need.

The files lie in the website's folder `notebooks/`. A notebook holds no outputs and no
directives (see `markdown`); its first code cell looks for what the chapter needs,
installs what is missing and says so. `notebook-files.zip` has the book's own modules,
data and interactive figures, which belong beside the notebooks.
"""

import hashlib
import json
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.fileutil import ensuredir
from sphinxcontrib import tikz

from bookpress.cells import has_cells
from bookpress.content.code_files import chapter_file
from bookpress.content.explorers import bundler, pages
from bookpress.media import WEBSITE, medium, only
from bookpress.notebooks.launch import links
from bookpress.notebooks.markdown import Cell, Page
from bookpress.pages import file_of
from bookpress.requirements import requirements

FOLDER = "notebooks"  # in the website
FILES = "notebook-files.zip"

NOTE = """\
# {title}

*A chapter of {book} by {author}, as a notebook. {license} The cell below looks for what
the code needs, installs what is missing, and says so.*"""

SETUP = """\
# Looks for what this chapter needs, installs what is missing or older, and says so.
import importlib
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

if find_spec("{helper}") is None:
{own}

packages = {{
{packages}}}


def as_new(line):
    # Whether a package of this name is here and as new as in the line, patches aside.
    name, _, wanted = line.partition(";")[0].strip().partition("==")
    try:
        found = version(name)
    except PackageNotFoundError:
        return False
    first_two = [[int(n) for n in re.findall(r"\\d+", v)[:2]] for v in (found, wanted)]
    return first_two[0] >= first_two[1]


missing = [lines for lines in packages.values() if not any(map(as_new, lines))]
missing = [line for lines in missing for line in lines]
print(*(["installing:", *missing] if missing else ["All packages are there."]))
if missing:
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *missing], check=True)
    if any(name in sys.modules for name in packages):
        print("Restart the kernel now: it still has older ones in use.")
importlib.invalidate_caches()"""

# Without an address there is nowhere to fetch from.
MISSING = f"""\
    raise ModuleNotFoundError(
        "the book's helper, {{helper}}.py, is not beside this notebook: "
        "unpack {FILES} here, which is offered where the notebook was"
    )"""
FETCH = f"""\
    import io
    import urllib.request
    import zipfile

    address = "{{address}}/{FOLDER}/{FILES}"
    print("unpacking the book's helper, data and figures here, from", address)
    with urllib.request.urlopen(address) as reply:
        zipfile.ZipFile(io.BytesIO(reply.read())).extractall()"""


def setup_cell(code: str, root: Path, config: Config) -> Cell:
    """The cell that readies the place where a notebook runs."""
    listing = "".join(
        f'    "{module}": [{listed(lines)}],\n'
        for module, lines in requirements(code, root).items()
    )
    address, helper = config.html_baseurl.rstrip("/"), config.notebooks_helper
    own = (FETCH if address else MISSING).format(address=address, helper=helper)
    return Cell("code", SETUP.format(own=own, packages=listing, helper=helper))


def listed(lines: list[str]) -> str:
    """Strings as the items of a list in Python, several ones on lines of their own."""
    items = [f"'{line}'" if '"' in line else f'"{line}"' for line in lines]
    if len(items) == 1:
        return items[0]
    return "".join(f"\n        {item}," for item in items) + "\n    "


def notebook(cells: list[Cell]) -> str:
    """A notebook file, the same bytes for the same cells."""
    seen = Counter()
    entries = []
    for cell in cells:
        key = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        seen[key] += 1
        entry = {
            "cell_type": cell.kind,
            "id": f"{key}-{seen[key]}",
            "metadata": {},
            "source": cell.source.splitlines(keepends=True),
        }
        if cell.kind == "code":
            entry |= {"execution_count": None, "outputs": []}
        if cell.folded:
            entry["metadata"] = (
                {"jupyter": {"source_hidden": True}}
                if cell.kind == "code"
                else {"jp-MarkdownHeadingCollapsed": True}
            )
        entries.append(entry)
    python = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {
        "cells": entries,
        "metadata": {"kernelspec": python, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def picture(app: Sphinx, node: nodes.Element) -> Path:
    """The file of a drawing or an image."""
    if isinstance(node, tikz.tikz):
        translator = SimpleNamespace(builder=app.builder)
        name = Path(tikz.render_tikz(translator, node, node["libs"])).name
        return Path(app.outdir, "_images", name)
    # The writer has put the name in the website in place of the source's.
    name = Path(node["uri"]).name
    (source,) = (src for src, out in app.builder.images.items() if out == name)
    return Path(app.srcdir, source)


def write_chapter(app: Sphinx, docname: str, document: nodes.document) -> str:
    """Write a page's notebook and code; return their name without extension."""
    cells = Page(app.env, docname, lambda node: picture(app, node)).read(document)
    sources = [cell.source for cell in cells if cell.kind == "code"]
    heading, _, rest = cells[0].source.partition("\n\n")
    note = NOTE.format(
        title=heading.removeprefix("# "),
        book=app.config.html_title,
        author=app.config.author,
        license=app.config.handout_license,
    )
    start = setup_cell("\n".join(sources), Path(app.srcdir), app.config)
    cells[:1] = [Cell("markdown", note), start]
    cells[2:2] = [Cell("markdown", rest)] if rest else []
    name = file_of(app, docname)
    folder = Path(app.outdir, FOLDER)
    ensuredir(folder)
    (folder / f"{name}.ipynb").write_text(notebook(cells), encoding="utf8")
    text = chapter_file(heading.removeprefix("# "), app.config, sources)
    (folder / f"{name}.py").write_text(text, encoding="utf8")
    return name


def own_files(app: Sphinx) -> dict[str, bytes]:
    """What must lie beside the notebooks, by path: modules, data, built figures."""
    root = Path(app.srcdir)
    found = sorted(
        path for pattern in app.config.notebooks_files for path in root.glob(pattern)
    )
    files = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in found
        if not path.name.startswith("test_")
    }
    shown = sorted({name for names in pages(app.env).values() for name in names})
    if not shown:
        return files
    bundle = bundler(app)
    bundle.style()
    built = ["kit.css"]
    for name in shown:
        bundle.widget_module(name)
        built.append(f"{name}.js")
    for name in built:
        files[f"explorers/_built/{name}"] = (bundle.BUILT / name).read_bytes()
    return files


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip file, the same bytes for the same files."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name)  # dated 1980
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return target.getvalue()


@only(WEBSITE)
def offer(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Write what a page has to take along, and fill the menu that offers it."""
    menu = []
    if doctree and has_cells(doctree):
        name = write_chapter(app, pagename, doctree)
        menu = [
            (f"{FOLDER}/{name}.ipynb", "This chapter as a notebook (.ipynb)"),
            (f"{FOLDER}/{name}.py", "Its code in Python (.py)"),
            (f"{FOLDER}/{FILES}", "What both need beside them (.zip)"),
        ]
        context["launches"] = links(app, pagename)
    lists = [doc for doc, data in app.env.metadata.items() if "lists_handouts" in data]
    context["downloads"] = [(context["pathto"](file, 1), text) for file, text in menu]
    context["downloads"] += [
        (context["pathto"](doc).rstrip("#") + "#handouts", "Handouts to print")
        for doc in lists
    ]


def write_files(app: Sphinx, exception: Exception | None) -> None:
    folder = Path(app.outdir, FOLDER)
    if exception is None and medium(app) == WEBSITE and folder.is_dir():
        (folder / FILES).write_bytes(zipped(own_files(app)))


def setup(app: Sphinx) -> dict[str, bool]:
    # The module that a first cell looks for, and what lies beside the notebooks.
    app.add_config_value("notebooks_helper", "", "env")
    app.add_config_value("notebooks_files", [], "env")
    app.connect("html-page-context", offer)
    app.connect("build-finished", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
