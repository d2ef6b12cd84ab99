"""The equations of the chapter on multi-layer perceptrons, against independent code."""

from fractions import Fraction
from itertools import pairwise
from math import comb, cosh, exp, log, pi, sin, sinh

import numpy as np
import pytest
import torch


@pytest.fixture(scope="module")
def mlp(chapter):
    return chapter("mlp").namespace


def random_layers(widths, seed, activation):
    """Weights, biases and activations for layers of the given widths."""
    rng = np.random.default_rng(seed)
    return [
        (rng.normal(size=(n, m)), rng.normal(size=n), activation)
        for m, n in pairwise(widths)
    ]


@pytest.mark.equation("eq:xor-network")
def test_two_hidden_threshold_units_solve_xor(mlp):
    """The three printed units, in exact fractions, answer XOR on all four corners."""
    half = Fraction(1, 2)
    for x1, x2 in np.ndindex(2, 2):
        a1, a2 = int(x1 + x2 - half >= 0), int(x1 + x2 - 3 * half >= 0)
        answer = int(a1 - a2 - half >= 0)
        assert answer == x1 ^ x2
        assert (a1, a2) == (x1 | x2, x1 & x2)
        x = np.array([[float(x1), float(x2)]])
        assert mlp["forward"](x, mlp["xor_layers"]) == answer


@pytest.mark.equation("eq:layer", "eq:forward")
def test_the_recursion_gives_what_units_one_by_one_give(mlp):
    """Matrix layers equal single neurons, sample by sample, and PyTorch's layers."""
    layers = random_layers([4, 5, 3, 2], 0, np.tanh)
    x = np.random.default_rng(1).normal(size=(6, 4))
    outputs = mlp["forward"](x, layers)
    for sample, output in zip(x, outputs, strict=True):
        a = list(sample)
        for W, b, _ in layers:
            a = [
                np.tanh(sum(w * value for w, value in zip(row, a, strict=True)) + bias)
                for row, bias in zip(W, b, strict=True)
            ]
        assert output == pytest.approx(a, abs=1e-12)
    a = torch.from_numpy(x)
    for W, b, _ in layers:
        a = torch.tanh(torch.nn.functional.linear(a, *map(torch.from_numpy, (W, b))))
    assert outputs == pytest.approx(a.numpy(), abs=1e-12)


@pytest.mark.equation("eq:two-hidden")
def test_the_double_indices_of_two_hidden_layers_agree_with_the_matrices(mlp):
    """The sums with two indices equal the chapter's loop over matrices."""
    (W1, b1, _), (W2, b2, _), (W3, b3, _) = layers = [
        *random_layers([3, 4, 5], 2, mlp["relu"]),
        *random_layers([5, 2], 3, mlp["sigmoid"]),
    ]
    x = np.random.default_rng(4).normal(size=3)
    a1 = [max(0, sum(W1[j, k] * x[k] for k in range(3)) + b1[j]) for j in range(4)]
    a2 = [max(0, sum(W2[j, k] * a1[k] for k in range(4)) + b2[j]) for j in range(5)]
    o3 = [sum(W3[j, k] * a2[k] for k in range(5)) + b3[j] for j in range(2)]
    y_hat = [1 / (1 + exp(-o)) for o in o3]
    assert mlp["forward"](x[None], layers)[0] == pytest.approx(y_hat, abs=1e-12)


@pytest.mark.equation("eq:collapse")
def test_two_layers_without_activation_are_one(mlp):
    """Both sides agree in whole numbers, so exactly, for several shapes."""
    rng = np.random.default_rng(5)
    for d, q, k in [(2, 3, 1), (5, 1, 4), (3, 7, 3)]:
        W1, b1, x = (rng.integers(-9, 10, s) for s in [(q, d), q, d])
        W2, b2 = (rng.integers(-9, 10, s) for s in [(k, q), k])
        one = (W2 @ W1) @ x + (W2 @ b1 + b2)
        layers = [(W1, b1, mlp["identity"]), (W2, b2, mlp["identity"])]
        assert np.array_equal(mlp["forward"](x[None], layers)[0], one)


@pytest.mark.equation("eq:activations")
def test_the_three_activations_are_those_of_the_libraries(mlp):
    """The printed fractions equal PyTorch's functions and the chapter's."""
    for o in (-3.0, -0.5, 0.0, 0.25, 4.0):
        t = torch.tensor(o, dtype=torch.float64)
        assert torch.sigmoid(t).item() == pytest.approx(1 / (1 + exp(-o)))
        assert torch.tanh(t).item() == pytest.approx(sinh(o) / cosh(o))
        assert torch.relu(t).item() == (o if o > 0 else 0)
        assert mlp["sigmoid"](o) == pytest.approx(torch.sigmoid(t).item())
        assert mlp["relu"](o) == torch.relu(t).item()


@pytest.mark.equation("eq:activation-slopes")
def test_the_slopes_are_those_of_automatic_differentiation():
    """The slopes, written with the values, equal PyTorch's, also at the corner."""
    o = torch.tensor([-3.0, -0.5, 0.0, 0.25, 4.0], dtype=torch.float64)
    for function, slope in [
        (torch.sigmoid, lambda value: value * (1 - value)),
        (torch.tanh, lambda value: 1 - value**2),
        (torch.relu, lambda value: (value > 0).double()),
    ]:
        x = o.clone().requires_grad_()
        value = function(x)
        (found,) = torch.autograd.grad(value.sum(), x)
        torch.testing.assert_close(found, slope(value.detach()))


def target(x):
    return sin(2 * pi * x) * exp(-x) + x**2


@pytest.mark.equation("eq:staircase")
def test_the_staircase_takes_the_value_in_the_middle_of_each_piece(mlp):
    """On each piece the sum of steps is the curve's value at the piece's middle."""
    for q in (1, 2, 7):
        middles = [(j - 0.5) / q for j in range(1, q + 1)]
        heights = np.diff([0, *map(target, middles)])
        for x in np.linspace(0, 1, 97):
            starts = [(j - 1) / q for j in range(1, q + 1)]
            sums = sum(v * (x - s >= 0) for v, s in zip(heights, starts, strict=True))
            assert mlp["staircase"](np.array([x]), q)[0] == pytest.approx(sums)
            piece = min(int(x * q + 1e-12), q - 1)
            assert sums == pytest.approx(target(middles[piece]))


@pytest.mark.equation("eq:staircase-error")
def test_the_staircase_keeps_its_bound(mlp):
    """The largest error stays below steepness over 2 q, at every width tried."""
    x = np.linspace(0, 1, 5001)
    slope = 2 * pi * np.cos(2 * pi * x) - np.sin(2 * pi * x)
    steepest = np.abs(slope * np.exp(-x) + 2 * x).max()
    assert mlp["steepest"] == pytest.approx(steepest, rel=1e-3)
    curve = np.array([target(value) for value in x])
    for q in (1, 2, 3, 5, 10, 30, 100, 500):
        error = np.abs(mlp["staircase"](x, q) - curve).max()
        assert error <= steepest / (2 * q) + 1e-12


@pytest.mark.equation("eq:universal")
def test_sums_of_units_come_close_unless_the_activation_is_a_polynomial():
    """On a square, random units come below 0.05 for tanh and ReLU, never for cubes."""
    rng = np.random.default_rng(6)
    x = rng.uniform(-1, 1, size=(1500, 2))
    f = np.sin(3 * x[:, 0]) * np.cos(2 * x[:, 1]) + np.abs(x[:, 0] - x[:, 1])
    w, b = rng.normal(size=(2, 800)) * 3, rng.uniform(-3, 3, size=800)

    def error(activation, q):
        units = activation(x @ w[:, :q] + b[:q])
        v = np.linalg.lstsq(units, f, rcond=1e-12)[0]
        return np.abs(units @ v - f).max()

    def cube(o):
        return o**3

    for activation in (np.tanh, lambda o: np.maximum(o, 0)):
        assert error(activation, 800) < 0.05 < error(activation, 10)
    # cubes of lines span the polynomials of degree 3 in two variables
    assert error(cube, comb(5, 2)) == pytest.approx(error(cube, 800), rel=1e-3)
    assert error(cube, 800) > 0.2


@pytest.mark.equation("eq:fold")
def test_the_fold_is_a_tent_and_doubles_its_pieces(mlp):
    """The two ReLUs equal the two cases in exact fractions; k folds make 2^k pieces."""
    for x in [Fraction(i, 16) for i in range(17)]:
        tent = 2 * x if x <= Fraction(1, 2) else 2 - 2 * x
        assert 2 * max(0, x) - 4 * max(0, x - Fraction(1, 2)) == tent
        assert mlp["fold"](float(x)) == tent
    assert mlp["pieces"] == [2**k for k in range(1, 11)]


@pytest.mark.equation("eq:softmax")
def test_softmax_is_positive_sums_to_one_and_extends_the_sigmoid():
    """The printed quotient equals PyTorch's softmax and, for two classes, a sigmoid."""
    o = np.random.default_rng(7).normal(size=(9, 4)) * 3
    printed = [[exp(value) / sum(map(exp, row)) for value in row] for row in o]
    found = torch.softmax(torch.from_numpy(o), dim=1).numpy()
    assert found == pytest.approx(np.array(printed))
    assert (found > 0).all() and found.sum(axis=1) == pytest.approx(1)
    two = torch.softmax(torch.from_numpy(o[:, :2]), dim=1)[:, 0]
    assert two.numpy() == pytest.approx(1 / (1 + np.exp(o[:, 1] - o[:, 0])))


@pytest.mark.equation("eq:log-softmax")
def test_the_stable_logarithm_is_right_where_the_quotient_breaks(mlp):
    """The chapter's function equals the logarithm of the quotient, and PyTorch's."""
    o = np.random.default_rng(8).normal(size=(9, 4))
    printed = [[value - log(sum(map(exp, row))) for value in row] for row in o]
    assert mlp["log_softmax"](o) == pytest.approx(np.array(printed))
    assert mlp["log_softmax"](o + 5) == pytest.approx(np.array(printed))
    for large in ([1000.0, 1001.0, 1002.0], [-1000.0, 0.0, 800.0]):
        found = mlp["log_softmax"](np.array(large))
        wanted = torch.log_softmax(torch.tensor(large, dtype=torch.float64), dim=0)
        assert found == pytest.approx(wanted.numpy())
        with np.errstate(all="ignore"):
            assert np.isnan(mlp["softmax_as_printed"](np.array(large))).any()


@pytest.mark.equation("eq:parameter-count")
def test_the_count_is_that_of_both_libraries(mlp):
    """The sum equals the numbers of entries in Keras and PyTorch networks."""
    import keras

    for widths in [(10, 20, 3), (4, 100, 3), (6, 100, 1), (5, 7, 7, 2)]:
        net = torch.nn.Sequential(*[torch.nn.Linear(m, n) for m, n in pairwise(widths)])
        model = keras.Sequential(
            [keras.Input((widths[0],)), *map(keras.layers.Dense, widths[1:])]
        )
        wanted = sum(parameter.numel() for parameter in net.parameters())
        assert mlp["count_parameters"](*widths) == wanted == model.count_params()
