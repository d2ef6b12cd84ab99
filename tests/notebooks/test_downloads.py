"""What a chapter's page offers to take along: it is the chapter, and it runs."""

import ast
import base64
import html
import importlib.metadata
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import this_book
from axe import violations
from chromium import Visit, serve
from this_book import CHAPTERS, ROOT, file_name

from bookpress.notebooks.downloads import setup_cell

pytestmark = pytest.mark.build


@pytest.fixture(scope="module", params=CHAPTERS)
def docname(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def name(docname) -> str:
    return file_name(docname)


@pytest.fixture(scope="module")
def notebook(site, name) -> nbformat.NotebookNode:
    """A chapter's notebook as it is downloaded."""
    return nbformat.read(site / "notebooks" / f"{name}.ipynb", as_version=4)


@pytest.fixture(scope="module")
def prose(notebook) -> str:
    """Its Markdown, pictures aside."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return "\n\n".join(re.sub(r"\(data:[^)]*\)", "()", cell) for cell in cells)


@pytest.fixture(scope="module")
def page(site, docname) -> str:
    text = (site / f"{docname}.html").read_text(encoding="utf8")
    return text[text.index('<article class="bd-article">') : text.index("</article>")]


def words(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", markup)).split())


def test_chapters_with_code_have_a_notebook_and_a_file_and_others_have_none(site):
    found = {path.name for path in (site / "notebooks").iterdir()}
    wanted = {
        f"{name}.{kind}"
        for name in map(file_name, CHAPTERS)
        for kind in ("ipynb", "py")
    }
    assert found == wanted | {"notebook-files.zip"}


def test_a_notebook_is_valid_and_holds_no_output(notebook):
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    ids = [cell.id for cell in notebook.cells]
    assert len(ids) == len(set(ids))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None


def test_no_directive_is_left_in_a_notebook(prose):
    plain = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$|`[^`\n]+`", "", prose, flags=re.S)
    assert not re.search(r"\{[\w:-]+\}|^\s*:{3,}|^%|^\s*:[\w-]+:", plain, flags=re.M)
    assert not re.search(r"\{[\w:-]+\}`|^```\{", prose, flags=re.M)
    assert "<" not in plain.replace(r"\<", "").replace("<br>", "")


def test_the_code_of_notebook_and_file_is_the_chapter_s(notebook, docname, name, site):
    pieces = this_book.code(docname)
    wanted = [cell.text.strip() for cell in pieces]
    setup, *cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert setup.source.startswith("# Looks for what this chapter needs")
    assert [cell.source for cell in cells] == wanted
    folded = [cell.metadata.get("jupyter") == {"source_hidden": True} for cell in cells]
    assert folded == ["hide-input" in cell.tags for cell in pieces]
    file = (site / "notebooks" / f"{name}.py").read_text(encoding="utf8")
    assert ast.dump(ast.parse(file)) == ast.dump(ast.parse("\n".join(wanted)))


def test_numbers_and_headings_of_a_notebook_are_the_page_s(prose, page):
    headings = re.findall(r"<h(\d)>(.*?)<a class=\"headerlink", page)
    wanted = [(int(level), words(text)) for level, text in headings]
    found = re.findall(r"^(#+) (.*)$", prose, flags=re.M)
    found = [(len(marks), re.sub(r"[$\\*]", "", text)) for marks, text in found]
    sections = [
        (level, text)
        for level, text in found
        if not re.match("Exercise |Solution to |Check yourself|Answers", text)
    ]
    assert [text for _, text in sections if "$" not in text] == [t for _, t in wanted]
    assert [level for level, _ in sections] == [level for level, _ in wanted]

    equations = re.findall(r'class="formula-number">\(([\d.]+)\)', page)
    assert re.findall(r"\\tag\{(.*?)\}", prose) == equations
    # Captions are bold where they begin, boxes are quotations, exercises are headings.
    labels = re.findall(r'"caption-number">(\w+\.? [\d.]+) </span>', page)
    marked = r"^(?:> )?(?:\*\*|#+ )((?:Fig\.|[A-Z]\w+) \d[\d.]*)(?:\*\*| |$)"
    assert sorted(re.findall(marked, prose, flags=re.M)) == sorted(labels)


def test_references_and_citations_are_words(prose, page):
    links = re.findall(r'<a class="reference internal"[^>]*>(.*?)</a>', page, re.S)
    said = {words(link) for link in links if "katex" not in link}
    plain = " ".join(re.sub(r"[\\*`]", "", prose).split())
    assert said
    assert [text for text in sorted(said) if text not in plain] == []
    assert not re.search(r"\]\((?!data:|https?://|\))", prose)


def test_every_drawing_is_in_the_notebook_with_its_words(notebook, site, page):
    wanted = {}
    for source, alt in re.findall(r'<img src="(.*?)" alt="(.*?)" class="tikz"', page):
        wanted[html.unescape(alt)] = (site / "book" / source).read_bytes()
    found = {}
    for cell in notebook.cells:
        for alt, data in re.findall(
            r"!\[(.*?)\]\(data:image/svg\+xml;base64,(.*?)\)", cell.source
        ):
            picture = base64.b64decode(data)
            ground = b'<rect width="100%" height="100%" fill="#fff"/>'
            assert ground in picture
            found[alt] = picture.replace(ground, b"", 1)
            assert cell.source == f"![{alt}](data:image/svg+xml;base64,{data})"
    assert found == wanted


# The first cell -----------------------------------------------------------------------


def run_setup(
    monkeypatch,
    absent: set[str],
    address: str = "",
    older: dict[str, str] | None = None,
) -> list[list[str]]:
    """Run the first cell where packages are absent or older; return pip's calls."""
    calls, version = [], importlib.metadata.version

    def version_here(name: str) -> str:
        if name.removesuffix("-cpu") in absent:
            raise importlib.metadata.PackageNotFoundError(name)
        return (older or {}).get(name) or version(name)

    monkeypatch.setattr(importlib.metadata, "version", version_here)
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n: None if n in absent else real(n)
    )
    monkeypatch.setattr(subprocess, "run", lambda c, check: calls.append(list(c)))
    code = "import keras, torch\nfrom explorers.descent import Descent"
    config = SimpleNamespace(html_baseurl=address, notebooks_helper="notebook_utils")
    source = setup_cell(code, ROOT, config).source
    assert max(map(len, source.splitlines())) <= 95  # a marker is that long
    exec(compile(source, "first cell", "exec"), {})
    return calls


def test_the_first_cell_installs_nothing_where_all_is_there(monkeypatch, capsys):
    assert run_setup(monkeypatch, set()) == []
    assert capsys.readouterr().out == "All packages are there.\n"


def test_the_first_cell_installs_what_is_missing_as_pinned_and_says_so(
    monkeypatch, capsys
):
    ((*pip, line),) = run_setup(monkeypatch, {"anywidget"})
    assert pip == [sys.executable, "-m", "pip", "install", "--quiet"]
    assert line in (ROOT / "requirements.txt").read_text().splitlines()
    assert line.startswith("anywidget==")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"installing: {line}"
    assert len(said) <= 2
    ((*_, first, second),) = run_setup(monkeypatch, {"tensorflow"})
    assert {first.partition("==")[0], second.partition("==")[0]} == {
        "tensorflow",
        "tensorflow-cpu",
    }


def test_the_first_cell_asks_for_versions_and_not_only_for_names(monkeypatch, capsys):
    """An older minor version is replaced; a newer one, and older patches, may stay."""
    pins = (ROOT / "requirements.txt").read_text().splitlines()
    (line,) = (pin for pin in pins if pin.startswith("numpy=="))
    ((*_, asked),) = run_setup(monkeypatch, set(), older={"numpy": "1.26.4"})
    assert asked == line
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"installing: {line}"
    assert said[1].startswith("Restart the kernel")  # which has NumPy in use here
    same = line.partition("==")[2].rpartition(".")[0]
    for kept in (f"{same}.0", "99.0", f"{same}.7+cpu"):
        assert run_setup(monkeypatch, set(), older={"numpy": kept}) == []


def test_without_the_helper_the_first_cell_says_what_to_do(monkeypatch):
    with pytest.raises(ModuleNotFoundError, match=r"unpack notebook-files\.zip here"):
        run_setup(monkeypatch, {"notebook_utils"})


def test_with_an_address_the_first_cell_fetches_helper_data_and_figures(
    monkeypatch, tmp_path, site, capsys
):
    monkeypatch.chdir(tmp_path)
    with serve(site) as address:
        run_setup(monkeypatch, {"notebook_utils"}, address)
    assert f"from {address}notebooks/notebook-files.zip" in capsys.readouterr().out
    assert (tmp_path / "notebook_utils.py").is_file()
    assert (tmp_path / "data" / "boston.csv").is_file()
    figures = {path.parent.name for path in tmp_path.glob("explorers/*/__init__.py")}
    built = {path.stem for path in (tmp_path / "explorers/_built").glob("*.js")}
    assert built == figures
    assert not list((tmp_path / "explorers").rglob("test_*"))
    assert (tmp_path / "explorers/_built/kit.css").is_file()


# The menu -----------------------------------------------------------------------------


def test_the_menu_opens_by_keyboard_and_its_links_lead_to_the_files(
    visit: Visit, home: str, site: Path
):
    with visit(home + "book/perceptron.html") as page:
        button = page.get_by_role("button", name="Download")
        menu = page.get_by_role("navigation", name="Download")
        assert not menu.is_visible()
        button.focus()
        page.keyboard.press("Enter")
        assert menu.is_visible()
        page.keyboard.press("Tab")
        assert "notebook" in page.evaluate("document.activeElement.textContent")
        hint = menu.get_by_text("You read from the disk")
        assert hint.is_visible() == home.startswith("file:")
        file = site / "notebooks" / "perceptron.ipynb"
        if home.startswith("file:"):  # a browser keeps no file from the disk
            page.keyboard.press("Enter")
            page.wait_for_url("**/notebooks/perceptron.ipynb")
            assert json.loads(page.locator("body").inner_text())["nbformat"] == 4
        else:
            with page.expect_download() as download:
                page.keyboard.press("Enter")
            assert download.value.suggested_filename == file.name
            assert Path(download.value.path()).read_bytes() == file.read_bytes()
            button.focus()
            page.keyboard.press("Escape")
            menu.wait_for(state="hidden")


def test_a_page_without_code_offers_the_handouts_only(site, visit: Visit, served: str):
    text = (site / "book" / "notation.html").read_text(encoding="utf8")
    menu = re.search(r'<nav id="downloads".*?</nav>', text, re.S)[0]
    assert re.findall(r'href="(.*?)"', menu) == ["intro.html#handouts"]
    with visit(served + "book/data.html", width=360) as page:
        page.get_by_role("button", name="Download").click()
        page.locator("#downloads").wait_for()
        assert violations(page, "#downloads") == []
