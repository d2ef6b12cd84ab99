"""The extension that keeps pages to themselves, piece by piece."""

import base64
import hashlib
import re
from types import SimpleNamespace

import pytest
from offline import clear_page, mend, policy


def digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def page(body: str) -> str:
    return f'<!DOCTYPE html>\n<head><meta charset="utf-8" /></head><body>{body}</body>'


def test_policy_allows_each_inline_script_by_its_hash():
    text = page("<script>let ø = 1;</script><script type=\"module\">f('x')</script>")
    assert f"'sha256-{digest('let ø = 1;')}'" in policy(text)
    assert f"'sha256-{digest('f(' + repr('x') + ')')}'" in policy(text)


@pytest.mark.parametrize(
    "script",
    [
        '<script src="a.js"></script>',
        '<script defer src="a.js"></script>',
        '<script type="application/json">{"a": 1}</script>',
    ],
)
def test_policy_needs_no_hash_for_files_and_data(script: str):
    assert "sha256" not in policy(page(script))


def test_policy_is_the_same_whatever_the_order_of_the_scripts():
    one, two = "<script>a</script>", "<script>b</script>"
    assert policy(page(one + two)) == policy(page(two + one + one))


def test_policy_stands_before_anything_that_it_governs():
    head = mend(page("<script>a</script>")).partition("<script>")[0]
    assert re.search(r'<meta charset="utf-8" />\s*<meta http-equiv="Content-Sec', head)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("<tr><th></th><th>a</th></tr>", "<tr><td></td><th>a</th></tr>"),
        ("<style scoped>\n.x {}\n</style>\n<p>", "<p>"),
        ('<section id="exercise-content">', "<section>"),
        ('<section class="a" id="proof-content">', '<section class="a">'),
        ('<summary aria-label="Toggle hidden content">', "<summary>"),
        ('<link href="mystnb.0a1b.css?v=8cd3" />', '<link href="mystnb.0a1b.css" />'),
        (
            '<div class="citation" id="id2" role="doc-biblioentry">',
            '<div class="citation" id="id2" role="listitem">',
        ),
    ],
)
def test_third_party_markup_is_mended(given: str, wanted: str):
    assert mend(page(given)).endswith(f"<body>{wanted}</body>")


def asset(filename: str | None, body: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(filename=filename, attributes={"body": body})


def cleared(**context: object) -> dict:
    context = {"script_files": [], "css_files": [], **context}
    clear_page(None, "page", "page.html", context, None)
    return context


def test_foreign_unwanted_and_repeated_scripts_are_dropped():
    kept = [asset("_static/doctools.js"), asset(None, "let a;"), asset(None, "let b;")]
    dropped = [
        asset("https://cdn.example/a.js"),
        asset("//cdn.example/a.js"),
        asset("_static/sphinx-thebe.js"),
        asset(None, "const THEBE_JS_URL = 1"),
        asset(None, "window.MathJax = {}"),
        asset(None, "let a;"),
    ]
    assert cleared(script_files=kept + dropped)["script_files"] == kept


def test_foreign_style_sheets_are_dropped():
    kept = [asset("_static/book.css")]
    assert cleared(css_files=[*kept, asset("https://fonts.example/f.css")])[
        "css_files"
    ] == (kept)


def test_only_buttons_that_lead_somewhere_stay():
    binder = {"type": "link", "label": None, "url": "https://b.example", "text": "B"}
    source = {**binder, "label": "source-repository-button"}
    buttons = [
        {"type": "javascript", "label": "fullscreen-button", "javascript": "f()"},
        {"type": "group", "label": "download-buttons", "buttons": [dict(binder)]},
        {"type": "group", "label": "launch-buttons", "buttons": [binder]},
        source,
    ]
    assert cleared(header_buttons=buttons)["header_links"] == [binder, source]
