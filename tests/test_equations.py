"""Each displayed equation agrees with the chapter's code and with independent code.

The independent side is written from the printed formula, term by term and in exact
fractions where that is possible, not with the chapter's functions.
"""

from fractions import Fraction

import numpy as np
import pytest

# Equations that only name something, with the reason why no test can fail on them.
DEFINITIONS = {}


@pytest.fixture(scope="module")
def perceptron(chapter):
    return chapter("perceptron").namespace


@pytest.fixture(scope="module")
def rooms_and_prices(perceptron):
    """The data as exact fractions, so that sums do not depend on their order."""
    x = [Fraction(str(value)) for value in perceptron["boston"]["RM"]]
    y = [Fraction(str(value)) for value in perceptron["boston"]["PRICE"]]
    return list(zip(x, y, strict=True))


WEIGHTS = [-2.0, 0.0, 0.5, 3.653, 10.0]


@pytest.mark.equation("eq:neuron")
def test_the_neuron_is_a_weighted_sum_through_an_activation(perceptron):
    """The chapter's function equals the sum written out, for several activations."""
    rng = np.random.default_rng(0)
    for d in (1, 2, 7):
        x, w, b = rng.normal(size=d), rng.normal(size=d), rng.normal()
        o = sum(w[j] * x[j] for j in range(d)) + b
        for activation in (np.tanh, np.sin, lambda o: o):
            y_hat = perceptron["neuron"](x, w, b, activation)
            assert y_hat == pytest.approx(activation(o), abs=1e-12)


@pytest.mark.equation("eq:one-weight")
def test_the_one_weight_model_is_what_keras_and_pytorch_compute(perceptron):
    """Both trained layers return their weight times the input."""
    torch = pytest.importorskip("torch")
    x = np.array([[4.0], [6.5]], dtype="float32")
    keras_out = perceptron["neuron_keras"](x).numpy()
    torch_out = perceptron["neuron_torch"](torch.tensor(x)).detach().numpy()
    assert keras_out == pytest.approx(perceptron["w_keras"] * x, rel=1e-6)
    assert torch_out == pytest.approx(perceptron["w_torch"] * x, rel=1e-6)


@pytest.mark.equation("eq:sum-of-squares")
def test_the_loss_is_the_sum_of_squared_errors(perceptron, rooms_and_prices):
    """The chapter's vectorized loss equals the sum in exact fractions."""
    losses = perceptron["loss"](np.array(WEIGHTS))
    for w, found in zip(WEIGHTS, losses, strict=True):
        exact = sum((Fraction(w) * x - y) ** 2 for x, y in rooms_and_prices)
        assert found == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.equation("eq:slope")
def test_the_slope_is_the_derivative_of_the_loss(perceptron, rooms_and_prices):
    """The formula in exact fractions, and central differences of the loss, agree."""
    loss, slope = perceptron["loss"], perceptron["slope"]
    for w in WEIGHTS:
        exact = sum(2 * (Fraction(w) * x - y) * x for x, y in rooms_and_prices)
        assert slope(w) == pytest.approx(float(exact), rel=1e-10, abs=1e-6)
        difference = (loss(w + 1e-3) - loss(w - 1e-3)) / 2e-3
        assert slope(w) == pytest.approx(difference, rel=1e-6, abs=1e-3)


@pytest.mark.equation("eq:descent")
def test_gradient_descent_takes_the_printed_step(perceptron, rooms_and_prices):
    """Ten steps from 0 equal the update in exact fractions, for the three rates."""
    for rate, path in zip(perceptron["rates"], perceptron["paths"], strict=True):
        w = Fraction(0)
        for found in path:
            assert found == pytest.approx(float(w), rel=1e-9, abs=1e-12)
            gradient = sum(2 * (w * x - y) * x for x, y in rooms_and_prices)
            w = (w - Fraction(rate) * gradient).limit_denominator(10**30)


@pytest.mark.equation("eq:best-weight")
def test_the_best_weight_minimizes_the_loss(perceptron, rooms_and_prices):
    """The ratio of sums is w*, and any other weight has a larger loss."""
    exact = sum(x * y for x, y in rooms_and_prices) / sum(
        x * x for x, _ in rooms_and_prices
    )
    w_star, loss = perceptron["w_star"], perceptron["loss"]
    assert w_star == pytest.approx(float(exact), rel=1e-13)
    assert w_star == pytest.approx(3.653350400023882, rel=1e-12)
    for step in (-1.0, -1e-3, 1e-3, 1.0):
        assert loss(w_star + step) > loss(w_star)


@pytest.mark.equation("eq:contraction")
def test_each_step_multiplies_the_error_by_one_factor(perceptron):
    """Errors shrink or grow by 1 - rate x curvature, on both sides of the threshold."""
    w_star, curvature = perceptron["w_star"], perceptron["curvature"]
    assert curvature == pytest.approx(40469.196494, rel=1e-9)
    for share in (0.1, 0.9, 1.5, 1.99, 2.0, 2.01, 3.0):
        path = perceptron["descend"](share / curvature, w=1.0, steps=8)
        errors = path - w_star
        assert errors[1:] == pytest.approx((1 - share) * errors[:-1], rel=1e-8)
        grows = abs(errors[-1]) > abs(errors[0]) * (1 + 1e-9)
        assert grows == (share > 2)
