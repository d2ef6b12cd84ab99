"""Tables that directives make: rows of cells, with text or with links to pages."""

from docutils import nodes
from sphinx.addnodes import pending_xref


def table(
    head: list[str], rows: list[list[nodes.Node]], widths: list[int]
) -> nodes.table:
    """A table of the given columns' widths, in percent."""

    def row(cells):
        return nodes.row("", *(nodes.entry("", cell) for cell in cells))

    group = nodes.tgroup("", cols=len(head))
    group += [nodes.colspec(colwidth=width) for width in widths]
    group += nodes.thead("", row([nodes.paragraph("", text) for text in head]))
    group += nodes.tbody("", *map(row, rows))
    # In print it may break across pages; no reader looks for what it lists.
    return nodes.table("", group, classes=["longtable", "colwidths-given", "nosearch"])


def paragraph(text: str) -> nodes.paragraph:
    return nodes.paragraph("", text)


def page_link(here: str, name: str) -> nodes.paragraph:
    """A link to a page that shows its title."""
    link = pending_xref(
        "",
        nodes.inline("", name),
        refdomain="std",
        reftype="doc",
        reftarget=f"/{name}",
        refdoc=here,
        refexplicit=False,
        refwarn=True,
    )
    return nodes.paragraph("", "", link)
