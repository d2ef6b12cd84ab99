"""A claim says no more than its draws, and its record is of its present code."""

import json
from pathlib import Path

import pytest
from fixture_book import HEADER

from bookpress.checks import chapters, claims, numbers
from bookpress.checks.claims import Result

EXPERIMENTS = '''
"""Coins."""

import random

from bookpress.checks.claims import claim

SIDES = 2


def _toss(draw):
    return random.Random(draw).randrange(SIDES)


@claim(draws=20)
def heads(draw):
    """A coin shows heads."""
    return _toss(draw) == 1


@claim(draws=10)
def small(draw):
    """A number is less than a half."""
    return draw / 20 < 0.5, draw / 20
'''


def mark(paragraph: str, comment: str) -> claims.Mark:
    page = f"{HEADER}\nEarlier.\n\n{paragraph}\n\n% given: 7\n% claim: {comment}\n"
    (found,) = claims.marks_of(page)
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "coins.py").write_text(EXPERIMENTS)
    (tmp_path / "requirements.txt").write_text("numpy==2.4.6\n")
    (tmp_path / "_config.yml").write_text("title: Coins\n")
    return tmp_path


def test_a_claim_has_ten_draws_or_more():
    with pytest.raises(ValueError, match="takes 10 draws or more, not 9"):
        claims.claim(draws=9)
    with pytest.raises(ValueError, match="has 9 draws"):
        claims.result_of([(True, None)] * 9)


def test_outcomes_are_counted_and_what_they_measure_has_its_median_and_spread():
    result = claims.result_of(claims.outcomes([(k > 2, k / 10) for k in range(11)]))
    assert (result.held, result.draws, result.median) == (8, 11, 0.5)
    assert (result.low, result.high) == (pytest.approx(0.1), pytest.approx(0.9))
    assert result.mean == pytest.approx(0.5)
    assert result.error == pytest.approx((0.11 / 11) ** 0.5)  # variance 11/100
    assert result.share == pytest.approx(100 * 8 / 11)
    with pytest.raises(ValueError, match=r"gives 0\.5 for a draw"):
        claims.outcomes([0.5] * 10)


def test_a_claim_that_nearly_always_holds_needs_no_number():
    assert mark("It learns.", "learns").faults(Result(19, 20)) == []


def test_a_claim_that_fails_now_and_then_is_told_with_its_share_or_spread():
    often = Result(16, 20, 0.98, 0.8, 1.0, 0.93, 0.02)
    (fault,) = mark("It learns.", "learns").faults(often)
    assert fault == "claim learns: holds in 16 of 20 draws; say so, or the spread"
    (fault,) = mark("In 16 draws.", "learns; 16 = held").faults(often)
    assert "say so" in fault
    for paragraph, comment in (
        ("In 16 of 20 draws.", "learns; 16 = held; 20 = draws"),
        ("In 80 % of the draws.", "learns; 80 = share"),
        ("It reaches 98 % (80 to 100).", "learns; 80 = 100 * low; 100 = 100 * high"),
        ("It reaches 0.93 ± 0.02.", "learns; 0.93 = mean; 0.02 = error"),
    ):
        assert mark(paragraph, comment).faults(often) == []


def test_work_that_experiments_share_is_done_once_and_charged_to_each(monkeypatch):
    clock = iter(range(0, 1000, 7))
    monkeypatch.setattr(claims.time, "monotonic", lambda: next(clock))
    done = []

    @claims.shared
    def training(method):
        done.append(method)
        return method.upper()

    for owed in (0, 7):  # two experiments, each of which asks twice
        claims.clear()
        assert [training("decay"), training("decay")] == ["DECAY", "DECAY"]
        assert claims.owed() == owed
    assert done == ["decay"]


def test_shared_work_within_shared_work_is_charged_once(monkeypatch):
    seconds = {"training": 100, "scores": 2, "maps": 3}
    now = [0]
    monkeypatch.setattr(claims.time, "monotonic", lambda: now[0])

    def working(name, *needs):
        @claims.shared
        def work():
            for need in needs:
                need()
            now[0] += seconds[name]

        return work

    training = working("training")
    scores, maps = working("scores", training), working("maps", training)
    for used, owed in [
        ([training, scores], 0),  # does all of it itself
        ([maps], 100),
        ([scores, maps], 105),
        ([maps, training, maps], 103),
    ]:
        claims.clear()
        for work in used:
            work()
        assert claims.owed() == owed


def test_a_number_that_is_not_the_result_s_or_not_in_the_sentence_is_found():
    often = Result(16, 20)
    (fault,) = mark("In 17 of 20.", "learns; 17 = held; 20 = draws").faults(often)
    assert fault == "claim learns: 17 = held is 16.0"
    (fault,) = mark("In many of 20.", "learns; 16 = held; 20 = draws").faults(often)
    assert fault == "claim learns: 16 is not said in the paragraph above"
    (fault,) = mark("In 160 of 20.", "learns; 16 = held; 20 = draws").faults(often)
    assert "16 is not said" in fault
    (fault,) = mark("In 16 of 20.", "learns; 16 = heads; 20 = draws").faults(
        Result(20, 20)
    )
    assert "NameError" in fault


def test_a_claim_s_comment_covers_its_numbers_in_the_prose():
    page = HEADER + "\nIt reaches 0.98.\n\n% claim: learns; 0.98 = median\n"
    assert numbers.uncovered_numbers(page) == []
    assert numbers.uncovered_numbers(page.replace("0.98.", "0.97.")) != []


def test_draws_that_the_page_itself_makes_are_counted_there(tmp_path):
    page = tmp_path / "page.md"
    text = (
        HEADER + "\n```{code-cell}\nwins = [k > 1 for k in range(10)]\n```\n"
        "\nIt wins in 8 of 10.\n\n% claim: wins; 8 = held; 10 = draws\n"
    )
    page.write_text(text)
    assert chapters.run(page).claims == []
    page.write_text(text.replace("8 of", "9 of").replace("8 =", "9 ="))
    (fault,) = chapters.run(page).claims
    assert "9 = held is 8.0" in fault
    page.write_text(text.replace("range(10)", "range(9)"))
    (fault,) = chapters.run(page).claims
    assert "wins has 9 draws; a claim takes 10 or more" in fault


def test_experiments_are_read_without_being_run(root):
    (root / "claims" / "coins.py").write_text(EXPERIMENTS + "\nraise SystemExit\n")
    found = claims.experiments(root)
    assert list(found) == ["coins.heads", "coins.small"]
    assert found["coins.heads"].promise == "A coin shows heads."


@pytest.mark.parametrize(
    ("edit", "changed"),
    [
        (("SIDES = 2", "SIDES = 3"), ["coins.heads"]),
        (("randrange(SIDES)", "randint(0, 1)"), ["coins.heads"]),
        (("draw / 20 < 0.5", "draw / 20 < 0.4"), ["coins.small"]),
        (("A coin shows", "It shows"), []),
        (("SIDES = 2", "SIDES = 2  # a coin"), []),
        (("draws=20", "draws=30"), ["coins.heads"]),
    ],
)
def test_an_edit_outdates_what_it_changes_and_nothing_else(root, edit, changed):
    record = {n: {"key": e.key(root)} for n, e in claims.experiments(root).items()}
    (root / "claims" / "coins.py").write_text(EXPERIMENTS.replace(*edit))
    now = {n: e.key(root) for n, e in claims.experiments(root).items()}
    assert [n for n, key in now.items() if record[n]["key"] != key] == changed


def test_a_damaged_record_is_refused_in_one_line(root):
    (root / "claims" / "record.json").write_text("{")
    with pytest.raises(ValueError, match=r"record\.json is no JSON .* run make claims"):
        claims.read_record(root)


def test_the_record_is_sorted_and_written_whole(root):
    claims.write_record(root, {"b.x": {"held": 1}, "a.x": {"held": 2}})
    text = (root / "claims" / "record.json").read_text()
    assert list(json.loads(text)) == ["a.x", "b.x"]
    assert [
        file.name for file in (root / "claims").iterdir() if "part" in file.name
    ] == []
