"""Inside a network: JavaScript computes what NumPy and the two libraries compute."""

import base64

import numpy as np
import pytest
import traitlets
from explorer_pages import in_node, node

from explorers.network import Network, forward, mosaic, rounded
from pictures import load_fashion

MODULE = "network/forward.js"
SHAPES = [(8, 1, 3, 3), (8,), (16, 8, 3, 3), (16,), (10, 784), (10,)]


def drawn_weights(seed: int = 0) -> list[np.ndarray]:
    """Six arrays as large as trained ones."""
    rng = np.random.default_rng(seed)
    return [rng.normal(0, 1 / np.sqrt(np.prod(s[1:]) or 1), s) for s in SHAPES]


@pytest.fixture(scope="module")
def clothes() -> tuple[np.ndarray, np.ndarray]:
    _, test = load_fashion()
    return test


def of(clothes, **traits: object) -> Network:
    images, labels = clothes
    return Network(drawn_weights(), images[:20], labels[:20], **traits)


def how(run: Network) -> dict:
    names = ("right", "down", "mirrored", "eraser", "row", "column")
    return {name: getattr(run, name) for name in names}


def test_network_computes_what_numpy_computes(clothes):
    moves = [{}, {"right": 3, "down": -4}, {"mirrored": True, "right": -13}]
    moves += [{"eraser": "gray", "row": 9}, {"eraser": "black", "row": 0, "column": 22}]
    moves += [{"mirrored": True, "right": 5, "eraser": "gray", "row": 22, "down": 13}]
    for image, traits in enumerate(moves):
        run = of(clothes, image=image, **traits)
        values = np.concatenate([w.ravel() for w in run.weights()]).tolist()
        pixels = clothes[0][image].ravel().tolist()
        (answer,) = in_node(MODULE, "whole", [values, pixels, how(run)])
        (picture,) = in_node(MODULE, "moved", [pixels, how(run)])
        assert picture == run.picture().ravel().tolist()
        for name, found in run.forward().items():
            assert np.abs(np.ravel(found) - answer[name]).max() < 1e-9, name


def test_a_unit_s_72_products_and_its_bias_are_its_sum(clothes):
    run = of(clothes)
    _, _, second, bias, *_ = run.weights()
    found = run.forward()
    plain = {"second": second.ravel().tolist()}
    code = """
    import { parts } from "./explorers/network/forward.js";
    import { text } from "node:stream/consumers";
    const { second, small, places } = JSON.parse(await text(process.stdin));
    const weights = { second: Float64Array.from(second) };
    console.log(JSON.stringify(places.map((p) => parts(weights, small, ...p))));
    """
    places = [(0, 0, 0), (7, 13, 13), (15, 6, 7), (3, 0, 9)]
    given = plain | {"small": found["small"].ravel().tolist(), "places": places}
    for (m, u, v), shares in zip(places, node(code, given), strict=True):
        padded = np.pad(found["small"], ((0, 0), (1, 1), (1, 1)))
        patch = padded[:, u : u + 3, v : v + 3]
        assert np.allclose([s["patch"] for s in shares], patch.reshape(8, 9))
        assert np.allclose([s["kernel"] for s in shares], second[m].reshape(8, 9))
        products = patch * second[m]
        assert np.allclose([s["products"] for s in shares], products.reshape(8, 9))
        total = sum(share["sum"] for share in shares) + bias[m]
        assert abs(total - found["before"][m, u, v]) < 1e-9


def test_the_field_of_a_unit_is_what_is_outlined(clothes):
    """8 × 8 pixels from 2u − 3 to 2u + 4: no other one changes its sum."""
    run = of(clothes)
    weights, image = run.weights(), np.zeros((28, 28))
    rng = np.random.default_rng(0)
    image = rng.integers(100, 200, (28, 28)).astype(float)
    before = forward(weights, image)["before"][:, 6, 7]
    changed = np.zeros((28, 28), bool)
    for u, v in np.ndindex(28, 28):
        for gray in (0.0, 255.0):
            other = image.copy()
            other[u, v] = gray
            now = forward(weights, other)["before"][:, 6, 7]
            changed[u, v] |= bool(np.abs(now - before).max() > 1e-12)
    rows, columns = np.nonzero(changed)
    assert (rows.min(), rows.max()) == (2 * 6 - 3, 2 * 6 + 4)
    assert (columns.min(), columns.max()) == (2 * 7 - 3, 2 * 7 + 4)


def test_network_says_what_both_libraries_say(clothes):
    """To 1e-5, with the weights of either in its own order of axes."""
    keras, torch = pytest.importorskip("keras"), pytest.importorskip("torch")
    weights = rounded(drawn_weights())
    images = clothes[0][::10]
    wanted = np.array([forward(weights, image)["logits"] for image in images])
    x = images / np.float32(255)
    nn, F = torch.nn, keras.layers
    net = nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(784, 10)),
    )
    with torch.inference_mode():
        for parameter, array in zip(net.parameters(), weights, strict=True):
            parameter.copy_(torch.tensor(array))
        assert np.abs(net(torch.tensor(x)[:, None]).numpy() - wanted).max() < 1e-5
    look = {"padding": "same", "activation": "relu"}
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            *(F.Conv2D(8, 3, **look), F.MaxPooling2D(2)),
            *(F.Conv2D(16, 3, **look), F.MaxPooling2D(2)),
            *(F.Flatten(), F.Dense(10)),
        ]
    )
    first, b1, second, b2, dense, b3 = weights
    in_order = dense.reshape(10, 16, 7, 7).transpose(2, 3, 1, 0).reshape(784, 10)
    kernels = [kernel.transpose(2, 3, 1, 0) for kernel in (first, second)]
    model.set_weights([kernels[0], b1, kernels[1], b2, in_order, b3])
    found = model.predict_on_batch(x[..., None])
    assert np.abs(found - wanted).max() < 1e-5
    for library in (model.get_weights(), [p.detach() for p in net.parameters()]):
        run = Network(library, images[:1], [0])
        for mine, theirs in zip(run.weights(), weights, strict=True):
            assert np.array_equal(mine, theirs)


def test_a_picture_is_moved_and_never_around_the_edge(clothes):
    image = clothes[0][0]
    down = of(clothes, down=3).picture()
    assert np.array_equal(down[3:], image[:-3]) and not down[:3].any()
    left = of(clothes, right=-5).picture()
    assert np.array_equal(left[:, :-5], image[:, 5:]) and not left[:, -5:].any()
    both = of(clothes, right=2, mirrored=True).picture()
    assert np.array_equal(both[:, 2:], image[:, ::-1][:, :-2])
    erased = of(clothes, eraser="gray", row=4, column=20, down=3).picture()
    assert np.all(erased[4:10, 20:26] == 128)
    erased[4:10, 20:26] = down[4:10, 20:26]
    assert np.array_equal(erased, down)
    # The object is as it was: nothing of this is kept.
    assert np.array_equal(of(clothes).picture(), image)


def test_maps_stand_side_by_side_in_both_languages():
    maps = np.random.default_rng(0).normal(size=(16, 7, 7))
    tiles = mosaic(maps)
    assert tiles.shape == (15, 63) and np.isnan(tiles[7]).all()
    assert np.array_equal(tiles[8:15, 8:15], maps[9])


def test_weights_and_pictures_of_another_form_are_refused(clothes):
    images, labels = clothes
    weights = drawn_weights()
    with pytest.raises(ValueError, match="pass those of two convolutions"):
        Network(weights[:4], images[:2], labels[:2])
    with pytest.raises(ValueError, match="pass gray values"):
        Network(weights, images[:2] / 255, labels[:2])
    with pytest.raises(ValueError, match="a label for each"):
        Network(weights, images[:2], labels[:3])
    with pytest.raises(ValueError, match="a label for each"):
        Network(weights, images[:2], labels[:2], image=2)
    with pytest.raises(traitlets.TraitError):
        Network(weights, images[:2], labels[:2], right=14)
    run = Network(weights, images[:2], labels[:2])
    assert len(base64.b64decode(run.parameters)) == 2 * 9098
    assert len(run.parameters) == 24_264
