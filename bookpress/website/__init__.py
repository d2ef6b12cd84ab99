"""The website: its frame, formulas, search, and what keeps its pages to themselves."""

from sphinx.application import Sphinx

PARTS = ["frame", "assets", "formulas", "course", "sharing", "site_map", "moved"]
PARTS += ["not_found", "predictions", "search"]


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("bookpress.addresses")
    for part in PARTS:
        app.setup_extension(f"bookpress.website.{part}")
    return {"parallel_read_safe": True, "parallel_write_safe": False}
