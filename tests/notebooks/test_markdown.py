"""A page as plain Markdown: every form that it knows, and a warning for the others."""

import re
from pathlib import Path

import one_page
import pytest

from bookpress.notebooks.markdown import Cell, Page, code, escaped, paragraph

BODY = r"""
Words, *soft*, **loud**, `code`, $x \| y | z$, [out](https://e.example), [in](page.md).

Words.[^1]

% holds: 1 = 1

$$
a = 1 \\
b = 2
$$ (eq:rows)

```{note}
It counts.

$$
c = \begin{aligned} 1 \\ 2 \end{aligned}
$$ (eq:inside)
```

```{admonition} Try
:class: tip

1. first

   $$
   d = 1
   $$ (eq:item)
2. second
```

- a
- b

| a | b |
|---|---|
| `x\|y` | $z$ |

> quoted

    verbatim

```{admonition} Questions
:class: dropdown

Answers.
```

```{code-cell}
:tags: [hide-input]

x = 1
```

## Next

```{figure} dot.svg
:name: fig:dot
:alt: A dot [white].

One dot.
```

End.

[^1]: Below.
"""

FIRST = r"""# A page

Words, *soft*, **loud**, `code`, $x \Vert y \vert z$, [out](https://e.example), in.

Words.[1]

$$
\begin{aligned}a = 1 \\
b = 2\end{aligned} \tag{1}
$$

> **Note**
>
> It counts.
>
> $$ c = \begin{aligned} 1 \\ 2 \end{aligned} \tag{2} $$

> **Try**
>
> 1. first
>
>    $$ d = 1 \tag{3} $$
> 2. second

- a
- b

| a | b |
| --- | --- |
| `x\|y` | $z$ |

> quoted

```
verbatim
```"""


def convert(folder: Path, body: str) -> tuple[list[Cell], str]:
    """The cells of a page of its own, and what the build warned of."""
    svg = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'
    (folder / "dot.svg").write_text(svg, encoding="utf8")
    found = []

    def read(app, name, template, context, document):
        if document is not None:
            page = Page(app.env, name, lambda node: folder / "dot.svg")
            found.extend(page.read(document))

    _, warnings = one_page.build(
        folder,
        "html",
        body,
        extensions=["bookpress.content.boxes"],
        before=lambda app: app.connect("html-page-context", read),
        numfig=True,
    )
    return found, warnings


def test_each_form_of_a_page_has_its_markdown(tmp_path):
    cells, warnings = convert(tmp_path, BODY)
    assert warnings == ""
    first, questions, code_cell, heading, image, end = cells
    assert first == Cell("markdown", FIRST)
    # Code follows, which folding would hide with the answers.
    assert questions == Cell("markdown", "## Questions\n\nAnswers.", folded=False)
    assert code_cell == Cell("code", "x = 1", folded=True)
    assert heading == Cell("markdown", "## Next")
    assert image.source.startswith(r"![A dot \[white\].](data:image/svg+xml;base64,")
    assert end == Cell("markdown", "**Fig. 1** One dot.\n\nEnd.\n\n---\n\n[1] Below.")


def test_what_has_no_form_is_told_with_its_line(tmp_path):
    _, warnings = convert(tmp_path, "```{centered} Words\n```\n")
    form = r"page\.md:\d+: WARNING: a notebook to download has no form for 'centered'"
    assert re.search(form, warnings)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("5 * 3 * 2 costs $7", r"5 \* 3 \* 2 costs \$7"),
        ("snake_case and _private_", r"snake_case and \_private\_"),
        ("a < b, `x`, back\\slash, ~1", r"a \< b, \`x\`, back\\slash, \~1"),
    ],
)
def test_words_are_not_taken_for_marks(text, wanted):
    assert escaped(text) == wanted


def test_code_in_a_line_keeps_its_backticks():
    assert code("x") == "`x`"
    assert code("a `b`") == "`` a `b` ``"


def test_a_paragraph_does_not_become_a_list_or_a_heading():
    assert paragraph("1958. It began\nthen.") == r"1958\. It began then."
    assert paragraph("- 1 is less") == r"\- 1 is less"
