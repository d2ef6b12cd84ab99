"""A digest changes with what it is of; what was made is no source."""

from types import SimpleNamespace

from bookpress import stale


def test_a_digest_tells_where_one_part_ends_and_the_next_begins():
    assert stale.digest("ab", "c") != stale.digest("a", "bc")
    assert stale.digest("a", "") != stale.digest("a")
    assert stale.digest("a", "b") != stale.digest("b", "a")
    assert stale.digest("ä") == stale.digest("ä".encode())


def test_a_digest_of_files_changes_with_contents_and_names_not_with_the_place(tmp_path):
    def digest(root: str, **files: str) -> str:
        folder = tmp_path / root
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
        return stale.digest_of_files(sorted(folder.iterdir()), folder)

    one = digest("one", a="1", b="2")
    assert digest("two", a="1", b="2") == one
    assert digest("three", a="1", b="3") != one
    assert digest("four", a="1", c="2") != one
    assert digest("five", a="2", b="1") != one


def test_sources_are_what_somebody_has_written(tmp_path):
    written = ["a.txt", "book/b.md", "data/c.npz", "data/pictures/d.png"]
    made = ["_build/e.html", "my/f.md", "node_modules/g.js", "book/__pycache__/h.pyc"]
    hidden = [".git/i", ".j", "book/.k.md"]
    for name in written + made + hidden:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "book" / "lock").symlink_to("nowhere")

    def found(*names: str) -> list[str]:
        files = stale.sources(tmp_path, *names)
        return [path.relative_to(tmp_path).as_posix() for path in files]

    assert sorted(found()) == written
    assert found("data", "a.txt") == [*written[2:], "a.txt"]
    assert found("book") == ["book/b.md"]


def test_a_key_is_taken_once_so_that_an_edit_meanwhile_counts_for_the_next_build(
    tmp_path,
):
    (tmp_path / "a").write_text("1")
    before = stale.key_of(tmp_path, "a")
    (tmp_path / "a").write_text("2")
    assert stale.key_of(tmp_path, "a") == before
    stale.key_of.cache_clear()
    assert stale.key_of(tmp_path, "a") != before


def test_a_value_is_new_once():
    env = SimpleNamespace()
    assert stale.is_new(env, "found", [1])
    assert not stale.is_new(env, "found", [1])
    assert stale.is_new(env, "found", [2])
    assert stale.is_new(env, "found", [1])
