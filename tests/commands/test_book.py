"""The build publishes what is whole, executes once, and says what is wrong."""

import html
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from fixture_book import PAGE, FixtureBook

pytestmark = pytest.mark.build

SITE = "https://example.org/a/course"
REPOSITORY = "https://github.com/me/book"


@pytest.fixture(scope="module")
def shared_book(tmp_path_factory):
    """One built book for the tests that put back what they change."""
    book = FixtureBook(tmp_path_factory.mktemp("books") / "a small book")
    result = book.build()
    assert result.returncode == 0, result.stdout + result.stderr
    assert "executed book/page" in result.stdout
    return book


@pytest.fixture
def book(shared_book):
    """The built book; what a test changes in its sources is put back afterwards."""
    names = ["book/intro.md", "book/page.md", "notebook_utils.py", "data/boston.csv"]
    saved = {name: shared_book.read(name) for name in names}
    yield shared_book
    for name, text in saved.items():
        shared_book.write(name, text)


def fails(result: subprocess.CompletedProcess, *words: str) -> None:
    """Assert a failure that names these words in one line, without a traceback."""
    output = result.stdout + result.stderr
    assert result.returncode != 0, output
    assert "Traceback" not in output
    assert any(all(word in line for word in words) for line in output.splitlines()), (
        output
    )
    assert "error: the html build stopped" in output


def test_a_second_build_has_nothing_to_do_unless_the_site_is_gone(book):
    assert book.build().returncode == 0
    before = book.page()
    # An editor's lock is no source, and need not lead anywhere.
    (book.root / "book" / ".#page.md").symlink_to("me@here.1234")
    result = book.build()
    assert result.returncode == 0
    assert "nothing has changed" in result.stdout
    (book.root / "_build" / "html" / "index.html").unlink()
    result = book.build()
    assert result.returncode == 0
    assert "executing" not in result.stdout
    assert book.page() == before
    assert (book.root / "_build" / "html" / "index.html").is_file()


def test_an_edit_of_prose_shows_and_executes_nothing(book):
    book.edit("book/page.md", "Some prose.", "Quite other prose.")
    result = book.build()
    assert result.returncode == 0, result.stderr
    assert "executing" not in result.stdout
    assert "Quite other prose." in book.page()


def test_an_edit_of_the_machinery_makes_the_pages_anew_and_executes_nothing(book):
    book.edit("_config.yml", "title: ", "title: New ")
    result = book.build()
    book.edit("_config.yml", "title: New ", "title: ")
    assert result.returncode == 0, result.stderr
    assert "executing" not in result.stdout
    assert "New Deep Learning Basics" in book.page()


def test_an_edit_of_the_helper_shows_on_the_page(book):
    book.edit(
        "notebook_utils.py",
        "    return _load(Path(path), BOSTON_COLUMNS, 506)",
        "    return _load(Path(path), BOSTON_COLUMNS, 506).head(7)",
    )
    result = book.build()
    assert result.returncode == 0, result.stderr
    assert "executed book/page" in result.stdout
    assert "from 7 rows" in book.page()


def test_an_edit_of_a_datum_executes_the_page_that_loads_it(book):
    book.edit("data/boston.csv", "6.575,", "6.576,")
    assert "executed book/page" in book.build().stdout


def test_a_failing_cell_is_named_and_the_last_good_site_stays(book):
    assert book.build().returncode == 0
    before = book.page()
    book.edit("book/page.md", "2 * 21", "1 // 0")
    fails(book.build(), "page.md:15", "code cell 1", "ZeroDivisionError")
    assert book.page() == before


DAMAGES = {
    "missing": (lambda text: None, "is missing"),
    "truncated": (lambda text: text[: len(text) // 2], "rows in place of 506"),
    "swapped": (
        lambda text: text.replace("6.421,0.02731", "0.02731,6.421"),
        "column RM, row 1",
    ),
    "renamed": (
        lambda text: text.replace("RM,CRIM", "CRIM,RM"),
        "has columns CRIM, RM",
    ),
    "binary": (lambda text: "\x00\x01,," + text[40:], "columns"),
    "empty": (lambda text: "", "is not a CSV table"),
}


@pytest.fixture(scope="module")
def damaged(shared_book) -> subprocess.CompletedProcess:
    """A build of a book with a page for each damage of a data file."""
    contents = shared_book.read("_toc.yml")
    chapters = [f"  - file: book/{name}\n" for name in DAMAGES]
    shared_book.write("_toc.yml", contents + "".join(chapters))
    whole = shared_book.read("data/boston.csv")
    for name, (damage, _) in DAMAGES.items():
        file = f"data/{name}.csv"
        page = PAGE.replace("load_boston()", f'load_boston("../{file}")')
        shared_book.write(f"book/{name}.md", page.replace("# A page", f"# {name}"))
        if (text := damage(whole)) is not None:
            shared_book.write(file, text)
    result = shared_book.build()
    shared_book.write("_toc.yml", contents)
    for name in DAMAGES:
        (shared_book.root / "book" / f"{name}.md").unlink()
        (shared_book.root / "data" / f"{name}.csv").unlink(missing_ok=True)
    return result


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_data_file_is_told_in_one_line(damaged, name):
    fails(damaged, f"book/{name}.md:15", f"{name}.csv", DAMAGES[name][1], "put back")


def test_what_a_cell_writes_to_stderr_stops_the_build(book):
    book.write(
        "book/page.md",
        f"{PAGE}\n```{{code-cell}}\nimport sys\nprint('x', file=sys.stderr)\n```\n",
    )
    for _ in range(2):  # the same complaint comes again: what failed is not stored
        fails(book.build(), "page.md", "stderr")


UNPUBLISHABLE = {
    "unlabelled": ("$$\na = b\n$$", ["displayed equation has no label"]),
    "unchecked": ("$$\na = b\n$$ (eq:free)", ["no test checks", "eq:free"]),
    "dangling link": ("[](nowhere.md)", ["nowhere"]),
    "no alt text": (
        "```{code-cell}\nfrom matplotlib import pyplot\npyplot.plot([1]);\n```",
        ["alt"],
    ),
}


@pytest.fixture(scope="module")
def unpublishable(shared_book) -> list[subprocess.CompletedProcess]:
    """Two builds of a page with all of it: a failed build is not taken for done."""
    additions = [addition for addition, _ in UNPUBLISHABLE.values()]
    shared_book.write("book/page.md", "\n\n".join([PAGE, *additions, ""]))
    results = [shared_book.build(), shared_book.build()]
    shared_book.write("book/page.md", PAGE)
    return results


@pytest.mark.parametrize("name", UNPUBLISHABLE)
def test_what_must_not_be_published_stops_the_build(unpublishable, name):
    for result in unpublishable:
        fails(result, "page.md", *UNPUBLISHABLE[name][1])


def test_without_tex_a_drawing_is_told_in_one_line(book, tmp_path):
    drawing = (
        "\n```{tikz} A dot.\n:name: fig:dot\n:alt: A dot.\n\n\\fill circle (1);\n```\n"
    )
    book.write("book/page.md", PAGE + drawing)
    result = book.build("site", PATH=str(tmp_path))
    fails(result, "page.md", "lualatex", "install the packages that apt.txt names")


def test_a_check_without_an_equation_stops_the_build(book):
    test = book.root / "tests" / "test_gone.py"
    test.write_text(
        "import pytest\n\n\n@pytest.mark.equation('eq:gone')\ndef test_x():\n    pass\n"
    )
    try:
        fails(book.build(), "test_gone.py::test_x", "eq:gone")
    finally:
        test.unlink()


@pytest.mark.parametrize("moment", ["executing", "published"])
def test_after_a_kill_the_next_build_serves_nothing_stale(book, moment):
    """Killed while a chapter runs, or while Sphinx writes: the next build is right."""
    book.edit("book/page.md", "2 * 21", "2 * 22" if moment == "executing" else "2 * 23")
    process = subprocess.Popen(
        book.command("site"),
        stdout=subprocess.PIPE,
        text=True,
        env=book.environment,
        start_new_session=True,
    )
    wanted = "executing" if moment == "executing" else "executed"
    for line in process.stdout:
        if wanted in line:
            break
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    result = book.build()
    assert result.returncode == 0, result.stderr
    assert ("the answer is 44" if moment == "executing" else "46") in book.page()


# What `_config.yml` may set, and what is invented for it here.
INVENTED = {
    'repository:\n  url: ""': f"repository:\n  url: {REPOSITORY}",
    'baseurl: ""': f"baseurl: {SITE}/",
    'jupyterhub_url: ""': "jupyterhub_url: https://hub.example.org",
    "moved_pages: {}": "moved_pages: {very/old: book/page}",
}


def test_what_needs_an_address_is_not_there_without_one(book):
    assert book.build().returncode == 0
    site = book.root / "_build" / "html"
    for name in ("page", "intro"):
        page = book.page(name)
        assert 'property="og:title"' in page
        for word in ("canonical", "og:image", "ld+json", "github.com", "Run it online"):
            assert word not in page
    for name in ("sitemap.xml", "robots.txt"):
        assert not (site / name).exists()
    assert list(site.rglob("card-*.png")) == []


@pytest.fixture(scope="module")
def addressed(shared_book) -> dict[str, str]:
    """The website of a book with all addresses: its files of text, and its cards."""
    config = shared_book.read("_config.yml")
    for old, new in INVENTED.items():
        shared_book.edit("_config.yml", old, new)
    result = shared_book.build()
    shared_book.write("_config.yml", config)
    assert result.returncode == 0, result.stdout + result.stderr
    site = shared_book.root / "_build" / "html"
    return {
        path.relative_to(site).as_posix(): path.read_text("utf8", "ignore")
        for path in site.rglob("*.*")
        if path.suffix in {".html", ".ipynb", ".png", ".txt", ".xml"}
    }


def test_with_an_address_pages_say_where_they_are(addressed):
    page = addressed["book/page.html"]
    address = f"{SITE}/book/page.html"
    assert f'rel="canonical" href="{address}"' in page
    assert f'property="og:url" content="{address}"' in page
    assert f'property="og:image" content="{SITE}/_images/card-page.png"' in page
    assert {"_images/card-page.png", "_images/card-intro.png"} <= set(addressed)
    listed = re.findall("<loc>(.*?)</loc>", addressed["sitemap.xml"])
    assert listed == [f"{SITE}/book/intro.html", address]
    assert f"Sitemap: {SITE}/sitemap.xml" in addressed["robots.txt"]


def test_with_an_address_machines_read_of_a_course_and_its_pages(addressed):
    def data(name: str) -> dict:
        script = r'<script type="application/ld\+json">(.*?)</script>'
        (found,) = re.findall(script, addressed[name])
        return json.loads(found)

    course, page = data("book/intro.html"), data("book/page.html")
    assert course["@type"] == ["Course", "Book"]
    assert {"author", "license", "inLanguage", "description"} <= set(course)
    (part,) = course["hasPart"]
    assert part["name"] == page["name"] == "A page"
    assert part["url"] == page["url"] == f"{SITE}/book/page.html"
    assert page["isPartOf"]["url"] == course["url"]


def test_with_both_addresses_a_chapter_can_be_run_on_three_servers(addressed):
    menu = re.search(r'<nav id="downloads".*?</nav>', addressed["book/page.html"], re.S)
    links = re.findall(r'href="(https:.*?)">On (\w+)<', html.unescape(menu[0]))
    colab, binder, hub = (urlsplit(link) for link, _ in links)
    assert [name for _, name in links] == ["Colab", "Binder", "JupyterHub"]
    assert colab.path == "/github/me/book/blob/notebooks/page.ipynb"
    assert (binder.path, parse_qs(binder.query)) == (
        "/v2/gh/me/book/main",
        {"urlpath": ["lab/tree/book/page.md"]},
    )
    assert (hub.netloc, hub.path) == (
        "hub.example.org",
        "/hub/user-redirect/git-pull",
    )
    assert parse_qs(hub.query) == {
        "repo": [REPOSITORY],
        "branch": ["main"],
        "urlpath": ["lab/tree/book/book/page.md"],
    }
    assert f"{SITE}/notebooks/notebook-files.zip" in addressed["notebooks/page.ipynb"]
    assert "Run it online" not in addressed["book/intro.html"]
    assert f"{REPOSITORY}/edit/main/book/page.md" in addressed["book/page.html"]
    assert f"{REPOSITORY}/issues/new" in addressed["book/page.html"]


def test_a_page_that_moved_leads_to_the_same_place_in_the_new_one(addressed):
    page = addressed["very/old.html"]
    assert 'replace("../book/page.html" + location.search + location.hash)' in page
    assert 'http-equiv="refresh" content="0; url=../book/page.html"' in page
    assert f'rel="canonical" href="{SITE}/book/page.html"' in page


def test_with_an_address_links_of_the_page_for_none_begin_at_it(addressed):
    links = re.findall(r'(?:href|action)="(.*?)"', addressed["404.html"])
    path = urlsplit(SITE).path
    wanted = {"book/intro.html", "book/page.html", "search.html"}
    assert {f"{path}/{name}" for name in wanted} <= set(links)
    assert all(link.startswith((f"{path}/", "data:")) for link in links)


def test_a_wrong_setting_is_told_in_one_line(book):
    config = book.read("_config.yml")
    book.edit("_config.yml", "moved_pages: {}", "moved_pages: {book/a: book/b}")
    result = book.build()
    book.write("_config.yml", config)
    fails(result, "moved_pages", "book/b is no page of the book")


def test_a_wrong_option_is_told_in_one_line(book):
    result = book.build("book")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "'book'" in result.stderr


def test_plain_jupyter_book_builds_the_same_book(book):
    result = subprocess.run(
        [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-W", "-n"],
        cwd=book.root,
        capture_output=True,
        text=True,
        env=book.environment,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "the answer is 42" in book.page()
