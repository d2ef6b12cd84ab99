"""Boxes that open, such as solutions: those of the class `dropdown`.

On the website they are `<details>` and need no script: the browser opens them for its
own search, for an address that leads inside, and for readers without JavaScript. In the
handout they are boxes like others, in a notebook headings that fold.
"""

from docutils import nodes
from docutils.writers.html5_polyglot import HTMLTranslator
from sphinx.application import Sphinx
from sphinx.locale import admonitionlabels

from bookpress.content.boxes import KINDS
from bookpress.media import WEBSITE, medium
from bookpress.notebooks.markdown import is_folded


def visit_fold(translator: HTMLTranslator, box: nodes.Element) -> None:
    """Write a box that opens, with its title as what is seen of it at first."""
    config, body = translator.builder.config, translator.body
    words = {
        "data-show": config.togglebutton_hint,
        "data-hide": config.togglebutton_hint_hide,
    }
    title, inside = [nodes.Text(admonitionlabels.get(box.tagname, ""))], box.children
    if isinstance(box[0], nodes.title):
        title, inside = box[0].children, box.children[1:]
    known = box.tagname if box.tagname in admonitionlabels else ""
    body.append(translator.starttag(box, "details", CLASS=f"admonition {known}"))
    body.append(
        translator.starttag({}, "summary", "", CLASS="admonition-title", **words)
    )
    for child in title:  # without links, which would be controls in a control
        text = nodes.Text(child.astext())
        (text if isinstance(child, nodes.reference) else child).walkabout(translator)
    body.append("</summary>\n")
    for child in inside:
        child.walkabout(translator)
    body.append("</details>\n")
    raise nodes.SkipNode


def let_open(app: Sphinx, kind: type[nodes.Element]) -> None:
    """Let boxes of a kind open on the website."""
    name = kind.__name__
    handlers = app.registry.translation_handlers.get("html", {})
    usual, depart = handlers.get(name, (None, None))

    def visit(translator: HTMLTranslator, box: nodes.Element) -> None:
        if is_folded(box) and medium(translator.builder.app) == WEBSITE:
            visit_fold(translator, box)
        (usual or getattr(type(translator), f"visit_{name}"))(translator, box)

    app.registry.add_translation_handlers(kind, html=(visit, depart))


def setup(app: Sphinx) -> dict[str, bool]:
    # Its words and its class are used, its script is not.
    app.setup_extension("sphinx_togglebutton")
    for kind in KINDS:
        let_open(app, kind)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
