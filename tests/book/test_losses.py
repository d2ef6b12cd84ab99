"""The chapter on losses: its equations, its table of formats, the libraries' losses.

The independent side is NumPy in extended precision, from the chapter's formulas. The
table is read from the page: a row that changes there is checked as it then stands.
"""

import json
import os
import re
import subprocess
import sys
from itertools import product
from math import erf, exp, fsum, inf, log, pi, prod, sqrt

import numpy as np
import pytest
from every_chapter import *  # noqa: F403
from this_book import ROOT, source

import notebook_utils  # noqa: F401  (before Keras)

# isort: split
import keras
import tensorflow as tf
import torch

# TensorFlow's variables, when NumPy copies them
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")

PAGE = "book/losses"


@pytest.fixture(scope="module")
def losses(chapter):
    return chapter(PAGE).namespace


# Equations ----------------------------------------------------------------------------


RNG_SEEDS = range(5)


def slope_of(function, at, h=1e-6):
    """Central difference quotient of a function of one number."""
    return (function(at + h) - function(at - h)) / (2 * h)


@pytest.mark.equation("eq:risks")
def test_the_empirical_risk_has_the_expected_risk_as_its_mean():
    """Over all samples of three from a small distribution, it is right on average."""
    atoms = [((0.0, 1.0), 0.5), ((1.0, 3.0), 0.3), ((2.0, -1.0), 0.2)]  # (x, y), share
    for theta in (-1.0, 0.0, 0.7):

        def loss(x, y, theta=theta):
            return (theta * x - y) ** 2

        expected = fsum(share * loss(*pair) for pair, share in atoms)
        mean_of_empirical = fsum(
            prod(share for _, share in draw)
            * (sum(loss(*pair) for pair, _ in draw) / len(draw))
            for draw in product(atoms, repeat=3)
        )
        assert mean_of_empirical == pytest.approx(expected)


def test_the_chapters_fits_are_too_optimistic_and_less_so_with_more_samples(losses):
    risks = {size: pairs.mean(axis=0) for size, pairs in losses["risks"].items()}
    gaps = [risks[size][1] - risks[size][0] for size in (10, 20, 50)]
    assert gaps[0] > gaps[1] > gaps[2] > 0
    straight, bent = (
        np.median(pairs[:, 1] - pairs[:, 0])
        for pairs in (losses["risks"][10], losses["bent_risks"])
    )
    assert bent > straight


@pytest.mark.equation("eq:negative-log-likelihood")
def test_the_logarithm_makes_the_product_a_mean():
    """The logarithm of the product of probabilities equals the sum of logarithms."""
    for seed in RNG_SEEDS:
        p = np.random.default_rng(seed).uniform(0.05, 1, size=12)
        assert -log(prod(p)) / 12 == pytest.approx(fsum(-log(v) for v in p) / 12)


@pytest.mark.equation("eq:gaussian-nll")
def test_the_gaussian_gives_the_squared_error(losses):
    """The formula equals PyTorch's Gaussian, and a density that integrates to 1."""
    for y, y_hat, s in [(3.0, 1.0, 0.5), (-2.0, 4.0, 3.0), (50.0, 22.5, 6.6)]:
        printed = (y - y_hat) ** 2 / (2 * s**2) + 0.5 * log(2 * pi * s**2)
        normal = torch.distributions.Normal(
            torch.tensor(y_hat, dtype=torch.float64), torch.tensor(s).double()
        )
        assert printed == pytest.approx(-normal.log_prob(torch.tensor(y)).item())
    grid = np.linspace(-9, 9, 20_001)
    density = np.exp(-(grid**2 / (2 * 0.7**2) + 0.5 * log(2 * pi * 0.7**2)))
    assert np.trapezoid(density, grid) == pytest.approx(1)
    # Its minimum over the weights is the least-squares line, whatever s is.
    x, y = losses["x"], losses["y"]
    line = np.array([losses["slope_line"], losses["intercept"]])
    for s in (1.0, 6.6):

        def total(weights, s=s):
            errors = weights[0] * x + weights[1] - y
            return np.mean(errors**2 / (2 * s**2) + 0.5 * log(2 * pi * s**2))

        for move in 0.01 * np.vstack([np.eye(2), -np.eye(2)]):
            assert total(line + move) > total(line)


@pytest.mark.equation("eq:entropy-kl")
def test_only_the_divergence_can_be_trained_away():
    """The sum equals PyTorch's entropy and divergence; no model pays less than the
    entropy, and the page's bound on the logarithm holds term by term.
    """
    for seed in RNG_SEEDS:
        p, q = np.random.default_rng(seed).dirichlet(np.ones(4), size=2)
        entropy = torch.distributions.Categorical(torch.tensor(p)).entropy().item()
        divergence = torch.distributions.kl_divergence(
            torch.distributions.Categorical(torch.tensor(p)),
            torch.distributions.Categorical(torch.tensor(q)),
        ).item()
        cross = -fsum(p[k] * log(q[k]) for k in range(4))
        assert cross == pytest.approx(entropy + divergence)
        assert divergence == pytest.approx(fsum(p * np.log(p / q)))
        assert divergence > 0
        assert -divergence <= fsum(p * (q / p - 1)) <= 1e-12
    cost = -0.8 * np.log(q_grid := np.linspace(0.01, 0.99, 99)) - 0.2 * np.log(
        1 - q_grid
    )
    assert q_grid[cost.argmin()] == pytest.approx(0.8)


@pytest.mark.equation("eq:predicted-spread")
def test_the_loss_with_a_spread_is_the_gaussians_and_that_of_the_libraries(losses):
    """It equals PyTorch's GaussianNLLLoss and Keras' function of the page, and is
    smallest where the spread is the size of the error.
    """
    rng = np.random.default_rng(3)
    y, y_hat, log_s = rng.normal(size=(3, 20, 1)).astype("float32")
    printed = log_s + (y - y_hat) ** 2 / (2 * np.exp(log_s) ** 2)
    by_torch = torch.nn.GaussianNLLLoss(reduction="none")(
        torch.tensor(y_hat), torch.tensor(y), torch.tensor(np.exp(log_s) ** 2)
    )
    by_keras = losses["gaussian_nll"](y, np.hstack([y_hat, log_s]))
    assert by_torch.numpy() == pytest.approx(printed, rel=1e-4)
    assert keras.ops.convert_to_numpy(by_keras) == pytest.approx(printed, rel=1e-4)
    normal = torch.distributions.Normal(torch.tensor(y_hat), torch.tensor(log_s).exp())
    full = -normal.log_prob(torch.tensor(y)).numpy()
    assert full == pytest.approx(printed + 0.5 * log(2 * pi), rel=1e-4)
    grid = np.linspace(1, 40, 3901)
    assert grid[np.argmin(np.log(grid) + 10**2 / (2 * grid**2))] == pytest.approx(10)


def test_both_libraries_find_the_spread_that_pays_on_six_columns(losses):
    """On the page's split both beat the constant spread, and agree."""
    for library in ("keras", "torch"):
        assert losses[f"nll_{library}"] < losses["nll_constant"] - 0.05
    assert losses["nll_keras"] == pytest.approx(losses["nll_torch"], abs=0.03)


@pytest.mark.equation("eq:precision-recall")
def test_precision_and_recall_are_those_of_keras_metrics(losses):
    """The two shares equal Keras' metrics on the page's tracts, and 5/20 and 5/8."""
    true = losses["ceiling"][losses["held_out"]]
    for threshold in (0.05, 1 / 11, 0.3):
        p = losses["plain_torch"]
        called = p >= threshold
        both = np.sum(called & (true == 1))
        precision, recall = (
            keras.metrics.Precision(threshold),
            keras.metrics.Recall(threshold),
        )
        precision.update_state(true, p)
        recall.update_state(true, p)
        assert float(precision.result()) == pytest.approx(both / called.sum())
        assert float(recall.result()) == pytest.approx(both / true.sum())
    table = re.findall(r"(\d+) (true|false) (positives|negatives)", source(PAGE))
    n = {(truth, sign): int(number) for number, truth, sign in table}
    assert n["true", "positives"] + n["false", "positives"] == 10
    assert n["true", "positives"] + n["false", "negatives"] == 8
    assert sum(n.values()) == len(true)


def test_a_threshold_of_one_over_one_plus_c_is_the_cheapest():
    """Of all thresholds, on outcomes drawn from the probabilities themselves."""
    p = np.linspace(0.0005, 0.9995, 1000)
    for c in (1, 4, 10):
        thresholds = np.linspace(0.01, 0.9, 90)
        costs = [np.sum(np.where(p >= t, 1 - p, c * p)) for t in thresholds]
        assert thresholds[np.argmin(costs)] == pytest.approx(1 / (1 + c), abs=0.011)


def test_a_weight_multiplies_the_odds():
    """With PyTorch's pos_weight, the best constant logit has c times the true odds."""
    y = torch.tensor([1.0] * 3 + [0.0] * 97)
    for c in (1.0, 10.0):
        loss = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(c))
        o = torch.zeros(1, requires_grad=True)
        best = torch.tensor(log(c * 3 / 97))
        o.data.fill_(best)
        loss(o.expand(100), y).backward()
        assert o.grad.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.equation("eq:mean-squared-error")
def test_the_mean_squared_error_is_k_times_that_of_the_libraries():
    """The formula equals K times PyTorch's and Keras' mean, on several shapes."""
    import keras

    for n, k in [(1, 1), (7, 1), (4, 3), (3, 2)]:
        rng = np.random.default_rng(n)
        y_hat, y = rng.normal(size=(2, n, k))
        printed = sum(np.linalg.norm(y_hat[i] - y[i]) ** 2 for i in range(n)) / n
        by_torch = torch.nn.MSELoss()(torch.tensor(y_hat), torch.tensor(y)).item()
        by_keras = float(keras.losses.MeanSquaredError(dtype="float64")(y, y_hat))
        assert printed == pytest.approx(k * by_torch)
        assert printed == pytest.approx(k * by_keras)


@pytest.mark.equation("eq:categorical")
def test_the_product_with_one_hot_exponents_picks_the_right_class():
    """It equals PyTorch's categorical and, for two classes, Bernoulli distribution."""
    for seed in RNG_SEEDS:
        y_hat = np.random.default_rng(seed).dirichlet(np.ones(4))
        for observed, y in enumerate(np.eye(4)):
            p = prod(y_hat[k] ** y[k] for k in range(4))
            minus_log = -sum(y[k] * log(y_hat[k]) for k in range(4))
            categorical = torch.distributions.Categorical(torch.tensor(y_hat))
            assert minus_log == pytest.approx(-log(p))
            assert minus_log == pytest.approx(
                -categorical.log_prob(torch.tensor(observed)).item()
            )
    for q, y in product((0.2, 0.9), (0, 1)):
        bernoulli = torch.distributions.Bernoulli(torch.tensor(q).double())
        two = -(y * log(q) + (1 - y) * log(1 - q))
        found = -bernoulli.log_prob(torch.tensor(float(y))).item()
        assert two == pytest.approx(found, rel=1e-6)


def random_logits(seed, k=5):
    rng = np.random.default_rng(seed)
    return 3 * rng.normal(size=k), rng.dirichlet(np.ones(k))


def cross_entropy_of(o, y):
    """From the definition, in extended precision where there is one."""
    e = np.exp(np.asarray(o, dtype=np.longdouble))
    return float(-(y * np.log(e / e.sum())).sum())


@pytest.mark.equation("eq:softmax-gradient")
def test_the_pull_is_prediction_minus_target():
    """Difference quotients and PyTorch agree with the formula, for soft targets too."""
    for seed in RNG_SEEDS:
        o, y = random_logits(seed)
        y_hat = np.exp(o) / np.exp(o).sum()
        for k, unit in enumerate(np.eye(5)):
            found = slope_of(
                lambda h, o=o, y=y, unit=unit: cross_entropy_of(o + h * unit, y), 0.0
            )
            assert found == pytest.approx(y_hat[k] - y[k], abs=1e-8)
        tensor = torch.tensor(o, requires_grad=True)
        torch.nn.functional.cross_entropy(tensor, torch.tensor(y)).backward()
        assert tensor.grad.numpy() == pytest.approx(y_hat - y, abs=1e-14)
        assert abs(np.sum(y_hat - y)) < 1e-14


@pytest.mark.equation("eq:cross-entropy-logits")
def test_the_cross_entropy_needs_only_logits():
    """Both forms of the formula equal the definition and PyTorch's loss."""
    for seed in RNG_SEEDS:
        o, y = random_logits(seed)
        lse = log(fsum(exp(v) for v in o))
        first = -fsum(y[k] * (o[k] - lse) for k in range(5))
        second = lse - fsum(y[k] * o[k] for k in range(5))
        by_torch = torch.nn.functional.cross_entropy(torch.tensor(o), torch.tensor(y))
        assert first == pytest.approx(cross_entropy_of(o, y))
        assert second == pytest.approx(first)
        assert by_torch.item() == pytest.approx(first)


@pytest.mark.equation("eq:squared-sigmoid")
def test_squared_error_through_a_sigmoid_has_one_more_factor(losses):
    """Difference quotients agree with the formula and with the chapter's function."""
    for o, y in product((-8.0, -0.7, 0.0, 1.5, 6.0), (0.0, 1.0)):
        s = 1 / (1 + exp(-o))
        printed = 2 * (s - y) * s * (1 - s)
        found = slope_of(lambda v, y=y: (1 / (1 + exp(-v)) - y) ** 2, o)
        assert printed == pytest.approx(found, abs=1e-9)
        assert losses["pull_squared"](s, y) == pytest.approx(printed)


@pytest.mark.equation("eq:huber")
def test_hubers_loss_is_that_of_the_libraries_and_joins_smoothly():
    """It equals PyTorch's and Keras' for several thresholds; value and slope join."""
    import keras

    def printed(e, delta):
        return e**2 / 2 if abs(e) <= delta else delta * abs(e) - delta**2 / 2

    for delta in (0.5, 1.0, 5.0):
        e = np.array([-100.0, -delta, -0.1, 0.0, 0.3, delta, delta + 1e-9, 7.0])
        expected = [printed(v, delta) for v in e]
        zeros = np.zeros_like(e)
        by_torch = torch.nn.HuberLoss(reduction="none", delta=delta)(
            torch.tensor(e), torch.tensor(zeros)
        )
        by_keras = keras.losses.Huber(delta=delta, reduction=None, dtype="float64")(
            zeros[:, None], e[:, None]
        )
        assert by_torch.numpy() == pytest.approx(expected)
        assert np.array(by_keras) == pytest.approx(expected, rel=1e-6)
        for at in (-30.0, -0.2 * delta, 0.9 * delta, 30.0):
            clipped = max(-delta, min(at, delta))
            assert slope_of(lambda v, d=delta: printed(v, d), at) == pytest.approx(
                clipped
            )


@pytest.mark.equation("eq:log-sum-exp")
def test_log_sum_exp_is_exact_where_the_definition_overflows():
    """It equals the definition on small logits and PyTorch's on those of size 1000."""

    def printed(o):
        m = max(o)
        return m + log(fsum(exp(v - m) for v in o))

    for seed in RNG_SEEDS:
        o = np.random.default_rng(seed).normal(size=6)
        assert printed(o) == pytest.approx(log(fsum(exp(v) for v in o)))
    for o in ([1000.0, 1001.0, 1002.0], [-1000.0, -1000.0], [1000.0, -1000.0]):
        by_torch = torch.logsumexp(torch.tensor(o, dtype=torch.float64), 0).item()
        assert printed(o) == pytest.approx(by_torch, abs=1e-12)
    assert printed([-1000.0, -1000.0]) == pytest.approx(-1000 + log(2))


@pytest.mark.equation("eq:stable-binary")
def test_the_binary_loss_of_a_logit_is_exact_for_every_logit():
    """Both sides agree where the left one can be computed; PyTorch agrees at ±1000."""

    def right(o, y):
        return max(o, 0) - o * y + log(1 + exp(-abs(o)))

    for o, y in product((-20.0, -1.0, 0.0, 0.3, 20.0), (0.0, 0.25, 1.0)):
        s = 1 / (1 + exp(-o))
        left = -y * log(s) - (1 - y) * log(1 - s)
        assert right(o, y) == pytest.approx(left, rel=1e-6)
    for o, y in product((-1000.0, -100.0, 100.0, 1000.0), (0.0, 1.0)):
        by_torch = torch.nn.functional.binary_cross_entropy_with_logits(
            torch.tensor(o), torch.tensor(y)
        )
        assert right(o, y) == pytest.approx(by_torch.item())


@pytest.mark.equation("eq:penalized")
def test_the_penalty_bounds_the_weights_and_lets_the_bias_alone(losses):
    """At the chapter's end of training the gradient of the formula is zero."""
    x = torch.tensor(losses["features"]).double()
    y = torch.tensor(losses["versicolor"][:, 0]).double()
    w, b, _ = losses["train"](decay=0.1, steps=3000)
    weights = torch.tensor(w, requires_grad=True)
    bias = torch.tensor(b, requires_grad=True)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(x @ weights + bias, y)
    (loss + 0.1 / 2 * (weights**2).sum()).backward()
    assert weights.grad.abs().max() < 1e-9
    assert bias.grad.abs() < 1e-9


@pytest.mark.equation("eq:decay-step")
def test_descent_on_the_penalty_first_shrinks_and_then_learns():
    """PyTorch's SGD, with the penalty or with weight decay, takes the printed step."""
    rng = np.random.default_rng(0)
    data, start, rate, decay = rng.normal(size=4), rng.normal(size=4), 0.3, 0.2

    def loss(w):
        return ((w - torch.tensor(data)) ** 4).sum()

    gradient = 4 * (start - data) ** 3
    middle = start - rate * (gradient + decay * start)
    right = (1 - rate * decay) * start - rate * gradient
    for by_optimizer in (0.0, decay):
        w = torch.tensor(start, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=rate, weight_decay=by_optimizer)
        (loss(w) + (decay - by_optimizer) / 2 * (w**2).sum()).backward()
        optimizer.step()
        assert w.detach().numpy() == pytest.approx(middle)
        assert w.detach().numpy() == pytest.approx(right)


@pytest.mark.equation("eq:shrink")
def test_one_penalty_scales_and_the_other_subtracts(losses):
    """Both formulas give the lowest value on a fine grid, kink included."""
    grid = np.linspace(-4, 4, 800_001)
    for star, h, strength in [(2.0, 1.5, 1.0), (-0.4, 2.0, 1.0), (-3.0, 0.5, 0.7)]:
        bowl = h / 2 * (grid - star) ** 2
        squared = grid[np.argmin(bowl + strength / 2 * grid**2)]
        absolute = grid[np.argmin(bowl + strength * abs(grid))]
        soft = np.sign(star) * max(abs(star) - strength / h, 0)
        assert squared == pytest.approx(h / (h + strength) * star, abs=1e-5)
        assert absolute == pytest.approx(soft, abs=1e-5)
    # The chapter's lasso satisfies the condition for a minimum, feature by feature.
    second, first = losses["second"], losses["first"]
    for strength in (0.1, 1.0, 5.0, 20.0):
        w = losses["lasso"](strength)
        slope = second @ w - first
        kept = w != 0
        assert slope[kept] == pytest.approx(-strength * np.sign(w[kept]), abs=1e-6)
        assert np.all(abs(slope[~kept]) <= strength + 1e-6)


@pytest.mark.equation("eq:prior")
def test_a_gaussian_prior_is_the_penalty():
    """Log densities by PyTorch differ from the formula by a constant in the weights."""
    rng = np.random.default_rng(1)
    x, y, tau = rng.normal(size=(9, 3)), rng.normal(size=9), 0.7
    differences = []
    for _ in range(4):
        w = rng.normal(size=3)
        likelihood = torch.distributions.Normal(torch.tensor(x @ w), 1.0)
        prior = torch.distributions.Normal(torch.zeros(3).double(), tau)
        surprise = -likelihood.log_prob(torch.tensor(y))
        left = (surprise.sum() - prior.log_prob(torch.tensor(w)).sum()) / 9
        right = surprise.mean() + np.sum(w**2) / (2 * 9 * tau**2)
        differences.append((left - right).item())
    assert differences == pytest.approx([differences[0]] * 4)


def test_the_sentence_about_the_ceiling_holds(losses):
    """The slope of -log Phi in the exercise is the pull that its solution uses."""

    def surprise(y_hat, s=6.0):
        cdf = (1 + erf((y_hat - 50) / s / sqrt(2))) / 2
        return -log(cdf) if cdf > 0 else inf

    for y_hat in (35.0, 48.0, 60.0):
        u = (y_hat - 50) / 6
        pull = -exp(-(u**2) / 2) / sqrt(2 * pi) / float(losses["normal_cdf"](u)) / 6
        assert slope_of(surprise, y_hat, 1e-4) == pytest.approx(pull, rel=1e-5)


# Beside the equations -----------------------------------------------------------------


TASKS = ["numbers", "outliers", "yes or no", "K times", "index", "shares"]
KEYWORDS = {
    "numbers": "$K$ numbers",
    "outliers": "numbers, with outliers",
    "yes or no": "yes or no",
    "K times": "$K$ times yes or no",
    "index": "one of $K$, as index",
    "shares": "one of $K$, as shares",
}


# Independent losses, one number for each entry (or each sample) -----------------------


def squared(o, y):
    return (o - y) ** 2


def absolute(o, y):
    return abs(o - y)


def huber(o, y, delta=1.0):
    e = abs(o - y)
    return np.where(e <= delta, e**2 / 2, delta * e - delta**2 / 2)


def binary(o, y):
    """From the two probabilities, each computed where it does not round to 0 or 1."""
    minus_log_1 = np.logaddexp(0, -o)  # -log sigma(o)
    minus_log_0 = np.logaddexp(0, o)
    return y * minus_log_1 + (1 - y) * minus_log_0


def categorical(o, shares):
    shifted = o - o.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -np.where(shares > 0, shares * log_p, 0).sum(axis=-1)


REFERENCE = {
    "numbers": squared,
    "outliers": huber,
    "yes or no": binary,
    "K times": binary,
    "index": categorical,
    "shares": categorical,
}


def expected_entries(task, o, y):
    """The losses before their reduction, in extended precision."""
    o = np.asarray(o, dtype=np.longdouble)
    if task == "index":
        y = np.eye(o.shape[1])[y]
    return REFERENCE[task](o, np.asarray(y, dtype=np.longdouble)).astype(float)


def example(task, seed=0, scale=1.0, n=6, k=4):
    """Outputs and targets of a task; `scale` is the size of the outputs."""
    rng = np.random.default_rng(seed)
    k = 1 if task == "yes or no" else k
    o = scale * rng.normal(size=(n, k))
    if scale > 1:
        o = scale * np.sign(o) * rng.choice([1.0, 0.999], size=o.shape)
    y = {
        "numbers": 3 * rng.normal(size=(n, k)),
        "outliers": 3 * rng.normal(size=(n, k)),
        "yes or no": rng.integers(0, 2, size=(n, k)),
        "K times": rng.integers(0, 2, size=(n, k)),
        "index": rng.integers(0, k, size=n),
        "shares": rng.dirichlet(np.ones(k), size=n),
    }[task]
    return o, y


# The table ----------------------------------------------------------------------------


def rows():
    """Of each task, the cells on the last layer, on Keras and on PyTorch."""
    page = source(PAGE)
    table = re.search(r":name: tab:contract\n.*?\n\n(.*?)```", page, flags=re.S)[1]
    found = {}
    for line in table.strip().split("\n")[2:]:
        task, last, in_keras, in_torch = [c.strip() for c in line.strip("|").split("|")]
        found[task] = (last, in_keras, in_torch)
    return found


def contract(cell):
    """(code of the loss, types of the targets, their shape) of a cell of the table."""
    name, options, types, shape = re.fullmatch(
        r"`(\w+)`(?: `([\w=]+)`)?; (.*?) `(.*?)`", cell
    ).groups()
    options = (options or "").replace("delta=d", "delta=1.0")
    return f"{name}({options})", types.split(" or "), shape.replace("\u00a0", " ")


def test_the_table_has_the_rows_that_are_checked_here():
    assert list(rows()) == [KEYWORDS[task] for task in TASKS]


TYPES = {
    "float": {"keras": ["float32", "float64"], "torch": ["float32"]},
    "int": {"keras": ["int32", "int64"], "torch": []},
    "int64": {"keras": ["int64"], "torch": ["int64"]},
}


@pytest.mark.parametrize("task", TASKS)
def test_each_row_of_the_table_gives_the_mean_that_the_page_says(task):
    """Loss, shape and type of the targets as it says; the value by independent code."""
    last, in_keras, in_torch = rows()[KEYWORDS[task]]
    o, y = example(task)
    assert last == ("1, linear" if task == "yes or no" else "$K$, linear")
    for library, cell in (("keras", in_keras), ("torch", in_torch)):
        code, types, shape = contract(cell)
        n, k = o.shape
        assert y.shape == {"(n, K)": (n, k), "(n, 1)": (n, 1), "(n,)": (n,)}[shape]
        for type_name in [t for name in types for t in TYPES[name][library]]:
            targets = y
            if task == "shares" and type_name.startswith("int"):
                targets = np.eye(k)[y.argmax(axis=1)]
            targets = targets.astype(type_name)
            expected = expected_entries(task, o, targets).mean()
            if library == "keras":
                loss = eval(code, vars(keras.losses))
                found = float(loss(targets, o.astype("float32")))
            else:
                loss = eval(code, vars(torch.nn))
                found = loss(torch.tensor(o).float(), torch.tensor(targets)).item()
            assert found == pytest.approx(expected, rel=1e-5), (library, type_name)


def test_the_means_are_over_entries_in_four_rows_and_over_samples_in_two():
    """As the sentence below the table says, by dividing the sum by the mean."""
    for task in TASKS:
        o, y = example(task)
        entries = o.size if task in TASKS[:4] else len(o)
        assert expected_entries(task, o, y).size == entries
        code, _, _ = contract(rows()[KEYWORDS[task]][2])
        y = torch.tensor(y) if task == "index" else torch.tensor(y).float()
        mean = eval(code, vars(torch.nn))(torch.tensor(o).float(), y)
        total = eval(code.replace("(", "(reduction='sum', ", 1), vars(torch.nn))
        ratio = total(torch.tensor(o).float(), y) / mean
        assert ratio.item() == pytest.approx(entries, rel=1e-5)


def test_keras_sums_over_what_it_takes_means_of():
    """`reduction="sum"` adds up samples, each of them a mean over its outputs."""
    o, y = example("numbers")
    total = float(
        keras.losses.MeanSquaredError(reduction="sum")(y, o.astype("float32"))
    )
    assert total == pytest.approx(np.sum(np.mean((o - y) ** 2, axis=1)), rel=1e-5)


def test_a_sum_is_six_times_the_mean_in_pytorch_and_three_times_in_keras():
    """For the three samples with two outputs of the page: 17.33, 104 and 52."""
    e = np.array([[2.0, 0.0], [4.0, 2.0], [8.0, 4.0]], dtype="float32")
    zeros = np.zeros_like(e)
    by_keras = keras.losses.MeanSquaredError(reduction="sum")(zeros, e)
    by_torch = torch.nn.MSELoss(reduction="sum")(torch.tensor(e), torch.tensor(zeros))
    mean = torch.nn.MSELoss()(torch.tensor(e), torch.tensor(zeros)).item()
    assert (float(by_keras), by_torch.item()) == (52, 104)
    assert mean == pytest.approx(104 / 6)


def test_the_chapters_three_computations_of_the_table_agree(losses):
    for task, value in losses["reference"].items():
        assert float(losses["contract_keras"][task]) == pytest.approx(value, rel=1e-5)
        assert losses["contract_torch"][task].item() == pytest.approx(value, rel=1e-5)


def test_types_that_the_table_does_not_allow_stop_pytorch():
    """Integer bits and indices of 32 bits: an error, not a wrong number."""
    o, bits = example("K times")
    with pytest.raises(RuntimeError):
        torch.nn.BCEWithLogitsLoss()(torch.tensor(o).float(), torch.tensor(bits))
    o, index = example("index")
    with pytest.raises(RuntimeError):
        torch.nn.CrossEntropyLoss()(
            torch.tensor(o).float(), torch.tensor(index.astype("int32"))
        )


# Values and slopes --------------------------------------------------------------------

MAKERS = {
    "numbers": (keras.losses.MeanSquaredError, torch.nn.MSELoss, {}),
    "outliers": (keras.losses.Huber, torch.nn.HuberLoss, {}),
    "yes or no": (
        keras.losses.BinaryCrossentropy,
        torch.nn.BCEWithLogitsLoss,
        {"from_logits": True},
    ),
    "index": (
        keras.losses.SparseCategoricalCrossentropy,
        torch.nn.CrossEntropyLoss,
        {"from_logits": True},
    ),
    "shares": (
        keras.losses.CategoricalCrossentropy,
        torch.nn.CrossEntropyLoss,
        {"from_logits": True},
    ),
}


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1.0, 30.0, 1000.0])
@pytest.mark.parametrize("task", list(MAKERS))
def test_each_loss_equals_independent_code(task, scale, precision):
    """On random outputs and on outputs of size 1000, sample by sample."""
    in_keras, in_torch, options = MAKERS[task]
    tolerance = {"float32": 2e-6, "float64": 1e-12}[precision]
    for seed in range(3):
        o, y = example(task, seed, scale)
        o = o.astype(precision)
        if task != "index":
            y = y.astype(precision)
        expected = expected_entries(task, o, y)
        by_keras = in_keras(**options, reduction=None, dtype=precision)(y, o)
        by_torch = in_torch(reduction="none")(torch.tensor(o), torch.tensor(y))
        per_sample = expected.mean(axis=1) if expected.ndim == 2 else expected
        size = np.abs(expected).max()
        assert np.isfinite(np.array(by_keras)).all()
        assert np.abs(np.array(by_keras) - per_sample).max() <= tolerance * size
        assert np.abs(by_torch.numpy() - expected).max() <= tolerance * size


@pytest.mark.parametrize("task", list(MAKERS))
def test_each_slope_equals_the_difference_quotient(task):
    """Keras' and PyTorch's slopes of the mean loss with respect to each output."""
    in_keras, in_torch, options = MAKERS[task]
    o, y = example(task, seed=4)
    y = y if task == "index" else y.astype("float64")
    quotients = np.zeros_like(o)
    for index in np.ndindex(*o.shape):
        for sign in (1, -1):
            moved = o.copy()
            moved[index] += sign * 1e-5
            quotients[index] += sign * expected_entries(task, moved, y).mean() / 2e-5
    tensor = torch.tensor(o, requires_grad=True)
    in_torch()(tensor, torch.tensor(y)).backward()
    assert tensor.grad.numpy() == pytest.approx(quotients, abs=1e-8)
    variable = tf.Variable(o)
    with tf.GradientTape() as tape:
        value = in_keras(**options, dtype="float64")(y, variable)
    found = np.array(tape.gradient(value, variable))
    assert found == pytest.approx(quotients, abs=1e-6)


def test_absolute_error_has_pulls_of_one_size_in_both_libraries():
    o, y = example("numbers", seed=5)
    tensor = torch.tensor(o, requires_grad=True)
    value = torch.nn.L1Loss()(tensor, torch.tensor(y))
    value.backward()
    assert value.item() == pytest.approx(absolute(o, y).mean())
    assert (tensor.grad * o.size).numpy() == pytest.approx(np.sign(o - y))
    by_keras = keras.losses.MeanAbsoluteError(dtype="float64")(y, o)
    assert float(by_keras) == pytest.approx(absolute(o, y).mean())


@pytest.mark.parametrize("logit", [40.0, 200.0, 1000.0])
def test_a_probability_has_forgotten_the_logit(logit):
    """From probabilities both libraries go flat; from logits neither does."""
    o = torch.tensor([[logit]], requires_grad=True)
    zero = torch.zeros(1, 1)
    flat = torch.nn.BCELoss()(o.sigmoid(), zero)
    assert flat.item() == 100
    assert torch.autograd.grad(flat, o)[0].item() == 0
    exact = torch.nn.BCEWithLogitsLoss()(o, zero)
    assert exact.item() == pytest.approx(logit)
    assert torch.autograd.grad(exact, o)[0].item() == pytest.approx(1)
    variable = tf.Variable([[logit]])
    with tf.GradientTape(persistent=True) as tape:
        p = 1 / (1 + tf.exp(-variable))  # no layer that Keras could see through
        flat = keras.losses.BinaryCrossentropy()(np.zeros((1, 1)), p)
        exact = keras.losses.BinaryCrossentropy(from_logits=True)(
            np.zeros((1, 1)), variable
        )
    assert float(flat) == pytest.approx(-np.log(1e-7), abs=0.2)
    assert float(tape.gradient(flat, variable)[0, 0]) == 0
    assert float(exact) == pytest.approx(logit)
    assert float(tape.gradient(exact, variable)[0, 0]) == pytest.approx(1)


def test_the_edge_in_the_figure_is_where_single_precision_puts_it(losses):
    """The sigmoid becomes 1 between logits of 16 and 17; the clipped loss is level."""
    assert 16 < losses["first_infinite"] < 17
    beyond = losses["o_edge"] > 17
    assert np.ptp(losses["loss_clipped"][beyond]) == 0
    exact = np.logaddexp(0, losses["o_edge"].astype(float))
    assert losses["loss_exact"] == pytest.approx(exact, rel=1e-6)


def test_tensorflows_own_sigmoid_passes_keras_clip_at_the_logit_of_the_page():
    """The slope is gone from 16.23 on, as the page says; by the formula, from 16.6."""
    logits = np.linspace(16, 17, 1001, dtype="float32")[:, None]
    for sigmoid, edge in (
        (tf.sigmoid, 16.23),
        (lambda o: 1 / (1 + tf.exp(-o)), 16.64),
    ):
        o = tf.Variable(logits)
        with tf.GradientTape() as tape:
            p = 1.0 * sigmoid(o)  # no activation that Keras could see through
            loss = keras.losses.BinaryCrossentropy(reduction="sum")(0 * logits, p)
        slopes = tape.gradient(loss, o).numpy()[:, 0]
        assert logits[slopes == 0].min() == pytest.approx(edge, abs=0.005)
    assert f"at {16.23}." in source(PAGE)


def test_a_second_softmax_takes_the_slope_of_a_confident_error(losses):
    """PyTorch's slopes of the loss, with one softmax and with two, are the page's."""
    found = []
    for twice in (False, True):
        o = torch.tensor([[10.0, 0.0, 0.0]], dtype=torch.float64, requires_grad=True)
        logits = o.softmax(dim=1) if twice else o
        torch.nn.functional.cross_entropy(logits, torch.tensor([2])).backward()
        found.append(o.grad[0, 2].item())
    assert found[0] == pytest.approx(losses["once"], abs=1e-6)
    assert found[1] == pytest.approx(losses["again"], rel=1e-3)
    assert found[0] == pytest.approx(-1, abs=1e-3) and abs(found[1]) < 1e-4


def test_the_pinball_loss_is_the_logarithm_of_an_asymmetric_laplace_density():
    """The density of the solution adds up to 1 and puts the share q below the line."""
    e = np.linspace(-200, 200, 2_000_001)
    for q, s in ((0.3, 1.0), (0.5, 2.0), (0.9, 0.5)):
        p = q * (1 - q) / s * np.exp(-np.maximum(q * e, (q - 1) * e) / s)
        assert np.trapezoid(p, e) == pytest.approx(1, abs=1e-5)
        assert np.trapezoid(p[e <= 0], e[e <= 0]) == pytest.approx(q, abs=1e-3)


def test_bad_entries_do_to_the_three_lines_what_the_libraries_say(losses):
    """Lines trained in Keras and PyTorch come to rest where reweighting puts them."""
    pairs = [
        (losses["line_keras"], keras.losses.MeanSquaredError(), "squared"),
        (losses["line_keras"], keras.losses.Huber(delta=5.0), "Huber, 5"),
        (losses["line_torch"], torch.nn.MSELoss(), "squared"),
        (losses["line_torch"], torch.nn.HuberLoss(delta=5.0), "Huber, 5"),
        (losses["line_torch"], torch.nn.L1Loss(), "absolute"),
    ]
    for line, loss, name in pairs:
        for prices, exact in zip(("y", "typed"), losses["slopes"][name], strict=False):
            assert line(loss, losses[prices]) == pytest.approx(exact, abs=0.15)


# The other backend --------------------------------------------------------------------

BACKEND = """
import json
import keras, numpy as np

def loss_and_step(units, activation, loss, logits, target):
    layer = keras.layers.Dense(
        units, activation, kernel_initializer=keras.initializers.Identity()
    )
    model = keras.Sequential([keras.Input((units,)), layer])
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss=loss)
    value = model.evaluate(logits, target, verbose=0)
    model.fit(logits, target, verbose=0)
    return [value, *(-model.get_weights()[1]).tolist()]

two, second = np.array([[200.0, 0.0]], "float32"), np.array([[0.0, 1.0]], "float32")
one, zero = np.array([[40.0]], "float32"), np.array([[0.0]], "float32")
losses = keras.losses
rng = np.random.default_rng(0)
o = rng.normal(size=(5, 3)).astype("float32")
index, bits = rng.integers(0, 3, size=5), rng.integers(0, 2, size=(5, 3))
print(json.dumps({
    "backend": keras.backend.backend(),
    "softmax": loss_and_step(
        2, "softmax", losses.CategoricalCrossentropy(), two, second
    ),
    "linear": loss_and_step(
        2, None, losses.CategoricalCrossentropy(from_logits=True), two, second
    ),
    "sigmoid": loss_and_step(1, "sigmoid", losses.BinaryCrossentropy(), one, zero),
    "logit": loss_and_step(
        1, None, losses.BinaryCrossentropy(from_logits=True), one, zero
    ),
    "values": [float(value) for value in (
        losses.MeanSquaredError()(bits, o),
        losses.Huber()(bits, o),
        losses.BinaryCrossentropy(from_logits=True)(bits, o),
        losses.SparseCategoricalCrossentropy(from_logits=True)(index, o),
        losses.CategoricalCrossentropy(from_logits=True)(np.eye(3)[index], o),
    )],
    "o": o.tolist(), "index": index.tolist(), "bits": bits.tolist(),
}))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_only_logits_are_safe_on_every_backend(backend):
    """In a process of its own: where Keras recovers logits, and where it does not."""
    done = subprocess.run(
        [sys.executable, "-c", BACKEND],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["backend"] == backend
    assert found["linear"] == pytest.approx([200, 1, -1])
    assert found["logit"] == pytest.approx([40, 1])
    if backend == "tensorflow":
        assert found["softmax"] == pytest.approx([200, 1, -1])
        assert found["sigmoid"] == pytest.approx([40, 1])
    else:
        assert found["softmax"] == pytest.approx([-np.log(1e-7), 0, 0], abs=1e-3)
        assert found["sigmoid"] == pytest.approx([15.942, 0], abs=1e-3)
    o, bits = np.array(found["o"]), np.array(found["bits"])
    shares = np.eye(3)[found["index"]]
    expected = [
        squared(o, bits).mean(),
        huber(o, bits).mean(),
        binary(o, bits).mean(),
        categorical(o, shares).mean(),
        categorical(o, shares).mean(),
    ]
    assert found["values"] == pytest.approx(expected, rel=1e-5)


def test_the_page_says_what_the_other_backend_gives():
    """The loss of 16.1 on PyTorch's backend, which the test above measures."""
    assert "on the other 16.1 with slope zero" in source(PAGE)
    assert round(-np.log(1e-7), 1) == 16.1


# Weight decay -------------------------------------------------------------------------


def test_l2_in_keras_is_half_of_weight_decay_in_pytorch():
    """L2(c) and weight_decay = 2c take the same 60 steps, through a hidden layer."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(20, 4)).astype("float32")
    index = rng.integers(0, 3, size=20)
    c, rate = 0.02, 0.3
    model = keras.Sequential([keras.Input((4,))])
    for units, activation in ((8, "tanh"), (3, None)):
        layer = keras.layers.Dense(
            units, activation, kernel_regularizer=keras.regularizers.L2(c)
        )
        model.add(layer)
    model.compile(
        optimizer=keras.optimizers.SGD(rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    start = [rng.normal(size=w.shape).astype("float32") / 2 for w in model.weights]
    model.set_weights(start)
    net = torch.nn.Sequential(
        torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3)
    )
    with torch.no_grad():
        for parameter, w in zip(net.parameters(), start, strict=True):
            parameter.copy_(torch.tensor(w.T))
    weights = [p for p in net.parameters() if p.ndim == 2]
    biases = [p for p in net.parameters() if p.ndim == 1]
    optimizer = torch.optim.SGD(
        [{"params": weights, "weight_decay": 2 * c}, {"params": biases}], lr=rate
    )
    for _ in range(60):
        model.train_on_batch(x, index)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            net(torch.tensor(x)), torch.tensor(index)
        )
        loss.backward()
        optimizer.step()
        for w, parameter in zip(model.get_weights(), net.parameters(), strict=True):
            gap = np.abs(w.T - parameter.detach().numpy()).max()
            assert gap < 2e-5
    moved = np.abs(model.get_weights()[0] - start[0]).max()
    assert moved > 0.1


def test_the_chapters_three_trainings_with_decay_agree(losses):
    for name in ("keras", "torch"):
        w, b = np.ravel(losses[f"w_{name}"]), np.ravel(losses[f"b_{name}"])[0]
        assert w == pytest.approx(losses["w_numpy"], abs=1e-4)
        assert b == pytest.approx(losses["b_numpy"], abs=1e-4)


@pytest.mark.parametrize(
    ("library", "name", "expected"),
    [
        ("keras", "SGD", 1.998),
        ("keras", "Adam", 1.998),
        ("keras", "AdamW", 1.998),
        ("torch", "SGD", 1.998),
        ("torch", "Adam", 1.9),
        ("torch", "AdamW", 1.998),
    ],
)
def test_which_optimizers_couple_decay_to_the_slopes(library, name, expected):
    """One step from 2 with slope 0, rate 0.1 and decay 0.01, as on the page."""
    if library == "keras":
        weight = keras.Variable(2.0)
        optimizer = getattr(keras.optimizers, name)(0.1, weight_decay=0.01)
        optimizer.apply([keras.ops.convert_to_tensor(0.0)], [weight])
    else:
        weight = torch.tensor(2.0, requires_grad=True)
        weight.grad = torch.tensor(0.0)
        getattr(torch.optim, name)([weight], lr=0.1, weight_decay=0.01).step()
    found = weight.item() if library == "torch" else float(weight)
    assert found == pytest.approx(expected, abs=1e-5)


def test_optimizers_of_both_libraries_decay_biases_unless_told():
    """As the last common mistake says; the exceptions that it names work."""
    for exclude in (False, True):
        bias = keras.Variable(2.0, name="bias")
        optimizer = keras.optimizers.SGD(0.1, weight_decay=0.01)
        if exclude:
            optimizer.exclude_from_weight_decay(var_names=["bias"])
        optimizer.apply([keras.ops.convert_to_tensor(0.0)], [bias])
        assert float(bias) == pytest.approx(2.0 if exclude else 1.998)
    layer = torch.nn.Linear(1, 1)
    torch.nn.init.ones_(layer.bias)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, weight_decay=0.5)
    (0 * layer(torch.ones(1, 1)).sum()).backward()
    optimizer.step()
    assert layer.bias.item() == pytest.approx(0.95)


def test_a_penalized_bias_is_the_mean_divided(losses):
    """Gradient descent on the penalized squared error gives the page's formula."""
    y, strength, b = losses["y"], 0.1, 0.0
    for _ in range(200):
        b -= 0.3 * (2 * (b - y.mean()) + strength * b)
    assert b == pytest.approx(y.mean() / (1 + strength / 2))


def test_the_l1_penalty_of_the_page_takes_weights_of_any_network_and_no_bias():
    """The expression that it prints, on layers with and without weights."""
    printed = re.search(r"`lam \* (sum\(.*?\))` to the loss", source(PAGE))[1]
    net = torch.nn.Sequential(
        torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)
    )
    expected = net[0].weight.abs().sum() + net[2].weight.abs().sum()
    assert eval(printed, {"net": net}).item() == pytest.approx(expected.item())


def test_both_libraries_leave_the_bias_alone_when_told(losses):
    """After the last fit of the page, without decay of the bias, it is the mean."""
    mean = losses["y"].mean()
    assert losses["bias_keras"] == pytest.approx(mean, abs=0.05)
    assert losses["valued_torch"][0].bias.item() == pytest.approx(mean, abs=0.05)


def test_a_penalty_scales_the_choice_between_splits_honestly(losses):
    """It uses training and validation rows only; rivals see the same 120 tracts."""
    errors, picked, lambdas = losses["errors"], losses["picked"], losses["lambdas"]
    assert (lambdas[errors[:, :, 1].argmin(axis=1)] == picked).all()
    training = np.median(errors[:, :, 0], axis=0)
    assert (np.diff(training) >= 0).all()
    boston, y = losses["boston"], losses["y"]
    order = np.random.default_rng(3).permutation(len(y))
    seen, kept, judged = np.split(order, [60, 120])

    def least_squares(rows, columns, strength):
        """Squared errors, with rows that stand for the penalty."""
        bias, k = y[rows].mean(), columns.shape[1]
        extra = np.sqrt(len(rows) * strength / 2) * np.eye(k)
        target = np.append(y[rows] - bias, np.zeros(k))
        w = np.linalg.lstsq(np.vstack([columns[rows], extra]), target)[0]
        return (columns @ w + bias - y) ** 2

    def features(rows):
        six = boston[losses["columns"]].to_numpy()
        six = (six - six[rows].mean(axis=0)) / six[rows].std(axis=0)
        pairs = [six[:, i] * six[:, j] for i in range(6) for j in range(i, 6)]
        wide = np.column_stack([six, *pairs])
        return six, (wide - wide[rows].mean(axis=0)) / wide[rows].std(axis=0)

    for number in (8, 12):
        squared_errors = least_squares(seen, features(seen)[1], lambdas[number])
        found = [squared_errors[part].mean() for part in (seen, kept, judged)]
        assert errors[3, number] == pytest.approx(found, rel=1e-6)
    both = order[:120]
    six, wide = features(both)
    for name, columns, strength in [
        ("with_penalty", wide, picked[3]),
        ("without", wide, lambdas[0]),
        ("straight", six, 0.0),
    ]:
        found = least_squares(both, columns, strength)[judged].mean()
        assert losses[name][3] == pytest.approx(found, rel=1e-5)


@pytest.mark.thorough
@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_the_keras_cells_run_on_both_backends(backend):
    """Without PyTorch's cells, in a process of its own; the page's numbers hold."""
    script = (
        "import json, keras_cells; cells = keras_cells.run('book/losses'); "
        "print(json.dumps([cells['keras'].backend.backend(), cells['wrong claims'], "
        "[float(v) for v in cells['w_keras'][:, 0]], list(cells['w_numpy'])]))"
    )
    path = [str(ROOT), str(ROOT / "tests" / "helpers")]
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=600,
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "MPLBACKEND": "Agg",
            "PYTHONPATH": os.pathsep.join(path),
        },
    )
    assert done.returncode == 0, done.stderr[-3000:]
    name, wrong, w_keras, w_numpy = json.loads(done.stdout.splitlines()[-1])
    assert (name, wrong) == (backend, [])
    assert w_keras == pytest.approx(w_numpy, abs=1e-4)
