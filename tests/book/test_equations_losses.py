"""The equations of the chapter on losses, against independent code."""

from itertools import product
from math import erf, exp, fsum, inf, log, pi, prod, sqrt

import numpy as np
import pytest
import torch

RNG_SEEDS = range(5)


@pytest.fixture(scope="module")
def losses(chapter):
    return chapter("losses").namespace


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
    risks = losses["risks"]
    gaps = [risks[size][1] - risks[size][0] for size in (10, 20, 50)]
    assert gaps[0] > gaps[1] > gaps[2] > 0


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
    x, y = torch.tensor(losses["features"]), torch.tensor(losses["versicolor"])
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
