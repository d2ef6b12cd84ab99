"""Pages are told in the order of the book, and each has files of its own."""

import pytest

from bookpress import pages


@pytest.mark.parametrize(
    ("docname", "home", "name"),
    [
        ("book/mlp", "book/intro", "mlp"),
        ("book/fr/mlp", "book/intro", "fr-mlp"),
        ("slides/mlp", "book/intro", "slides-mlp"),
        ("mlp", "intro", "mlp"),
        ("fr/mlp", "intro", "fr-mlp"),
        ("books/mlp", "book/intro", "books-mlp"),
    ],
)
def test_a_file_is_named_by_the_page_below_the_folder_of_the_first(docname, home, name):
    assert pages.file_name(docname, home) == name


def test_two_pages_of_one_name_in_two_folders_have_two_files():
    pages.apart(["book/mlp", "book/fr/mlp", "slides/mlp", "book/intro"], "book/intro")


@pytest.mark.parametrize(
    "docnames", [["book/fr-mlp", "book/fr/mlp"], ["book/slides-mlp", "slides/mlp"]]
)
def test_two_pages_that_would_be_written_to_one_file_are_refused(docnames):
    with pytest.raises(pages.SameName) as refusal:
        pages.apart(reversed(docnames), "book/intro")
    first, second = docnames
    assert f"{first} and {second} would both be written as" in str(refusal.value)


TOC = """format: jb-book
root: book/intro
parts:
  - caption: One
    chapters:
      - file: book/z
        sections:
          - file: book/inner/b
            sections:
              - file: book/inner/c
          - file: book/inner/a
      - url: https://example.org
      - file: book/y
  - caption: Two
    chapters:
      - file: book/a
"""


def test_pages_are_listed_in_the_order_of_the_book_nested_ones_in_their_place(tmp_path):
    (tmp_path / "_toc.yml").write_text(TOC)
    assert pages.listed(tmp_path) == [
        "book/intro",
        *("book/z", "book/inner/b", "book/inner/c", "book/inner/a"),
        *("book/y", "book/a"),
    ]


def test_pages_with_code_are_those_with_the_header_of_a_notebook(tmp_path):
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: b\nchapters:\n- file: a\n"
    )
    (tmp_path / "b.md").write_text("# B\n\n```{code-cell}\n1\n```\n")
    (tmp_path / "a.md").write_text("---\nfile_format: mystnb\n---\n# A\n")
    assert pages.with_code(tmp_path) == ["a"]
