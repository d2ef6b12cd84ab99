"""The website: its frame, formulas, search, and what keeps its pages to themselves."""

from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    for part in ("frame", "formulas", "search"):
        app.setup_extension(f"bookpress.website.{part}")
    return {"parallel_read_safe": True, "parallel_write_safe": False}
