"""A query among keys: JavaScript's numbers are NumPy's, and the page is right."""

import json

import numpy as np
import pytest
import traitlets
from explorer_pages import in_node

from explorers.lookup import EDGE, NAMES, SETS, LookUp

MODULE = "lookup/weights.js"


@pytest.fixture(scope="module")
def runs() -> list[LookUp]:
    """Queries and keys of all kinds, scores of both, some keys hidden."""
    rng = np.random.default_rng(0)
    made = []
    for draw in range(60):
        hidden = [name for name in NAMES if rng.random() < draw / 80]
        made.append(
            LookUp(
                query=rng.uniform(-EDGE, EDGE, 2).tolist(),
                places=rng.uniform(-EDGE, EDGE, 12).tolist(),
                values=rng.uniform(0, 10, 6).tolist(),
                sharpness=float(10 ** rng.uniform(-1, 1.4)),
                score=("dot", "distance")[draw % 2],
                hidden=hidden,
            )
        )
    for score in ("dot", "distance"):
        made += [LookUp(places=places, score=score) for places in SETS.values()]
        made.append(LookUp(places=[1.0, 1.0] * 6, score=score))
        made.append(LookUp(places=[0.0, 0.0] + [1.0, 0.5] * 5, score=score))
        made.append(LookUp(query=[0.0, 0.0], score=score, hidden=["A"]))
        made.append(LookUp(score=score, hidden=list("ABDEF")))
        made.append(LookUp(score=score, hidden=list(NAMES)))
    return made


def test_scores_and_weights_are_those_of_numpy(runs):
    calls = [[run.state()] for run in runs]
    for name in ("scores", "weights"):
        for run, found in zip(runs, in_node(MODULE, name, *calls), strict=True):
            found = [float(str(v).replace("Infinity", "inf")) for v in found]
            wanted = getattr(run, name)()
            np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


def test_what_is_read_off_the_weights_is_what_numpy_says(runs):
    runs = [run for run in runs if run.shown().any()]
    alphas = [run.weights().tolist() for run in runs]
    for name, method in (("keysRead", "keys_read"), ("slope", "slope")):
        found = in_node(MODULE, name, *([alpha] for alpha in alphas))
        wanted = [getattr(run, method)() for run in runs]
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    pairs = [[a, run.values] for a, run in zip(alphas, runs, strict=True)]
    assert in_node(MODULE, "mix", *pairs) == pytest.approx(
        [run.mixed() for run in runs], rel=1e-9
    )


def test_the_regions_are_those_of_numpy(runs):
    calls = [[run.state()] for run in runs]
    for run, found in zip(runs, in_node(MODULE, "cells", *calls), strict=True):
        for corners, wanted in zip(found, run.cells(), strict=True):
            np.testing.assert_allclose(
                np.reshape(corners, (-1, 2)), wanted, rtol=1e-9, atol=1e-9
            )
    for run, found in zip(runs, in_node(MODULE, "wedges", *calls), strict=True):
        np.testing.assert_allclose(found, run.wedges(), rtol=1e-9, atol=1e-9)


def inside(point: np.ndarray, corners: np.ndarray) -> bool:
    """Whether a convex polygon, counterclockwise, holds a point."""
    if len(corners) < 3:
        return False
    ways, to = np.roll(corners, -1, axis=0) - corners, point - corners
    return bool(np.all(ways[:, 0] * to[:, 1] - ways[:, 1] * to[:, 0] >= -1e-12))


def test_the_region_of_a_query_is_that_of_the_key_with_the_largest_weight(runs):
    rng = np.random.default_rng(1)
    for run in runs[:60]:
        if not run.shown().any():
            continue
        cells, wedges = run.cells(), run.wedges()
        again = LookUp(**run.state())
        for query in rng.uniform(-EDGE, EDGE, (20, 2)):
            again.query = query.tolist()
            winner = int(np.argmax(again.scores()))
            assert [inside(query, cell) for cell in cells] == [
                j == winner for j in range(6)
            ]
            if run.score == "dot":
                angle = np.arctan2(query[1], query[0])
                off = np.abs((angle - wedges[:, 0] + np.pi) % (2 * np.pi) - np.pi)
                assert np.flatnonzero(off < wedges[:, 1] / 2 + 1e-12).tolist() == [
                    winner
                ]


def test_the_slope_is_that_of_finite_differences():
    run = LookUp()
    scores, step = run.scores(), 1e-6

    def softmax(o: np.ndarray) -> np.ndarray:
        return np.exp(o) / np.exp(o).sum()

    columns = [
        (softmax(scores + step * e) - softmax(scores - step * e)) / (2 * step)
        for e in np.eye(6)
    ]
    assert run.slope() == pytest.approx(np.linalg.norm(columns), rel=1e-6)


def test_no_letter_stands_under_the_query_or_on_a_key():
    """In a plane of 260 pixels, as narrow as it gets, for 25 queries a set of keys."""

    def pixel(point: np.ndarray) -> list[float]:
        return [130 + point[0] * 130 / EDGE, 130 - point[1] * 130 / EDGE]

    at = 2.7 * np.linspace(-1, 1, 5)
    queries = [np.array([x, y]) for x in at for y in at]
    # Out along the key B, past it and past its letter.
    queries += [r * np.array([2.1, 0.8]) for r in np.linspace(0.2, 1.3, 23)]
    frame = {"low": [6, 6], "high": [254, 254]}
    for places in SETS.values():
        keys = [pixel(key) for key in np.reshape(places, (6, 2))]
        calls = [[keys, pixel(query), [130, 130], frame] for query in queries]
        found = in_node("lookup/letters.js", "lettered", *calls)
        for (_, query, *_), middles in zip(calls, np.array(found), strict=True):
            away = np.hypot(*(middles[:6] - query).T)
            assert away.min() > 20
            for i, letter in enumerate(middles):
                others = np.concatenate([keys, np.delete(middles, i, axis=0)])
                gaps = np.hypot(*(others - letter).T)
                assert gaps.min() > 14
                assert letter.min() >= 5.9 and letter.max() <= 254.1


# What the page says -------------------------------------------------------------------


def test_a_query_twice_as_long_is_twice_the_sharpness():
    for factor in (0.5, 2, 2.5):
        query = [factor * v for v in LookUp().query]
        sharper = LookUp(sharpness=factor * LookUp().sharpness)
        np.testing.assert_allclose(LookUp(query=query).weights(), sharper.weights())


def test_pulled_out_by_the_distance_another_key_wins_and_the_largest_weight_dips():
    ray = np.array(LookUp().query)
    ray = ray / np.hypot(*ray)
    lengths = np.linspace(np.hypot(*LookUp().query), EDGE, 100)
    run, of = LookUp(), {"dot": [], "distance": []}
    for score, weights in of.items():
        run.score = score
        for r in lengths:
            run.query = (r * ray).tolist()
            weights.append(run.weights())
    winners = "".join(NAMES[int(np.argmax(weights))] for weights in of["distance"])
    assert winners == "C" * winners.count("C") + "B" * winners.count("B")
    assert 0 < winners.count("B") < 100
    most = np.max(of["distance"], axis=1)
    turn = int(np.argmin(most))
    assert np.all(np.diff(most[: turn + 1]) < 0)
    assert np.all(np.diff(most[turn:]) > 0)
    assert most[-1] > most[0] > most[turn]
    assert {int(np.argmax(weights)) for weights in of["dot"]} == {NAMES.index("B")}
    assert np.all(np.diff(np.max(of["dot"], axis=1)) > 0)


def test_far_out_the_winner_by_distance_is_the_winner_by_dot_product():
    """For every whole degree that is not on the border of a wedge."""
    keys, far = LookUp().keys_at(), LookUp(score="distance")
    for degree in range(360):
        way = np.array([np.cos(np.deg2rad(degree)), np.sin(np.deg2rad(degree))])
        dots = keys @ way
        first, second = np.sort(dots)[[-1, -2]]
        if first - second < 0.01:
            continue
        far.query = (1e4 * way).tolist()
        assert np.argmax(far.scores()) == np.argmax(dots)


def test_on_a_circle_both_scores_give_the_same_weights():
    rng = np.random.default_rng(2)
    dot = LookUp(places=SETS["circle"])
    distance = LookUp(places=SETS["circle"], score="distance")
    for query in rng.uniform(-EDGE, EDGE, (50, 2)).tolist():
        dot.query = distance.query = query
        np.testing.assert_allclose(dot.weights(), distance.weights(), atol=1e-12)


def test_twice_as_long_wins_a_third_for_a_sixth_and_never_half():
    for places, wanted in ((SETS["circle"], 60), (SETS["long"], 120)):
        assert np.rad2deg(LookUp(places=places).wedges()[1, 1]) == pytest.approx(wanted)
    keys = LookUp(places=SETS["circle"]).keys_at()
    for factor in (4, 100, 1e6):
        longer = keys * np.where(np.arange(6) == 1, factor, 1)[:, None]
        width = LookUp(places=longer.ravel().tolist()).wedges()[1, 1]
        assert 2 * np.pi / 3 < width < np.pi


def test_a_key_among_the_others_wins_nowhere_by_the_dot_product():
    run = LookUp()
    assert run.wedges()[2, 1] == 0
    cells = run.cells()
    assert [len(cell) > 0 for cell in cells] == [j != 2 for j in range(6)]
    run.score = "distance"
    for key, cell in zip(run.keys_at(), run.cells(), strict=True):
        assert inside(key, cell)


def test_the_sharpest_softmax_has_no_slope_left():
    assert LookUp(sharpness=30).slope() < 1e-3 < LookUp().slope()
    assert LookUp(sharpness=30).keys_read() == pytest.approx(1, abs=1e-3)


def test_no_key_left_is_answered_by_the_libraries_as_the_figure_says():
    """Keras a sixth for each, 0 if the layer returns its weights; PyTorch NaN and 0."""
    import keras
    import torch

    rng = np.random.default_rng(3)
    x = rng.normal(size=(1, 6, 8)).astype("float32")
    layer = keras.layers.MultiHeadAttention(num_heads=1, key_dim=8)
    none = np.zeros((1, 6, 6), bool)
    _, weights = layer(x, x, attention_mask=none, return_attention_scores=True)
    assert np.all(keras.ops.convert_to_numpy(weights) == 0)
    out = keras.ops.convert_to_numpy(layer(x, x, attention_mask=none))
    mean = np.repeat(x.mean(axis=1, keepdims=True), 6, axis=1)  # equal keys and values
    mixed = keras.ops.convert_to_numpy(layer(x, mean))
    np.testing.assert_allclose(out, mixed, atol=1e-6)
    q = x[:, :, None]
    out = keras.ops.dot_product_attention(q, q, q, mask=none[:, None])
    out = keras.ops.convert_to_numpy(out)[0, :, 0]
    np.testing.assert_allclose(out, np.tile(x[0].mean(axis=0), (6, 1)), atol=1e-6)
    ours, forbid = torch.tensor(x), torch.ones(6, 6, dtype=torch.bool)
    layer = torch.nn.MultiheadAttention(8, 1, batch_first=True)
    assert torch.isnan(layer(ours, ours, ours, attn_mask=forbid)[0]).all()
    given = torch.nn.functional.scaled_dot_product_attention
    assert torch.all(given(ours, ours, ours, attn_mask=~forbid) == 0)


def test_wrong_traits_are_refused():
    for wrong in [
        {"query": [0.0]},
        {"query": [float("nan"), 0.0]},
        {"places": [0.0] * 11},
        {"sharpness": 0.0},
        {"score": "cosine"},
        {"hidden": ["G"]},
    ]:
        with pytest.raises(traitlets.TraitError):
            LookUp(**wrong)


def test_its_data_are_small_in_the_page():
    assert len(json.dumps(LookUp().state())) < 1500


def test_the_print_shows_both_planes_and_three_sharpnesses():
    for run in (LookUp(), LookUp(hidden=["A", "B"]), LookUp(hidden=list(NAMES))):
        axes = run.draw().axes
        assert [ax.get_title() for ax in axes[:2]] == ["dot product", "distance"]
        assert len(axes) == 5
        named = [ax.get_title().split(":")[0] for ax in axes[2:]]
        assert named == ["sharpness 0.2", "sharpness 0.71", "sharpness 5"]
