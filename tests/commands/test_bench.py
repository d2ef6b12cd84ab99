"""What `make bench` measures of a process."""

import subprocess
import sys

from this_book import ROOT

from bookpress.commands import bench


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
