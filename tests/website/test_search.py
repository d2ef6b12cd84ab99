"""The search: what is read off a page, and what a student finds in the book."""

import gzip
import json
from pathlib import Path

import one_page
import pytest
from explorer_pages import node
from this_book import ROOT

from bookpress.website.formulas import Renderer
from bookpress.website.search.formula_text import formula_text

FIND = """
import { text } from "node:stream/consumers";
import { Finder } from "./bookpress/website/search/find.mjs";
import { addressOf, lineOf } from "./bookpress/website/search/lines.mjs";
const { index, queries } = JSON.parse(await text(process.stdin));
new Function(index)();
const finder = new Finder(globalThis.bookPages);
await finder.learn();
const shown = ([piece, found]) => (found ? `[${piece}]` : piece);
const told = (hit) => {
  const { kind, anchor, number, text, section, page } = hit.place;
  const line = lineOf(hit).map(shown).join("");
  const places = { anchor, section: section.anchor, page: page.address };
  return { kind, number, text, line, address: addressOf(hit), ...places };
};
const found = queries.map((query) => finder.find(query).slice(0, 20).map(told));
process.stdout.write(JSON.stringify(found));
"""

# Thirty queries of a student, written before anything was measured. Each with the rank
# that the best of its places has (0: not among the first twenty), and with the places:
# a page and an id on it, or the id of the section, or words of an entry.
RECORD = Path(__file__).with_name("queries.json")
QUERIES = json.loads(RECORD.read_text(encoding="utf8"))

TEX = {
    r"\alpha": "α",
    r"w^\top x + b": "wᵀx + b",
    r"W^{(\ell)} a^{(\ell-1)}": "W⁽ˡ⁾a⁽ˡ⁻¹⁾",
    r"\hat{y} = m_\theta(x)": "ŷ = m_θ(x)",
    r"\frac{1}{n} \sum_{i=1}^n (y_i - \hat{y}_i)^2": "1/n ∑ᵢ₌₁ⁿ (yᵢ − ŷᵢ)²",
    r"\sigma(o) = \frac{1}{1 + e^{-o}}": "σ(o) = 1/(1 + e⁻ᵒ)",
    r"\frac{\partial \mathcal{L}}{\partial w}": "∂L/∂w",
    r"\kappa = \lambda_{\max} / \lambda_{\min}": "κ = λ_max/λ_min",
    r"\begin{aligned} a &= b \\ &= -\log p \end{aligned}": "a = b; =−log p",
    r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}": "(1, 2; 3, 4)",
    r"\textcolor{steelblue}{\pm\sqrt{6 / (m + n)}}": "±√(6/(m + n))",
}

PAGE = r"""
A rate $\alpha$ of 1984 is `float32` {cite}`lindstroem1987`.

## Cells

```{code-cell}
loss_fn = make_loss(from_logits=True)
```

```{table} Sizes of things.
:name: tab:sizes

| thing | size |
|---|---|
| gizmo | $\sqrt{2}$ |
```

```{prf:algorithm} Quick
:label: alg:quick
Hurry.
```

```{exercise} Twice
:label: ex:twice
What is two and two?
```

```{solution-start} ex:twice
:class: dropdown
```

A quadruplet.

```{solution-end}
```

```{glossary}
learning rate
    The size of a step, `lr` for short.
```

```{bibliography}
```
"""

WORK = r"""@article{lindstroem1987,
  author = {Lindstr{\"o}m, Zo{\"e}}, title = {On rates}, journal = {Rates}, year = 1987
}
"""


def plain(text: str) -> str:
    """Without the marks that nobody sees."""
    return text.replace("\u2062", "").replace("\u2063", "")


def test_formulas_are_lines_that_one_can_read(tmp_path: Path):
    renderer = Renderer(tmp_path / "formulas.json", ROOT / "node_modules" / "katex")
    found = {tex: plain(formula_text(renderer.render(tex, False))) for tex in TEX}
    renderer.close()
    assert found == TEX


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """small(query): what is found on one page with a place of each kind."""
    folder = tmp_path_factory.mktemp("search")
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    (folder / "references.bib").write_text(WORK, encoding="utf8")
    extensions = ["sphinx_proof", "sphinx_exercise", "sphinxcontrib.bibtex"]
    one_page.build(
        folder,
        "html",
        PAGE,
        [*extensions, "bookpress.website.search"],
        bibtex_bibfiles=["references.bib"],
        exclude_patterns=["node_modules"],
    )
    script = folder / "html" / "_static" / "search-index.js"
    index = script.read_text(encoding="utf8")

    def find(query: str) -> list[dict]:
        (found,) = node(FIND, {"index": index, "queries": [query]})
        return found

    find.script = script
    return find


@pytest.mark.parametrize(
    ("query", "kind", "anchor", "line"),
    [
        ("Lindström", "reference", "id3", "Zoë [Lindström]."),
        ("lindstrom", "reference", "id3", "Zoë [Lindström]."),
        ("1984", "page", "a-page", "of [1984] is float32"),
        ("float32", "page", "a-page", "is [float32] ["),
        ("alpha", "page", "a-page", "A rate [α] of 1984"),
        ("α", "page", "a-page", "A rate [α] of 1984"),
        ("from_logits", "code", "code-1", "make_loss([from_logits]=True)"),
        ("logits", "code", "code-1", "make_loss([from_logits]=True)"),
        ("gizmos", "table", "tab-sizes", "[gizmo] · √2"),
        ("quick", "algorithm", "alg:quick", "Hurry."),
        ("quadruplets", "solution", "page-solution-2", "A [quadruplet]."),
        ("quadruplte", "solution", "page-solution-2", "A [quadruplet]."),
        ("exercise twice", "exercise", "ex:twice", "What is two and two?"),
        ("lr", "term", "term-learning-rate", "[lr] for short"),
        ("learning rates", "term", "term-learning-rate", "The size of a step"),
    ],
)
def test_a_place_of_each_kind_is_found_and_its_line_shown(
    small, query: str, kind: str, anchor: str, line: str
):
    first = small(query)[0]
    assert (first["kind"], first["anchor"]) == (kind, anchor)
    assert line in plain(first["line"])
    page = (small.script.parents[1] / "page.html").read_text(encoding="utf8")
    assert f'id="{anchor}"' in page


@pytest.fixture(scope="module")
def found(site: Path) -> dict[str, list[dict]]:
    """What the book has for each query."""
    index = (site / "_static" / "search-index.js").read_text(encoding="utf8")
    results = node(FIND, {"index": index, "queries": list(QUERIES)})
    return dict(zip(QUERIES, results, strict=True))


def rank(results: list[dict], places: list[str]) -> int:
    """The rank of the first result that leads to one of the places; 0 without one."""
    for count, result in enumerate(results, start=1):
        page = Path(result["page"]).stem
        names = [f"{page}#{result[name]}" for name in ("anchor", "section")]
        names += [f"{page}#{result['kind']} {result['number']}"]
        words = f"{page}~"
        if any(
            place in names
            or (place.startswith(words) and place.removeprefix(words) in result["text"])
            for place in places
        ):
            return count
    return 0


@pytest.mark.parametrize("query", QUERIES)
def test_a_student_finds_the_place_no_later_than_on_record(found, query: str):
    record, *places = QUERIES[query]
    now = rank(found[query], places)
    assert now == record or 0 < now < (record or 21), [
        f"{result['kind']} {result['address']}" for result in found[query][:5]
    ]


def test_the_search_is_light(site: Path):
    """What a page loads when its reader first searches, in bytes of gzip."""
    scripts = [site / "_static" / name for name in ("search-index.js", "search.js")]
    size = sum(len(gzip.compress(script.read_bytes(), 9)) for script in scripts)
    assert size < 320_000
