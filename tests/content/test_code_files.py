"""A chapter's code as a file, named at the chapter's head in the handout."""

import one_page
import pytest
from fixture_book import HEADER


@pytest.mark.parametrize(
    ("base", "shown"),
    [("", ""), ("https://example.org/b/", "https://example.org/b/chapter.html")],
)
def test_a_chapter_s_head_names_its_file_and_its_address_if_one_is_set(
    tmp_path, base, shown
):
    chapter = f"{HEADER}# One\n\n```{{code-cell}} ipython3\nx = 1\n```\n"
    (tmp_path / "chapter.md").write_text(chapter, encoding="utf8")
    tex, warnings = one_page.build(
        tmp_path,
        "latex",
        "```{toctree}\nchapter\n```\n",
        extensions=["bookpress.content.frameworks", "bookpress.content.code_files"],
        html_baseurl=base,
        html_title="A small book",
    )
    assert warnings == ""
    assert rf"\handoutchapterhead{{chapter.py}}{{{shown}}}" in tex
    code = (tmp_path / "latex" / "chapter.py").read_text(encoding="utf8")
    assert code.startswith("# One\n") and code.endswith("# %%\nx = 1\n")
