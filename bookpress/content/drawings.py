"""Make each ``tikz`` directive of sphinxcontrib-tikz an ordinary figure with alt text.

````
```{tikz} The caption.
:name: fig:neuron
:alt: What is to be seen.

\\node ...
```
````

``checks.alt_text`` warns where the alt text is missing. A drawing is rendered again
when its code or a style file (`tikz_additional_files`, by default `tikz-style.tex` of
this folder) changes.

On the website a drawing is a picture, in the handout LaTeX's own, in a notebook an
embedded picture, in JupyterLab the website's; a foreign medium says its alt text.
"""

import hashlib
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.config import Config
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
        paths = [
            Path(self.env.app.confdir, f) for f in self.config.tikz_additional_files
        ]
        for path in paths:
            self.env.note_dependency(str(path))
        style = b"".join(path.read_bytes() for path in paths)
        preamble = self.config.tikz_latex_preamble.encode()
        return hashlib.sha256(preamble + style).hexdigest()[:12]


STYLE = Path(__file__).with_name("tikz-style.tex")


def add_style(app: Sphinx, config: Config) -> None:
    """The styles of the press, where the book has none of its own."""
    if not config.tikz_additional_files:
        config.tikz_additional_files = [str(STYLE)]
        config.tikz_latex_preamble += r"\input{tikz-style}"


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
    app.connect("config-inited", add_style, priority=400)
    app.add_directive("tikz", TikzFigure, override=True)
    app.add_node(
        tikz.tikz,
        override=True,
        html=(visit_html, None),
        latex=(visit_latex, None),
    )
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
