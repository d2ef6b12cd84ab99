"""What `make bench` measures of a process."""

import subprocess
import sys

from fixture_book import HEADER
from this_book import ROOT

from bookpress.commands import bench
from bookpress.commands.bench_code import code_lines


def test_the_bench_sees_what_a_process_holds_and_computes():
    code = "import time; held = b'x' * 200_000_000; sum(range(9**8)); time.sleep(0.5)"
    found = bench.measured(lambda: subprocess.run([sys.executable, "-c", code]))
    assert 200 < found["MB"] < 300
    assert 0.2 < found["computing"] <= found["seconds"] - 0.4


def test_the_bench_does_not_take_a_fork_for_a_program():
    code = """
import os, time
from bookpress.commands import bench
held = b"x" * 100_000_000
if child := os.fork():
    print(bench.children_memory(set()))
    os.kill(child, 9)
else:
    time.sleep(60)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout) == 0


def test_the_bench_tells_whose_code_a_reader_sees():
    cell = "\n```{{code-cell}}\n:tags: [{}]\n\n{}\n```\n"
    page = (
        HEADER
        + "Three words here.\n"
        + cell.format("", "a = 1\n\n\nb = 2")
        + cell.format("keras", "c = 3")
        + cell.format("torch", "d = 4\ne = 5")
        + cell.format("hide-input", "f = 6")
        + "\n```{solution-start} ex\n```\n"
        + cell.format("", "s = 0")
        + "\n```{solution-end}\n```\n"
        + "\n```{code-cell}\n---\nmystnb:\n  figure:\n    caption: C\n---\ng = 7\n```\n"
    )
    found = code_lines(page, ["keras", "torch"])
    assert found == {
        "words": 8,  # those of directives count, too
        "shared": 3,
        "keras": 1,
        "torch": 2,
        "both": 0,
        "folded": 1,
        "solved": 1,
        "before": 4,
    }
