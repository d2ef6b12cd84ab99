"""What the chapter on multi-layer perceptrons shows, measured again from outside."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from bootstrap import TEST_PACKAGES

from explorers.approximation import FIT, Approximation

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def mlp(chapter):
    return chapter("mlp").namespace


def outputs_keras(model, x):
    from keras import ops

    return ops.convert_to_numpy(model(x))


def outputs_torch(net, x):
    with torch.no_grad():
        return net(torch.from_numpy(x)).numpy()


# Keras and PyTorch --------------------------------------------------------------------


def test_a_copied_network_answers_the_same_to_a_millionth(mlp):
    x = np.random.default_rng(0).normal(size=(64, 10)).astype("float32")
    model, net = mlp["model_keras"], mlp["net_torch"]
    assert np.abs(outputs_keras(model, x) - outputs_torch(net, x)).max() < 1e-6
    assert mlp["before"] > 0.1 > 1e-6 > mlp["after"]


def test_kernels_are_stored_transposed(mlp):
    for (kernel, bias), linear in zip(
        [layer.get_weights() for layer in mlp["model_keras"].layers],
        [mlp["net_torch"][0], mlp["net_torch"][2]],
        strict=True,
    ):
        assert np.array_equal(kernel.T, linear.weight.detach().numpy())
        assert np.array_equal(bias, linear.bias.detach().numpy())
        assert kernel.shape == (linear.in_features, linear.out_features)


def test_a_hundred_steps_agree_to_one_in_a_hundred_thousand(mlp):
    ours, theirs = np.array(mlp["losses_keras"]), np.array(mlp["losses_torch"])
    assert len(ours) == len(theirs) == 100
    assert np.abs(theirs / ours - 1).max() < 1e-5
    assert ours[-5:].mean() < 0.25 * ours[0]


def test_the_text_may_say_less_than_one_part_in_a_million(mlp):
    assert mlp["gap_losses"] < 1e-6


def test_the_losses_are_those_of_a_network_written_in_numpy(mlp):
    """The same hundred steps with gradients by hand, in double precision."""
    start = mlp["keras"].Sequential(
        [mlp["keras"].Input((4,)), *map(mlp["keras"].layers.Dense, (16, 3))]
    )
    mlp["keras"].utils.set_random_seed(0)
    start = mlp["keras"].models.clone_model(mlp["iris_keras"])
    W1, b1, W2, b2 = (weights.astype(float) for weights in start.get_weights())
    losses = []
    for rows in mlp["batches"]:
        x, y = mlp["flowers"][rows].astype(float), np.eye(3)[mlp["species"][rows]]
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
    assert mlp["losses_keras"] == pytest.approx(losses, rel=1e-5)


def test_the_split_is_stratified_and_leaks_nothing(mlp):
    train, held_out, species = mlp["train"], mlp["held_out"], mlp["species"]
    assert sorted([*train, *held_out]) == list(range(150))
    assert np.bincount(species[held_out]).tolist() == [10, 10, 10]
    assert mlp["flowers"][train].mean(axis=0) == pytest.approx(0, abs=1e-6)
    assert mlp["flowers"][train].std(axis=0) == pytest.approx(1, abs=1e-5)
    assert set(np.concatenate(mlp["batches"])) == set(train)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("model_keras", 283),
        ("functional_keras", 283),
        ("wide_keras", 803),
        ("boston_keras", 801),
        ("net_torch", 283),
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
            fit = mlp["shallow_fit"](mlp[name], q)
            assert np.allclose(run.output(), fit, rtol=0, atol=1e-9)


@pytest.mark.parametrize("inputs", ["tracts", "standardized"])
def test_a_dead_output_is_dead_for_autograd_too(mlp, inputs):
    """Where all outputs are 0, every slope is 0, and elsewhere some are not."""
    x = torch.from_numpy(mlp[inputs].astype("float32"))
    price = torch.from_numpy(mlp["price"].astype("float32")).reshape(-1, 1)
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
    share = mlp["dead_raw"] if inputs == "tracts" else mlp["dead_standardized"]
    assert abs(dead / 60 - share) < 0.2
    assert mlp["dead_standardized"] < 0.05 < 0.3 < mlp["dead_raw"]


# Other backends of Keras --------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize("backend", ["tensorflow", "torch", "jax"])
def test_the_keras_cells_run_on_every_backend(backend):
    """In a process of its own, with the chapter's cells that are not PyTorch's."""
    if backend == "jax" and not (TEST_PACKAGES / "jax").is_dir():
        pytest.fail("JAX is not installed for the tests; run: make test-all")
    path = [str(ROOT), str(ROOT / "tests"), str(TEST_PACKAGES)]
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "keras_cells.py"), "mlp"],
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
    assert len(found["losses"]) == 100 and last < 0.25 * first
    assert found["right"] >= 27
    assert found["spiral"] == 1
    # the network's answer is the chapter's own recursion on the weights
    assert found["gap to NumPy"] < 1e-5
