"""Boxes in which a reader commits to a prediction before the answer is shown.

`{div}` with the word `predict` holds a question and, in comments, the answer; how it is
written is told in `checks/predictions.py`, which reads it. A div, because JupyterLab
shows its text.

On the website the box has fields, and what follows it, up to the next box or the end of
the section, is covered until the reader has committed or asks to be shown
(`website/predictions.py` has the script). In any other medium it is what a page in
print can ask: the question with its choices, in bold `Predict.`
"""

from collections.abc import Iterator
from typing import ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx_design.extension import Div

from bookpress.checks import predictions
from bookpress.media import WEBSITE, MediumTransform, in_notebook, medium
from bookpress.notebooks.markdown import Page, inline, is_folded, is_task
from bookpress.slides.parts import Untakable, find

logger = logging.getLogger(__name__)

CLASS, PREFIX = "predict", "predict:"
PAGE = "predictions"  # the name of the page that tells how predictions went

# What leaves no trace on a page is not worth a cover.
SILENT = (nodes.comment, nodes.target, nodes.system_message)


class prediction(nodes.General, nodes.Element):
    """A box: parts of the kinds below, in the order of their writing."""


class question(nodes.General, nodes.Element):
    """Paragraphs, of which the first begins with `Predict.`"""


class choice(nodes.General, nodes.TextElement):
    """What a reader may choose, with its `value`, which the reader's browser keeps."""


class answer(nodes.General, nodes.TextElement):
    """What is right."""


class reply(nodes.General, nodes.TextElement):
    """What is said to those who chose the value `to`; to all where it is empty."""


class cover(nodes.container):
    """What stands below a box and would give the answer away."""


# What ends a cover, besides exercises and what is folded by itself
ENDS = (nodes.section, prediction)


class Predict(Div):
    """The `div` of sphinx-design, and a box where it is `predict`."""

    def run_with_defaults(self) -> list[nodes.Node]:
        if self.arguments != [CLASS]:
            return super().run_with_defaults()
        name = self.options.get("name", "")
        if not name.startswith(PREFIX) or name == PREFIX:
            raise self.error("a prediction has a name, :name: predict:WORD")
        box = predictions.read(
            list(self.content), self.lineno + self.content_offset + 1
        )
        for line, fault in box.faults:
            place = (self.env.docname, line)
            logger.warning("prediction: %s", fault, location=place, type="predictions")
        if box.faults:
            return []
        node = prediction(key=name.removeprefix(PREFIX), kind=box.kind)
        node["right"], node["near"], node["until"] = box.right, box.near, box.until
        self.set_source_info(node)
        self.add_name(node)
        node += self.parts(box)
        return [node]

    def parts(self, box: predictions.Box) -> Iterator[nodes.Element]:
        around = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, around)
        lists = list(around.findall(nodes.bullet_list)) if box.choices else []
        kept = [n for n in around.children if not isinstance(n, SILENT)]
        asked = question("", *(n for n in kept if n not in lists))
        if not asked.children or not isinstance(asked[0], nodes.paragraph):
            raise self.error("a prediction begins with its question")
        asked[0].insert(0, [nodes.strong("", "Predict."), nodes.Text(" ")])
        yield asked
        for words in box.choices:
            yield choice("", "", *self.inline(words), value=predictions.folded(words))
        if not box.choices:
            words = f"{box.answer} {box.unit}".strip()
            yield answer("", "", *self.inline(words), amount=box.answer, unit=box.unit)
        for said in box.replies:
            to = "" if said.to is None else predictions.folded(box.choices[said.to])
            yield reply("", "", *self.inline(said.words, said.line), to=to)

    def inline(self, words: str, line: int = 0) -> list[nodes.Node]:
        """Parse words within a line."""
        around, offset = nodes.Element(), line - self.lineno - 1 if line else 0
        self.state.nested_parse(StringList([words]), offset, around)
        return [n for block in around.children for n in block.children]


# All boxes of the book --------------------------------------------------------


def boxes(env: BuildEnvironment) -> dict[str, list[prediction]]:
    """The boxes of each page as they were read, kept from build to build."""
    if not hasattr(env, "predictions"):
        env.predictions = {}
    return env.predictions


def note(app: Sphinx, document: nodes.document) -> None:
    found = [node.deepcopy() for node in document.findall(prediction)]
    if found:
        boxes(app.env)[app.env.docname] = found


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    boxes(env).pop(docname, None)


def check_names(app: Sphinx, env: BuildEnvironment) -> None:
    """What a browser keeps goes by the name, so there is one in the book."""
    known: dict[str, str] = {}
    for docname, found in sorted(boxes(env).items()):
        for box in found:
            name = box["key"]
            if name in known:
                place = (docname, box.line)
                fault = "prediction: %s has a box called predict:%s, too; rename one"
                logger.warning(fault, known[name], name, location=place, type=PAGE)
            known[name] = docname


# Media ------------------------------------------------------------------------


class SpeakOfPredictions(MediumTransform):
    """Put a question with its choices in place of a box, where nobody can fill it in.

    The page that tells how predictions went is not there either.

    Runs before references are resolved (10): those of replies need no target.
    """

    default_priority = 6

    def is_supported(self) -> bool:
        return medium(self.app) != WEBSITE

    def run(self, **kwargs) -> None:
        for box in list(self.document.findall(prediction)):
            asked = box[0].children
            options = list(box.findall(choice))
            for place, option in enumerate(options, 1):
                letter = f" ({chr(96 + place)})\N{NO-BREAK SPACE}"
                end = nodes.Text("." if place == len(options) else ";")
                asked[-1] += [nodes.Text(letter), *option, end]
            asked[0]["ids"] += box["ids"]
            box.replace_self(asked)
        for link in list(self.document.findall(addnodes.pending_xref)):
            if link["reftarget"] == PAGE:
                link.replace_self(link.children)


class CoverAnswers(MediumTransform):
    """Wrap what follows a box.

    Runs when the tabs of frameworks have been made (150).
    """

    media: ClassVar = (WEBSITE,)
    default_priority = 160

    def run(self, **kwargs) -> None:
        for box in list(self.document.findall(prediction)):
            if covered := self.below(box):
                parent = box.parent
                around = cover("", ids=[f"{box['ids'][0]}-below"])
                for node in covered:
                    parent.remove(node)
                around += covered
                parent.insert(parent.index(box) + 1, around)

    def below(self, box: prediction) -> list[nodes.Node]:
        found = []
        for node in box.parent.children[box.parent.index(box) + 1 :]:
            if isinstance(node, ENDS) or is_task(node) or is_folded(node):
                break
            found.append(node)
        if label := box["until"]:
            last = self.last(label, box, found)
            del found[last + 1 :]
        while found and isinstance(found[-1], SILENT):
            found.pop()
        return found

    def last(self, label: str, box: prediction, found: list[nodes.Node]) -> int:
        """The place of the block with a label among those below a box."""
        try:
            node = find(self.document, label, self.env.docname)
        except Untakable:
            node = None
        while node is not None and node not in found:
            node = node.parent
        if node is None:
            fault = (
                "prediction: the cover is to end after %s, which is not below the box"
            )
            logger.warning(fault, label, location=box, type=PAGE)
            return len(found)
        return found.index(node)


@in_notebook(prediction)
def ask(page: Page, box: prediction) -> list[str]:
    blocks = page.inside(box[0])
    options = [f"- {inline(option)}" for option in box.findall(choice)]
    return [*blocks, "\n".join(options)] if options else blocks


def setup(app: Sphinx) -> dict[str, object]:
    app.setup_extension("sphinx_design")
    app.add_directive("div", Predict, override=True)
    app.add_post_transform(SpeakOfPredictions)
    app.add_post_transform(CoverAnswers)
    app.connect("doctree-read", note)
    app.connect("env-purge-doc", forget)
    app.connect("env-check-consistency", check_names)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
