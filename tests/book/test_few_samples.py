"""Patches, measures and the head are what their docstrings say."""

import numpy as np
import pytest
import torch

from few_samples import (
    PENALTIES,
    cut_patches,
    edge_directions,
    layer_means,
    random_network,
    ridge_scores,
    texture_measures,
)
from pictures import load_photo
from pretrained import lite0_torch, prepare

# Patches ------------------------------------------------------------------------------


def test_patches_lie_beside_one_another_row_by_row():
    photo = np.random.default_rng(0).integers(100, 150, (70, 200)).astype("uint8")
    patches = cut_patches(photo, 64)
    assert patches.shape == (3, 64, 64)
    second = photo[:64, 64:128].astype("float64")
    expected = 127 + 50 * (second - second.mean()) / second.std()
    np.testing.assert_array_equal(patches[1], np.clip(expected, 0, 255).astype("uint8"))


def test_patches_do_not_tell_how_bright_the_light_was():
    photo = load_photo("grass") // 4
    np.testing.assert_array_equal(cut_patches(photo, 64), cut_patches(3 * photo, 64))


def test_an_even_patch_stays_even():
    assert np.unique(cut_patches(np.full((64, 64), 7, "uint8"), 64)).tolist() == [127]


@pytest.mark.parametrize(
    ("shape", "side"), [((64, 63), 64), ((9, 9, 3), 3), ((9, 9), 0)]
)
def test_what_holds_no_patch_is_refused(shape, side):
    with pytest.raises(ValueError, match="no patches of side"):
        cut_patches(np.zeros(shape, "uint8"), side)


# Measures -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("down", "across", "sector"), [(0, 1, 0), (1, 1, 1), (1, 0, 2), (0, -1, 4)]
)
def test_a_slope_goes_into_the_sector_of_its_direction(down, across, sector):
    rows, columns = np.indices((16, 16))
    slope = 100 + 3 * (down * rows + across * columns)
    (found,) = edge_directions(slope[None], 1)
    expected = np.zeros(8)
    expected[sector] = 256 * 3 * np.hypot(down, across)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_each_cell_has_a_histogram_of_its_own():
    picture = np.zeros((1, 16, 16))
    picture[0, 12:, 2:6] = 9  # in the lower left quarter
    cells = edge_directions(picture, 2).reshape(4, 8).sum(1)
    assert cells[2] > 0
    assert cells[[0, 1, 3]].tolist() == [0, 0, 0]


def test_texture_measures_are_shares_and_logarithms_of_mean_squares():
    stripes = np.tile([0.0, 10.0], (1, 32, 16))
    (found,) = texture_measures(stripes)
    assert found.shape == (24,)
    apart = found[8:].reshape(4, 4)  # by distance, then by direction
    assert apart[0, 0] == pytest.approx(np.log(100))  # the neighbor differs by 10
    assert apart[1, 0] == pytest.approx(np.log(1e-9))  # the next but one is equal
    assert apart[0, 1] == pytest.approx(np.log(1e-9))
    noise = np.random.default_rng(0).normal(size=(1, 32, 32))
    assert texture_measures(noise)[0, :8].sum() == pytest.approx(1)


# The network --------------------------------------------------------------------------


def test_layer_means_are_those_of_the_cut_networks():
    patches = cut_patches(load_photo("brick"), 64)[:5]
    found = layer_means(patches, 32, [3, 11], batch=2)
    x = torch.from_numpy(prepare(patches, 32)).permute(0, 3, 1, 2)
    for layer, channels in [(3, 24), (11, 112)]:
        with torch.inference_mode():
            expected = lite0_torch(layer)(x).mean((2, 3)).numpy()
        assert found[layer].shape == (5, channels)
        np.testing.assert_allclose(found[layer], expected, rtol=0, atol=1e-5)


def test_random_networks_differ_by_their_seed_and_keep_the_sizes_of_a_batch():
    patches = cut_patches(load_photo("brick"), 64)[:8]
    network = random_network(0, patches, 32)
    assert not network.training
    means = layer_means(patches, 32, [0, 8], network)
    again = layer_means(patches, 32, [0, 8], random_network(0, patches, 32))
    other = layer_means(patches, 32, [0, 8], random_network(1, patches, 32))
    np.testing.assert_array_equal(means[8], again[8])
    assert np.abs(means[8] - other[8]).max() > 0.1
    stem, norm, _ = network[0]
    x = torch.from_numpy(prepare(patches, 32)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        o = norm(stem(x))
    np.testing.assert_allclose(o.mean((0, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(o.std((0, 2, 3)), 1, atol=0.05)


# The head -----------------------------------------------------------------------------


def fitted(x, y, x_new, penalty):
    """Ridge with an intercept, from the normal equations."""
    targets = np.eye(y.max() + 1)[y]
    mean, middle = x.mean(0), targets.mean(0)
    a = x - mean
    weights = np.linalg.solve(
        a.T @ a + penalty * np.eye(x.shape[1]), a.T @ (targets - middle)
    )
    return (x_new - mean) @ weights + middle


@pytest.mark.parametrize("divide", [False, True])
@pytest.mark.parametrize("d", [5, 60])
def test_the_head_is_ridge_with_the_penalty_that_leaving_one_out_chooses(d, divide):
    rng = np.random.default_rng(d)
    y = np.repeat([0, 1, 2], 6)
    x = 3 + rng.normal(size=(18, d)) * rng.uniform(0.1, 9, d)
    x[:, :2] += 2 * y[:, None]
    x_new = 3 + rng.normal(size=(7, d))
    found = ridge_scores(x, y, x_new, divide)
    spread = x.std(0) if divide else 1
    x, x_new = ((a - x.mean(0)) / spread for a in (x, x_new))
    unit = (x**2).sum() / min(x.shape)
    errors = []
    for penalty in PENALTIES * unit:
        residuals = [
            np.eye(3)[y[i]]
            - fitted(np.delete(x, i, 0), np.delete(y, i), x[i : i + 1], penalty)[0]
            for i in range(18)
        ]
        errors.append(np.square(residuals).mean())
    best = PENALTIES[np.argmin(errors)] * unit
    np.testing.assert_allclose(found, fitted(x, y, x_new, best), rtol=0, atol=1e-8)


def test_a_feature_that_is_constant_in_training_is_borne():
    rng = np.random.default_rng(0)
    y = np.array([0, 0, 1, 1])
    x = rng.normal(size=(4, 3)) + y[:, None]
    with_constant = np.concatenate([x, np.full((4, 1), 5.0)], axis=1)
    x_new = np.concatenate([x, np.full((4, 1), 9.0)], axis=1)
    # The fourth column adds nothing to the products, so only the unit may change.
    found = ridge_scores(with_constant, y, x_new, divide=True)
    assert np.isfinite(found).all()
    assert (
        found.argmax(1).tolist()
        == ridge_scores(x, y, x, divide=True).argmax(1).tolist()
    )


def test_the_head_has_no_chance_in_it_and_does_not_change_what_it_gets():
    rng = np.random.default_rng(0)
    x, x_new = rng.normal(size=(6, 4)), rng.normal(size=(3, 4))
    before = x.copy()
    y = np.array([0, 1, 2, 0, 1, 2])
    first = ridge_scores(x, y, x_new)
    np.testing.assert_array_equal(first, ridge_scores(x, y, x_new))
    np.testing.assert_array_equal(x, before)
