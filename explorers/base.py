"""What every explorer is: a widget in JupyterLab, a figure on a page and in print."""

import base64
import html
import io
import json
from typing import ClassVar

import anywidget
import traitlets
from matplotlib.figure import Figure

import notebook_utils  # noqa: F401 (the book's figure style)
from explorers import bundle


class Explorer(anywidget.AnyWidget):
    """An interactive figure, with the traits that its module reads and writes.

    A subclass lies in `explorers/NAME/__init__.py`, beside `NAME.js`. Its traits tagged
    `sync=True` are the figure's whole state: plain numbers, strings, lists and dicts.
    JupyterLab shows the live widget; the website's page carries the same module and
    the state as JSON; the handout prints what `draw` draws.

    Attributes
    ----------
    words : one or two sentences for readers without JavaScript and for `repr`
    heights : height in pixels that a page keeps free for the figure, in a wide column
        (from 560 px on) and in a narrow one
    """

    words: ClassVar[str]
    heights: ClassVar[tuple[int, int]]

    # What a reset leads back to: the state when the object was made.
    _defaults = traitlets.Dict().tag(sync=True)

    def __init__(self, **traits: object):
        super().__init__(**traits)
        self._defaults = self.state()

    @classmethod
    def name(cls) -> str:
        """The explorer's name: that of its folder."""
        return cls.__module__.rpartition(".")[2]

    # anywidget looks these two up once, when an object is made.
    @property
    def _esm(self) -> str:
        return bundle.widget_module(self.name())

    @property
    def _css(self) -> str:
        return bundle.style()

    def state(self) -> dict:
        """The values of the subclass's own synchronized traits, by name."""
        inherited = Explorer.class_trait_names()
        names = [
            name
            for name in self.trait_names(sync=True)
            if name not in inherited and not name.startswith("_")
        ]
        return {name: getattr(self, name) for name in sorted(names)}

    def draw(self) -> Figure:
        """Draw the frame or strip that makes the figure's point in print."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.words}"

    def _repr_mimebundle_(self, **options: object) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**options)
        data |= {
            "text/plain": repr(self),
            "text/html": self._page_html(),
            "application/pdf": base64.b64encode(self._print_pdf()).decode(),
        }
        return data, metadata

    def _page_html(self) -> str:
        # "</script" in a string would end the element that holds the state.
        state = json.dumps(self.state(), allow_nan=False).replace("<", r"\u003c")
        heights = "--wide: {}px; --narrow: {}px".format(*self.heights)
        return (
            f'<div class="explorer" data-explorer="{self.name()}">'
            f'<div class="explorer-body" style="{heights}">'
            f'<p class="explorer-words">{html.escape(self.words)}</p></div>'
            f'<script type="application/json">{state}</script></div>'
        )

    def _print_pdf(self) -> bytes:
        file = io.BytesIO()
        dates = {"CreationDate": None, "ModDate": None}
        self.draw().savefig(file, format="pdf", metadata=dates)
        return file.getvalue()
