"""Chapters as notebooks: to download, in the bundle, and open in JupyterLab."""

from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("bookpress.addresses")
    app.setup_extension("bookpress.pages")
    for part in ("launch", "downloads", "lab_pages"):
        app.setup_extension(f"bookpress.notebooks.{part}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
