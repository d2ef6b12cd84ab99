"""Tie every displayed equation to a test, and list the pairs on one page.

A display equation carries a label; a test names it with
`@pytest.mark.equation("eq:loss")`, or `DEFINITIONS` in tests/book/test_definitions.py
says why there is nothing to check. A label without either, a check without a label and
an equation without a label are warnings, which stop the build.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from bookpress.stale import is_new
from bookpress.tables import table

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Check:
    """What stands behind one equation: a test with its promise, or a reason."""

    label: str
    test: str  # "test_file.py::test_name", empty for a definition
    promise: str


def read_checks(tests: Path) -> list[Check]:
    """Collect the checks that the test files declare, without importing them.

    Parameters
    ----------
    tests : folder with test_*.py

    Returns
    -------
    one Check per label and test, in the order of the files
    """
    checks = []
    for file in sorted(tests.rglob("test_*.py")):
        text = file.read_text(encoding="utf8")
        if "mark.equation" not in text and "DEFINITIONS" not in text:
            continue
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                promise = (ast.get_docstring(node) or "").split("\n\n")[0]
                promise = " ".join(promise.split())
                for label in marked_equations(node):
                    checks.append(Check(label, f"{file.name}::{node.name}", promise))
            elif isinstance(node, ast.Assign) and named(node) == "DEFINITIONS":
                for label, reason in ast.literal_eval(node.value).items():
                    checks.append(Check(label, "", reason))
    return checks


def named(assignment: ast.Assign) -> str:
    return ast.unparse(assignment.targets[0])


def marked_equations(function: ast.FunctionDef) -> list[str]:
    return [
        argument.value
        for decorator in function.decorator_list
        if isinstance(decorator, ast.Call)
        and ast.unparse(decorator.func) == "pytest.mark.equation"
        for argument in decorator.args
    ]


class equation_checks(nodes.General, nodes.Element):
    """Placeholder for the table, filled when all numbers are known."""


class EquationChecks(SphinxDirective):
    """`{equation-checks}`: the table of equations and what checks them."""

    def run(self) -> list[nodes.Node]:
        return [equation_checks()]


def require_labels(app, doctree: nodes.document) -> None:
    for node in doctree.findall(nodes.math_block):
        if not node.get("label"):
            logger.warning(
                "a displayed equation has no label, so no test can hold it; "
                "write $$ ... $$ (eq:name)",
                location=node,
                type="checks",
            )


def compare(app, env) -> list[str]:
    """Warn of equations without check and checks without equation."""
    equations = env.get_domain("math").equations
    checks = read_checks(Path(app.srcdir) / "tests")
    checked = {check.label for check in checks}
    for label in sorted(set(equations) - checked):
        logger.warning(
            "no test checks this equation; mark one with "
            "@pytest.mark.equation(%r) or give the reason in DEFINITIONS "
            "(tests/book/test_definitions.py)",
            label,
            location=equations[label][0],
            type="checks",
        )
    for check in checks:
        if check.label not in equations:
            logger.warning(
                "%s checks equation %r, which no page has",
                check.test or "DEFINITIONS (tests/book/test_definitions.py)",
                check.label,
                type="checks",
            )
    found = [
        (*equations[check.label], check) for check in checks if check.label in equations
    ]
    if not is_new(env, "equation_checks", found):
        return []
    return [name for name in env.found_docs if "{equation-checks}" in source(env, name)]


def source(env, name: str) -> str:
    return Path(env.doc2path(name)).read_text(encoding="utf8")


class FillTable(SphinxPostTransform):
    """Replace the placeholder by the table, in the order of the book."""

    default_priority = 4  # before references are resolved, in LaTeX those to equations

    def run(self, **kwargs) -> None:
        pages = ["", *self.env.toctree_includes.get(self.config.root_doc, [])]
        for placeholder in list(self.document.findall(equation_checks)):
            found = sorted(
                self.env.equation_checks, key=lambda row: (pages.index(row[0]), row[1])
            )
            rows = [
                [equation_link(self.env, page, check), promise_cell(check)]
                for page, _, check in found
            ]
            placeholder.replace_self(
                table(["Equation", "What holds it"], rows, [25, 75])
            )


def equation_link(env, page: str, check: Check) -> nodes.paragraph:
    link = pending_xref(
        "",
        nodes.literal("", check.label),
        refdomain="math",
        reftype="eq",
        reftarget=check.label,
        refdoc=env.docname,
        refexplicit=False,
        refwarn=True,
    )
    return nodes.paragraph("", f"{env.titles[page].astext()} ", link)


def promise_cell(check: Check) -> nodes.Node:
    text = nodes.paragraph("", check.promise or "Holds.")
    if check.test:
        text += [nodes.Text(" "), nodes.literal("", check.test.split("::")[1])]
    else:
        text.insert(0, nodes.emphasis("", "Definition. "))
    return text


def setup(app) -> dict:
    app.add_node(equation_checks)
    app.add_directive("equation-checks", EquationChecks)
    app.connect("doctree-read", require_labels)
    app.connect("env-updated", compare)
    app.add_post_transform(FillTable)
    return {"version": "1", "parallel_read_safe": True}
