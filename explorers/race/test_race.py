"""The optimizer race: JavaScript's ways are NumPy's and PyTorch's."""

import numpy as np
import pytest
import traitlets
from explorer_pages import in_node, node

import notebook_utils  # noqa: F401  (before PyTorch)
from explorers.race import (
    EPOCHS,
    LANDSCAPES,
    LAST,
    MEMORIES,
    POINTS,
    RULES,
    SCENES,
    SEEDS,
    Race,
)

# isort: split
import torch

MODULE = "race/racers.js"
BATCHES = [1, 2, 4, 5, 10, 20]


def points() -> tuple[np.ndarray, np.ndarray]:
    """The chapter's twenty points; another test holds them to it."""
    x = np.random.default_rng(3).uniform(-1.5, 1.5, size=(POINTS, 2))
    return x, (x[:, 0] > 0).astype(float)


def race(**traits: object) -> Race:
    return Race(*points(), **traits)


def test_each_method_takes_the_steps_of_numpy_on_each_landscape():
    """From the prepared start and from another, with other settings, 150 steps."""
    runs = [race(landscape=place) for place in LANDSCAPES]
    for place, start in [
        ("ravine", [3.1, 4.4]),
        ("rosenbrock", [0.6, -0.4]),
        ("saddle", [-1.3, 0.85]),
        ("wells", [-1.8, 1.0]),
    ]:
        rates = {"gd": [0.002], "adagrad": [0.3]}
        rates |= {"momentum": [0.0005, 0.75], "nesterov": [0.0005, 0.99]}
        rates |= {"rmsprop": [0.01, 0.98], "adam": [0.07, 0.5, 0.95]}
        runs.append(race(landscape=place, start=start, **rates))
    calls = [[run.state(), name] for run in runs for name in RULES]
    answers = iter(in_node(MODULE, "course", *calls))
    for run in runs:
        for name in RULES:
            path = next(answers)["path"][: LAST + 1]
            np.testing.assert_allclose(path, run.path(name), rtol=1e-9, atol=1e-9)


def test_each_method_meets_the_end_that_numpy_tells():
    runs = [race(landscape=place) for place in LANDSCAPES]
    runs += [race(landscape="saddle", start=[1.5, -1.5])]
    runs += [race(nesterov=[0.014, 0.9], gd=[0.03], momentum=[0.05, 0.9])]
    calls = [[run.state(), name] for run in runs for name in RULES]
    answers = iter(in_node(MODULE, "course", *calls))
    kinds = set()
    for run in runs:
        for name in RULES:
            wanted, found = run.outcome(name), next(answers)
            assert wanted == {key: found[key] for key in wanted}, (run.state(), name)
            assert ("step" in found) == (wanted["kind"] == "arrives")
            kinds.add(wanted["kind"])
    assert kinds == {"arrives", "lost", "rests", "late"}


def test_the_points_are_walked_in_numpys_order():
    """GD and SGD for every batch size, as a mean and as a sum, after every shuffle."""
    runs = [
        race(landscape="points", batch=batch, reduction=reduction, seed=seed, gd=[rate])
        for batch in BATCHES
        for reduction in ("mean", "sum")
        for seed, rate in [(0, 2.0), (3, 0.7), (SEEDS - 1, 16.0)]
    ]
    calls = [[run.state(), name] for run in runs for name in ("gd", "sgd")]
    answers = iter(in_node(MODULE, "course", *calls))
    for run in runs:
        for name in ("gd", "sgd"):
            path = next(answers)["path"]
            np.testing.assert_allclose(path, run.path(name), rtol=1e-9, atol=1e-9)
            b = POINTS if name == "gd" else run.batch
            assert len(path) == EPOCHS * POINTS // b + 1


LOSSES = {
    "ravine": lambda p: (
        # Curvatures 1 and 100 along axes that are turned by 30 degrees.
        0.5 * (p[0] * np.cos(np.pi / 6) + p[1] * np.sin(np.pi / 6)) ** 2
        + 50 * (-p[0] * np.sin(np.pi / 6) + p[1] * np.cos(np.pi / 6)) ** 2
    ),
    "rosenbrock": lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2,
    "saddle": lambda p: (p[0] * p[1] - 1) ** 2,
    "wells": lambda p: (p[0] ** 2 - 1) ** 2 + 0.3 * p[0] + p[1] ** 2 / 2,
}


def library(name: str, settings: list[float], theta: torch.Tensor):
    """PyTorch's optimizer of a method, with the figure's ε."""
    rate, *memories = settings
    if name in ("gd", "momentum", "nesterov"):
        mu = memories[0] if memories else 0
        return torch.optim.SGD([theta], rate, mu, nesterov=name == "nesterov")
    if name == "adagrad":
        return torch.optim.Adagrad([theta], rate, eps=1e-10)
    if name == "rmsprop":
        return torch.optim.RMSprop([theta], rate, memories[0], eps=1e-8)
    return torch.optim.Adam([theta], rate, tuple(memories), eps=1e-8)


@pytest.mark.parametrize("place", LANDSCAPES)
def test_each_method_is_pytorch_s(place: str):
    """Sixty steps in float64, the loss written anew and its gradient by autograd."""
    run = race(landscape=place)
    for name in RULES:
        theta = torch.tensor(run.start, dtype=torch.float64, requires_grad=True)
        optimizer = library(name, getattr(run, name), theta)
        path = [theta.detach().numpy().copy()]
        for _ in range(60):
            optimizer.zero_grad()
            LOSSES[place](theta).backward()
            optimizer.step()
            path.append(theta.detach().numpy().copy())
        np.testing.assert_allclose(run.path(name)[:61], path, rtol=1e-7, atol=1e-7)
        losses = [LOSSES[place](p) for p in path]
        np.testing.assert_allclose(
            run.terrain().loss(np.array(path)), losses, atol=1e-8
        )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("b", [4, 20])
def test_gd_and_sgd_on_the_points_are_pytorch_s(reduction: str, b: int):
    """Cross-entropy from logits, reduced as named, and `torch.optim.SGD`."""
    run = race(landscape="points", batch=b, reduction=reduction, seed=2)
    x, y = map(torch.tensor, points())
    theta = torch.tensor(run.start, dtype=torch.float64, requires_grad=True)
    entropy = torch.nn.BCEWithLogitsLoss(reduction=reduction)
    optimizer = torch.optim.SGD([theta], 2.0 if reduction == "mean" else 2.0 / POINTS)
    rng, path = np.random.default_rng(2), [run.start]
    for _ in range(EPOCHS):
        order = rng.permutation(POINTS)
        for i in range(0, POINTS, b):
            batch = order[i : i + b]
            terms = 1 if reduction == "mean" else b
            penalty = terms * 0.0025 * (theta**2).sum()
            optimizer.zero_grad()
            (entropy(x[batch] @ theta, y[batch]) + penalty).backward()
            optimizer.step()
            path.append(theta.detach().tolist())
    np.testing.assert_allclose(run.path("sgd"), path, rtol=1e-12, atol=1e-12)
    if b == POINTS:
        np.testing.assert_allclose(run.path("gd"), path, rtol=1e-12, atol=1e-12)


def test_the_least_losses_are_least():
    """No slope there, and nothing lower on a fine grid or in random places nearby."""
    rng = np.random.default_rng(0)
    best = {"ravine": [0, 0], "rosenbrock": [1, 1], "saddle": [1, 1]}
    best |= {"wells": [np.roots([4, 0, -4, 0.3]).real.min(), 0]}
    for place in SCENES:
        run = race(landscape=place)
        loss, gradient, least = run.terrain()
        at = np.array(best.get(place, run.points.best), float)
        assert loss(at) == pytest.approx(least, abs=1e-12)
        assert np.abs(gradient(at)).max() < 1e-12
        assert loss(at + rng.normal(size=(2000, 2))).min() >= least
    code = """
      import { LANDSCAPES } from "./explorers/race/landscapes.js";
      console.log(JSON.stringify(Object.entries(LANDSCAPES).map(
        ([name, { least, best, loss }]) => [name, least, ...best.map(loss)])));
    """
    for name, *losses in node(code):
        assert losses == pytest.approx(
            [LANDSCAPES[name].least] * len(losses), abs=1e-12
        )


def test_what_the_chapter_tells_of_the_race_is_so():
    raised = race(momentum=[0.015, 0.9], nesterov=[0.015, 0.9])
    assert raised.outcome("nesterov") == {"kind": "lost"}
    assert raised.outcome("momentum")["kind"] == "arrives"
    longest = {
        "adam": 0.1 / np.sqrt(0.001 * (1 - 0.81 / 0.999)),  # 7.27
        "rmsprop": 1 / np.sqrt(0.1),  # 3.16
    }
    for name, bound in longest.items():
        memories = SCENES["ravine"][name][1:]
        for rate in (10.0, 1000.0):
            run = race(**{name: [rate, *memories]})
            steps = np.abs(np.diff(run.path(name, 1000), axis=0))
            assert steps.max() <= rate * bound + 1e-9
    wells = race(landscape="wells")
    kinds = {name: wells.outcome(name)["kind"] for name in ("gd", "momentum", "adam")}
    assert kinds == {"gd": "rests", "momentum": "arrives", "adam": "rests"}
    back = race(landscape="wells", start=[-1.8, 1.0])
    assert back.outcome("gd")["kind"] == "arrives"
    assert back.outcome("momentum")["kind"] == "rests"
    ridge = race(landscape="saddle", start=[1.5, -1.5])
    assert np.allclose(ridge.path("gd")[-1], 0, atol=1e-9)
    assert ridge.outcome("gd")["kind"] == "rests"


def test_the_limit_on_the_slider_is_where_the_ravine_throws_a_method_out():
    for mu in (0.0, 0.5, 0.9):
        for name in ("gd", "momentum", "nesterov"):
            (most,) = in_node("race/rules.js", "limit", [name, [1, mu]])
            for share, lost in ((0.95, False), (1.05, True)):
                settings = [share * most] + ([] if name == "gd" else [mu])
                end = race(**{name: settings}).outcome(name)
                assert (end["kind"] == "lost") == lost, (name, mu, share)


def test_a_new_landscape_brings_its_own_scene():
    run = race(adam=[1.0, 0.9, 0.999])
    run.landscape = "points"
    assert (run.start, run.gd, run.steps) == ([1.0, -3.0], [2.0], EPOCHS)
    assert run.adam == [1.0, 0.9, 0.999], "what was set by hand stays"
    run.set_state({"landscape": "wells", "start": [0.5, 0.5], "gd": [0.3], "steps": 7})
    assert (run.start, run.gd, run.steps) == ([0.5, 0.5], [0.3], 7)


def test_a_race_refuses_what_makes_no_sense():
    for wrong in [
        {"landscape": "moon"},
        {"start": [np.inf, 0.0]},
        {"gd": [0.0]},
        {"momentum": [0.1]},
        {"adam": [0.1, 0.9, 1.0]},
        {"shown": ["sgd"]},
        {"batch": 3},
        {"seed": SEEDS},
        {"steps": LAST + 1},
    ]:
        with pytest.raises(traitlets.TraitError):
            race(**wrong)
    x, y = points()
    with pytest.raises(ValueError, match=r"points of shape \(19, 2\)"):
        Race(x[1:], y)


def test_momentum_alone_is_printed_with_three_memories_and_their_steps():
    both = race(shown=["gd", "momentum"], momentum=[0.01, 0.8])
    told = [ax.get_title() for ax in both.draw().axes]
    for mu, title in zip(MEMORIES, told, strict=True):
        step = race(momentum=[0.01, mu]).outcome("momentum")["step"]
        assert title == f"$\\mu = {mu}$: {step} steps"
    late = race(shown=["momentum"], momentum=[0.03, 0.8]).draw()
    assert "no arrival" in late.axes[0].get_title()
