"""What the status page tells: `{status}` with `chapters`, `builds` or `packages`.

Times and memory come from the file that `bench_record` names, which `make bench` writes
and git keeps:
a page that told of its own build would differ from one build to the next. Versions
come from `requirements.txt`.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from bookpress.cells import read_notebook
from bookpress.tables import page_link, paragraph, table

PIN = re.compile(r"^([\w.-]+)==([^\s;]+)", flags=re.M)
HEADING = re.compile(r"^# (.*)\n(?=\S+==|-e)", flags=re.M)


class Status(SphinxDirective):
    """`{status} WHAT`: what the record or the list of packages says about it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        write = {
            "chapters": self.chapters,
            "builds": self.builds,
            "packages": self.packages,
        }.get(self.arguments[0])
        if write is None:
            raise self.error("status has chapters, builds and packages")
        return write()

    def file(self, name: str) -> Path:
        """A file that decides what the page says; the page follows its edits."""
        path = Path(self.env.app.srcdir) / name
        self.env.note_dependency(str(path))
        return path

    def record(self) -> dict:
        return json.loads(self.file(self.config.bench_record).read_text("utf8"))

    def chapters(self) -> list[nodes.Node]:
        """Sentences on the measurement, and a row for each chapter in book order."""
        record = self.record()
        measured = record["chapters"]
        rows = []
        for name in self.config.external_site_map:
            if read_notebook(Path(self.env.doc2path(name))) is None:
                continue
            found = measured.get(name)
            numbers = (
                [f"{found[what]:.0f}" for what in ("seconds", "computing", "MB")]
                if found
                else ["not measured yet", "", ""]
            )
            rows.append([page_link(self.env.docname, name), *map(paragraph, numbers)])
        where = (
            f"Measured on {record['date']}, one chapter after the other, on "
            f"{record['system']} with {record['cores']} cores and Python "
            f"{record['python']}. {others(record)} The memory is the most that the "
            "chapter's kernel and what it starts held at one time; JupyterLab takes "
            f"{record['JupyterLab MB']} MB besides."
        )
        head = ["Chapter", "Time (s)", "CPU (s)", "RAM (MB)"]
        return [paragraph(where), table(head, rows, [46, 18, 18, 18])]

    def builds(self) -> list[nodes.Node]:
        builds = self.record().get("builds")
        if builds is None:
            return []
        text = (
            "In the same session, website and handout took {cold:.0f} s to build from "
            "nothing; the website took {prose:.1f} s after an edit of a sentence, and "
            "{none:.1f} s when nothing had changed."
        )
        return [paragraph(text.format(**builds))]

    def packages(self) -> list[nodes.Node]:
        """A row for each part of the list, with its packages and their versions."""
        text = self.file("requirements.txt").read_text("utf8")
        parts = HEADING.split(text)
        rows = []
        for heading, part in zip(parts[1::2], parts[2::2], strict=True):
            if pins := PIN.findall(part):
                versions = ", ".join(f"{name}\N{NO-BREAK SPACE}{v}" for name, v in pins)
                rows.append([paragraph(heading), paragraph(versions)])
        return [table(["For", "Packages"], rows, [25, 75])]


def others(record: dict) -> str:
    """Whether the machine was shared, by how many processes wanted to run before."""
    if record["busy"] < 0.5:
        return "The machine had nothing else to do."
    return (
        f"The machine was shared, with {record['busy']:.0f} other processes at work "
        "when it began. So read the seconds of computing (CPU): they are nearer to "
        "what a chapter takes on a machine of its own, and still too long."
    )


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("bench_record", "bench.json", "env")
    app.add_directive("status", Status)
    return {"parallel_read_safe": True}
