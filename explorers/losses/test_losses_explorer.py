"""Losses: JavaScript's values, slopes and rounding are NumPy's."""

import numpy as np
import pytest
import traitlets
from explorer_pages import in_node

from explorers.losses import Losses

MODULE = "losses/losses.js"


def test_losses_of_a_number_are_those_of_numpy():
    errors = [-4.0, -2.5, -1.0, -0.3, 0.0, 0.1, 1.0, 1.7, 4.0]
    for delta in (0.1, 1.0, 3.9):
        calls = [[error, delta] for error in errors]
        answers = np.array(in_node(MODULE, "ofNumber", *calls))
        wanted = Losses(delta=delta).of_number(np.array(errors))
        np.testing.assert_allclose(answers, np.moveaxis(wanted, 2, 0), atol=1e-9)


def test_losses_of_a_label_are_those_of_numpy():
    logits = np.linspace(-8, 8, 33)
    for label in (0, 1):
        calls = [[logit, label] for logit in logits.tolist()]
        answers = np.array(in_node(MODULE, "ofLabel", *calls))
        wanted = Losses(label=label).of_label(logits)
        np.testing.assert_allclose(answers, np.moveaxis(wanted, 2, 0), atol=1e-9)


def test_losses_of_classes_are_those_of_numpy():
    rng = np.random.default_rng(4)
    cases = [
        (logits.tolist(), temperature, target)
        for logits in rng.uniform(-8, 8, size=(6, 3))
        for temperature in (0.1, 1.0, 7.3)
        for target in (1, 2, 3)
    ]
    answers = in_node(MODULE, "ofClasses", *map(list, cases))
    for (logits, temperature, target), answer in zip(cases, answers, strict=True):
        run = Losses(logits=logits, temperature=temperature, target=target)
        for name, wanted in run.of_classes().items():
            np.testing.assert_allclose(answer[name], wanted, rtol=1e-9, atol=1e-9)


def test_losses_in_float32_are_those_of_numpy():
    """Infinity and the slope that has no value are the same, too."""
    logits = np.linspace(0, 30, 301)
    for clip in (1e-9, 1e-8, 1e-7, 1e-3):
        calls = [[logit, clip] for logit in logits.tolist()]
        answers = np.array(in_node(MODULE, "inFloat32", *calls), dtype=float)
        wanted = np.moveaxis(Losses(clip=clip).in_float32(logits), 2, 0)
        assert np.isinf(wanted).any() and np.isnan(wanted).any()
        np.testing.assert_allclose(answers, wanted, rtol=1e-9, atol=1e-9)


def test_slopes_of_the_losses_are_difference_quotients():
    run, h = Losses(delta=1.5), 1e-6
    at = np.array([-3.7, -1.2, -0.4, 0.7, 2.9])
    for of in (run.of_number, run.of_label, Losses(label=0).of_label):
        quotient = (of(at + h)[:, 0] - of(at - h)[:, 0]) / (2 * h)
        np.testing.assert_allclose(of(at)[:, 1], quotient, atol=1e-7)
    run = Losses(temperature=0.7, target=3)
    for k, step in enumerate(h * np.eye(3)):
        up, down = (
            Losses(logits=list(run.logits + d), temperature=0.7, target=3).of_classes()
            for d in (step, -step)
        )
        quotient = (up["loss"] - down["loss"]) / (2 * h)
        assert np.isclose(run.of_classes()["error"][k] / 0.7, quotient, atol=1e-7)


def test_float32_loses_a_wrong_answer_where_numpy_s_float32_does():
    """The first logit whose sigmoid is 1, computed in NumPy's own single precision."""
    logits = np.arange(0, 30, 0.1)
    single = logits.astype("float32")
    sigmoid = 1 / (1 + np.exp(-single))
    rounded = Losses().in_float32(logits)[1, 0]
    assert np.array_equal(np.isinf(rounded), sigmoid == 1)
    clipped, slope = Losses().in_float32(np.array([20.0]))[2, :, 0]
    assert round(clipped, 1) == 15.9 and slope == 0  # what Keras answers


def test_losses_refuse_what_makes_no_sense():
    for wrong in [
        {"view": "x"},
        {"delta": 0.0},
        {"temperature": np.nan},
        {"target": 4},
        {"logits": [1.0, 2.0]},
        {"clip": -1.0},
    ]:
        with pytest.raises(traitlets.TraitError):
            Losses(**wrong)
