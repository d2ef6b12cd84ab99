"""Tables and plain text that cells print, in the handout."""

import pytest

from bookpress.content.outputs import (
    LONG_TABLE,
    latex_table,
    parse_box_table,
    parse_html_table,
    strip_ansi,
)


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("\x1b[1mbold\x1b[0m", "bold"),
        ("\x1b[38;5;45mNone\x1b[0m, \x1b[38;5;34m32\x1b[0m", "None, 32"),
        ("\x1b]8;;there\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("no codes [1m]", "no codes [1m]"),
    ],
)
def test_terminal_colors_are_taken_out(raw, plain):
    assert strip_ansi(raw) == plain


def test_a_dataframe_becomes_a_table_with_the_same_cells():
    import pandas as pd

    frame = pd.DataFrame({"a & b": [1.5, -2.0], "name": ["x_1", "50 %"]})
    head, body = parse_html_table(frame._repr_html_())
    assert head == [["", "a & b", "name"]]
    assert body == [["0", "1.5", "x_1"], ["1", "-2.0", "50 %"]]
    table = latex_table(head, body)
    assert r"\begin{handouttable}{rrl}" in table
    assert r"0 & 1.5 & x\_1 \\" in table
    assert r"1 & −2.0 & 50 \% \\" in table


def test_a_dataframe_with_two_header_rows_keeps_its_columns():
    import pandas as pd

    frame = pd.DataFrame(
        [[1, 2]], columns=pd.MultiIndex.from_tuples([("top", "a"), ("top", "b")])
    )
    head, body = parse_html_table(frame._repr_html_())
    assert head == [["", "top", ""], ["", "a", "b"]]
    assert body == [["0", "1", "2"]]


def test_the_name_of_a_table_s_index_is_a_head_of_its_own_column():
    import pandas as pd

    frame = pd.DataFrame({"a": [1.5]}, index=pd.Index([7], name="target"))
    head, body = parse_html_table(frame._repr_html_())
    assert (head, body) == ([["target", "a"]], [["7", "1.5"]])


def test_a_long_table_may_break_across_pages():
    body = [[str(k)] for k in range(LONG_TABLE)]
    assert "handoutlongtable" in latex_table([["n"]], body)
    assert "handoutlongtable" not in latex_table([["n"]], body[:-1])


SUMMARY = """\
┏━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┓
┃\x1b[1m \x1b[0m\x1b[1mLayer (type)  \x1b[0m\x1b[1m \x1b[0m┃ Output Shape ┃ Param # ┃
┡━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━┩
│ a_long_name    │ (None, 32)   │   1,128 │
│ (\x1b[38;5;33mDense\x1b[0m)        │              │         │
├────────────────┼──────────────┼─────────┤
│ output (Dense) │ (None, 1)    │      33 │
└────────────────┴──────────────┴─────────┘
"""


def test_a_model_summary_becomes_a_table_with_its_broken_cells_joined():
    head, body = parse_box_table(SUMMARY)
    assert head == [["Layer (type)", "Output Shape", "Param #"]]
    assert body == [
        ["a_long_name (Dense)", "(None, 32)", "1,128"],
        ["output (Dense)", "(None, 1)", "33"],
    ]
    assert "{llr}" in latex_table(head, body)


@pytest.mark.parametrize("output", ["", "loss 0.3", '\x1b[1mModel: "s"\x1b[0m\n'])
def test_other_output_is_no_table(output):
    assert parse_box_table(output) is None
