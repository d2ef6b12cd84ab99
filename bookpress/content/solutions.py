"""Solutions where the edition wants them: below their exercise, at the end, nowhere.

`book_solutions` is `inline`, `end` or `none`. The handout's default is `end`, an
appendix in which each solution links back and to which each exercise points; on the
website, where solutions are folded, `end` means `inline`.

Numbers do not depend on the edition (`handout.numbers`).
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx_exercise.nodes import is_exercise_node, is_solution_node

from bookpress import numbering
from bookpress.handout.editions import SOLUTIONS
from bookpress.media import HandoutTransform, MediumTransform

TITLE = "Solutions"


def raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="latex")


class LeaveOutSolutions(MediumTransform):
    """Remove solutions from an edition without them."""

    # Before their titles are resolved (21), after `{only}`.
    default_priority = 8

    def run(self, **kwargs) -> None:
        if self.app.config.book_solutions != "none":
            return
        for parent, solution in places(self.document, is_solution_node):
            parent.remove(solution)


def places(root: nodes.Element, wanted) -> list[tuple[nodes.Element, nodes.Node]]:
    """Parents and nodes below the root; Sphinx's assembled tree lacks some parents."""
    return [
        (parent, child)
        for parent in root.findall(nodes.Element)
        for child in parent.children
        if wanted(child)
    ]


class MoveSolutions(HandoutTransform):
    """Gather the handout's solutions in an appendix after the last numbered chapter.

    Runs when chapters stand in their places and headings are made (760).
    """

    default_priority = 770

    def run(self, **kwargs) -> None:
        if self.app.config.book_solutions != "end":
            return
        chapters, last = [], None
        for start in self.document.findall(addnodes.start_of_file):
            number = numbering.chapter(self.env, start["docname"])
            found = places(start, is_solution_node)
            if number:
                last = start
            if found:
                chapters.append((start, number, found))
        if not chapters:
            return
        appendix = [raw(r"\begin{handoutsolutions}" + rf"{{{TITLE}}}")]
        for start, number, found in chapters:
            appendix += self.section(start, number, found)
        appendix.append(raw(r"\end{handoutsolutions}"))
        after = last or chapters[-1][0]
        at = after.parent.index(after) + 1
        after.parent[at:at] = appendix

    def section(
        self, start: addnodes.start_of_file, number: int | None, found: list
    ) -> list[nodes.Node]:
        title = next(iter(start.findall(nodes.title))).deepcopy()
        exercises = {node["label"]: node for node in start.findall(is_exercise_node)}
        heading = nodes.inline("", "", *title.children)
        page = addnodes.start_of_file(docname=start["docname"])
        for parent, solution in found:
            parent.remove(solution)
            page += solution
            exercise = exercises.get(solution["target_label"])
            if exercise is not None:
                label = f"{start['docname']}:{solution['label']}"
                exercise += raw(rf"\handoutsolutionat{{{label}}}")
                back = rf"\handoutexerciseat{{exercise:{exercise['label']}}}"
                solution[0] += raw(back)
        opening = rf"\handoutsolutionsof{{{number or ''}}}{{"
        return [raw(opening), heading, raw("}"), page]


def check_option(app: Sphinx, config: Config) -> None:
    if config.book_solutions not in SOLUTIONS:
        raise ConfigError(
            f"book_solutions is {config.book_solutions!r}; "
            f"choose one of {', '.join(SOLUTIONS)}"
        )


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("sphinx_exercise")
    # Not part of the environment: editions share what was read.
    app.add_config_value("book_solutions", "end", "")
    for transform in (LeaveOutSolutions, MoveSolutions):
        app.add_post_transform(transform)
    app.connect("config-inited", check_option)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
