"""`make claims` repeats what is new, keeps what it has, and says what is wrong."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from this_book import ROOT, command

COINS = '''
from bookpress.checks.claims import claim


@claim(draws=12)
def even(draw):
    """Every other number is even."""
    return draw % 2 == 0, draw / 2


@claim(draws=10)
def broken(draw):
    """This one cannot be drawn."""
    return 1 / (draw - 3) > 0
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "a book"
    (root / "claims").mkdir(parents=True)
    (root / "claims" / "coins.py").write_text(COINS)
    (root / "requirements.txt").write_text("")
    (root / "_config.yml").write_text("title: Coins\n")
    return root


def claims(root: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command("claims", *arguments),
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )


def record(root: Path) -> dict:
    return json.loads((root / "claims" / "record.json").read_text())


def test_results_are_recorded_and_an_experiment_that_stops_loses_nothing(root):
    done = claims(root)
    assert done.returncode == 1
    assert "coins.even: 6 of 12 draws   median 2.75 (0.55 to 4.95)" in done.stdout
    error = "error: coins.broken stopped: ZeroDivisionError: division by zero"
    assert error in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    (name, entry), *others = record(root).items()
    assert (name, others) == ("coins.even", [])
    assert (entry["held"], entry["draws"], entry["median"]) == (6, 12, 2.75)
    assert entry["claim"] == "Every other number is even."
    assert entry["versions"]["python"]

    (root / "claims" / "coins.py").write_text(COINS.replace("draw - 3", "draw + 3"))
    done = claims(root)
    assert done.returncode == 0
    assert "coins.even" not in done.stdout  # nothing of it has changed
    assert record(root)["coins.even"] == entry
    assert record(root)["coins.broken"]["held"] == 10

    (root / "claims" / "coins.py").write_text(
        COINS[: COINS.index("\n\n@claim(draws=10")]
    )
    done = claims(root)
    assert (done.returncode, done.stdout) == (0, "1 claims: the record is up to date\n")
    assert list(record(root)) == ["coins.even"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--only", "dice"),
            "no experiment in claims/ is called dice; there are coins.",
        ),
        (("--some",), "unrecognized arguments: --some"),
    ],
)
def test_a_wrong_name_or_option_is_one_line(root, arguments, said):
    done = claims(root, *arguments)
    assert done.returncode != 0
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (root / "claims" / "record.json").exists()
