"""The search: what is read off a page, and what a student finds in the book."""

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
QUERIES = {
    "from_logits": (
        1,
        [
            "losses#what-does-each-library-expect",
            "losses#how-does-it-go-wrong-in-floating-point",
            "notation#losses",
            "mlp#softmax-and-how-not-to-compute-it",
        ],
    ),
    "zero_grad": (
        1,
        [
            "autodiff#asking-once-asking-twice",
            "autodiff#common-mistakes",
            "notation#batches-and-early-stopping",
        ],
    ),
    "model.fit": (
        1,
        [
            "training#what-does-fit-report",
            "notation#batches-and-early-stopping",
            "optimization#exercises",
        ],
    ),
    "nn.Linear": (
        5,
        [
            "mlp#how-do-we-declare-it",
            "notation#a-dense-layer",
            "perceptron#the-same-neuron-in-keras-and-in-pytorch",
        ],
    ),
    "float32": (
        1,
        ["losses#how-does-it-go-wrong-in-floating-point", "notation#a-dense-layer"],
    ),
    "GradientTape": (1, ["autodiff#what-do-the-libraries-do"]),
    "ρ": (1, ["notation#term-learning-rate", "notation#training"]),
    "rho": (1, ["notation#term-learning-rate", "notation#training"]),
    "η": (1, ["notation#term-learning-rate", "notation#training"]),
    "lr": (1, ["notation#term-learning-rate"]),
    "learning rate": (1, ["notation#term-learning-rate"]),
    "λ": (
        1,
        [
            "notation#term-weight-decay",
            "notation#training",
            "losses#how-do-we-keep-the-weights-in-check",
        ],
    ),
    "Muller": (1, ["bibliography~Müller"]),
    "Montúfar": (2, ["bibliography~Montúfar"]),
    "1943": (1, ["perceptron#a-machine-made-of-motors", "bibliography~McCulloch"]),
    "1986": (
        1,
        ["autodiff#in-which-order", "autodiff#summary", "bibliography~Rumelhart"],
    ),
    "overfiting": (1, ["notation#term-overfitting"]),
    "vanishing gradients": (1, ["notation#term-vanishing-gradient"]),
    "SGD": (1, ["notation#term-SGD", "notation#term-stochastic-gradient-descent"]),
    "why not start with zero weights": (0, ["training#must-they-be-random"]),
    "how large should a batch be": (
        4,
        ["optimization#do-we-need-all-the-data-for-one-step"],
    ),
    "dead relu": (1, ["notation#term-dead-unit", "training#can-a-unit-die"]),
    "XOR exercise": (1, ["mlp#ex:relu-xor"]),
    "parity": (1, ["mlp#ex:parity"]),
    "confusion matrix": (
        1,
        ["notation#term-confusion-matrix", "convolution#where-does-it-err"],
    ),
    "ankle boot with a heel": (1, ["convolution#what-does-a-network-know-of-an-image"]),
    "gradient accumulation": (0, ["optimization#ex:accumulation"]),
    "noise floor": (1, ["optimization#ex:floor", "optimization#fig-schedules"]),
    "difference between validation and test set": (
        1,
        ["notation#term-validation-set", "notation#term-test-set"],
    ),
    "equation 2.3": (1, ["mlp#equation (2.3)"]),
}

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
    record, places = QUERIES[query]
    now = rank(found[query], places)
    assert now == record or 0 < now < (record or 21), [
        f"{result['kind']} {result['address']}" for result in found[query][:5]
    ]


def test_the_search_is_light(site: Path):
    """What a page loads when its reader first searches, in bytes of gzip."""
    import gzip

    scripts = [(site / "_static" / name).read_bytes() for name in SCRIPTS]
    assert sum(len(gzip.compress(script, 9)) for script in scripts) < 340_000


SCRIPTS = ("search-index.js", "search.js")
