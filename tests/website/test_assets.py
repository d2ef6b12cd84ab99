"""One stylesheet and one script of many."""

from pathlib import Path
from types import SimpleNamespace

from bookpress.website.assets import LINK, made, text_of, used_words
from bookpress.website.pictures import size, sized

ROOT = Path(__file__).resolve().parents[2]


def test_addresses_in_a_stylesheet_hold_where_it_is_joined(tmp_path: Path):
    file = tmp_path / "_static/katex/katex.css"
    file.parent.mkdir(parents=True)
    file.write_text("a { src: url(fonts/A.woff2); b: url('../b.svg') url(data:,) }")
    wanted = "a { src: url(katex/fonts/A.woff2); b: url(b.svg) url(data:,) }"
    assert text_of(file, tmp_path) == wanted


def test_a_rule_stays_if_a_page_or_a_script_can_use_it(tmp_path: Path):
    page = (
        '<div class="seen" data-kind="a"><style>i { color: var(--own) }</style></div>'
    )
    (tmp_path / "page.html").write_text(page)
    style = """
        .seen { color: red } .unseen { color: red } .opened { color: red }
        [data-kind] { color: red } :root { --own: red; --idle: red }
    """
    words = used_words(tmp_path, style, "box.classList.add('opened')")
    app = SimpleNamespace(doctreedir=tmp_path / "trees", srcdir=ROOT)
    request = {"style": style, "script": "let a  =  1", "words": words}
    css = made(app, request)["css"]
    for name in (".seen", ".opened", "[data-kind]", "--own"):
        assert name in css
    assert "unseen" not in css and "--idle" not in css
    # Asked the same once more, the answer is the stored one.
    assert (tmp_path / "assets.json").is_file()
    assert made(app, request)["css"] == css


def test_pages_name_the_version_of_what_they_ask_for():
    link = '<link href="../_static/pages.css?v=">'
    assert LINK.sub(r"\g<1>0a", link) == '<link href="../_static/pages.css?v=0a">'


def test_pictures_have_their_size_and_all_but_the_first_wait(tmp_path: Path):
    svg = '<svg xmlns="a" height="7.5pt" viewBox="0 0 20 10" width="15pt"></svg>'
    for name in ("a.svg", "b.svg"):
        (tmp_path / "_images").mkdir(exist_ok=True)
        (tmp_path / "_images" / name).write_text(svg)
    assert size(tmp_path / "_images/a.svg") == (20, 10)
    site = SimpleNamespace(images={}, srcdir=tmp_path, outdir=tmp_path)
    page = '<img alt="A" src="../_images/a.svg" /><img src="../_images/b.svg" />'
    assert sized(page, site) == (
        '<img alt="A" src="../_images/a.svg" width="20" height="10" />'
        '<img src="../_images/b.svg" width="20" height="10" loading="lazy" />'
    )
