"""A head taught by a few tiles: JavaScript's answers are NumPy's and the book's."""

import base64

import numpy as np
import pytest
from explorer_pages import in_node

from explorers.teach import DRAWS, Teach, drawn
from few_samples import cut_patches, layer_means, ridge_scores, texture_measures
from pictures import load_photo

MODULE = "teach/heads.js"
SURFACES = ["brick", "grass", "gravel"]
KINDS = np.repeat([0, 1, 2], 64)
LAYERS = [3, 11, 17]


@pytest.fixture(scope="module")
def patches() -> np.ndarray:
    return np.concatenate([cut_patches(load_photo(name), 64) for name in SURFACES])


@pytest.fixture(scope="module")
def features(patches) -> dict[str, np.ndarray]:
    means = layer_means(patches, 64, LAYERS)
    named = {f"layer {layer}": mean for layer, mean in means.items()}
    return {"hand-made": texture_measures(patches)} | named


@pytest.fixture(scope="module")
def taught(patches, features):
    """taught(layer=1): the page's figure with other traits."""
    return lambda **traits: Teach(patches, KINDS, SURFACES, features, **traits)


def some_labels() -> list[list[list[int]]]:
    """Draws, one label of each kind, thirty labels, and some that are false."""
    chances = np.random.default_rng(0)
    many = sorted(chances.choice(192, 30, replace=False).tolist())
    odd = [[3, 1], [70, 0], [71, 1], [150, 2], [151, 2]]
    return [drawn(1, KINDS), drawn(7, KINDS), [[9, 0], [99, 1], [140, 2]], odd] + [
        [[tile, int(KINDS[tile])] for tile in many]
    ]


@pytest.mark.parametrize("scaled", [False, True])
def test_javascript_has_the_scores_of_numpy(taught, scaled):
    figure = taught(scaled=scaled)
    for layer in range(len(figure.layers)):
        x = figure.features(layer)
        given = [x.ravel().tolist(), x.shape[1]]
        sets = some_labels()
        answers = in_node(MODULE, "scores", *([*given, s, scaled] for s in sets))
        for labels, answer in zip(sets, answers, strict=True):
            wanted = figure.scores(layer, labels)
            tiles, kinds = np.transpose(labels)
            by_the_book = ridge_scores(x[tiles], kinds, x, divide=scaled)
            assert np.array_equal(wanted, by_the_book)
            assert np.abs(np.array(answer) - wanted).max() < 1e-9
            best = np.argmax(answer, axis=1).tolist()
            (judged,) = in_node(MODULE, "judged", [best, KINDS.tolist(), labels])
            share = figure.share(layer, labels)
            assert judged["right"] / judged["of"] == pytest.approx(share, abs=1e-12)
            assert judged["of"] == 192 - len(labels)


def test_javascript_finds_the_neighbors_of_numpy(taught):
    for scaled in (True, False):
        for layer, tile in ((0, 0), (2, 97), (3, 191)):
            figure = taught(layer=layer, tile=tile, scaled=scaled)
            x = figure.features()
            given = [x.ravel().tolist(), x.shape[1], figure.labels, scaled, tile, 3]
            (found,) = in_node(MODULE, "neighbors", given)
            wanted = figure.neighbors()
            assert [other for other, _ in found] == [other for other, _ in wanted]
            assert np.allclose(found, wanted, rtol=0, atol=1e-9)
            assert tile not in [other for other, _ in wanted]


def test_both_draw_the_same_two_of_each_kind(patches):
    numbers = [1, 2, 20, 9999]
    for kinds in (KINDS, np.arange(9) % 3):
        answers = in_node(MODULE, "drawn", *([n, kinds.tolist()] for n in numbers))
        for number, answer in zip(numbers, answers, strict=True):
            assert answer == drawn(number, kinds)
            tiles, said = np.transpose(answer)
            assert len(set(tiles)) == 6 and sorted(tiles) == list(tiles)
            assert np.array_equal(kinds[tiles], said)
            assert np.bincount(said).tolist() == [2, 2, 2]
    drawn_tiles = np.concatenate([drawn(n, KINDS) for n in range(1, 201)])[:, 0]
    assert len(set(drawn_tiles)) > 185, "some tiles are never drawn"


@pytest.mark.parametrize("scaled", [False, True])
def test_rounding_leaves_the_answers_as_they_are(taught, features, scaled):
    """16 bits are enough; of the last layer every fourth number is kept."""
    figure = taught(scaled=scaled)
    for layer, (name, x) in enumerate(features.items()):
        step = 4 if name == "layer 17" else 1
        assert figure.layers[layer] == [name, x.shape[1] // step, x.shape[1]]
        x = x[:, ::step].astype(float)
        differ = []
        for number in range(1, DRAWS + 1):
            tiles, kinds = np.transpose(drawn(number, KINDS))
            exact = ridge_scores(x[tiles], kinds, x, divide=scaled).argmax(1)
            rounded = figure.scores(layer, drawn(number, KINDS)).argmax(1)
            differ.append(np.mean(exact != rounded))
        assert np.mean(differ) < 0.01, name


def test_what_the_ticks_show(taught):
    """The middle layer hardly depends on the draw; the last one does if scaled."""
    scaled, centered = taught(scaled=True), taught()
    assert not centered.scaled
    hand, third, middle, last = map(scaled.shares_of_draws, range(4))
    assert min(middle) > 0.95 > max(min(hand), min(third), min(last))
    assert np.mean(hand) < 0.9 and np.mean(last) < 0.92
    assert all(a > b for a, b in zip(middle, last, strict=True))
    for layer, low, high in ((2, 0, 0.01), (3, 0.2, 0.3)):
        x = scaled.features(layer)
        few = [x[np.transpose(drawn(n, KINDS))[0]].std(0) for n in range(1, DRAWS + 1)]
        silent = np.mean(np.array(few) < x.std(0) / 4)  # or almost, in all six
        assert low <= silent <= high
    free = centered.shares_of_draws(3)
    assert min(free) > 0.95
    assert abs(np.mean(free) - np.mean(centered.shares_of_draws(2))) < 0.01
    assert all(a > b for a, b in zip(free, last, strict=True))


def test_tiles_are_packed_and_laid_out(taught, patches):
    figure = taught()
    small = patches.reshape(192, 32, 2, 32, 2).mean((2, 4))
    assert np.abs(figure.thumbnails() - small).max() <= 8.5
    packed = np.frombuffer(base64.b64decode(figure.pixels), np.uint8)
    (grays,) = in_node(MODULE, "grays", [packed.tolist()])
    assert list(grays.values()) == figure.thumbnails().ravel().tolist()
    for wide in (True, False):
        (place,) = in_node(MODULE, "layout", [KINDS.tolist(), wide])
        cells = {tuple(cell) for cell in place["cells"]}
        taken = cells | {tuple(cell) for cell in place["heads"]}
        assert len(cells) == 192 and len(taken) == 195
        assert all(
            0 <= x < place["columns"] and 0 <= y < place["rows"] for x, y in taken
        )
        # From the first tile arrows lead to every other one.
        size, seen, new = [place["columns"], place["rows"]], {0}, [0]
        while new:
            calls = [
                [
                    place["cells"],
                    place["cells"][tile],
                    [place["cells"][tile][0] + x, place["cells"][tile][1] + y],
                    size,
                ]
                for tile in new
                for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1))
            ]
            reached = set(in_node(MODULE, "onward", *calls))
            new = sorted(reached - seen)
            seen |= reached
        assert seen == set(range(192))


def test_the_map_shows_most_of_the_spread_that_two_axes_can(taught):
    figure = taught()
    for layer in range(4):
        x = figure.features(layer)
        spread = x.std(0)
        z = (x - x.mean(0)) / np.where(spread > 0, spread, 1)
        sizes = np.linalg.svd(z, compute_uv=False)
        places = np.reshape(figure.maps[layer], (2, -1))
        ratio = places[0].std() / places[1].std()
        assert ratio == pytest.approx(sizes[0] / sizes[1], rel=0.02)
        assert max(np.ptp(places, axis=1)) in (199, 200, 201)


def test_what_cannot_be_taught_is_refused(patches, features):
    with pytest.raises(ValueError, match="gray values as uint8"):
        Teach(patches / 255, KINDS, SURFACES, features)
    with pytest.raises(ValueError, match="gray values as uint8"):
        Teach(patches[:, :40, :40], KINDS, SURFACES, features)
    with pytest.raises(ValueError, match="a kind for each tile"):
        Teach(patches, KINDS[:-1], SURFACES, features)
    with pytest.raises(ValueError, match="at least 2 times"):
        Teach(patches, np.repeat([0, 1], 96), SURFACES, features)
    with pytest.raises(ValueError, match="one row for each"):
        Teach(patches, KINDS, SURFACES, {"short": features["layer 3"][:-1]})
    with pytest.raises(ValueError, match="there is no layer 4; the last is 3"):
        Teach(patches, KINDS, SURFACES, features, layer=4)
    assert not Teach(patches, KINDS, SURFACES, features, labels=[[0, 0]]).ready()
