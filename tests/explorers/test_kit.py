"""The kit that the explorers share: what its functions compute."""

import numpy as np
from explorer_pages import in_node, node

from explorers.numbers import uniforms


def test_numbers_are_written_as_the_book_writes_them():
    assert in_node(
        "kit/format.js", "fixed", [-1234.5, 1], [-0.001, 2], [299626, 0]
    ) == [
        "−1\u202f234.5",
        "0.00",
        "299\u202f626",
    ]
    assert in_node("kit/format.js", "short", [4.942e-5, 2], [0, 3], [3.6534, 3]) == [
        "4.9 · 10⁻⁵",
        "0",
        "3.65",
    ]
    assert in_node("kit/format.js", "short", [1e-6, 2], [-186433, 3], [5.9e9, 2]) == [
        "10⁻⁶",
        "−186\u202f433",
        "5.9 · 10⁹",
    ]
    assert in_node("kit/format.js", "subscript", [10]) == ["₁₀"]


def test_an_address_gives_values_that_are_allowed_and_no_others():
    code = """
      import * as fields from "./explorers/kit/fields.js";
      const read = (field, ...texts) => texts.map((text) => field.parse(text) ?? null);
      console.log(JSON.stringify([
        read(fields.number(0, 1), "0.5", "1e-3", "2", "", "x", "NaN", "Infinity"),
        read(fields.integer(0, 9), "3", "3.5", "-1"),
        read(fields.oneOf("a", "b"), "b", "c", "__proto__"),
        read(fields.numbers(2, 0, 9), "1~2", "1", "1~x", "1~99"),
      ]));
    """
    assert node(code) == [
        [0.5, 0.001, None, None, None, None, None],
        [3, None, None],
        ["b", None, None],
        [[1, 2], None, None, None],
    ]


def test_a_slider_of_decades_stops_at_every_value_of_two_digits():
    code = """
      import { decades, even } from "./explorers/kit/scales.js";
      const stops = decades(-6, -4);
      const values = Array.from({ length: stops.count }, (_, i) => stops.value(i));
      const back = values.map((value) => Math.round(stops.index(value)));
      console.log(JSON.stringify([values, back, even(0, 1, 11).value(3)]));
    """
    values, back, third = node(code)
    expected = [float(f"{m}e{e}") for e in (-7, -6) for m in range(10, 100)] + [1e-4]
    assert values == expected
    assert back == list(range(181))
    assert third == 0.3


def test_level_lines_lie_where_the_function_has_that_value():
    size = 41
    grid = np.linspace(-1, 1, size)
    heights = np.add.outer(2 * grid, grid)  # rows: y
    ((line,),) = in_node(
        "kit/contours.js",
        "levelLines",
        [heights.ravel().tolist(), [size, size], [-1, 1], [-1, 1], [0.5]],
    )
    points = np.array(line["rings"][0])
    inside = np.all(np.abs(points) < 0.999, axis=1)
    assert inside.sum() > 20
    assert np.allclose(points[inside] @ [1, 2], 0.5, atol=1e-9)


def test_names_values_and_labels_find_their_places():
    """The kit's field of some names, slider of given values, and labels in a column."""
    code = """
      import { some } from "./explorers/kit/fields.js";
      import { listed } from "./explorers/kit/scales.js";
      import { apart } from "./explorers/kit/plot.js";
      const field = some("a", "b", "c");
      const stops = listed([0, 0.9, 0.99, 0.999]);
      console.log(JSON.stringify([
        ["c~a", "", "a~a", "d", "a~"].map((text) => field.parse(text) ?? null),
        field.format(["c", "a"]),
        [-1, 0, 0.45, 0.9, 0.999, 2].map(stops.index),
        stops.value(2),
        apart([50, 52, 10, 99], 13, [0, 100]),
      ]));
    """
    fields, written, indices, stop, labels = node(code)
    assert fields == [["c", "a"], [], None, None, None]
    assert written == "c~a"
    assert indices == [0, 0, 0.5, 1, 3, 3]
    assert stop == 0.99
    assert labels == [50, 63, 10, 99]


def test_numbers_of_16_bits_are_read_as_numpy_reads_them():
    codes = np.arange(2**16, dtype="<u2")
    finite = codes[np.isfinite(codes.view("<f2"))]
    data = list(finite.tobytes())
    (values,) = in_node("kit/numbers.js", "halves", [data])
    values = [values[str(i)] for i in range(len(finite))]
    assert values == finite.view("<f2").astype(float).tolist()


def test_both_languages_draw_the_same_numbers_at_random():
    for seed in (0, 1, 7, 9999):
        u = uniforms(seed, 30_000)
        assert in_node("kit/numbers.js", "uniforms", [seed, 500]) == [u[:500].tolist()]
        assert abs(u.mean() - 1 / 2) < 0.006 and abs(u.var() - 1 / 12) < 0.002
