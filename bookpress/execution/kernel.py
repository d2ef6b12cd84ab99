"""Run a chapter in a kernel of its own."""

import asyncio
import tempfile
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from sphinx.errors import SphinxError

from bookpress.execution.keys import Chapter

# What a chapter prints and draws must not hang on the shell that the build runs in.
KERNEL_ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    # One thread per kernel: chapters run side by side, and sums keep their order.
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    # Read by TensorFlow when it is imported: no start-up notes, sums in one order.
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    # Dates in figures; any fixed moment does.
    "SOURCE_DATE_EPOCH": "1767225600",
}

WIDGET = "application/vnd.jupyter.widget-view+json"


class ExecutionFailed(SphinxError):
    """A chapter's cell failed; the message names chapter, line and error."""

    category = "Execution failed"


def execute(chapter: Chapter, timeout: int) -> float:
    """Run a chapter's notebook in place, in its own folder; return seconds taken."""
    client = NotebookClient(chapter.notebook, timeout=timeout, record_timing=False)
    start = time.monotonic()
    # What the kernel itself has to say, sometimes while it shuts down, is no part of
    # the chapter: its last line is told only if the kernel dies.
    with tempfile.TemporaryFile("w+", encoding="utf8", errors="replace") as log:
        try:
            # As `client.execute` does, which leaves its event loop open.
            work = client.async_execute(cwd=str(chapter.path.parent), stderr=log)
            asyncio.run(work)
        except (CellExecutionError, CellTimeoutError) as error:
            raise ExecutionFailed(failure_line(chapter, error)) from None
        except RuntimeError as error:  # the kernel died, or did not start
            log.seek(0)
            last = log.read().strip().splitlines()[-1:]
            line = ": ".join([failure_line(chapter, error), *last])
            raise ExecutionFailed(line) from None
    complain_of_stderr(chapter)
    join_streams(chapter)
    drop_live_widgets(chapter.notebook)
    return time.monotonic() - start


def complain_of_stderr(chapter: Chapter) -> None:
    """Refuse outputs that readers must not see, so that the next run makes new ones."""
    for number, cell in enumerate(chapter.cells, start=1):
        for output in cell.outputs:
            if output.get("name") == "stderr":
                text = " ".join(output.text.split())
                raise ExecutionFailed(
                    f"{chapter.path}:{chapter.line(cell)}: code cell {number} wrote to "
                    f"stderr: {text}"
                )


def join_streams(chapter: Chapter) -> None:
    """Put together what a cell prints in a row.

    How a kernel cuts it into messages is a matter of time, and may be within a line.
    """
    for cell in chapter.cells:
        joined = []
        for output in cell.outputs:
            last = joined[-1] if joined else {}
            if output.get("name") and output.get("name") == last.get("name"):
                last.text += output.text
            else:
                joined.append(output)
        cell.outputs = joined


def drop_live_widgets(notebook: nbformat.NotebookNode) -> None:
    """Leave out what only the kernel that is gone could bring to life.

    The ids of widgets are random, and their state holds JavaScript, which is no part of
    the outputs' key.
    """
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)


def failure_line(chapter: Chapter, error: Exception) -> str:
    """One line: where a chapter stopped, and on what."""
    cells = chapter.cells
    stopped = (
        (number, chapter.line(cell))
        for number, cell in enumerate(cells, start=1)
        if cell.execution_count is None
        or any(output.output_type == "error" for output in cell.outputs)
    )
    number, line = next(stopped, (len(cells), None))
    name = getattr(error, "ename", type(error).__name__)
    value = getattr(error, "evalue", "") or str(error)
    reason = f"{name}: {' '.join(value.split())}".rstrip(": ")
    return f"{chapter.path}:{line}: code cell {number} stopped with {reason}"
