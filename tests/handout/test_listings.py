"""A listing goes on on the next page at a good place, if at all."""

from bookpress.handout.listings import NEVER, break_penalties

PROGRAM = """\
import this

# what follows belongs together
@twice
def one(x):
    y = x

    return [
        y,
    ]
rest = one(1)
print(rest)
print(rest)
print(rest)"""


def test_a_listing_breaks_between_its_parts_rather_than_within():
    lines = PROGRAM.split("\n")
    costs = break_penalties(PROGRAM, is_code=True)
    never, within = NEVER, 2500
    before = dict(zip(lines[1:], costs, strict=True))
    assert len(costs) == len(lines) - 1
    assert before["# what follows belongs together"] == never  # near the top
    assert before["        y,"] == within and before["    ]"] == never
    assert costs[5] < within and costs[6] == never  # a blank line goes with the break
    assert costs[9] == 400  # between statements
    assert costs[-2:] == [never, never]


def test_what_is_no_program_breaks_away_from_its_edges_only():
    assert break_penalties("a b\n" * 7, is_code=False) == [
        *(2 * [NEVER]),
        2500,
        2500,
        *(2 * [NEVER]),
    ]
    short = "one\n\ntwo three\nfour("
    assert set(break_penalties(short, is_code=True)) == {NEVER}
