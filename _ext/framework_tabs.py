"""Keras and PyTorch side by side, from cells that stand one after the other.

Authors tag code cells `keras` and `torch`, and put prose that belongs to one framework
into `:::{div} keras`. A run of such blocks is shown

- on the website as one set of sphinx-design's tabs, all of which follow one choice,
- in the handout as labeled blocks, or one framework's blocks without a label
  (`handout_framework`), where blocks tagged `both` are left out,
- in JupyterLab as what it is, cells in a row.

A run that lacks one of the two is warned about, by file and line.
"""

from collections.abc import Iterator

from docutils import nodes
from docutils.writers.html5_polyglot import HTMLTranslator
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx_design.shared import create_component

LOGGER = logging.getLogger(__name__)

FRAMEWORKS = {"keras": "Keras", "torch": "PyTorch"}  # tag: name, in the order shown
BOTH = "both"
# Value of handout_framework: the tag that it keeps
EDITIONS = {BOTH: None, **{name.lower(): tag for tag, name in FRAMEWORKS.items()}}
# What leaves no trace on a page does not end a run of blocks.
SILENT = (nodes.comment, nodes.target, nodes.system_message)


class tab_set(nodes.container):
    """A set of tabs that a screen reader announces as a group with a name."""


def visit_tab_set(translator: HTMLTranslator, node: tab_set) -> None:
    attributes = {"CLASS": "sd-tab-set", "role": "group", "aria-label": "Framework"}
    translator.body.append(translator.starttag(node, "div", **attributes))


def depart_tab_set(translator: HTMLTranslator, node: tab_set) -> None:
    translator.body.append("</div>\n")


def tags_of(node: nodes.Node) -> set[str]:
    """The frameworks that a code cell or a `{div}` is tagged with, and `both`."""
    known = {*FRAMEWORKS, BOTH}
    if not isinstance(node, nodes.container):
        return set()
    if node.get("nb_element") == "cell_code":
        return known & {name.removeprefix("tag_") for name in node["classes"]}
    return known & set(node["classes"]) if node.get("is_div") else set()


def runs_of(parent: nodes.Element) -> Iterator[list[tuple[str, nodes.Element]]]:
    """Runs of neighbors that belong to a framework, as (tag, block)."""
    run: list[tuple[str, nodes.Element]] = []
    for child in parent.children:
        tag = tag_of(child)
        if tag in FRAMEWORKS:
            run.append((tag, child))
        elif run and not isinstance(child, SILENT):
            yield run
            run = []
    if run:
        yield run


def tag_of(node: nodes.Node) -> str:
    return next(iter(sorted(tags_of(node))), "")


class FrameworkTabs(SphinxPostTransform):
    """Group the blocks of each run.

    Runs after the output of a cell is selected (4), before its input is hidden (199)
    and before sphinx-design writes its tabs (200).
    """

    default_priority = 150

    def run(self, **kwargs) -> None:
        single = EDITIONS[self.app.config.handout_framework]
        if self.app.builder.format != "latex":
            single = None
        # Leaves last, so that a set never looks into another's blocks.
        for parent in list(self.document.findall(nodes.Element)):
            for child in list(parent.children):
                if len(tags_of(child)) > 1:
                    names = " and ".join(sorted(tags_of(child)))
                    warn(child, f"the block is tagged {names}; choose one")
                if single and tag_of(child) == BOTH:
                    parent.remove(child)
            for run in list(runs_of(parent)):
                self.group(parent, run, single)

    def group(self, parent: nodes.Element, run: list, single: str | None) -> None:
        blocks = {
            tag: [block for other, block in run if other == tag] for tag in FRAMEWORKS
        }
        for tag, name in FRAMEWORKS.items():
            if not blocks[tag]:
                ((twin, found),) = ((t, b) for t, b in blocks.items() if b)
                warn(
                    found[0],
                    f"{FRAMEWORKS[twin]} stands here without a twin in {name}; "
                    f"put a block tagged `{tag}` next to it",
                )
                return
        at = parent.index(run[0][1])
        for _, block in run:
            parent.remove(block)
        parent[at:at] = self.shown(blocks, single)

    def shown(self, blocks: dict[str, list], single: str | None) -> list[nodes.Node]:
        if single:
            return blocks[single]
        if self.app.builder.format == "html":
            return [tabs(blocks)]
        labeled = []
        for tag, name in FRAMEWORKS.items():
            label = rf"\handoutframework{{{name}}}"
            labeled += [nodes.raw("", label, format="latex"), *blocks[tag]]
        return [*labeled, nodes.raw("", r"\handoutframeworksend", format="latex")]


def tabs(blocks: dict[str, list]) -> tab_set:
    """sphinx-design's components for the blocks of each framework."""
    items = []
    for tag, name in FRAMEWORKS.items():
        label = nodes.rubric("", name, classes=["sd-tab-label"])
        label["sync_group"], label["sync_id"] = "framework", name.lower()
        content = create_component("tab-content", ["sd-tab-content"])
        content += blocks[tag]
        items.append(create_component("tab-item", ["sd-tab-item"]))
        items[-1] += [label, content]
        items[-1].source, items[-1].line = blocks[tag][0].source, blocks[tag][0].line
    return tab_set("", *items, design_component="tab-set", is_div=True)


def warn(node: nodes.Node, message: str) -> None:
    LOGGER.warning(message, location=node, type="frameworks")


def check_option(app: Sphinx, config: Config) -> None:
    if config.handout_framework not in EDITIONS:
        raise ConfigError(
            f"handout_framework is {config.handout_framework!r}; "
            f"choose one of {', '.join(EDITIONS)}"
        )


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("sphinx_design")
    # Not part of the environment: editions share what was read.
    app.add_config_value("handout_framework", BOTH, "")
    app.add_node(tab_set, html=(visit_tab_set, depart_tab_set))
    app.add_post_transform(FrameworkTabs)
    app.connect("config-inited", check_option)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
