"""What a page's frame keeps of what third parties add."""

from types import SimpleNamespace

from bookpress.website.frame import clear_page, furnish

WEBSITE = SimpleNamespace(builder=SimpleNamespace(name="html"))


def asset(filename: str | None, body: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(filename=filename, attributes={"body": body})


def cleared(**context: object) -> dict:
    context = {"script_files": [], "css_files": [], **context}
    clear_page(WEBSITE, "page", "page.html", context, None)
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


def test_what_themes_add_to_one_build_is_not_in_the_next():
    """Else the first edit after `make book` would write every page again."""
    default = ["a theme's", "a theme's"]
    config = SimpleNamespace(
        templates_path=default,
        html_static_path=[],
        html_css_files=[],
        html_js_files=[],
        html_favicon="",
    )
    furnish(None, config)
    assert config.templates_path == ["a theme's"]
    config.templates_path.append("more")
    assert default == ["a theme's", "a theme's"]
