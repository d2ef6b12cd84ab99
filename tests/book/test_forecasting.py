"""The chapter on forecasting: its equations, and what it shows beside."""

import itertools

import numpy as np
import pytest
from every_chapter import *  # noqa: F403

import notebook_utils  # noqa: F401  (before Keras)

# isort: split
import keras
import torch

from series import load_sunspots

# TensorFlow's variables, when NumPy copies them
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")

PAGE = "book/forecasting"
CUTS = {"learn": ("1760-01", "1919-12"), "val": ("1920-01", "1959-12")}
CUTS["test"] = ("1960-01", "2008-12")


@pytest.fixture(scope="module")
def page(chapter):
    return chapter(PAGE).namespace


@pytest.fixture(scope="module")
def sun():
    return load_sunspots()


@pytest.mark.equation("eq:fc-window")
def test_a_window_belongs_to_the_period_of_its_targets(page, sun):
    """Inputs end where targets begin, and no month is a target in two periods."""
    for part, (first, last) in CUTS.items():
        x, targets = page[f"x_{part}"], page[f"y_{part}"]
        months = sun[first:last]
        assert len(x) == len(targets) == len(months) - 11
        for i in (0, 7, len(x) - 1):
            origin = months.index[i] - 1
            assert np.array_equal(x[i], sun[origin - 131 : origin])
            assert np.array_equal(targets[i], sun[origin + 1 : origin + 12])
        assert np.array_equal(np.unique(targets), np.unique(months))


@pytest.mark.equation("eq:fc-naive")
def test_the_free_forecasts_repeat_what_was(page, sun):
    """One repeats the month of the origin, the other the months 132 before."""
    months = sun["1960-01":].index
    for i in (0, 100, 576):
        assert np.all(page["as_now"][i] == sun[months[i] - 1])
        again = [sun[months[i] + k - 132] for k in range(12)]
        assert np.array_equal(page["as_last_cycle"][i], again)


@pytest.mark.equation("eq:fc-mase")
def test_the_scaled_error_has_no_unit(page, sun):
    """Seven times the series has the same scaled error, which is 1 for persistence."""
    values = sun[:"1919-12"].to_numpy()

    def scaled(forecast, truth, training):
        steps = [abs(b - a) for a, b in itertools.pairwise(training)]
        return np.mean(np.abs(forecast - truth)) / (sum(steps) / len(steps))

    one = scaled(page["ridge"], page["y_test"], values)
    seven = scaled(7 * page["ridge"], 7 * page["y_test"], 7 * values)
    assert np.isclose(one, seven)
    assert np.isclose(scaled(values[:-1], values[1:], values), 1)


@pytest.mark.equation("eq:fc-ridge")
def test_the_line_has_no_slope_left(page):
    """At the weights and biases that `solve` gives, the penalized loss is level."""
    x, targets = page["x_learn"], page["y_learn"]
    W, b = page["fit_ridge"](x, targets, 200)
    W = torch.tensor(W.T, requires_grad=True)  # a row for each month ahead
    b = torch.tensor(b, requires_grad=True)
    errors = torch.tensor(x) @ W.T + b - torch.tensor(targets)
    loss = errors.square().sum(dim=1).mean() + 200 / 2 * W.square().sum()
    loss.backward()
    without = torch.autograd.grad(200 / 2 * W.square().sum(), W)[0]
    assert W.grad.abs().max() < 1e-6 * without.abs().max()
    assert b.grad.abs().max() < 1e-8
    assert without.abs().max() > 1


@pytest.mark.equation("eq:fc-recursive")
def test_a_recursive_forecast_eats_its_own(page):
    """Forecasting month by month in a loop gives the page's recursive forecast."""
    W, b = page["W_ridge"], page["b_ridge"]
    past = list(page["x_test"][5])
    for _ in range(12):
        past.append(float(np.dot(W[:, 0], past[-132:]) + b[0]))
    found = page["recursive"](page["x_test"][5:6], W, b)
    assert np.allclose(found[0], past[-12:])
    assert np.isclose(found[0, 0], page["ridge"][5, 0])
    assert not np.isclose(found[0, 11], page["ridge"][5, 11])


@pytest.mark.equation("eq:fc-pinball")
def test_pinball_is_least_at_the_quantile(page):
    """Both libraries' losses are the formula's, and its best constant is a quantile."""
    rng = np.random.default_rng(3)
    y = rng.gamma(2.0, size=(40, 12)).astype("float32")
    answer = rng.normal(size=(40, 12, 3)).astype("float32")
    total = 0.0
    for place in np.ndindex(40, 12, 3):
        q, e = (0.1, 0.5, 0.9)[place[2]], float(y[place[:2]] - answer[place])
        total += q * e if e > 0 else (q - 1) * e
    in_keras = page["pinball_keras"](keras.ops.array(y), keras.ops.array(answer))
    in_torch = page["pinball_torch"](torch.tensor(answer), torch.tensor(y))
    assert np.isclose(float(in_keras), total / answer.size, rtol=1e-5)
    assert np.isclose(float(in_torch), total / answer.size, rtol=1e-5)
    values, grid = y.ravel(), np.linspace(0, 8, 4001)
    for q in (0.1, 0.5, 0.9):
        costs = [np.mean(page["pinball"](values - c, q)) for c in grid]
        assert np.isclose(grid[np.argmin(costs)], np.quantile(values, q), atol=0.05)


@pytest.mark.equation("eq:fc-coverage")
def test_coverage_counts_what_falls_inside(page):
    """The share of outcomes within the line's moved ends, counted one by one."""
    count = 0
    for i, k in np.ndindex(page["y_test"].shape):
        middle, half = page["ridge"][i, k], page["half"][k]
        count += middle - half <= page["y_test"][i, k] <= middle + half
    assert np.isclose(page["ridge_inside"].mean(), count / page["y_test"].size)


@pytest.mark.equation("eq:fc-widen")
def test_moved_ends_hold_what_they_promise_for_draws_from_one_urn(page):
    """With 99 draws to move by, a further draw is inside in 80 of 100 cases."""
    rng = np.random.default_rng(0)
    draws = rng.standard_t(3, size=(100, 4000))
    ends = np.full((99, 4000), 0.3)
    moved = page["widening"](-ends, ends, draws[:99])
    assert np.isclose(np.mean(np.abs(draws[99]) <= 0.3 + moved), 0.8, atol=0.02)
    few = page["widening"](
        np.zeros((4, 1)), np.zeros((4, 1)), np.array([[3], [1], [2], [5]])
    )
    assert few[0] == 5  # the fourth smallest of four


def test_a_shuffled_split_leaves_windows_that_share_months(page):
    """Around a stretch held out, no window is kept that shares a month with it."""
    kept_gap = 48  # 36 months in, 12 ahead
    assert kept_gap == page["x_all"].shape[1] + 12
    assert page["dealt"][:, 1].max() < page["in_time"][1]


def test_networks_begin_at_persistence(page):
    """With the last layer at zero, both networks repeat the month of the origin."""
    net = page["Ahead"]()
    torch.nn.init.zeros_(net.dense.weight)
    torch.nn.init.zeros_(net.dense.bias)
    x = torch.tensor(page["u_test"][:3])[..., None]
    assert torch.equal(net(x), x[:, -1].expand(3, 12))
