"""Numbers of chapters, sections, figures, tables, equations and exercises.

Sphinx has counted them for the website; every medium shows the same.
"""

import re
from collections.abc import Iterator

from docutils import nodes
from sphinx.environment import BuildEnvironment

Number = tuple[int, ...]


def known(env: BuildEnvironment, docname: str, kind: str) -> dict[str, Number]:
    """Numbers of a kind (`figure`, `displaymath` ...) on a page, by id."""
    return env.toc_fignumbers.get(docname, {}).get(kind, {})


def of(env: BuildEnvironment, docname: str, node: nodes.Element, kind: str) -> Number:
    """The number of a node on a page, `()` if it has none."""
    found = known(env, docname, kind)
    return next((found[i] for i in node["ids"] if i in found), ())


def dotted(number: Number) -> str:
    return ".".join(map(str, number))


def label(env: BuildEnvironment, docname: str, node: nodes.Element, kind: str) -> str:
    """The number of a figure or a table with the word before it; empty without one."""
    number = dotted(of(env, docname, node, kind))
    return env.config.numfig_format[kind] % number if number else ""


def section(env: BuildEnvironment, docname: str, node: nodes.section) -> Number:
    """The number of a section, `()` if it has none."""
    found = env.toc_secnumbers.get(docname, {})
    number = found.get(f"#{node['ids'][0]}")
    if number is None and isinstance(node.parent, nodes.document):
        number = found.get("")
    return number or ()


def chapter(env: BuildEnvironment, docname: str) -> int | None:
    """The number of the chapter that a page is, None if it has none."""
    numbers = env.toc_secnumbers.get(docname, {}).values()
    return next((number[0] for number in numbers if number), None)


def depth(env: BuildEnvironment) -> int:
    """How many levels of headings are numbered, from chapters on."""
    numbers = [n for page in env.toc_secnumbers.values() for n in page.values()]
    return max((len(number) for number in numbers if number), default=0)


def references(env: BuildEnvironment) -> dict[str, str]:
    """What a reference says, for the whole book, by label with hyphens only."""
    formats = {"displaymath": "(%s)", **env.config.numfig_format}
    found = [
        (place.removeprefix("equation-"), kind, number)
        for kinds in env.toc_fignumbers.values()
        for kind, numbers in kinds.items()
        for place, number in numbers.items()
    ]
    found += [(name, "section", number) for name, number in labeled_sections(env)]
    return {
        re.sub("[^a-z0-9]+", "-", place.lower()): (
            formats.get(kind, f"{kind.title()} %s") % dotted(number)
        )
        for place, kind, number in found
    }


def labeled_sections(env: BuildEnvironment) -> Iterator[tuple[str, Number]]:
    """Labels of numbered sections with their numbers, found by their titles."""
    numbers = {
        (docname, entry.astext()): env.toc_secnumbers[docname].get(entry["anchorname"])
        for docname in env.toc_secnumbers
        for entry in env.tocs[docname].findall(nodes.reference)
    }
    for name, (docname, _, title) in env.get_domain("std").labels.items():
        if number := numbers.get((docname, title)):
            yield name, number
