"""The chapter on multi-layer perceptrons: its equations, and what else it shows."""

import json
import os
import subprocess
import sys
from fractions import Fraction
from itertools import combinations, pairwise
from math import comb, cosh, exp, log, pi, sin, sinh
from statistics import NormalDist

import numpy as np
import pytest
import torch
from every_chapter import *  # noqa: F403
from this_book import ROOT

from bookpress.commands.install import TEST_PACKAGES
from explorers.approximation import FIT, Approximation

PAGE = "book/mlp"
HELPERS = ROOT / "tests" / "helpers"


@pytest.fixture(scope="module")
def mlp(chapter):
    return chapter(PAGE).namespace


# Equations ----------------------------------------------------------------------------


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


@pytest.mark.equation("eq:smooth-relu")
def test_the_smooth_variants_are_those_of_both_libraries(mlp):
    """The printed products equal the layers of Keras and PyTorch; only the function
    `keras.ops.gelu` takes the cheaper formula unasked."""
    import keras

    o = np.array([-3.0, -1.0, -0.5, 0.0, 0.25, 4.0])
    silu = [value / (1 + exp(-value)) for value in o]
    normal = NormalDist()
    gelu = [value * normal.cdf(value) for value in o]
    tensor = torch.from_numpy(o)
    for printed, name, module in [
        (silu, "silu", torch.nn.SiLU()),
        (gelu, "gelu", torch.nn.GELU()),
    ]:
        assert mlp[name](o) == pytest.approx(printed, abs=1e-12)
        assert module(tensor).numpy() == pytest.approx(printed, abs=1e-12)
        layer = keras.layers.Activation(name)
        assert keras.ops.convert_to_numpy(layer(o)) == pytest.approx(printed, abs=1e-6)
    cheaper = torch.nn.GELU(approximate="tanh")(tensor).numpy()
    assert np.abs(cheaper - gelu).max() > 1e-4
    unasked = keras.ops.convert_to_numpy(keras.ops.gelu(o))
    asked = keras.activations.gelu(keras.ops.convert_to_tensor(o), approximate=True)
    assert unasked == pytest.approx(cheaper, abs=1e-6)
    assert keras.ops.convert_to_numpy(asked) == pytest.approx(cheaper, abs=1e-6)


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


@pytest.mark.equation("eq:regions")
def test_lines_in_general_position_cut_the_plane_as_the_formula_counts(mlp):
    """Counted by signs around each crossing of two lines, and by cutting polygons."""
    for q in (2, 3, 5, 8):
        rng = np.random.default_rng(q)
        W, b = rng.normal(size=(q, 2)), rng.normal(size=q)
        signs = set()
        for i, j in combinations(range(q), 2):
            crossing = np.linalg.solve(W[[i, j]], -b[[i, j]])
            here = W @ crossing + b > 0
            for here[i], here[j] in np.ndindex(2, 2):
                signs.add(tuple(here))
        wanted = 1 + q + q * (q - 1) // 2
        assert len(signs) == wanted == 1 + sum(range(q + 1))
        assert len(mlp["regions"]([(W, b)], 1e4)) == wanted


def test_in_each_region_the_network_is_one_affine_map(mlp):
    """At random places the map of the region is what two layers of ReLUs answer."""
    layers = mlp["two_layers"]
    found = mlp["regions"](layers, 1e4)
    for corners, A, c in found:
        shares = np.random.default_rng(0).dirichlet(np.ones(len(corners)), size=5)
        x = shares @ corners
        answers = mlp["forward"](x, [(W, b, mlp["relu"]) for W, b in layers])
        assert x @ A.T + c == pytest.approx(answers, rel=1e-6, abs=1e-6)
    assert len(found) == 50


def test_folding_both_coordinates_makes_four_times_as_many_regions(mlp):
    """The signs of the units in each of the small squares differ from all others'."""
    for k in (1, 2, 3, 5):
        middles = (np.arange(2**k) + 0.5) / 2**k
        on, values = [], middles
        for _ in range(k):
            on.append(values > 0.5)
            values = mlp["fold"](values)
        patterns = {tuple(signs) for signs in np.array(on).T}
        assert len(patterns) ** 2 == 4**k


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


# Beside the equations -----------------------------------------------------------------


def outputs_keras(model, x):
    from keras import ops

    return ops.convert_to_numpy(model(x))


def outputs_torch(net, x):
    with torch.no_grad():
        return net(torch.from_numpy(x)).numpy()


# Keras and PyTorch --------------------------------------------------------------------


def test_a_copied_network_answers_the_same_to_a_millionth(mlp):
    x = np.random.default_rng(0).normal(size=(64, 10)).astype("float32")
    model, net = mlp["model_keras"], mlp["twin_torch"]
    assert np.abs(outputs_keras(model, x) - outputs_torch(net, x)).max() < 1e-6
    assert mlp["before"] > 0.1 > 1e-6 > mlp["after"]


def test_kernels_are_stored_transposed(mlp):
    for (kernel, bias), linear in zip(
        [layer.get_weights() for layer in mlp["model_keras"].layers],
        [mlp["twin_torch"].hidden, mlp["twin_torch"].out],
        strict=True,
    ):
        assert np.array_equal(kernel.T, linear.weight.detach().numpy())
        assert np.array_equal(bias, linear.bias.detach().numpy())
        assert kernel.shape == (linear.in_features, linear.out_features)


def test_the_losses_of_both_libraries_agree_to_a_millionth(mlp):
    ours, theirs = np.array(mlp["same_losses_keras"]), mlp["same_losses_torch"]
    assert len(ours) == len(theirs) == 20
    assert np.abs(theirs / ours - 1).max() < 1e-6
    assert mlp["gap_losses"] < 1e-6
    assert ours[-1] < 0.25 * ours[0]


def test_the_losses_are_those_of_a_network_written_in_numpy(mlp):
    """The same hundred steps with gradients by hand, in double precision."""
    W1, b1, W2, b2 = (weights.astype(float) for weights in mlp["start_same"])
    losses = []
    for step in range(100):
        rows = slice(24 * (step % 5), 24 * (step % 5) + 24)
        x = mlp["x_train"][rows].astype(float)
        y = np.eye(3)[mlp["y_train"][rows]]
        o1 = x @ W1 + b1
        a1 = np.maximum(o1, 0)
        o2 = a1 @ W2 + b2
        p = np.exp(o2 - o2.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        losses.append(-np.log((p * y).sum(axis=1)).mean())
        delta2 = (p - y) / len(x)
        delta1 = delta2 @ W2.T * (o1 > 0)
        W2, b2 = W2 - 0.2 * a1.T @ delta2, b2 - 0.2 * delta2.sum(axis=0)
        W1, b1 = W1 - 0.2 * x.T @ delta1, b1 - 0.2 * delta1.sum(axis=0)
    epochs = np.reshape(losses, (20, 5)).mean(axis=1)
    assert mlp["same_losses_keras"] == pytest.approx(epochs, rel=1e-5)


def test_both_programs_learn_the_flowers(mlp):
    for framework in ("keras", "torch"):
        losses = mlp[f"losses_{framework}"]
        assert len(losses) == 20 and losses[-1] < 0.25 * losses[0]
        assert mlp[f"accuracy_{framework}"] >= 0.9


def test_the_split_is_stratified_and_leaks_nothing(mlp):
    train, held_out = mlp["train"], mlp["held_out"]
    assert sorted([*train.index, *held_out.index]) == list(range(150))
    assert held_out["target"].value_counts().tolist() == [10, 10, 10]
    assert mlp["x_train"].mean(axis=0) == pytest.approx(0, abs=1e-6)
    assert mlp["x_train"].std(axis=0, ddof=1) == pytest.approx(1, abs=1e-5)
    columns, mean, std = mlp["measures"], mlp["mean"], mlp["std"]
    assert np.allclose(
        mlp["x_test"] * std.to_numpy() + mean.to_numpy(), held_out[columns], atol=1e-5
    )


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("model_keras", 283),
        ("functional_keras", 283),
        ("wide_keras", 803),
        ("boston_keras", 801),
        ("net_torch", 283),
        ("twin_torch", 283),
        ("module_torch", 283),
        ("wide_torch", 803),
        ("boston_torch", 801),
    ],
)
def test_the_networks_have_as_many_parameters_as_the_text_says(mlp, name, count):
    network = mlp[name]
    if name.endswith("keras"):
        entries = [weights.size for weights in network.get_weights()]
    else:
        entries = [parameter.numel() for parameter in network.parameters()]
    assert sum(entries) == count


# What networks can and cannot do ------------------------------------------------------


def test_layers_without_activation_decide_along_a_line(mlp):
    """Ten identity layers, fitted at the end, do no better than one straight cut."""
    values = mlp["forward"](mlp["spiral"], mlp["ten_layers"][:-1])
    assert np.linalg.matrix_rank(values - values.mean(axis=0)) == 2
    assert mlp["straight_cut"](values) == mlp["straight_cut"](mlp["spiral"]) < 2 / 3


def test_no_straight_cut_gets_two_thirds_of_the_spiral_right(mlp):
    """All cuts in 3600 directions are tried, not the one of least squares only."""
    best = 0
    for angle in np.linspace(0, 2 * np.pi, 3600, endpoint=False):
        along = mlp["spiral"] @ [np.cos(angle), np.sin(angle)]
        arm = mlp["arm"][np.argsort(along)]
        right = np.cumsum(arm == 0) + arm.sum() - np.cumsum(arm)
        best = max(best, right.max())
    assert 0.6 < best / 200 < 2 / 3


def test_a_hundred_random_cuts_decide_the_whole_spiral(mlp):
    decided = mlp["by_cuts"](mlp["spiral"]) > 0
    assert np.array_equal(decided, mlp["arm"] == 1)


def test_two_steps_are_worse_than_one_and_many_are_good(mlp):
    stairs = mlp["stairs"]
    assert stairs[1] == pytest.approx(0.750, abs=1e-3)
    assert stairs[2] == pytest.approx(0.910, abs=1e-3)
    assert stairs[100] < stairs[11] < stairs[1] < stairs[2]


def test_the_stretch_decides_for_sigmoids_and_does_nothing_for_relus(mlp):
    stretches, error = (4, 2, 1, 0.5), mlp["shallow_error"]
    sigmoids = [error(mlp["sigmoid"], 7, stretch) for stretch in stretches]
    relus = [error(mlp["relu"], 7, stretch) for stretch in stretches]
    assert np.ptp(relus) < 1e-9
    assert sigmoids[0] > sigmoids[1] > relus[0] > sigmoids[2] > sigmoids[3]
    assert error(mlp["relu"], 5, target=mlp["corner"]) < 1e-12


def test_all_activations_but_the_polynomial_get_there(mlp):
    x = np.linspace(0, 1, 2001)
    for activation in (mlp["step"], mlp["sigmoid"], mlp["relu"]):
        errors = [
            np.abs(mlp["shallow_fit"](activation, q, x) - mlp["f"](x)).max()
            for q in (10, 100, 300)
        ]
        assert errors[0] > errors[1] > errors[2] and errors[2] < 0.01
    parabola = np.polyval(np.polyfit(x, mlp["f"](x), 2), x)
    best = np.abs(parabola - mlp["f"](x)).max()
    for q in (5, 50):
        fit = mlp["shallow_fit"](mlp["square"], q, x)
        assert np.abs(fit - mlp["f"](x)).max() == pytest.approx(best, abs=1e-6)


def test_the_interactive_figure_does_what_the_chapter_s_code_does(mlp):
    x = FIT
    assert np.allclose(Approximation().goal(x), mlp["f"](x), atol=1e-15)
    for q in (1, 2, 7, 30):
        assert np.allclose(
            Approximation(units=q).error(),
            np.abs(mlp["staircase"](mlp["fine"], q) - mlp["f"](mlp["fine"])).max(),
            rtol=0,
            atol=2e-3,  # points on an edge may fall on either side of it
        )
        for name in ("sigmoid", "relu", "square"):
            run = Approximation(activation=name, units=q)
            fit = mlp["shallow_fit"](mlp[name], q, mlp["fine"][::10])
            assert np.allclose(run.output(), fit, rtol=0, atol=1e-9)


@pytest.mark.parametrize("centered", [False, True])
def test_a_dead_output_is_dead_for_autograd_too(mlp, centered):
    """Where all outputs are 0, every slope is 0, and elsewhere some are not."""
    inputs = mlp["standardized"] if centered else mlp["tracts"].to_numpy()
    x = torch.from_numpy(inputs.astype("float32"))
    price = torch.from_numpy(mlp["prices"].astype("float32")).reshape(-1, 1)
    torch.manual_seed(0)
    dead = 0
    for _ in range(60):
        net = torch.nn.Sequential(
            torch.nn.Linear(6, 100), torch.nn.ReLU(), torch.nn.Linear(100, 1)
        )
        for layer in (net[0], net[2]):
            torch.nn.init.xavier_uniform_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
        y_hat = torch.relu(net(x))
        torch.nn.functional.mse_loss(y_hat, price).backward()
        slopes = max(p.grad.abs().max().item() for p in net.parameters())
        assert (slopes == 0) == (not y_hat.any())
        dead += slopes == 0
    kind = "standardized" if centered else "the columns as they are"
    assert abs(dead / 60 - mlp["born_dead"][kind] / 100) < 0.2


def test_dead_outputs_come_from_missing_centering_more_than_from_the_taxes(mlp):
    born = mlp["born_dead"]
    assert born["standardized"] < born["less their mean"] < 10
    for other in ("without the taxes", "divided by their spread", "scaled to 0 ... 1"):
        assert 15 < born[other] < born["the columns as they are"]


# Common mistakes ----------------------------------------------------------------------


def test_the_losses_treat_two_shapes_as_the_text_says(mlp):
    import keras

    wide, flat = torch.tensor([[0.0], [1.0], [1.0]]), torch.tensor([0.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="size"):
        torch.nn.BCEWithLogitsLoss()(wide, flat)
    with pytest.warns(UserWarning, match="broadcasting"):
        loss = torch.nn.functional.mse_loss(wide, flat)
    assert loss.item() == pytest.approx(4 / 9)
    for name in (keras.losses.MeanSquaredError, keras.losses.BinaryCrossentropy):
        value = float(name()(flat.numpy(), wide.numpy()))
        assert value == pytest.approx(0, abs=1e-6)


def test_a_second_softmax_takes_the_slope_of_a_sure_mistake(mlp):
    o = torch.tensor([[0.0, 10.0, 0.0]], dtype=torch.float64, requires_grad=True)
    right = torch.tensor([0])
    for scores, wanted in [
        (o, mlp["slopes_of_wrong"][0]),
        (torch.softmax(o, dim=1), mlp["slopes_of_wrong"][1]),
    ]:
        loss = torch.nn.functional.cross_entropy(scores, right)
        (slope,) = torch.autograd.grad(loss, o)
        assert slope[0, 1].item() == pytest.approx(wanted, rel=1e-3)


# Other backends of Keras --------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize("backend", ["tensorflow", "torch", "jax"])
def test_the_keras_cells_run_on_every_backend(backend):
    """In a process of its own, with the chapter's cells that are not PyTorch's."""
    if backend == "jax" and not (TEST_PACKAGES / "jax").is_dir():
        pytest.fail("JAX is not installed for the tests; run: make test-all")
    path = [str(ROOT), str(HELPERS), str(TEST_PACKAGES)]
    done = subprocess.run(
        [sys.executable, str(HELPERS / "keras_cells.py"), PAGE],
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
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["backend"] == backend
    assert found["torch imported by a cell"] is False
    assert found["wrong claims"] == []
    counts = {name: found["parameters"][name] for name in ("model_keras", "wide_keras")}
    assert counts == {"model_keras": 283, "wide_keras": 803}
    first, *_, last = found["losses"]
    assert len(found["losses"]) == 20 and last < 0.25 * first
    assert found["right"] >= 0.9
    assert found["spiral"] == 1
    # the network's answer is the chapter's own recursion on the weights
    assert found["gap to NumPy"] < 1e-5


def test_no_line_has_two_thirds_of_the_spiral_right(mlp):
    """Of all straight cuts, in every direction between two points, the best has 129."""
    points, sign = mlp["spiral"], 2 * mlp["arm"] - 1
    apart = (points[:, None] - points)[np.triu_indices(len(points), 1)]
    turns = np.sort((np.arctan2(apart[:, 1], apart[:, 0]) + np.pi / 2) % np.pi)
    best = 0
    for turn in np.append((turns[1:] + turns[:-1]) / 2, turns[0] - 1e-9):
        along = points @ [np.cos(turn), np.sin(turn)]
        right = 100 - np.cumsum(sign[np.argsort(along)])
        best = max(best, right.max(), 200 - right.min())
    assert best == 129 < 2 / 3 * len(points)
