"""Twenty points: JavaScript's least squares and ridge are NumPy's."""

import numpy as np
import pytest
import traitlets
from explorer_pages import in_node

from explorers.capacity import Capacity, cosines, drawn, fit, sizes

MODULE = "capacity/fits.js"
NUMBERS = ("training", "excess", "length")


def plain(x: np.ndarray, y: np.ndarray) -> dict:
    return {"x": x.tolist(), "y": y.tolist()}


def gap(answer: dict, found: dict) -> float:
    """The largest difference of curves and numbers, relative to what they are."""
    curve = np.array(list(answer["curve"].values()))
    off = np.abs(curve - found["curve"]).max() / max(1, np.abs(found["curve"]).max())
    each = [abs(answer[k] - found[k]) / max(1, abs(found[k])) for k in NUMBERS]
    return max(off, *each)


@pytest.mark.parametrize("n", [8, 20, 40])
def test_capacity_draws_the_same_points_in_both_languages(n):
    calls = [[n, noise, number] for noise in (0.0, 0.3, 0.6) for number in range(300)]
    for call, answer in zip(calls, in_node(MODULE, "drawn", *calls), strict=True):
        x, y = drawn(*call)
        assert answer == plain(x, y)


@pytest.mark.parametrize("penalty", [0, 1e-6, 1e-3, 1])
def test_capacity_says_what_numpy_says(penalty):
    """To 1e-9, at p = n as well: drawn points leave a condition below 10⁶ there."""
    calls, wanted = [], []
    for n in (8, 20, 40):
        for number in range(0, 500, 50):
            points = drawn(n, 0.3, number)
            assert np.linalg.cond(cosines(points[0], n)) < 1e6
            for p in (2, 4, n - 1, n, n + 1, 3 * n, 1000):
                calls.append([plain(*points), p, penalty])
                wanted.append(fit(*points, p, penalty))
    for answer, found in zip(in_node(MODULE, "fit", *calls), wanted, strict=True):
        assert answer["rank"] == found["rank"]
        assert gap(answer, found) < 1e-9


@pytest.mark.parametrize(
    ("apart", "tolerance"), [(1e-3, 1e-9), (1e-5, 1e-9), (1e-7, 1e-6)]
)
def test_capacity_keeps_up_with_numpy_where_two_points_nearly_meet(apart, tolerance):
    """The condition, 10³ to 10⁷, takes some digits; the peak is not cut off."""
    x, y = drawn(20, 0.3, 100)
    x[5], y[5] = x[6] - apart, y[6] + 1
    found = fit(x, y, 20)
    assert np.linalg.cond(cosines(x, 20)) > 0.2 / apart
    (answer,) = in_node(MODULE, "fit", [plain(x, y), 20, 0])
    assert answer["rank"] == found["rank"] == 20
    assert gap(answer, found) < tolerance


def test_two_points_at_one_place_leave_a_rank_of_one_less():
    x, y = drawn(20, 0.3, 100)
    x[5], y[5] = x[6], y[6] + 1
    sizes_ = (4, 19, 20, 21, 1000)
    answers = in_node(MODULE, "fit", *([plain(x, y), p] for p in sizes_))
    for p, answer in zip(sizes_, answers, strict=True):
        found = fit(x, y, p)
        assert answer["rank"] == found["rank"] == min(p, 19)
        assert gap(answer, found) < 1e-9
        # The pair is met in the middle, half a unit from each, the others exactly.
        if p >= 20:
            assert np.isclose(found["training"], 2 * 0.5**2 / 20)


def test_the_shortest_and_ridge_are_what_the_chapter_says():
    x, y = drawn(20, 0.3, 100)
    for p in (20, 50, 400):
        phi = cosines(x, p)
        weights = phi.T @ np.linalg.solve(phi @ phi.T, y)
        assert np.isclose(fit(x, y, p)["length"], np.linalg.norm(weights), rtol=1e-9)
        assert np.allclose(np.linalg.pinv(phi) @ y, weights, atol=1e-8)
    for p in (4, 20, 50):
        phi, penalty = cosines(x, p), 0.02
        found = fit(x, y, p, penalty)
        # The gradient of mean loss plus λ/2 times the squared length is zero there.
        square = 2 / 20 * phi.T @ phi + penalty * np.eye(p)
        weights = np.linalg.solve(square, 2 / 20 * phi.T @ y)
        assert np.isclose(found["length"], np.linalg.norm(weights), rtol=1e-12)
    assert np.allclose(cosines(np.array([-1.0, 0, 1]), 3)[:, 1], [1, 0, -1])
    assert np.allclose(cosines(np.array([-1.0, 0, 1]), 3)[:, 2], [1 / 2, -1 / 2, 1 / 2])


@pytest.mark.parametrize("penalty", [0, 0.01])
def test_capacity_plots_the_errors_of_every_size_and_of_fifty_draws(penalty):
    run = Capacity(points=12, penalty=penalty, seed=3, moved=[4.0, 0.1, -1.5])
    points = plain(*run.data())
    assert sizes(12)[:12] == [2, 3, 4, 5, 6, 8, 10, 11, 12, 13, 14, 17]
    (course,) = in_node(MODULE, "whole", ["course", points, penalty])
    assert [row["p"] for row in course] == sizes(12)
    for name, values in run.course().items():
        shown = [row[name] for row in course]
        assert np.allclose(shown, values, rtol=1e-9, atol=1e-9)
    # One size with its curves, and all of them without.
    args = [12, 0.3, 3]
    (spread,) = in_node(MODULE, "whole", ["spread", *args, 13, penalty])
    (spreads,) = in_node(MODULE, "whole", ["spreads", *args, penalty])
    for row in spreads:
        found = run.spread(row["p"])
        for name in ("bias", "variance"):
            assert np.isclose(row[name], found[name], rtol=1e-8, atol=1e-9)
        # Bias² and variance are the mean excess error of these draws, exactly.
        both = found["bias"] + found["variance"]
        assert np.isclose(both, found["excess"].mean(), rtol=1e-12)
    found = run.spread(13)
    assert np.allclose(spread["middle"], found["middle"], atol=1e-9)
    assert np.allclose(spread["excess"], found["excess"], rtol=1e-8)
    quarter, nine = in_node(
        MODULE, "quantile", [spread["excess"], 0.25], [spread["excess"], 0.9]
    )
    assert np.allclose([quarter, nine], np.quantile(found["excess"], [0.25, 0.9]))


def test_the_figure_as_it_comes_is_an_ordinary_draw():
    """Its peak lies in the middle of what draws give, and it is at p = n."""
    run, at = Capacity(), sizes(20)
    excess = run.course()["excess"]
    assert at[excess.argmax()] == 20
    peaks = [fit(*drawn(20, 0.3, 50 * k), 20)["excess"] for k in range(100)]
    assert 0.5 < np.mean(np.array(peaks) < excess.max()) < 0.75
    assert excess[at.index(4)] < excess[at.index(1000)] < excess.max() / 4
    # Its closest neighbors pulled apart: the peak grows and stays beside p = n.
    x, y = run.data()
    i = np.diff(x).argmin()
    moved = [float(i), x[i], y[i] - 0.5, i + 1.0, x[i + 1], y[i + 1] + 0.5]
    pulled = Capacity(moved=moved).course()["excess"]
    assert abs(at[pulled.argmax()] - 20) <= 1 and pulled.max() > 5 * excess.max()
    spread = run.spread(20)
    assert spread["variance"] > 0.95 * spread["excess"].mean()


def test_points_that_are_moved_are_checked():
    x, y = Capacity(moved=[0.0, 0.5, 2.0, 39.0, 0.0, 0.0]).data()
    first, heights = Capacity().data()
    assert (x[0], y[0]) == (0.5, 2.0)
    assert np.array_equal(x[1:], first[1:]) and np.array_equal(y[1:], heights[1:])
    for moved in ([0.0, 0.5], [40.0, 0, 0], [0.5, 0, 0], [0.0, 1.1, 0], [0.0, 0, -2.1]):
        with pytest.raises(traitlets.TraitError):
            Capacity(moved=moved)
    with pytest.raises(traitlets.TraitError):
        Capacity(features=1)
