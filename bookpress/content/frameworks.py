"""Frameworks side by side, from cells that stand one after the other.

`frameworks` of `_config.yml` has their names by the tags of cells, in the order shown:
`{keras: Keras, torch: PyTorch}`. Authors tag code cells `keras` and `torch`, and put
prose that belongs to one framework into `:::{div} keras`. A run of such blocks is shown

- on the website as one set of sphinx-design's tabs, all of which follow one choice,
- in the handout as labeled blocks, or one framework's blocks without a label
  (`handout_framework`), where blocks tagged `both` are left out,
- in a notebook to download as labeled cells in a row, in JupyterLab without labels,
- in any other medium as labeled blocks.

A run that lacks one of them is warned about, by file and line.
"""

from collections.abc import Iterator

from docutils import nodes
from docutils.writers.html5_polyglot import HTMLTranslator
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx.util import logging
from sphinx_design.shared import create_component

from bookpress import cells
from bookpress.handout.editions import BOTH, choices
from bookpress.media import HANDOUT, WEBSITE, MediumTransform, medium

LOGGER = logging.getLogger(__name__)

# What leaves no trace on a page does not end a run of blocks.
SILENT = (nodes.comment, nodes.target, nodes.system_message)


class tab_set(nodes.container):
    """A set of tabs that a screen reader announces as a group with a name."""


def visit_tab_set(translator: HTMLTranslator, node: tab_set) -> None:
    attributes = {"CLASS": "sd-tab-set", "role": "group", "aria-label": "Framework"}
    tags = {"data-tags": " ".join(translator.builder.config.frameworks)}
    translator.body.append(translator.starttag(node, "div", **attributes, **tags))


def depart_tab_set(translator: HTMLTranslator, node: tab_set) -> None:
    translator.body.append("</div>\n")


class FrameworkTabs(MediumTransform):
    """Group the blocks of each run.

    Runs after the output of a cell is selected (4), before its input is hidden (199)
    and before sphinx-design writes its tabs (200).
    """

    default_priority = 150

    def run(self, **kwargs) -> None:
        self.names: dict[str, str] = self.config.frameworks
        single = None
        if medium(self.app) == HANDOUT:
            kept = self.config.handout_framework
            single = next((t for t, n in self.names.items() if n.lower() == kept), None)
        # Leaves last, so that a set never looks into another's blocks.
        for parent in list(self.document.findall(nodes.Element)):
            for child in list(parent.children):
                if len(tags := self.tags_of(child)) > 1:
                    names = " and ".join(sorted(tags))
                    warn(child, f"the block is tagged {names}; choose one")
                if single and self.tag_of(child) == BOTH:
                    parent.remove(child)
            for run in list(self.runs_of(parent)):
                self.group(parent, run, single)

    def tags_of(self, node: nodes.Node) -> set[str]:
        """The frameworks that a code cell or a `{div}` is tagged with, and `both`."""
        known = {*self.names, BOTH}
        if not isinstance(node, nodes.container):
            return set()
        if cells.is_cell(node):
            return known & cells.tags_of(node)
        return known & set(node["classes"]) if node.get("is_div") else set()

    def tag_of(self, node: nodes.Node) -> str:
        return next(iter(sorted(self.tags_of(node))), "")

    def runs_of(self, parent: nodes.Element) -> Iterator[list]:
        """Runs of neighbors that belong to a framework, as (tag, block)."""
        run: list[tuple[str, nodes.Element]] = []
        for child in parent.children:
            tag = self.tag_of(child)
            if tag in self.names:
                run.append((tag, child))
            elif run and not isinstance(child, SILENT):
                yield run
                run = []
        if run:
            yield run

    def group(self, parent: nodes.Element, run: list, single: str | None) -> None:
        blocks = {
            tag: [block for other, block in run if other == tag] for tag in self.names
        }
        for tag, name in self.names.items():
            if not blocks[tag]:
                twin, found = next((t, b) for t, b in blocks.items() if b)
                warn(
                    found[0],
                    f"{self.names[twin]} stands here without a twin in {name}; "
                    f"put a block tagged `{tag}` next to it",
                )
                return
        at = parent.index(run[0][1])
        for _, block in run:
            parent.remove(block)
        parent[at:at] = blocks[single] if single else self.shown(blocks)

    def shown(self, blocks: dict[str, list]) -> list[nodes.Node]:
        """All frameworks' blocks, in the form that the medium has for them."""
        made = medium(self.app)
        if made == WEBSITE:
            return [tabs(blocks, self.names)]
        labeled = []
        for tag, name in self.names.items():
            label = nodes.rubric("", name)
            if made == HANDOUT:
                text = rf"\handoutframework{{{name}}}"
                label = nodes.raw("", text, format="latex")
            labeled += [label, *blocks[tag]]
        if made == HANDOUT:
            labeled.append(nodes.raw("", r"\handoutframeworksend", format="latex"))
        return labeled


def tabs(blocks: dict[str, list], names: dict[str, str]) -> tab_set:
    """sphinx-design's components for the blocks of each framework."""
    items = []
    for tag, name in names.items():
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
    known = choices(config.frameworks)
    if config.handout_framework not in known:
        raise ConfigError(
            f"handout_framework is {config.handout_framework!r}; "
            f"choose one of {', '.join(known)}"
        )


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("sphinx_design")
    app.add_config_value("frameworks", {}, "env")
    # Not part of the environment: editions share what was read.
    app.add_config_value("handout_framework", BOTH, "")
    app.add_node(tab_set, html=(visit_tab_set, depart_tab_set))
    app.add_post_transform(FrameworkTabs)
    app.connect("config-inited", check_option)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
