"""The chapter on deeper networks and transfer learning: its equations and facts."""

import itertools

import numpy as np
import pytest
from every_chapter import *  # noqa: F403

import notebook_utils  # noqa: F401  (before Keras)

# isort: split
import keras
import torch
import torch.nn.functional as F

from pretrained import STAGES, lite0_keras, lite0_torch, load_classes

# TensorFlow's variables, when NumPy copies them
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")

PAGE = "book/transfer"


@pytest.fixture(scope="module")
def page(chapter):
    return chapter(PAGE).namespace


# Depth --------------------------------------------------------------------------------


@pytest.mark.equation("eq:tr-channel-norm")
def test_one_mean_and_one_deviation_serve_a_channel():
    """Mean and deviation over pictures and places, in NumPy, give what both libraries'
    layers give at work."""
    o = np.random.default_rng(0).normal(2, 3, (5, 7, 7, 4))
    hat = np.empty_like(o)
    for c in range(4):
        values = o[..., c]
        hat[..., c] = (values - values.mean()) / np.sqrt(values.var() + 1e-3)
    layer = keras.layers.BatchNormalization(epsilon=1e-3)
    in_keras = keras.ops.convert_to_numpy(layer(o.astype("float32"), training=True))
    assert in_keras == pytest.approx(hat, abs=1e-5)
    norm = torch.nn.BatchNorm2d(4, eps=1e-3).double()
    in_torch = norm(torch.from_numpy(o).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    assert in_torch.detach().numpy() == pytest.approx(hat, abs=1e-12)


@pytest.mark.equation("eq:tr-norm-growth")
def test_adjoints_grow_by_a_fifth_in_each_normalized_layer():
    """Through ten wide dense layers, normalized, with ReLUs and He's weights, adjoints
    grow by this factor for each, within a hundredth."""
    torch.manual_seed(0)
    n = 1000
    start = a = torch.randn(400, n, requires_grad=True)
    for _ in range(10):
        a = F.batch_norm(a, None, None, training=True)
        a = F.relu(a) @ (torch.randn(n, n) * (2 / n) ** 0.5)
    g = torch.randn(a.shape)
    a.backward(g)
    growth = (start.grad.square().mean() / g.square().mean()).item() ** (0.5 / 10)
    # The first layer reads Gaussian noise of mean 0, and does not take part.
    exponent = 9 / 10
    assert growth == pytest.approx((1 - 1 / np.pi) ** (-exponent / 2), abs=0.02)
    assert (1 - 1 / np.pi) ** -0.5 == pytest.approx(1.21, abs=0.005)


# Residual blocks ----------------------------------------------------------------------


def a_block(page, seed=0):
    torch.manual_seed(seed)
    block = page["Block"](skip=True).double().eval()
    for p in block.parameters():
        torch.nn.init.normal_(p, std=0.3)
    return block


@pytest.mark.equation("eq:tr-residual")
def test_a_residual_block_adds_to_its_input(page):
    """The page's block gives its input plus its path; with its last weights 0 it gives
    its input, bit for bit."""
    block, a = a_block(page), torch.randn(3, 8, 7, 7, dtype=torch.float64)
    assert torch.equal(block(a), a + block.path(a))
    assert not torch.allclose(block(a), a)
    for p in block.path[-1].parameters():
        torch.nn.init.zeros_(p)
    assert torch.equal(block(a), a)


@pytest.mark.equation("eq:tr-residual-back")
def test_an_adjoint_comes_back_on_both_ways(page):
    """The adjoint by differences of a block equals the adjoint above plus that through
    the Jacobian of its path."""
    block = a_block(page)
    a = torch.randn(1, 8, 3, 3, dtype=torch.float64)
    above = torch.randn_like(a)
    J = torch.autograd.functional.jacobian(block.path, a).reshape(72, 72)
    formula = above.flatten() + J.T @ above.flatten()
    found, h = torch.empty(72, dtype=torch.float64), 1e-6
    with torch.no_grad():
        for i in range(72):
            e = torch.zeros(72, dtype=torch.float64)
            e[i] = h
            up, down = block(a + e.reshape(a.shape)), block(a - e.reshape(a.shape))
            found[i] = ((up - down) * above).sum() / (2 * h)
    assert found.numpy() == pytest.approx(formula.numpy(), abs=1e-6)


@pytest.mark.equation("eq:tr-paths")
def test_a_product_is_a_sum_over_all_ways():
    """For five random matrices the product equals the sum over all 32 subsets, later
    factors on the left."""
    J = np.random.default_rng(0).normal(size=(5, 4, 4))
    product = np.eye(4)
    for matrix in J:
        product = (np.eye(4) + matrix) @ product
    total = np.zeros((4, 4))
    for chosen in itertools.product((False, True), repeat=5):
        way = np.eye(4)
        for matrix, through in zip(J, chosen, strict=True):
            way = matrix @ way if through else way
        total += way
    assert total == pytest.approx(product, abs=1e-10)


@pytest.mark.equation("eq:tr-growth")
def test_blocks_double_the_mean_square_or_add_to_it():
    """In wide dense residual networks of eight blocks the mean square is doubled by
    each block; where a block begins by normalizing, each adds its branch's."""
    torch.manual_seed(0)
    n = 1500

    def size_after(norm):
        a, branches = torch.randn(200, n), []
        start = a.square().mean().item()
        for _ in range(8):
            branch = a
            for _ in range(2):
                if norm:
                    branch = F.batch_norm(branch, None, None, training=True)
                branch = F.relu(branch) @ (torch.randn(n, n) * (2 / n) ** 0.5)
            branches.append(branch.square().mean().item())
            a = a + branch
        return a.square().mean().item(), start, np.array(branches)

    end, start, _ = size_after(norm=False)
    assert end / start == pytest.approx(2**8, rel=0.15)
    end, start, branches = size_after(norm=True)
    assert branches == pytest.approx(1, abs=0.1)  # the v of the formula
    assert end == pytest.approx(start + 8 * branches.mean(), rel=0.05)


# Costs --------------------------------------------------------------------------------


def products(layers, x):
    """Weights times places of each convolution, counted while it works."""
    counts = []
    hooks = [
        layer.register_forward_hook(
            lambda m, _, o: counts.append(m.weight.numel() * o[0, 0].numel())
        )
        for layer in layers.modules()
        if isinstance(layer, torch.nn.Conv2d)
    ]
    with torch.inference_mode():
        layers(x)
    for hook in hooks:
        hook.remove()
    return counts


@pytest.mark.equation("eq:tr-cost")
def test_a_convolution_costs_a_product_for_each_weight_and_place():
    """Products of a padded convolution, counted by loops over places where all weights
    are used, the border's zeros included."""
    k, m, n, side = 3, 4, 5, 6
    conv = torch.nn.Conv2d(m, n, k, padding=1, bias=False)
    padded = F.pad(torch.ones(1, m, side, side), (1, 1, 1, 1))
    patches = F.unfold(padded, k)
    assert patches.shape[1] * patches.shape[2] * n == k**2 * m * n * side**2
    assert products(conv, torch.ones(1, m, side, side)) == [k**2 * m * n * side**2]


@pytest.mark.equation("eq:tr-separable")
def test_the_split_costs_this_share(page):
    """The page's two layers in place of one cost what the formula says, and the share
    is the sum of the two reciprocals."""
    x = torch.ones(1, 96, 28, 28)
    whole = sum(products(page["whole_torch"], x))
    split = sum(products(page["split_torch"], x))
    assert split == (9 * 96 + 96 * 96) * 28**2
    assert split / whole == pytest.approx(1 / 96 + 1 / 9)
    assert page["whole_keras"].count_params() == 82_944
    assert page["split_keras"].count_params() == 10_080


@pytest.mark.equation("eq:tr-inverted")
def test_an_inverted_residual_block_costs_what_the_formula_says():
    """Layer 10 of the trained network, from 112 over 672 to 112 channels, with kernels
    of side 5, at 14 by 14 places."""
    block = lite0_torch(10)[10]
    assert sum(products(block, torch.ones(1, 112, 14, 14))) == (
        (112 * 672 + 25 * 672 + 672 * 112) * 14**2
    )


@pytest.mark.equation("eq:tr-global")
def test_the_mean_over_places_is_what_the_network_takes():
    """What the trained network hands to its dense layer equals the sum over places,
    divided by their number."""
    network = lite0_torch()
    x = torch.randn(2, 3, 64, 96)
    with torch.inference_mode():
        maps = network[:18](x).numpy()
        means = network[18:20](torch.from_numpy(maps))
    _, _, rows, columns = maps.shape
    total = sum(maps[:, :, u, v] for u in range(rows) for v in range(columns))
    assert means.numpy() == pytest.approx(total / (rows * columns), abs=1e-5)


def test_the_table_of_layers_is_that_of_the_network():
    """Channels, sides, kernels and products as printed."""
    network, a = lite0_torch(), torch.zeros(1, 3, 224, 224)
    rows = [  # last layer, channels, side, millions of products
        (0, 32, 112, 10.8),
        (1, 16, 112, 10.0),
        (3, 24, 56, 54.9),
        (5, 40, 28, 37.9),
        (8, 80, 14, 43.5),
        (11, 112, 14, 86.0),
        (15, 192, 7, 91.2),
        (16, 320, 7, 29.4),
        (17, 1280, 7, 20.1),
    ]
    first = 0
    for last, channels, side, millions in rows:
        stage = network[first : last + 1]
        counts = products(stage, a)
        with torch.inference_mode():
            a = stage(a)
        assert a.shape[1:] == (channels, side, side)
        assert sum(counts) / 1e6 == pytest.approx(millions, abs=0.05)
        first = last + 1
    assert [stage[1] for stage in STAGES] == [3, 3, 5, 3, 5, 5, 3]
    assert [stage[3] for stage in STAGES] == [1, 6, 6, 6, 6, 6, 6]
    assert sum(p.numel() for p in network.parameters()) == 4_652_008


# The trained network ------------------------------------------------------------------


def test_both_libraries_name_the_cat_the_cup_and_the_tripod(page):
    names = load_classes()
    for p in (page["p_keras"], page["p_torch"]):
        found = [names[row.argmax()] for row in p[:3]]
        assert found == ["Egyptian cat", "espresso", "tripod"]
        assert p[3:].max() < 0.2
    assert np.abs(page["logits_keras"] - page["logits_torch"].numpy()).max() < 1e-4


@pytest.mark.equation("eq:tr-cam")
def test_the_mean_of_a_class_activation_map_and_the_bias_are_the_logit(page):
    """Summed place by place, the maps of all classes of the cat beside the cup give the
    logits that the whole network tells, in both libraries."""
    x = page["pair_input"]
    with torch.inference_mode():
        told = page["net_torch"](torch.from_numpy(x).permute(0, 3, 1, 2))[0].numpy()
    bias = page["net_torch"][-1].bias.detach().numpy()
    assert np.allclose(bias, page["b_keras"])
    for maps in (page["cam_keras"], page["cam_torch"]):
        rows, columns, _ = maps.shape
        total = np.zeros(1000)
        for place in np.ndindex(rows, columns):
            total += maps[place].astype("float64")
        assert bias + total / (rows * columns) == pytest.approx(told, abs=1e-4)
    wrong = bias + page["cam_torch"].max((0, 1))
    assert np.abs(wrong - told).max() > 1


def test_a_mean_over_places_may_be_taken_before_or_after_the_weights():
    maps, weights = np.array([[4, 0], [0, 6]]), np.array([1, 0.5])
    assert weights @ maps.mean(axis=1) == (weights @ maps).mean() == 3.5
    assert (weights @ maps).tolist() == [4, 3]


# Frozen -------------------------------------------------------------------------------


@pytest.mark.equation("eq:tr-head")
def test_a_head_on_frozen_features_is_all_that_learns(page):
    """From the same start, 20 steps of SGD on a dense layer on the features lead to the
    same losses in both libraries and in NumPy; the body has not changed."""
    few, y = page["borrow_few"], page["kinds"][page["borrow_few"]]
    f = page["f_torch"].numpy()[few]
    rng = np.random.default_rng(0)
    start, rate, losses = rng.normal(0, 0.1, (112, 3)), 0.005, []
    W, b = start.copy(), np.zeros(3)
    for _ in range(20):
        p = np.exp(f @ W + b)
        p /= p.sum(axis=1, keepdims=True)
        losses.append(-np.log(p[np.arange(24), y]).mean())
        slope = (p - np.eye(3)[y]) / 24
        W, b = W - rate * f.T @ slope, b - rate * slope.sum(axis=0)
    head = torch.nn.Linear(112, 3)
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(start.T))
        head.bias.zero_()
    optimizer = torch.optim.SGD(head.parameters(), lr=rate)
    by_torch = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = F.cross_entropy(head(torch.from_numpy(f)), torch.from_numpy(y))
        loss.backward()
        optimizer.step()
        by_torch.append(loss.item())
    twin = keras.Sequential([keras.Input((112,)), keras.layers.Dense(3)])
    twin.set_weights([start, np.zeros(3)])
    twin.compile(
        optimizer=keras.optimizers.SGD(rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    by_keras = twin.fit(f, y, batch_size=24, epochs=20, shuffle=False, verbose=0)
    assert by_torch == pytest.approx(losses, abs=1e-4)
    assert by_keras.history["loss"] == pytest.approx(losses, abs=1e-4)
    assert losses[-1] < losses[0]


def test_the_bodies_of_the_heads_are_as_they_were(page):
    fresh = lite0_torch(11).state_dict()
    for name, kept in page["body_torch"][0].state_dict().items():
        assert torch.equal(kept, fresh[name]), name
    assert not any(p.requires_grad for p in page["body_torch"].parameters())
    assert page["body_keras"].trainable_weights == []
    pairs = zip(
        page["body_keras"].get_weights(), lite0_keras(11).get_weights(), strict=True
    )
    assert all(np.array_equal(a, b) for a, b in pairs)
    assert len(page["head_keras"].trainable_weights) == 2


def test_random_weights_win_in_the_first_layer_and_lose_in_the_deep_ones(page):
    trained, random = page["layer_shares"], page["random_shares"]
    assert random[1].mean() > trained[1].mean()
    assert random[1].mean() > page["hand_shares"].mean()
    assert trained[11].mean() > random[11].mean() + 20


def test_dividing_by_deviations_of_six_patches_ruins_the_last_layer_alone(page):
    kept, divided = page["layer_shares"], page["divided_shares"]
    falls = [kept[k].mean() - divided[k].mean() for k in range(18)]
    assert falls[17] > 5
    assert max(falls[4:17]) < 2


# Tuned --------------------------------------------------------------------------------


def test_three_convolutions_and_the_head_learn(page):
    count = 112 * 672 + 25 * 672 + 672 * 112 + 112 * 10 + 10
    free = [p for p in page["tuned_torch"].parameters() if p.requires_grad]
    assert len(free) == len(page["tuned_keras"].trainable_weights) == 5
    assert sum(p.numel() for p in free) == count
    found = sum(int(np.prod(w.shape)) for w in page["tuned_keras"].trainable_weights)
    assert found == count


def test_tuning_leaves_the_statistics_and_moves_the_convolutions(page):
    block, fresh = page["tuned_torch"][0].state_dict(), lite0_torch(11)[11].state_dict()
    for name, value in block.items():
        moved = value.ndim == 4
        assert torch.equal(value, fresh[name]) != moved, name


def test_a_change_of_trainable_counts_after_the_next_compile_only():
    keras.utils.set_random_seed(0)
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "relu")])
    net.add(keras.layers.Dense(1))
    x, y = np.random.default_rng(0).normal(size=(2, 32, 4)).astype("float32")
    y = y[:, :1]
    net.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    net.fit(x, y, verbose=0)
    net.layers[0].trainable = False
    moved = []
    for again in (False, True):
        if again:
            net.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
        before = net.layers[0].get_weights()[0].copy()
        net.fit(x, y, verbose=0)
        moved.append(np.abs(net.layers[0].get_weights()[0] - before).max())
    assert moved[0] > 0
    assert moved[1] == 0


def test_freezing_keeps_statistics_in_one_library_only():
    x = np.random.default_rng(0).normal(3, 1, (16, 4)).astype("float32")
    norm = torch.nn.BatchNorm1d(4).requires_grad_(False)
    norm.train()(torch.from_numpy(x))
    assert norm.running_mean.abs().min() > 0.1
    layer = keras.layers.BatchNormalization()
    layer.build((None, 4))
    layer.trainable = False
    layer(x, training=True)
    assert np.abs(keras.ops.convert_to_numpy(layer.moving_mean)).max() == 0


# At work ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("efficientnet", [0, 127.5, 255]),
        ("mobilenet_v3", [0, 127.5, 255]),
        ("convnext", [0, 127.5, 255]),
        ("mobilenet_v2", [-1, 0, 1]),
        ("resnet_v2", [-1, 0, 1]),
        ("resnet", [255 - 103.939, 127.5 - 116.779, 0 - 123.68]),
        ("vgg16", [255 - 103.939, 127.5 - 116.779, 0 - 123.68]),
    ],
)
def test_each_family_prepares_its_inputs_in_its_own_way(family, expected):
    pixel = np.array([0, 127.5, 255], "float32").reshape(1, 1, 1, 3)
    prepare = getattr(keras.applications, family).preprocess_input
    assert np.ravel(prepare(pixel.copy())) == pytest.approx(expected, abs=1e-3)


def test_three_classes_are_people():
    assert load_classes()[981:984] == ["ballplayer", "groom", "scuba diver"]
