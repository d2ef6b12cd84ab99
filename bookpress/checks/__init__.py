"""What a book promises, held before anything is published."""

from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    for part in ("alt_text", "equations", "claims_page"):
        app.setup_extension(f"bookpress.checks.{part}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
