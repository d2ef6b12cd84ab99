"""Universal approximation: JavaScript's least squares is NumPy's."""

import numpy as np
import pytest
import traitlets
from explorer_pages import in_node

from explorers import approximation
from explorers.approximation import Approximation

MODULE = "approximation/approximation.js"
BENDS = [[0.0] * 7, [0.3, -0.2, 0.1, 0.5, -0.4, 0.0, 0.25]]


@pytest.fixture(scope="module")
def layers() -> list[Approximation]:
    return [
        Approximation(activation=activation, units=units, target=target, bends=bends)
        for activation in approximation.ACTIVATIONS
        for units in (0, 1, 2, 3, 5, 7, 11, 20, 30)
        for target in approximation.TARGETS
        for bends in BENDS
    ]


def test_approximation_says_what_numpy_says(layers):
    """Output, units and largest error equal those of lstsq, up to the last width."""
    answers = in_node(MODULE, "network", *([run.state()] for run in layers))
    for run, answer in zip(layers, answers, strict=True):
        output = run.output()
        np.testing.assert_allclose(answer["output"], output, rtol=0, atol=1e-9)
        assert np.isclose(answer["error"], run.error(), rtol=0, atol=1e-9)
        worst = round(answer["where"] * (len(output) - 1))
        miss = abs(output - run.goal(run.grid()))[worst]
        assert np.isclose(miss, run.error(), rtol=0, atol=1e-9)
        # Sums of more than two squares can be written in many ways.
        q = run.units
        if q and (run.activation != "square" or q < 3):
            at = np.subtract.outer(run.grid(), np.arange(q) / q)
            units = approximation.ACTIVATIONS[run.activation](2 * q * at)
            shown = np.column_stack([units, np.ones(len(units))])
            shown *= [*answer["weights"], answer["bias"]]
            np.testing.assert_allclose(shown, run.contributions(), rtol=0, atol=1e-9)


def test_approximation_plots_the_errors_of_every_width():
    for activation in approximation.ACTIVATIONS:
        run = Approximation(activation=activation, bends=BENDS[1])
        (errors,) = in_node(MODULE, "errors", [run.state()])
        wanted = [run.error(q) for q in range(approximation.LAST + 1)]
        np.testing.assert_allclose(errors, wanted, rtol=0, atol=1e-9)


def test_the_layers_are_far_from_where_rounding_would_matter():
    """Condition numbers say how many digits the promise of 1e-9 leaves in hand."""
    x = approximation.FIT
    for activation in ("sigmoid", "relu"):
        for q in range(1, approximation.LAST + 1):
            units = 2 * q * np.subtract.outer(x, np.arange(q) / q)
            columns = approximation.ACTIVATIONS[activation](units)
            columns = np.column_stack([columns, np.ones(len(x))])
            assert np.linalg.cond(columns) < 2000


def test_least_squares_is_least_and_a_parabola_is_all_that_squares_can_be():
    x = approximation.FIT
    for q in (2, 7, 30):
        run = Approximation(activation="square", units=q, bends=BENDS[1])
        parabola = np.polyval(np.polyfit(x, run.goal(x), 2), x)
        assert np.allclose(run.output(), parabola, rtol=0, atol=1e-9)
    run = Approximation(activation="relu", units=5, target="corner")
    assert run.error() < 1e-12, "a unit sits at the corner"


def test_a_bend_moves_its_point_and_none_of_the_others():
    knots = np.arange(7) / 6
    for k in range(7):
        run = Approximation(bends=np.eye(7)[k].tolist())
        moved = run.goal(knots) - Approximation().goal(knots)
        assert np.allclose(moved, np.eye(7)[k], atol=1e-12)
    with pytest.raises(traitlets.TraitError):
        Approximation(bends=[0.0])
