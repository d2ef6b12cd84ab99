"""Signals through depth: JavaScript's numbers are NumPy's and those of theory."""

import numpy as np
import pytest
import torch
import traitlets
from explorer_pages import in_node

from explorers import signal
from explorers.signal import ACTIVATIONS, Signal

MODULE = "signal/signal.js"
VARIANCES = {"PyTorch": 1 / 3, "Glorot": 1.0, "He": 2.0, "large": 10.0}


def same(found: object, wanted: object) -> bool:
    return np.allclose(found, wanted, rtol=1e-9, atol=0)


def test_the_random_numbers_are_the_same_in_both_languages_and_sound():
    places = [[0, 0, 5000], [7, 124_928 - 5000, 5000], [99, 64, 5000]]
    drawn = [signal.noise(*place) for place in places]
    for numbers, found in zip(drawn, in_node(MODULE, "noise", *places), strict=True):
        assert numbers.tolist() == list(found.values())
    all_of_them = signal.noise(3, 0, 124_928)
    assert np.mean(all_of_them) == pytest.approx(0, abs=0.01)
    assert np.mean(all_of_them**2) == pytest.approx(1, abs=0.01)
    assert np.mean(all_of_them**4) == pytest.approx(9 / 5, abs=0.02), "uniform"
    assert abs(all_of_them).max() < np.sqrt(3)
    for lag in (1, 16, 64, 4096):
        assert abs(np.mean(all_of_them[lag:] * all_of_them[:-lag])) < 0.01
    assert abs(np.corrcoef(drawn)[np.triu_indices(3, 1)]).max() < 0.05


def test_signal_says_what_numpy_says():
    """In every layer, up to the depth and the variance where tanh is chaotic."""
    networks = [
        Signal(activation=activation, variance=variance, depth=depth, seed=seed)
        for activation in ACTIVATIONS
        for variance in (0.1, *VARIANCES.values())
        for depth, seed in [(2, 0), (17, 3), (30, 99)]
    ]
    answers = in_node(MODULE, "outcome", *([n.state()] for n in networks))
    kinds = set()
    for network, answer in zip(networks, answers, strict=True):
        wanted = network.outcome()
        assert answer.keys() == wanted.keys()
        kinds.add(wanted["kind"])
        assert answer.pop("kind") == wanted.pop("kind")
        for name, value in wanted.items():
            assert same(answer[name], value), (network.state(), name)
    assert kinds == {*signal.KINDS, "explode"}


def test_rounding_is_far_from_what_is_promised():
    """Inputs off by five times the rounding, where they matter most."""
    network = Signal(activation="tanh", variance=10.0, depth=30)
    before = network.outcome()
    given = network.given()
    given["inputs"] *= 1 + 1e-15
    network.given = lambda: given
    after = network.outcome()
    assert before["adjoints"] != after["adjoints"]
    for name in ("activations", "adjoints"):
        assert same(after[name], before[name])


def test_histograms_count_the_same_in_both_languages():
    run = Signal(activation="relu", variance=2.0).run()
    calls = [
        [values.ravel().tolist(), low, high]
        for values in (run["a"][9], run["delta"][0])
        for low, high in [(-4, 1), (-1, 0), (-20, 8)]
    ]
    for (values, low, high), found in zip(
        calls, in_node(MODULE, "histogram", *calls), strict=True
    ):
        edges = 10 ** np.linspace(low, high, signal.BINS + 1)
        wanted = np.histogram(np.abs(values), edges)[0]
        assert found == wanted.tolist()
        assert signal.histogram(np.array(values), low, high).tolist() == found
        assert 0 < sum(found) < len(values)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_adjoints_are_those_of_pytorch(activation):
    network = Signal(activation=activation, variance=2.0, depth=7, seed=5)
    given = {name: torch.tensor(values) for name, values in network.given().items()}
    phi = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}
    a, places = given["inputs"], []
    for weights in given["weights"][:7]:
        o = weights @ a
        o.requires_grad_() if not places else o.retain_grad()
        places.append(o)
        a = phi[activation](o)
    loss = (given["pulls"] * a).sum()
    gradients = torch.autograd.grad(loss, places)
    run = network.run()
    for layer in range(7):
        wanted = gradients[layer].numpy()
        np.testing.assert_allclose(run["delta"][layer], wanted, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(run["o"][layer], places[layer].detach(), rtol=1e-9)


def theory(activation: str, variance: float) -> float:
    """Factor from layer to layer in a network of infinite width.

    Mean and variance of pre-activations at their fixed point and the mean square of
    the slopes, by an integral over the normal distribution.
    """
    phi, slope, _ = ACTIVATIONS[activation]
    z, w = np.polynomial.hermite_e.hermegauss(201)
    w = w / w.sum()
    q = 1.0
    for _ in range(2000):
        q = variance * (w @ phi(np.sqrt(q) * z) ** 2)
    o = np.sqrt(q) * z
    return np.sqrt(variance * (w @ slope(o, phi(o)) ** 2))


@pytest.mark.parametrize(
    ("activation", "variance"),
    [
        ("sigmoid", 1.0),
        ("sigmoid", 10.0),
        ("tanh", 0.5),
        ("tanh", 25 / 9),
        ("tanh", 6.0),
    ],
)
def test_layers_multiply_the_adjoints_as_theory_says(activation, variance):
    factors = [
        Signal(activation=activation, variance=variance, depth=30, seed=seed).outcome()
        for seed in range(4)
    ]
    found = np.mean([outcome["factor"] for outcome in factors])
    assert found == pytest.approx(theory(activation, variance), rel=0.03)


def test_relu_halves_the_variance_and_he_s_makes_up_for_it():
    """Any scale of the weights leaves the same units on."""
    for variance in VARIANCES.values():
        ends = [
            Signal(activation="relu", variance=variance, depth=30, seed=s).outcome()
            for s in range(8)
        ]
        found = np.mean([np.log(end["factor"]) for end in ends])
        assert found == pytest.approx(np.log(variance / 2) / 2, abs=0.05)
        assert [end["flat"] for end in ends] == pytest.approx([0.5] * 8, abs=0.05)


@pytest.mark.parametrize(
    ("activation", "variance", "kind"),
    [
        ("sigmoid", "Glorot", "vanish"),
        ("sigmoid", "He", "vanish"),
        ("sigmoid", "large", "vanish"),
        ("tanh", "PyTorch", "vanish"),
        ("tanh", "Glorot", "keep"),
        ("tanh", "large", "explode"),
        ("relu", "PyTorch", "vanish"),
        ("relu", "Glorot", "vanish"),
        ("relu", "He", "keep"),
        ("relu", "large", "explode"),
    ],
)
def test_each_scheme_does_what_the_course_tells_of_it(activation, variance, kind):
    """With most weights; some networks of 64 units are off by chance."""
    kinds = [
        Signal(
            activation=activation, variance=VARIANCES[variance], depth=30, seed=seed
        ).outcome()["kind"]
        for seed in range(6)
    ]
    assert kinds.count(kind) >= 5, kinds


def test_a_tanh_network_explodes_backward_while_its_activations_look_sound():
    end = Signal(activation="tanh", variance=10.0, depth=30).outcome()
    assert max(end["activations"]) < 1 and min(end["activations"]) > 0.8
    assert end["ratio"] > 1e3 and 0.4 < end["flat"] < 0.6 and end["dead"] < 0.01


def test_a_signal_refuses_what_makes_no_sense():
    for wrong in [
        {"activation": "step"},
        {"variance": 0.0},
        {"variance": np.nan},
        {"variance": np.inf},
        {"depth": 1},
        {"depth": 31},
        {"seed": -1},
        {"seed": 100},
    ]:
        with pytest.raises(traitlets.TraitError):
            Signal(**wrong)
