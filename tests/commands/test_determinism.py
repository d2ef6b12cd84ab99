"""Two builds from scratch, in two folders, give the same bytes."""

from pathlib import Path

import pytest
from this_book import NAME

from bookpress.commands.bench import build, copy_sources

pytestmark = [pytest.mark.thorough, pytest.mark.build]


def contents(root: Path) -> dict[str, bytes]:
    """Every published file of a build, and the handout's source."""
    made = root / "_build"
    files = [made / f"{NAME}.pdf"]
    files += (made / "work" / "latex" / NAME).glob("*.tex")
    files += (file for file in (made / "html").rglob("*") if file.is_file())
    return {file.relative_to(made).as_posix(): file.read_bytes() for file in files}


def test_two_builds_from_scratch_are_byte_identical(tmp_path):
    builds = []
    for name in ("one", "another folder"):
        copy_sources(tmp_path / name)
        build(tmp_path / name, "site", "pdf")
        builds.append(contents(tmp_path / name))
    one, other = builds
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []
    assert "html/book/perceptron.html" in one
