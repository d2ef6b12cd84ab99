"""One neuron: JavaScript's answers and the perceptron's rule are NumPy's."""

import numpy as np
import pytest
import traitlets
from explorer_pages import in_node

from explorers.neuron import LAST, Neuron

MODULE = "neuron/neuron.js"


@pytest.fixture(scope="module")
def neurons() -> list[Neuron]:
    """Data sets, lines and moved points of all kinds."""
    rng = np.random.default_rng(0)
    made = [
        Neuron(data=data, activation=activation, line=line)
        for data in ("apart", "mixed", "xor")
        for activation in ("step", "sigmoid", "identity")
        for line in ([-1.0, 0.8, 0.2], [0.0, 0.0, 0.0], [0.3, -2.45, 1.1])
    ]
    for data, count in [("apart", 12), ("mixed", 12), ("xor", 4)]:
        for _ in range(20):
            points = rng.integers(-19, 40, 2 * count) / 20
            line = rng.normal(size=3).round(2)
            made.append(Neuron(data=data, points=points.tolist(), line=line.tolist()))
    made.append(Neuron(data="xor", points=[0.0, 0, 0, 0.1, 1, -0.1, 1, 0]))
    return made


def test_the_rule_takes_the_way_of_numpy(neurons):
    ways = in_node(MODULE, "course", *([run.state()] for run in neurons))
    for run, way in zip(neurons, ways, strict=True):
        wanted = run.course()
        np.testing.assert_allclose(way["lines"], wanted["lines"], rtol=1e-9, atol=1e-9)
        assert way["culprits"] == wanted["culprits"]
        assert way["wrong"] == wanted["wrong"].tolist()
        assert way["ended"] == wanted["ended"]


def test_the_neuron_answers_as_numpy_does(neurons):
    calls = [[run.state(), run.line] for run in neurons]
    for run, found in zip(neurons, in_node(MODULE, "answers", *calls), strict=True):
        wanted = run.answers(np.array(run.line))
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


def test_the_rule_s_end_is_the_same_and_every_kind_of_it_is_seen(neurons):
    ends = in_node(MODULE, "outcome", *([run.state()] for run in neurons))
    assert ends == [run.outcome() for run in neurons]
    assert {end["kind"] for end in ends} == {"stops", "circles", "never"}
    slow = Neuron(data="xor", points=[0.0, 0, 0.01, 0, 0.02, 0, 0.0, 0.01])
    slow.points = [1.0, 1.0, 1.0, 1.001, 1.001, 1.001, 1.0, 0.999]
    assert slow.outcome() == {"kind": "slow"}
    assert in_node(MODULE, "outcome", [slow.state()]) == [{"kind": "slow"}]


def test_a_line_divides_the_points_exactly_where_some_direction_does(neurons):
    """Tried at every ten-thousandth of a radian; coordinates are multiples of 0.05."""
    angles = np.arange(0, 2 * np.pi, 1e-4)
    directions = np.array([np.cos(angles), np.sin(angles)])
    told = in_node(MODULE, "separable", *([run.state()] for run in neurons))
    for run, answer in zip(neurons, told, strict=True):
        along = run.places() @ directions
        zeros, ones = along[run.labels() == 0], along[run.labels() == 1]
        found = np.any(zeros.max(axis=0) + 1e-9 < ones.min(axis=0))
        assert answer == run.separable() == found
    assert {True, False} == set(told)


def test_the_rule_on_xor_returns_to_the_same_four_lines():
    run = Neuron(data="xor")
    end, lines = run.outcome(), run.course()["lines"]
    assert (end["kind"], end["length"]) == ("circles", 4)
    for t in range(end["since"], LAST - 3):
        assert np.array_equal(lines[t], lines[t + 4])


def test_new_points_bring_their_own_line_unless_the_reader_has_moved_it():
    run = Neuron(steps=5)
    run.data = "xor"
    assert (run.line, run.steps) == ([1.0, 1.0, -0.5], 0)
    run.line = [0.5, 0.5, 0.5]
    run.data = "mixed"
    assert run.line == [0.5, 0.5, 0.5]


def test_a_neuron_refuses_what_makes_no_sense():
    for wrong in [
        {"line": [1.0, 2.0]},
        {"line": [1.0, 2.0, np.nan]},
        {"points": [np.inf] * 24},
        {"data": "moons"},
        {"activation": "relu"},
        {"steps": -1},
    ]:
        with pytest.raises(traitlets.TraitError):
            Neuron(**wrong)
