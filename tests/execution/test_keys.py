"""The key of a chapter's outputs changes with what decides them, and only then."""

import importlib.metadata

import pytest

LOADER = """from pathlib import Path

DATA = Path(__file__).resolve().parent / "data"


def read(name):
    return (DATA / name).read_text()


def load():
    return read("weights.npz")


def answer():
    return load()
"""


def test_the_key_covers_code_helpers_data_and_versions(book, monkeypatch):
    seen = [book.key()]
    book.edit("book/page.md", "answer()\n```", "answer() + ''\n```")
    seen.append(book.key())
    book.edit("helper.py", "forty-two", "forty-three")
    seen.append(book.key())
    book.edit("book/page.md", "answer() + ''", "answer() + 'iris'")
    seen.append(book.key())
    book.write("data/iris.csv", "3\n")
    seen.append(book.key())
    book.edit("helper.py", "def", "import numpy\ndef")
    seen.append(book.key())
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99")
    seen.append(book.key())
    book.edit("book/page.md", "mystnb:\n", "tags: [raises-exception]\nmystnb:\n")
    seen.append(book.key())
    assert len(set(seen)) == len(seen)


def test_the_key_leaves_prose_captions_and_other_data_out(book):
    book.write("helper.py", LOADER)
    before = book.key()
    book.edit("book/page.md", "Some prose.", "Other prose.")
    book.edit("book/page.md", "Nothing to see.", "Something to see.")
    book.write("data/boston.csv", "4\n")
    book.write("data/README.md", "A card.\n")
    assert book.key() == before


@pytest.mark.parametrize(
    "said",
    [
        'DATA / "weights.npz"',
        'DATA / f"{kind}.npz"',
        'DATA / (kind + ".npz")',
        'DATA / "%s.npz" % kind',
        'DATA / "{}.npz".format(kind)',
        'DATA / f"weights{suffix}"',
        '(DATA / "weights").with_suffix(suffix)',
        'next(DATA.glob("*.np?"))',
        "sorted(DATA.iterdir())[0]",
        "read_folder(DATA)",
        'open("../data/weights.npz")',
        'read_folder("../data")',
    ],
)
def test_an_array_counts_however_a_function_that_is_called_names_it(book, said):
    """The function is called by what the chapter imports."""
    book.write("helper.py", LOADER.replace('read("weights.npz")', said))
    book.write("data/weights.npz", b"\x00\x01")
    before = book.key()
    book.write("data/weights.npz", b"\x00\x02")
    assert book.key() != before


@pytest.mark.parametrize(
    "said", ["kitten.png", "kitten", "pictures", "pictures/young/*", "*.png"]
)
def test_a_picture_in_a_subfolder_counts_by_file_folder_or_pattern(book, said):
    book.write("data/pictures/young/kitten.png", b"\x00\x01")
    book.cell(f"show('{said}')")
    before = book.key()
    book.write("data/pictures/young/kitten.png", b"\x00\x02")
    changed = book.key()
    assert changed != before
    book.write("data/other/dog.jpg", b"\x00")
    assert book.key() == changed


def test_a_datum_that_comes_or_goes_counts(book):
    book.cell("import pathlib\nsorted(pathlib.Path('../data').iterdir())")
    seen = [book.key()]
    book.write("data/more.csv", "5\n")
    seen.append(book.key())
    (book.root / "data" / "more.csv").rename(book.root / "data" / "less.csv")
    seen.append(book.key())
    assert len(set(seen)) == len(seen)


HELPER = """SIZE = 2


def inner():
    return SIZE


def answer():
    return inner()


def unused():
    return 1
"""


def test_what_a_helper_has_besides_concerns_no_chapter(book):
    """A new function, an edited unused one, comments."""
    book.write("helper.py", HELPER)
    before = book.key()
    for old, new in [
        ("def answer", "def new():\n    return answer()\n\n\ndef answer"),
        ("return 1", "return 2"),
        ("return inner()", "# A comment.\n    return inner()  # and one more"),
    ]:
        book.edit("helper.py", old, new)
        assert book.key() == before, new


def test_what_an_imported_function_needs_counts(book):
    book.write("helper.py", HELPER)
    seen = [book.key()]
    for old, new in [("SIZE = 2", "SIZE = 3"), ("return SIZE", "return -SIZE")]:
        book.edit("helper.py", old, new)
        seen.append(book.key())
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    "act",
    [
        "rcParams.update(size={})",
        "rcParams['size'] = {}",
        "answer.size = {}",
        "_ = rcParams.update(size={})",
        "first, rcParams['size'] = 1, {}",
        "if True:\n    rcParams = {}",
        "@register({})\ndef other():\n    pass",
        "def other(size=register({})):\n    pass",
        "class Other(Registered):\n    size = {}",
        "class Other:\n    register({})",
    ],
)
def test_what_a_helper_does_when_it_is_imported_counts(book, act):
    helper = "rcParams = {{}}\n\n\ndef answer():\n    return 1\n\n\n{}\n"
    keys = set()
    for size in (1, 2):
        book.write("helper.py", helper.format(act.format(size)))
        keys.add(book.key())
    assert len(keys) == 2


def test_a_module_without_trace_counts_for_nothing(book):
    """The key stays through edits of it; without the setting it would not."""
    book.write("explorers/__init__.py", "")
    book.write("explorers/bundle.py", "def script():\n    return 'iris'\n")
    book.write(
        "helper.py",
        "from explorers import bundle\n\n\ndef answer():\n    return bundle.script()\n",
    )
    without, known = book.key(["explorers.bundle"]), book.key()
    book.edit("explorers/bundle.py", "return 'iris'", "return 2")
    book.write("data/iris.csv", "6\n")
    assert book.key(["explorers.bundle"]) == without
    assert book.key() != known


def test_modules_of_a_local_package_count_as_helpers(book):
    """With the data that they name, in what they do when they are imported too."""
    book.write("explorers/__init__.py", "")
    book.write("explorers/descent.py", "print('iris')\n")
    book.edit(
        "book/page.md", "from helper", "from explorers import descent\nfrom helper"
    )
    seen = [book.key()]
    book.write("data/iris.csv", "5\n")
    seen.append(book.key())
    book.edit("explorers/descent.py", "'iris'", "'iris', 1")
    seen.append(book.key())
    assert len(set(seen)) == len(seen)


def test_what_a_package_does_when_a_module_of_it_is_imported_counts(book):
    book.write("explorers/__init__.py", "print('The iris')\n")
    book.write("explorers/descent.py", "def descend():\n    return 1\n")
    book.edit("book/page.md", "from helper", "import explorers.descent\nfrom helper")
    seen = [book.key()]
    book.edit("explorers/__init__.py", "The iris", "An iris")
    seen.append(book.key())
    book.write("data/iris.csv", "5\n")
    seen.append(book.key())
    assert len(set(seen)) == len(seen)


def test_a_source_that_is_shown_counts_to_the_letter(book):
    for show in (
        "import inspect\ninspect.getsource(answer)",
        "!cat ../helper.py",
        "answer??",
        "%psource answer",
    ):
        book.cell(f"from helper import answer\n{show}")
        before = book.key()
        book.edit("helper.py", "return", "# comment\n    return")
        assert book.key() != before, show
