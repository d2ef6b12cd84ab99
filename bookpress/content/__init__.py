"""What a page may contain, and what each becomes in each medium; one module each."""

from sphinx.application import Sphinx

PARTS = [
    "boxes",
    "cards",
    "code_files",
    "drawings",
    "explorers",
    "folds",
    "frameworks",
    "handout_list",
    "outputs",
    "predictions",
    "record",
    "solutions",
]


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("bookpress.media")
    for part in PARTS:
        app.setup_extension(f"bookpress.content.{part}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
