"""What the project says of itself is true: packages in use, commands, citation."""

import re
import tomllib

import pytest
import yaml
from this_book import CHAPTERS, PRESS, ROOT, code

from bookpress.execution.uses import packages

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))


@pytest.mark.parametrize(
    "package",
    ["numpy", "matplotlib", "seaborn", "keras", "tensorflow", "torch"],
)
def test_each_package_of_the_chapters_is_imported_by_one(package, tmp_path):
    """By a cell of its own; in an empty folder no import leads to further ones."""
    cells = {page: "\n".join(cell.text for cell in code(page)) for page in CHAPTERS}
    assert [page for page in CHAPTERS if package in packages(cells[page], tmp_path)]


def test_pandas_loads_the_data_of_the_chapters(tmp_path):
    helper = (ROOT / "notebook_utils.py").read_text("utf8")
    assert "pandas" in packages(helper, tmp_path)


@pytest.mark.parametrize(
    ("extension", "mark"),
    [
        ("sphinx_proof", r'<div class="proof (theorem|definition|algorithm) '),
        ("sphinx_exercise", r'<div class="exercise '),
        ("sphinxcontrib.bibtex", r'<a class="[^"]*" href="bibliography.html#id\d+"'),
        ("sphinxcontrib.tikz", r'<img [^>]*src="\.\./_images/tikz-\w+\.svg"'),
    ],
)
def test_each_extension_is_loaded_and_shows_on_a_page(site, extension, mark):
    assert extension in CONFIG["sphinx"]["extra_extensions"]
    html = [page.read_text("utf8") for page in (site / "book").glob("*.html")]
    assert any(re.search(mark, text) for text in html)


def test_the_book_is_built_by_jupyter_book():
    program = (PRESS / "commands" / "book.py").read_text("utf8")
    assert "from jupyter_book.sphinx import build_sphinx" in program


def test_the_readme_lists_each_command_that_make_lists():
    readme = (ROOT / "README.md").read_text("utf8")
    makefile = (ROOT / "Makefile").read_text("utf8")
    listed = set(re.findall(r"^([a-z-]+):.*##", makefile, flags=re.M))
    told = set(re.findall(r"^(?:\| `)?make ([a-z-]+)", readme, flags=re.M))
    assert listed - {"help"} == told


def test_each_place_that_the_readme_lists_exists():
    readme = (ROOT / "README.md").read_text("utf8")
    rows = re.findall(r"^\| (.*?) \|", readme.partition("## What is where")[2], re.M)
    places = re.findall(r"`([\w./-]+)`", "".join(rows))
    assert len(places) > 8
    assert [name for name in places if not (ROOT / name).exists()] == []


def test_each_place_that_contributing_lists_exists():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf8")
    table = text.partition("## Where is what\n")[2].partition("\n## ")[0]
    folder, missing, found = ROOT, [], 0
    for row in re.findall(r"^\| .*? \| (.*) \|$", table, re.M)[1:]:
        for name in re.findall(r"`([\w./-]+)`", row):
            # A path from the top, or beside the one before it in its row
            path = ROOT / name if (ROOT / name).exists() else folder / name
            missing += [] if path.exists() else [name]
            folder = path.parent
            found += 1
    assert found > 30
    assert missing == []


def test_the_citation_agrees_with_the_book():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    assert citation["cff-version"] == "1.2.0"
    assert citation["message"]
    assert citation["title"] == CONFIG["title"]
    assert [author["name"] for author in citation["authors"]] == [CONFIG["author"]]
    assert citation["version"] == project["version"]
    # No address is made up.
    assert not {"url", "repository-code", "doi"} & set(citation)
    assert citation["license"] == ["CC-BY-4.0", "MIT"]
    assert "(SPDX: CC-BY-4.0)" in (ROOT / "LICENSE-TEXT").read_text("utf8")
    assert (ROOT / "LICENSE-CODE").read_text("utf8").startswith("MIT License\n")
    holders = {
        author
        for name in ("LICENSE-TEXT", "LICENSE-CODE")
        for author in re.findall(r"\(c\) 2026 (?:by )?(.*)", (ROOT / name).read_text())
    }
    assert holders == {CONFIG["author"]}


@pytest.mark.parametrize(
    "name",
    [
        *("requirements.txt", "requirements.lock", "requirements-cuda.lock"),
        *("tests/requirements.txt", "tests/requirements.lock"),
        *("binder/requirements.txt", "package-lock.json", ".npmrc"),
    ],
)
def test_what_is_installed_comes_from_wherever_the_machine_looks(name):
    """No list of packages names a host, so a mirror serves as well."""
    addresses = re.findall(r"\w+://[^\s\"]+", (ROOT / name).read_text("utf8"))
    funding = re.compile(
        "opencollective|patreon|tidelift|/sponsors/|/support$"
    )  # npm's lock tells whom to thank
    assert [address for address in addresses if not funding.search(address)] == []
