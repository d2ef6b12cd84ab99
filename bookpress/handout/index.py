"""The handout's index."""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from bookpress.media import HandoutTransform

TITLES = (nodes.title, nodes.caption)


class IndexTerms(HandoutTransform):
    """List in the index the places where a chapter links to a term of the glossary.

    The glossary itself is listed by Sphinx, as the main place. Titles and captions are
    left out, because they also stand in the contents. Runs before links are resolved.
    """

    default_priority = 5

    def run(self, **kwargs) -> None:
        objects = self.env.get_domain("std").objects
        terms = {
            name.lower(): (name, page)
            for (kind, name), (page, _) in objects.items()
            if kind == "term"
        }
        for start in self.document.findall(addnodes.start_of_file):
            for link in list(start.findall(is_term)):
                word = link["reftarget"].lower()
                name, page = terms.get(word, ("", start["docname"]))
                if page == start["docname"] or is_within(link, TITLES):
                    continue
                entry = addnodes.index(entries=[("single", name, "", "", None)])
                # Behind it: before the first word of a page it is on the last one.
                link.parent.insert(link.parent.index(link) + 1, entry)


def is_term(node: nodes.Node) -> bool:
    return isinstance(node, addnodes.pending_xref) and node["reftype"] == "term"


def is_within(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    while node := node.parent:
        if isinstance(node, kinds):
            return True
    return False


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(IndexTerms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
