"""The year ahead: JavaScript's forecasts are NumPy's and the chapter's."""

import numpy as np
import pytest
import traitlets
from explorer_pages import in_node
from numpy.lib.stride_tricks import sliding_window_view

from explorers.ahead import AHEAD, FORECASTS, YearAhead
from explorers.numbers import uniforms
from series import load_sunspots, quantile_network

MODULE = "ahead/forecasts.js"
CUTS = (2052, 2532)


def windows(series, first, last):
    both = sliding_window_view(series[first - 132 : last], 132 + AHEAD)
    return both[:, :132], both[:, 132:]


@pytest.fixture(scope="module")
def parts() -> dict:
    """What the chapter hands over, written once more."""
    y = load_sunspots().to_numpy()
    x, targets = windows(y, 132, CUTS[0])
    x_val, targets_val = windows(y, *CUTS)
    a = np.column_stack([x - x.mean(axis=0)])
    square = a.T @ a + len(a) * 100 * np.eye(132)
    weights = np.linalg.solve(square, a.T @ (targets - targets.mean(axis=0)))
    biases = targets.mean(axis=0) - x.mean(axis=0) @ weights
    beyond = np.sort(np.abs(x_val @ weights + biases - targets_val), axis=0)
    known = y[: CUTS[0]]
    scale = known.mean(), known.std()
    scaled = [(part - scale[0]) / scale[1] for part in (x, targets, x_val, targets_val)]
    return {
        "series": y,
        "line": (weights, biases),
        "half": beyond[int(np.ceil((len(x_val) + 1) * 0.8)) - 1],
        "network": quantile_network(*scaled),
        "scale": scale,
        "cuts": CUTS,
    }


@pytest.fixture(scope="module")
def make(parts):
    """make(origin=2500): the page's figure with other traits."""
    return lambda **traits: YearAhead(**(parts | traits))


def some_origins(figure: YearAhead) -> list[int]:
    ends = [figure.origins()[0], figure.origins()[-1], CUTS[0] - 1, CUTS[1] - 1]
    drawn = np.random.default_rng(0).choice(figure.origins(), 30, replace=False)
    return [*ends, *(place for _, place in figure.places), *drawn.tolist()]


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("period", [100, 127, 150])
def test_javascript_forecasts_what_numpy_does(make, shuffled, period):
    figure = make(period=period, shuffled=shuffled)
    places = some_origins(figure)
    answers = in_node(MODULE, "allOf", *([figure.state(), t] for t in places))
    for t, answer in zip(places, answers, strict=True):
        assert list(answer) == list(FORECASTS)
        for name, said in answer.items():
            wanted = figure.forecast(name, t)
            assert said.keys() == wanted.keys()
            for part, values in said.items():
                assert np.allclose(values, wanted[part], rtol=0, atol=1e-9), (name, t)


def test_javascript_keeps_the_record_of_numpy(make):
    figure = make(shuffled=True, period=120)
    places = some_origins(figure)
    for name in FORECASTS:
        (answer,) = in_node(MODULE, "recordOf", [figure.state(), name, places])
        wanted = figure.record(name, places)
        assert np.allclose(answer["errors"], wanted.pop("errors"), rtol=0, atol=1e-9)
        assert {part: answer[part] for part in wanted} == wanted
    (empty,) = in_node(MODULE, "recordOf", [figure.state(), "line", []])
    assert empty["months"] == 0 and empty["errors"] == [0] * AHEAD


def test_the_record_over_all_judged_years_is_the_chapter_s(make, parts):
    """Rounding to 16 bits and to tenths costs nothing that the page shows."""
    figure, y = make(), parts["series"]
    x, came = windows(y, CUTS[1], len(y))
    weights, biases = parts["line"]
    line = x @ weights + biases
    records = {name: figure.record(name, figure.judged()) for name in FORECASTS}
    by_hand = {"now": x[:, -1:], "cycle": x[:, :AHEAD], "line": line}
    for name, forecast in by_hand.items():
        wanted = np.abs(forecast - came).mean(axis=0)
        assert np.allclose(records[name]["errors"], wanted, atol=0.005)
    assert records["line"]["errors"].mean() == pytest.approx(16.68, abs=0.005)
    assert records["line"]["months"] == 577 * AHEAD == came.size
    share = records["line"]["inside"] / came.size
    assert share == pytest.approx(
        np.mean(np.abs(line - came) <= parts["half"]), abs=5e-4
    )
    assert round(100 * share, 1) == 80.8
    assert 0.7 < records["network"]["inside"] / came.size < 0.85


def test_the_network_is_the_one_that_was_given(make, parts):
    figure = make()
    first, b, second, c = parts["network"]
    mean, spread = parts["scale"]
    for t in some_origins(figure):
        z = (parts["series"][t - 131 : t + 1] - mean) / spread
        out = z[-1] + second @ np.maximum(first @ z + b, 0) + c
        wanted = np.sort(out.reshape(AHEAD, 3), axis=1).T * spread + mean
        said = figure.forecast("network", t)
        found = [said[part] for part in ("low", "middle", "high")]
        assert np.allclose(found, wanted, atol=0.15)
        assert (np.diff(found, axis=0) >= 0).all()


def test_neighbors_come_from_where_they_may(make):
    """In time: learned, and no month shared. Shuffled: from another fold."""
    figure, mixed = make(), make(shuffled=True)
    y = figure.series()
    fold = np.floor(5 * uniforms(0, len(y) - 47))
    places = [*some_origins(figure), *figure.judged()[::20]]
    found = in_node(MODULE, "neighborOf", *([mixed.state(), t] for t in places))
    shared = []
    for t, there in zip(places, found, strict=True):
        near = figure.neighbor(t)
        assert near + AHEAD < CUTS[0] and abs(near - t) >= 48
        assert there == mixed.neighbor(t)
        assert fold[there - 35] != fold[t - 35]
        shared.append(abs(there - t) < 48)
        # By definition, one by one.
        usable = [e for e in range(35, len(y) - 12) if fold[e - 35] != fold[t - 35]]
        far = [np.sum((y[e - 35 : e + 1] - y[t - 35 : t + 1]) ** 2) for e in usable]
        assert min(far) == pytest.approx(far[usable.index(there)], abs=1e-6)
    assert 0.1 < np.mean(shared) < 0.6
    errors = [
        f.record("neighbor", f.judged()[::6])["errors"].mean() for f in (figure, mixed)
    ]
    assert errors[1] < 0.92 * errors[0]


def test_at_the_highest_maximum_a_shuffled_split_finds_the_month_before(make):
    place = dict(make().places)["Maximum 1957"]
    assert make(shuffled=True).neighbor(place) == place - 1
    assert make().month(make().neighbor(place)) == "March 1779"
    errors = [
        make(shuffled=shuffled).record("neighbor", [place])["errors"].mean()
        for shuffled in (True, False)
    ]
    assert errors[0] < 25 < 70 < errors[1]


def test_the_places_are_what_their_names_say(make):
    figure = make()
    y, places = figure.series(), dict(figure.places)
    assert [figure.month(t) for t in places.values()] == [
        "April 1954",
        "March 1956",
        "October 1957",
        "April 1959",
    ]
    low, rise, top, fall = places.values()
    assert y[low - 12 : low + 13].min() in y[low - 12 : low + 13] and y[low] < 5
    assert y[top] == y.max()
    assert y[rise] > 10 * y[rise - 24] and y[fall + 1 : fall + 13].mean() < y[fall]


def test_what_print_and_page_say_of_these_places(make):
    """On the rise the line is too low in all months, and its interval misses most."""
    figure = make()
    low, rise, top, _ = (place for _, place in figure.places)
    assert figure.record("line", [rise])["low"] == 12
    assert figure.record("line", [rise])["inside"] <= 3
    assert figure.record("line", [low])["inside"] == 12
    assert figure.record("now", [top])["low"] == 0
    assert len(figure.draw().axes) == 4


def test_the_record_counts_what_was_visited(make):
    figure = make(visited=[2500, 2600], came=True)
    assert figure.counted() == [2500, 2600]
    assert figure.record("now")["months"] == 24
    assert make().record("line")["inside"] == 0


def test_a_year_ahead_refuses_what_makes_no_sense(make):
    for wrong, message in (
        ({"series": np.full(3120, -1.0)}, "from 0 to 6553"),
        ({"cuts": (2532, 2052)}, "rising order"),
        ({"cuts": (2052, 3119)}, "rising order"),
        ({"half": np.ones(11)}, "the line has arrays"),
        ({"network": [np.ones((16, 132))]}, "the network has arrays"),
        ({"origin": 148}, "148 is no origin"),
        ({"origin": 3108}, "3108 is no origin"),
        ({"visited": [0]}, "0 is no origin"),
    ):
        with pytest.raises(ValueError, match=message):
            make(**wrong)
    for wrong in ({"period": 99}, {"period": 151}, {"shown": ["luck"]}):
        with pytest.raises(traitlets.TraitError):
            make(**wrong)
