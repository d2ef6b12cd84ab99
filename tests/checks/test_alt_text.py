"""An image that says nothing about itself fails the build, with its file and line."""

import io
import json
import re
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'

PAGE = """# Page

![a white square](dot.svg)

![](dot.svg)

```{figure} dot.svg
:alt: a white square

A caption is no substitute.
```

```{figure} dot.svg
A caption is no substitute.
```

```{image} dot.svg
:alt: dot.svg
```

<p><img src="dot.svg" alt="a white square"></p>

<p><img src="dot.svg"></p>

<p><img src="dot.svg" alt=""></p>
"""

SILENT_LINES = [5, 13, 17, 23, 25]


def notebook(**metadata: object) -> str:
    """A notebook whose single cell shows an image."""
    output = {
        "output_type": "display_data",
        "data": {"image/svg+xml": SVG, "text/plain": "<Figure>"},
        "metadata": {},
    }
    cell = {
        "cell_type": "code",
        "execution_count": 1,
        "id": "a",
        "metadata": metadata,
        "outputs": [output],
        "source": "show()",
    }
    heading = {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "# T"}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return json.dumps(
        {"cells": [heading, cell], "metadata": kernel, "nbformat": 4}
        | {"nbformat_minor": 5}
    )


def warnings(folder: Path, pages: dict[str, str]) -> list[tuple[str, int]]:
    """Build a book of these pages; returns where images without words are."""
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "dot.svg").write_text(SVG, encoding="utf-8")
    settings = {
        "extensions": ["myst_nb", "bookpress.checks.alt_text"],
        "nb_execution_mode": "off",
        "root_doc": next(iter(pages)).partition(".")[0],
    }
    stream = io.StringIO()
    places = [folder, None, folder / "out", folder / "trees", "html"]
    with patch_docutils(), docutils_namespace():
        Sphinx(*places, settings, status=None, warning=stream).build()
    return [
        (Path(path).name, int(line or 0))
        for path, line in re.findall(
            r"^(?:\x1b\[\d+m)?(\S+?):(\d*):? WARNING: image without",
            stream.getvalue(),
            re.M,
        )
    ]


def test_images_of_every_kind_without_words_are_named_by_line(tmp_path: Path):
    found = warnings(tmp_path, {"page.md": PAGE})
    assert found == [("page.md", line) for line in SILENT_LINES]


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"mystnb": {"image": {"alt": ""}}},
        {"mystnb": {"figure": {"caption": "A caption is no substitute."}}},
    ],
)
def test_a_code_cell_s_image_without_words_is_named(tmp_path: Path, metadata: dict):
    [(file, line)] = warnings(tmp_path, {"run.ipynb": notebook(**metadata)})
    assert file == "run.ipynb"
    assert line


def test_a_code_cell_s_image_with_words_passes(tmp_path: Path):
    metadata = {"mystnb": {"image": {"alt": "a white square"}}}
    assert warnings(tmp_path, {"run.ipynb": notebook(**metadata)}) == []
