"""The figure of signals through depth: its numbers, and what it does in a browser."""

import re

import numpy as np
import pytest
import torch
import traitlets
from chromium import Visit
from playwright.sync_api import Locator, expect
from test_explorers import in_node
from test_explorers_browser import PLACES, figure, pixels, settle

from explorers import signal
from explorers.signal import ACTIVATIONS, Signal

VARIANCES = {"PyTorch": 1 / 3, "Glorot": 1.0, "He": 2.0, "large": 10.0}


def same(found: object, wanted: object) -> bool:
    return np.allclose(found, wanted, rtol=1e-9, atol=0)


# Numbers ------------------------------------------------------------------------------


def test_the_random_numbers_are_the_same_in_both_languages_and_sound():
    places = [[0, 0, 5000], [7, 124_928 - 5000, 5000], [99, 64, 5000]]
    drawn = [signal.noise(*place) for place in places]
    for numbers, found in zip(
        drawn, in_node("signal.js", "noise", *places), strict=True
    ):
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
    answers = in_node("signal.js", "outcome", *([n.state()] for n in networks))
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
        calls, in_node("signal.js", "histogram", *calls), strict=True
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


# In a browser -------------------------------------------------------------------------

SIGNS = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789", "\u202f")


def shown(place: Locator) -> list[float]:
    """The ratio of the adjoints, and the factor from layer to layer."""
    texts = place.locator(".readout b").all_inner_texts()
    return [float(text.translate(SIGNS).replace(" · 10", "e")) for text in texts]


def check(place: Locator, **traits: object) -> None:
    """The figure shows the outcome of a network, numbers to two digits."""
    end = Signal(**traits).outcome()
    word = place.locator(".verdict strong").inner_text()
    assert re.match(rf"The adjoints {end['kind']}\b", word)
    assert shown(place) == pytest.approx([end["ratio"], end["factor"]], rel=0.051)


@pytest.mark.build
def test_signal_by_keyboard_alone_aloud_and_from_a_shared_address(
    visit: Visit, home: str
):
    with visit(home + PLACES["signal"]) as page:
        place = figure(page, "signal")
        first = pixels(place)
        check(place)
        place.get_by_role("radio", name="Sigmoid").focus()
        for _ in range(2):
            page.keyboard.press("ArrowRight")
        variance = place.get_by_role("slider", name="Variance of weights, times n")
        variance.focus()
        for _ in range(12):
            page.keyboard.press("ArrowRight")
        place.get_by_role("slider", name="Layers L").press("End")
        settle(page)
        assert variance.get_attribute("aria-valuetext") == "2.00"
        he = {"activation": "relu", "variance": 2.0, "depth": 30}
        check(place, **he)
        expect(place.get_by_role("status")).to_have_text(
            re.compile(r"The adjoints keep their scale\. .* for every sample\.$")
        )
        place.get_by_role("button", name="New weights").press("Enter")
        settle(page)
        check(place, **he, seed=1)
        seen = pixels(place)
        page.wait_for_url("**signal.seed=1*")
        address = page.url
        place.get_by_role("button", name="Reset").press("Enter")
        settle(page)
        assert pixels(place) == first
        page.wait_for_url(lambda address: "signal." not in address.partition("?")[2])
    with visit(address) as page:
        assert pixels(figure(page, "signal")) == seen
    wrong = "?signal.variance=11&signal.depth=2.5&signal.seed=100&signal.activation=x"
    with visit(home + PLACES["signal"] + wrong) as page:
        assert pixels(figure(page, "signal")) == first


@pytest.mark.build
def test_signal_draws_what_numpy_computes(visit: Visit, served: str):
    """Sizes lie where they are and shapes are widest there, to a tenth of a pixel."""
    network = Signal(activation="tanh", variance=6.0, depth=9, seed=4)
    query = "&".join(f"signal.{name}={v}" for name, v in network.state().items())
    run, end = network.run(), network.outcome()
    with visit(f"{served}{PLACES['signal']}?{query}") as page:
        plots = figure(page, "signal").locator(".plot").all()
        for plot, name, sizes in zip(
            plots, ["a", "delta"], ["activations", "adjoints"], strict=True
        ):
            ticks = plot.locator(".axes text[text-anchor=end]").evaluate_all(
                "all => all.map(e => [e.textContent, +e.getAttribute('y')])"
            )
            powers = [float(text.translate(SIGNS)[2:]) for text, _ in ticks]
            scale = np.polyfit(powers, [y for _, y in ticks], 1)
            drawn = plot.locator(".dots circle").evaluate_all(
                "all => all.map(e => [+e.getAttribute('cx'), +e.getAttribute('cy')])"
            )
            across, along = np.array(drawn).T
            assert np.ptp(np.diff(across)) < 0.21, "evenly spaced"
            wanted = np.polyval(scale, np.log10(end[sizes]))
            assert np.abs(along - wanted).max() < 0.15
            paths = plot.locator(".filled").get_attribute("d")[1:].split("M")
            low, high = np.array([powers[0], powers[-1]])
            for path, values, middle in zip(paths, run[name], across, strict=True):
                points = np.array([p.split(",") for p in path.split("L")], float)
                widest = points[np.argmax(points[:, 0]), 1]
                counts = signal.histogram(values, low, high)
                step = (high - low) / signal.BINS
                top = low + step * (np.flatnonzero(counts == counts.max()) + 0.5)
                assert np.abs(np.polyval(scale, top) - widest).min() < 0.15
                assert np.mean(points[[0, -1], 0]) == pytest.approx(middle, abs=0.11)


@pytest.mark.build
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_moves_whatever_signal_says(visit: Visit, served: str, width: int):
    with visit(served + PLACES["signal"], width=width, has_touch=width < 560) as page:
        place = figure(page, "signal")
        variance, depth = place.locator("input[type=range]").all()
        heights = set()
        for name in ("ReLU", "tanh", "Sigmoid"):
            place.get_by_role("radio", name=name).check()
            for ends in (["Home", "End"], ["End", "End"], ["PageDown", "Home"]):
                variance.press(ends[0])
                depth.press(ends[1])
                settle(page)
                box = place.locator(".explorer-content").bounding_box()
                heights.add(round(box["height"]))
                assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert len(heights) == 1, heights
