"""Gradient descent: JavaScript's steps, losses and verdicts are NumPy's."""

import numpy as np
import pytest
import traitlets
from explorer_pages import in_node, node

from explorers.descent import Descent
from notebook_utils import load_boston

MODULE = "descent/descent.js"


@pytest.fixture(scope="module")
def rooms() -> tuple[np.ndarray, np.ndarray]:
    boston = load_boston()
    return boston["RM"].to_numpy(), boston["PRICE"].to_numpy()


RATES = {
    "boston": [1e-6, 1e-5, 2.4e-5, 2.5e-5, 4.9e-5, 5e-5, 1e-4],
    "well": [0.01, 0.02, 0.1, 0.2, 0.25, 0.28, 0.3, 0.99],
}

STARTS = {"boston": [-2.5, 0.0, 3.7, 9.5], "well": [-2.0, -0.3, 0.08, 1.2, 2.0]}


@pytest.fixture(scope="module")
def runs(rooms) -> list[Descent]:
    return [
        Descent(*rooms, loss=loss, rate=rate, start=start)
        for loss in RATES
        for rate in RATES[loss]
        for start in STARTS[loss]
    ]


def test_descent_takes_the_steps_of_numpy(runs):
    answers = in_node(MODULE, "iterates", *([run.state()] for run in runs))
    for run, answer in zip(runs, answers, strict=True):
        np.testing.assert_allclose(answer, run.iterates(), rtol=1e-9, atol=1e-9)


def test_descent_shows_the_losses_of_numpy(runs, rooms):
    """The page has three sums in place of the data; the loss is the same."""
    x, y = rooms
    code = """
      import { text } from "node:stream/consumers";
      import { iterates, lossOf } from "./explorers/descent/descent.js";
      const states = JSON.parse(await text(process.stdin));
      console.log(JSON.stringify(states.map((state) => {
        const { value, slope, curvature } = lossOf(state);
        const path = iterates(state).slice(0, 5);
        return path.map((w) => [value(w), slope(w), curvature(w)]);
      })));
    """
    answers = node(code, [run.state() for run in runs])
    for run, rows in zip(runs, answers, strict=True):
        for w, (value, slope, curvature) in zip(run.iterates(), rows, strict=False):
            if run.loss == "boston":
                errors = w * x - y
                wanted = [errors @ errors, 2 * errors @ x, 2 * x @ x]
            else:
                wanted = [
                    np.polyval([1, 0, -2, 0.3, 1], w),
                    np.polyval([4, 0, -4, 0.3], w),
                    np.polyval([12, 0, -4], w),
                ]
            found = np.array([value, slope, curvature], dtype=float)
            np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


def test_descent_says_what_becomes_of_the_iterates(runs):
    answers = in_node(MODULE, "outcome", *([run.state()] for run in runs))
    kinds = set()
    for run, answer in zip(runs, answers, strict=True):
        wanted = run.outcome()
        assert answer["kind"] == wanted["kind"], run.state()
        if answer["kind"] != "restless":  # an orbit that may be chaotic
            assert np.isclose(answer["where"], wanted["where"], rtol=1e-9, atol=1e-9)
            assert np.isclose(answer["product"], wanted["product"], rtol=1e-9)
        kinds.add((run.loss, answer["kind"]))
    assert {kind for _, kind in kinds} == {
        "converges",
        "oscillates",
        "restless",
        "diverges",
    }


def test_on_the_parabola_the_verdict_is_the_one_of_the_factor(rooms):
    x, _ = rooms
    for rate in RATES["boston"]:
        factor = 1 - 2 * rate * x @ x
        kind = (
            "converges" if factor >= 0 else "oscillates" if factor > -1 else "diverges"
        )
        assert Descent(*rooms, rate=rate).outcome()["kind"] == kind


def test_the_double_well_is_the_one_that_the_chapter_tells_of(rooms):
    """Minima, and where the descent from 2 ends, known from elsewhere."""
    ends = {0.02: 0.960150, 0.1: -1.035579}
    for rate, end in ends.items():
        run = Descent(*rooms, loss="well", rate=rate)
        assert run.start == 2
        assert np.isclose(run.outcome()["where"], end, atol=1e-6)
    wild = Descent(*rooms, loss="well", rate=0.2)
    assert np.allclose(wild.iterates()[:4], [2, -2.86, 13.507, -1947.078], atol=1e-3)


def test_a_new_loss_brings_a_rate_that_suits_it(rooms):
    run = Descent(*rooms, rate=4e-5, start=1.0)
    run.loss = "well"
    assert (run.rate, run.start) == (0.02, 2.0)
    run.set_state({"loss": "boston", "rate": 5e-5, "start": 3.0})  # as a figure does
    assert (run.rate, run.start) == (5e-5, 3.0)


def test_traits_refuse_what_makes_no_sense(rooms):
    for wrong in [{"rate": 0.0}, {"rate": np.nan}, {"loss": "hill"}, {"steps": 31}]:
        with pytest.raises(traitlets.TraitError):
            Descent(*rooms, **wrong)
