"""Make each ``tikz`` directive of sphinxcontrib-tikz an ordinary figure with alt text.

````
```{tikz} The caption.
:name: fig:neuron
:alt: What is to be seen.

\\node ...
```
````

``alt_text`` warns where the alt text is missing. A drawing is rendered again when its
code or ``latex/tikz-style.tex`` changes.
"""

import hashlib
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinxcontrib import tikz

logger = logging.getLogger(__name__)


class TikzFigure(SphinxDirective, tikz.TikzDirective):
    """The directive of sphinxcontrib-tikz, in a figure with name and number."""

    option_spec = tikz.TikzDirective.option_spec | {"name": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        found = tikz.TikzDirective.run(self)
        if not isinstance(found[0], tikz.tikz):
            return found
        drawing = found[0]
        drawing["tikz"] += f"% style {self._style_digest()}"
        figure = nodes.figure("", drawing, align="center")
        caption = next(iter(drawing.findall(nodes.caption)), None)
        if caption is not None:
            drawing.remove(caption)
            figure += caption
        self.set_source_info(figure)
        self.add_name(figure)
        return [figure]

    def _style_digest(self) -> str:
        """Make the page depend on the style files and return a digest of them.

        sphinxcontrib-tikz names a picture after its code alone, so the digest goes
        into the code, as a comment.
        """
        digest = hashlib.sha256(self.config.tikz_latex_preamble.encode())
        for name in self.config.tikz_additional_files:
            path = Path(self.env.app.confdir, name)
            self.env.note_dependency(str(path))
            digest.update(path.read_bytes())
        return digest.hexdigest()[:12]


def visit_html(translator, node: nodes.Element) -> None:
    try:
        source = tikz.render_tikz(translator, node, node["libs"])
    except tikz.TikzExtError as error:
        reason = str(error).lstrip("!")
        if "cannot be run" in reason:
            reason += "; a drawing needs it: install the packages that apt.txt names"
        logger.error("tikz: %s", reason, location=node.parent)
        raise nodes.SkipNode from None
    alt = translator.attval(node["alt"])
    translator.body.append(f'<img src="{source}" alt="{alt}" class="tikz" />\n')
    raise nodes.SkipNode


def visit_latex(translator, node: nodes.Element) -> None:
    translator.body.append("\n" + tikz.cleanup_tikzcode(translator, node) + "\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict:
    app.setup_extension("sphinxcontrib.tikz")
    app.add_directive("tikz", TikzFigure, override=True)
    app.add_node(
        tikz.tikz,
        override=True,
        html=(visit_html, None),
        latex=(visit_latex, None),
    )
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
