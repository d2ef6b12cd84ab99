"""A cell that cannot be run again without changing what follows is found."""

import pytest
from fixture_book import HEADER

from bookpress.checks import chapters, reruns


def page_of(*cells: str) -> str:
    return HEADER + "".join(f"\n```{{code-cell}}\n{cell}\n```\n" for cell in cells)


def faults(tmp_path, *cells: str) -> list[str]:
    page = tmp_path / "page.md"
    page.write_text(page_of(*cells), encoding="utf8")
    return [fault.split(": ", 1)[1] for fault in chapters.run(page, twice=True).reruns]


@pytest.mark.parametrize(
    "cells",
    [
        ("rate = 1", "rate = 2", "print(rate)"),
        ("rate = 1", "for rate in (1, 2):\n    pass", "print(rate)"),
        ("rate = 1\ndef step():\n    return rate", "rate = 2"),
        ("rate = 1", "rate = 2", "print([rate * x for x in (1, 2)])"),
        ("import math as rate", "rate = 2", "print(rate)"),
    ],
)
def test_a_name_that_two_cells_give_and_a_third_reads_is_found(cells):
    assert [f.split()[0] for f in reruns.names_with_two_meanings(page_of(*cells))] == [
        "rate"
    ]


@pytest.mark.parametrize(
    "cells",
    [
        (
            "for k in (1, 2):\n    print(k)",
            "for k in (3, 4):\n    print([k for _ in '12'])",
        ),
        ("import math", "import math", "print(math.pi)"),
        ("def double(k):\n    return 2 * k", "k = 3\nprint(double(k))"),
        ("rate = 1", "print([rate for rate in (1, 2)])", "print(rate)"),
    ],
)
def test_names_that_stay_within_a_cell_may_be_used_again(cells):
    assert reruns.names_with_two_meanings(page_of(*cells)) == []


@pytest.mark.parametrize(
    ("made", "changed"),
    [
        ("found = []", "found.append(1)"),
        ("found = {'a': 1}", "found['a'] = 2"),
        ("import numpy as np\nfound = np.zeros(3)", "found[0] += 1"),
        (
            "import numpy as np\nfound = np.random.default_rng(0)",
            "value = found.normal()",
        ),
        (
            "import torch\ntorch.manual_seed(0)\nfound = torch.nn.Linear(1, 1)",
            "found(torch.ones(1)).backward()",
        ),
        (
            "import torch\ntorch.manual_seed(0)\nfound = torch.nn.Linear(1, 1)",
            "with torch.no_grad():\n    found.weight.zero_()",
        ),
        ("class A:\n    pass\n\n\nfound = A()", "found.rate = 2"),
    ],
)
def test_a_cell_that_changes_what_another_has_made_is_found(tmp_path, made, changed):
    assert "the cell changes found, which another cell has made" in faults(
        tmp_path, made, changed
    )
    assert faults(tmp_path, f"{made}\n{changed}") == []


def test_a_keras_model_that_is_trained_in_another_cell_is_found(tmp_path):
    made = (
        "import keras\nimport numpy as np\nkeras.utils.set_random_seed(0)\n"
        "model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])"
    )
    trained = (
        "model.compile('sgd', 'mse')\n"
        "model.fit(np.ones((4, 1)), np.zeros((4, 1)), verbose=0);"
    )
    assert "the cell changes model, which another cell has made" in faults(
        tmp_path, made, trained
    )
    assert faults(tmp_path, f"{made}\n{trained}") == []


def test_a_cell_that_gives_or_prints_something_else_the_second_time_is_found(tmp_path):
    counter = "import itertools\ncount = itertools.count()"
    assert faults(tmp_path, counter, "number = next(count)\nprint(number)") == [
        "the cell prints something else when it is run again",
        "run again, the cell gives number another value",
    ]
    assert faults(tmp_path, "steps = 1", "steps += 1") == [
        "run again, the cell gives steps another value"
    ]
    assert faults(tmp_path, "import math\nx = math.sqrt(2)\nprint(x)") == []


def test_what_is_in_the_record_is_run_once_until_it_or_what_it_uses_has_changed(
    tmp_path,
):
    for name, text in [
        ("_config.yml", "{}"),
        ("data/a.csv", "1"),
        ("book/page.md", ""),
    ]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    page, runs = tmp_path / "book" / "page.md", tmp_path / "runs"
    record = tmp_path / "record"

    def times(cell: str, **options: bool) -> int:
        page.write_text(page_of("from pathlib import Path", f"{read}\n{cell}"))
        runs.write_text("")
        result = chapters.run_twice(page, tmp_path, record, **options)
        assert bool(result.reruns) == ("x" in cell)
        return len(runs.read_text())

    read = "rows = Path('../data/a.csv').read_text()"
    count = "with open('../runs', 'a') as runs:\n    print('1', end='', file=runs)\n"
    count = f"{count}del runs\n"
    assert [times(count), times(count)] == [2, 2]
    assert not record.exists(), "tests keep no record unless they are asked to"
    assert [times(count, note=True), times(count, note=True), times(count)] == [2, 1, 1]
    assert times(count, afresh=True) == 2
    assert times(f"{count}y = 1") == 2
    (tmp_path / "data" / "a.csv").write_text("2")
    assert [times(count), times(count, note=True), times(count)] == [2, 2, 1]
    fault = f"{count}x = Path('../runs').read_text()"
    assert [times(fault, note=True), times(fault)] == [2, 2]
    assert list(record.iterdir()) == []


def test_equal_values_have_equal_fingerprints_and_others_have_not():
    import numpy as np
    import pandas as pd

    for same in ([1, "a"], {"a": 1.0}, {3, 4}, np.arange(3), pd.DataFrame({"a": [1]})):
        other = [same, 1]
        assert reruns.fingerprint(same) == reruns.fingerprint(same) != ""
        assert reruns.fingerprint(same) != reruns.fingerprint(other)
    assert reruns.fingerprint(np.zeros(2)) != reruns.fingerprint(np.zeros((2, 1)))
    assert reruns.fingerprint(np.zeros(2)) != reruns.fingerprint(np.zeros(2, "float32"))
    assert reruns.fingerprint(len) == reruns.fingerprint(lambda: 1) == ""
