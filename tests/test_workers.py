"""As many processes work at a time as cores and memory allow, and never none."""

import os
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest
from this_book import ROOT

from bookpress.workers import workers


@pytest.mark.parametrize(
    ("cores", "available", "gigabytes", "number"),
    [
        (8, 64e9, 2.0, 8),  # cores are what lacks
        (8, 7e9, 2.0, 3),  # memory is
        (8, 6e9, 2.0, 3),
        (8, 1e9, 2.0, 1),  # it would not do even for one
        (8, 0, 2.0, 1),
        (None, 64e9, 2.0, 1),  # nobody knows how many cores there are
    ],
)
def test_the_scarcer_of_cores_and_memory_decides(
    monkeypatch, cores, available, gigabytes, number
):
    memory = SimpleNamespace(available=available)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert workers(gigabytes) == number


def test_the_number_can_be_asked_for_on_the_command_line():
    command = [sys.executable, "-m", "bookpress.workers"]
    done = subprocess.run(
        [*command, "1e-6"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{os.cpu_count()}\n"
    done = subprocess.run(
        [*command, "1e9"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n"
