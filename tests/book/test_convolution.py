"""The chapter on convolutional networks: its equations, and what it shows beside."""

import itertools

import numpy as np
import pytest
from every_chapter import *  # noqa: F403

import notebook_utils  # noqa: F401  (before Keras)

# isort: split
import keras
import torch
import torch.nn.functional as F

# TensorFlow's variables, when NumPy copies them
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")

PAGE = "book/convolution"


@pytest.fixture(scope="module")
def page(chapter):
    return chapter(PAGE).namespace


def by_loops(a, w, b, p=0, s=1, dilation=1):
    """A layer on one image (rows, columns, channels), number by number."""
    k, _, channels, maps = w.shape
    side = page_size(a.shape[0], k, p, s, dilation)
    o = np.zeros((side, side, maps))
    for u, v, m in np.ndindex(side, side, maps):
        o[u, v, m] = b[m]
        for r, q, c in np.ndindex(k, k, channels):
            row, column = s * u + dilation * r - p, s * v + dilation * q - p
            if 0 <= row < a.shape[0] and 0 <= column < a.shape[1]:
                o[u, v, m] += w[r, q, c, m] * a[row, column, c]
    return o


def page_size(N, k, p, s, dilation):
    """How often a kernel fits, by trying all places."""
    last = N + 2 * p - dilation * (k - 1)
    return len([first for first in range(0, last, s) if first < last])


# Images -------------------------------------------------------------------------------


def test_a_moved_picture_keeps_what_stays_in_the_frame(page):
    x = np.arange(2 * 28 * 28, dtype="float32").reshape(2, 28, 28)
    there = page["moved"](x, down=3, right=-2)
    assert there.shape == x.shape
    assert np.array_equal(there[:, 3:, :-2], x[:, :-3, 2:])
    assert not there[:, :3].any()
    assert not there[:, :, -2:].any()
    assert np.array_equal(page["moved"](x), x)


def test_the_network_of_the_picture_takes_the_moved_boot_for_a_sandal(page):
    answers = page["opening_answers"]
    assert (answers[0], answers[2], answers[4]) == ("ankle boot", "sandal", "sandal")


@pytest.mark.equation("eq:conv-blind")
def test_shuffled_pixels_change_nothing_for_a_dense_network(page):
    """Logits are equal if the columns are shuffled alike, and still after 20 steps of
    training; without shuffling the columns they are not."""
    x = torch.from_numpy(page["x_train"][:200].reshape(200, 784)).double()
    y = torch.from_numpy(page["y_train"][:200]).long()
    mixed = torch.from_numpy(np.random.default_rng(5).permutation(784))
    torch.manual_seed(0)
    nets = [
        torch.nn.Sequential(
            torch.nn.Linear(784, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10)
        ).double()
        for _ in range(2)
    ]
    nets[1].load_state_dict(nets[0].state_dict())
    assert (nets[0](x) - nets[1](x[:, mixed])).abs().max() > 0.01
    with torch.no_grad():
        nets[1][0].weight.copy_(nets[0][0].weight[:, mixed])
    for net, inputs in zip(nets, (x, x[:, mixed]), strict=True):
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(20):
            optimizer.zero_grad()
            F.cross_entropy(net(inputs), y).backward()
            optimizer.step()
    assert (nets[0](x) - nets[1](x[:, mixed])).abs().max() < 1e-12


def test_a_reshape_turns_green_into_something_else():
    pixels = np.array([[[1, 0, 0], [0, 1, 0]]])  # red and green, channels last
    assert pixels.transpose(2, 0, 1).tolist() == [[[1, 0]], [[0, 1]], [[0, 0]]]
    assert pixels.reshape(3, 1, 2).tolist() == [[[1, 0]], [[0, 0]], [[1, 0]]]


# One dimension ------------------------------------------------------------------------


@pytest.mark.equation("eq:conv-slide")
def test_a_sliding_sum_is_what_both_libraries_compute():
    """A double loop equals the one-dimensional layers of both, with bias."""
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=12), rng.normal(size=5), 0.7
    loop = [b + sum(w[r] * x[u + r] for r in range(5)) for u in range(8)]
    layer = keras.layers.Conv1D(1, 5)
    layer.build((None, 12, 1))
    layer.set_weights([w.reshape(5, 1, 1), np.array([b])])
    found = keras.ops.convert_to_numpy(layer(x.reshape(1, 12, 1).astype("float32")))
    assert found.ravel() == pytest.approx(loop, abs=1e-5)
    tensors = (torch.from_numpy(a).reshape(1, 1, -1) for a in (x, w))
    slid = F.conv1d(*tensors, bias=torch.tensor([b], dtype=torch.float64))
    assert slid.numpy().ravel() == pytest.approx(loop, abs=1e-12)
    step = np.array([2, 2, 2, 5, 5, 5])
    assert np.correlate(step, [-1, 0, 1]).tolist() == [0, 3, 3, 0]
    assert np.correlate(step, np.ones(3) / 3) == pytest.approx([2, 3, 4, 5])


@pytest.mark.equation("eq:conv-flip")
def test_convolution_is_cross_correlation_with_the_kernel_reversed():
    """The sum of the formula, taken term by term, equals NumPy's convolution and its
    cross-correlation with the reversed kernel, and not that with the kernel."""
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=11), rng.normal(size=4)
    loop = [sum(w[r] * x[u - r] for r in range(4)) for u in range(3, 11)]
    assert np.convolve(x, w, "valid") == pytest.approx(loop)
    assert np.correlate(x, w[::-1], "valid") == pytest.approx(loop)
    assert np.abs(np.correlate(x, w, "valid") - loop).max() > 0.1


@pytest.mark.equation("eq:conv-gain")
def test_noise_leaves_with_the_squared_norm_of_the_kernel(page):
    """Simulated noise through the six kernels: the measured gain is within 2 percent
    of the norm."""
    noise = np.random.default_rng(2).normal(scale=0.3, size=(400, 400))
    for w in page["kernels"].values():
        gain = page["slide"](noise, w).std() / 0.3
        assert gain == pytest.approx(np.sqrt(np.sum(w**2)), rel=0.02)


@pytest.mark.equation("eq:conv-matched")
def test_no_kernel_answers_more_clearly_than_the_pulse(page):
    """The ratio of 1000 random kernels stays below the bound, which the pulse
    reaches."""
    z, sigma = page["pulse"], 1.3
    bound = np.sum(z**2) / sigma**2
    ratio = lambda w: np.sum(w * z) ** 2 / (sigma**2 * np.sum(w**2))  # noqa: E731
    rng = np.random.default_rng(3)
    near = (z + rng.normal(scale=0.3, size=21) for _ in range(500))
    far = (rng.normal(size=21) for _ in range(500))
    assert all(ratio(w) < bound for w in itertools.chain(near, far))
    assert ratio(-4 * z) == pytest.approx(bound)


def test_the_pulse_has_five_times_the_noise_and_is_found_most_often(page):
    assert np.linalg.norm(page["pulse"]) == pytest.approx(5)
    others = [page[f"found_{name}"].mean() for name in ("raw", "box", "reversed")]
    assert page["found_matched"].mean() > max(others) + 0.2


def test_the_libraries_slide_without_turning_the_kernel(page):
    slid = keras.ops.convert_to_numpy(page["slid_keras"]).ravel()
    assert slid.tolist() == page["slid_torch"].numpy().ravel().tolist()
    assert slid.tolist() == [0, 3, 2, 1, 0]


# The matrix ---------------------------------------------------------------------------


@pytest.mark.equation("eq:conv-toeplitz")
def test_a_sliding_sum_is_a_product_with_the_matrix_of_the_formula():
    """Built by the formula, T gives NumPy's cross-correlation."""
    rng = np.random.default_rng(4)
    x, w = rng.normal(size=9), rng.normal(size=4)
    T = np.zeros((6, 9))
    for u, t in np.ndindex(6, 9):
        if 0 <= t - u < 4:
            T[u, t] = w[t - u]
    assert T @ x == pytest.approx(np.correlate(x, w, "valid"))


def test_the_matrix_of_the_picture_is_that_of_both_libraries(page):
    index = page["T_index"]
    for T, w in (
        (page["T_keras"], page["layer_keras"].get_weights()[0].ravel()),
        (page["T_torch"].numpy(), page["layer_torch"].weight.detach().numpy().ravel()),
    ):
        expected = np.where(index > 0, w[index - 1], 0)
        assert expected == pytest.approx(T, abs=1e-7)
    assert np.count_nonzero(index) == 81
    assert len(np.unique(index[index > 0])) == 9


def ring_shift(n):
    return np.roll(np.eye(n), 1, axis=0)


@pytest.mark.equation("eq:conv-equivariance")
def test_a_convolution_commutes_with_a_shift_on_a_ring():
    """A layer with circular padding: shifting before and after is the same, exactly;
    with zeros at the border only what is near it differs."""
    x = torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(0)).double()
    for mode, all_equal in (("circular", True), ("zeros", False)):
        layer = torch.nn.Conv2d(1, 1, 3, padding=1, padding_mode=mode).double()
        first = layer(x.roll((2, 1), dims=(2, 3))).detach()
        last = layer(x).roll((2, 1), dims=(2, 3)).detach()
        equal = torch.isclose(first, last, atol=1e-12)[0, 0]
        assert bool(equal.all()) == all_equal
        assert equal[4:-2, 3:-2].all()


@pytest.mark.equation("eq:conv-circulant")
def test_what_commutes_with_the_shift_has_moved_copies_as_columns():
    """All solutions of T S = S T, found by linear algebra, have n free numbers, and
    each column is the first one moved; a random matrix does not commute."""
    n = 6
    S = ring_shift(n)
    equations = np.kron(np.eye(n), S) - np.kron(S.T, np.eye(n))
    _, values, rows = np.linalg.svd(equations)
    solutions = rows[values < 1e-10]
    assert len(solutions) == n
    for solution in solutions:
        T = solution.reshape(n, n).T  # vec() stacks columns
        assert np.allclose(T @ S, S @ T, atol=1e-12)
        for t in range(n):
            moved = np.linalg.matrix_power(S, t) @ T[:, 0]
            assert T[:, t] == pytest.approx(moved, abs=1e-12)
    any_matrix = np.random.default_rng(0).normal(size=(n, n))
    assert np.abs(any_matrix @ S - S @ any_matrix).max() > 0.1


# Kernels ------------------------------------------------------------------------------


def test_the_first_three_kernels_keep_a_wall_and_the_others_make_it_0(page):
    sums = [w.sum() for w in page["kernels"].values()]
    assert sums == pytest.approx([1, 1, 1, 0, 0, 0])
    patch = np.tile([10, 10, 50], (3, 1))
    assert page["slide"](patch, page["kernels"]["across"]).item() == 160


def test_the_kernel_is_learned_in_both_libraries(page):
    for name in ("learned_keras", "learned_torch", "solved"):
        found = page[name].reshape(3, 3)
        assert found == pytest.approx(page["kernels"]["across"], abs=0.01)


# Sizes --------------------------------------------------------------------------------


@pytest.mark.equation("eq:conv-size")
def test_the_size_is_how_often_the_kernel_fits(page):
    """All combinations of sides 3 to 13, kernels to 5, strides to 3, paddings to 2 and
    dilations 1 and 2: the formula, PyTorch and counting agree."""
    tried = 0
    for N, k, s, p, d in itertools.product(
        range(3, 14), range(1, 6), (1, 2, 3), (0, 1, 2), (1, 2)
    ):
        if N + 2 * p < d * (k - 1) + 1:
            continue
        x, w = torch.zeros(1, 1, N), torch.zeros(1, 1, k)
        real = F.conv1d(x, w, stride=s, padding=p, dilation=d).shape[-1]
        assert page["size_after"](N, k, p, s, d) == real == page_size(N, k, p, s, d)
        tried += 1
    assert tried > 900


@pytest.mark.equation("eq:conv-same")
def test_same_pads_by_the_formula_with_the_odd_zero_at_the_end():
    """Keras' "same" equals "valid" after the zeros of the formula, the odd one last."""
    rng = np.random.default_rng(6)
    for N, k, s, d in [(8, 3, 2, 1), (9, 3, 2, 1), (28, 3, 2, 1), (10, 5, 3, 1)] + [
        (7, 2, 1, 1),
        (11, 3, 1, 2),
        (9, 1, 3, 1),
    ]:
        x, w = rng.normal(size=(1, N, 1)), rng.normal(size=(k, 1, 1))
        out = -(-N // s)
        total = max(0, (out - 1) * s + d * (k - 1) + 1 - N)
        wide = np.pad(x, [(0, 0), (total // 2, total - total // 2), (0, 0)])
        settings = {"strides": s, "dilation_rate": d}
        same = keras.ops.conv(x, w, padding="same", **settings)
        valid = keras.ops.conv(wide, w, padding="valid", **settings)
        assert same.shape == valid.shape == (1, out, 1)
        assert keras.ops.convert_to_numpy(same) == pytest.approx(
            keras.ops.convert_to_numpy(valid), abs=1e-6
        )


def test_same_with_stride_two_is_not_padding_one(page):
    same, padded = page["stride_gaps"].values()
    assert same > 0.1
    assert padded < 1e-5


# Channels -----------------------------------------------------------------------------


@pytest.mark.equation("eq:conv-layer")
@pytest.mark.parametrize(("p", "s", "dilation"), [(1, 1, 1), (2, 2, 1), (0, 1, 2)])
def test_the_layer_is_the_sum_over_places_and_channels(p, s, dilation):
    """Nested loops written from the formula equal both libraries, with padding, stride
    and dilation."""
    rng = np.random.default_rng(7)
    a, w, b = (
        rng.normal(size=(9, 9, 3)),
        rng.normal(size=(3, 3, 3, 4)),
        rng.normal(size=4),
    )
    loops = by_loops(a, w, b, p, s, dilation)
    found = F.conv2d(
        torch.from_numpy(a.transpose(2, 0, 1).copy())[None],
        torch.from_numpy(w.transpose(3, 2, 0, 1).copy()),
        torch.from_numpy(b),
        stride=s,
        padding=p,
        dilation=dilation,
    )
    assert found[0].numpy().transpose(1, 2, 0) == pytest.approx(loops, abs=1e-12)
    wide = np.pad(a, [(p, p), (p, p), (0, 0)])[None].astype("float32")
    layer = keras.layers.Conv2D(4, 3, strides=s, dilation_rate=dilation)
    layer.build(wide.shape)
    layer.set_weights([w, b])
    found = keras.ops.convert_to_numpy(layer(wide))[0]
    assert found == pytest.approx(loops, abs=1e-5)


@pytest.mark.equation("eq:conv-count")
def test_parameters_and_multiplications_are_as_counted():
    """For the network of the table, PyTorch's parameters and its counter of operations
    (two for each multiplication) agree with the formulas, layer by layer and summed."""
    from torch.utils.flop_counter import FlopCounterMode

    convolutions = [(1, 8, 28), (8, 16, 14)]
    count = lambda k, C, maps: (k**2 * C + 1) * maps  # noqa: E731
    work = [N**2 * 3**2 * C * maps for C, maps, N in convolutions]
    net = torch.nn.Sequential()
    for C, maps, _ in convolutions:
        net.append(torch.nn.Conv2d(C, maps, 3, padding=1))
        assert sum(p.numel() for p in net[-1].parameters()) == count(3, C, maps)
        net.extend([torch.nn.ReLU(), torch.nn.MaxPool2d(2)])
    net.extend([torch.nn.Flatten(), torch.nn.Linear(784, 10)])
    assert sum(p.numel() for p in net.parameters()) == 9098
    with FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 1, 28, 28))
    assert counter.get_total_flops() == 2 * (sum(work) + 7840) == 2 * 290_080
    layer = keras.layers.Conv2D(16, 3, padding="same")
    layer.build((None, 14, 14, 8))
    assert layer.count_params() == count(3, 8, 16)


def test_the_copied_layer_computes_the_same(page):
    assert page["layer_gap"] < 1e-6


# Pooling and fields -------------------------------------------------------------------


@pytest.mark.equation("eq:conv-pool")
def test_pooling_takes_the_largest_of_each_window():
    """The formula, number by number, equals both libraries for stride equal to the
    window and for overlapping windows, and commutes with the ReLU."""
    a = np.random.default_rng(8).normal(size=(9, 9, 2)).astype("float32")
    for k, s in ((2, 2), (3, 2), (3, 3)):
        side = (9 - k) // s + 1
        loop = np.zeros((side, side, 2), "float32")
        for u, v, c in np.ndindex(loop.shape):
            loop[u, v, c] = max(a[s * u + r, s * v + q, c] for r, q in np.ndindex(k, k))
        pooled = keras.ops.max_pool(a[None], k, s)
        assert np.array_equal(keras.ops.convert_to_numpy(pooled)[0], loop)
        planes = torch.from_numpy(a.transpose(2, 0, 1).copy())[None]
        pooled = F.max_pool2d(planes, k, s)[0]
        assert np.array_equal(pooled.numpy().transpose(1, 2, 0), loop)
        assert torch.equal(F.max_pool2d(planes.relu(), k, s)[0], pooled.relu())


def test_pooling_passes_on_a_shift_by_its_stride_and_no_other():
    row = np.array([1, 4, 2, 2, 0, 3])
    pooled = [
        np.pad(row, (n, 0))[:6].reshape(3, 2).max(axis=1).tolist() for n in range(3)
    ]
    assert pooled == [[4, 2, 3], [1, 4, 2], [0, 4, 2]]


@pytest.mark.equation("eq:conv-field")
@pytest.mark.parametrize(
    "layers",
    [
        [(3, 1, 1), (2, 2, 1), (3, 1, 1), (2, 2, 1)],
        5 * [(3, 1, 1)],
        [(2, 1, 1), (2, 1, 2), (2, 1, 4), (2, 1, 8)],
        [(5, 3, 1), (3, 2, 2), (3, 1, 1)],
    ],
)
def test_the_field_is_what_the_slope_of_a_unit_reaches(layers):
    """The extent of a measured gradient equals the recursion, for pooling, depth,
    dilation and strides together; the jump is how far the next unit's lies."""
    x = torch.zeros(1, 1, 120, requires_grad=True)
    a, field, jump = x, 1, 1
    for k, s, dilation in layers:
        a = F.conv1d(a, torch.ones(1, 1, k), stride=s, dilation=dilation)
        field, jump = field + dilation * (k - 1) * jump, s * jump
    reached = [
        torch.autograd.grad(a[0, 0, u], x, retain_graph=True)[0].flatten().nonzero()
        for u in (2, 3)
    ]
    assert (reached[0].max() - reached[0].min() + 1).item() == field
    assert (reached[1].min() - reached[0].min()).item() == jump


def test_the_paths_to_a_unit_are_counted_alike_by_both_and_by_hand(page):
    assert np.array_equal(page["seen_keras"], page["path_counts"])
    assert np.array_equal(page["seen_torch"].numpy(), page["path_counts"])
    assert page["paths"].tolist() == [1, 2, 4, 5, 6, 6, 5, 4, 2, 1]


# How it learns ------------------------------------------------------------------------


@pytest.mark.equation("eq:conv-backward")
def test_the_way_back_is_two_more_convolutions(page):
    """Loops over the sums of the formula give what automatic differentiation gives, on
    maps of 5 × 6 with 2 channels and 3 kernels of 3 × 2, and in the example by hand."""
    rng = np.random.default_rng(0)
    a, w = rng.normal(size=(5, 6, 2)), rng.normal(size=(3, 2, 2, 3))
    delta, b = rng.normal(size=(3, 5, 3)), rng.normal(size=3)
    w_bar, a_bar, b_bar = np.zeros(w.shape), np.zeros(a.shape), np.zeros(3)
    for r, q, c, k in np.ndindex(w.shape):
        w_bar[r, q, c, k] = sum(
            delta[u, v, k] * a[u + r, v + q, c] for u, v in np.ndindex(3, 5)
        )
    for u, v, c in np.ndindex(a.shape):
        a_bar[u, v, c] = sum(
            w[r, q, c, k] * delta[u - r, v - q, k]
            for r, q, k in itertools.product(range(3), range(2), range(3))
            if 0 <= u - r < 3 and 0 <= v - q < 5
        )
    for k in range(3):
        b_bar[k] = sum(delta[u, v, k] for u, v in np.ndindex(3, 5))
    inputs = [
        torch.tensor(a.transpose(2, 0, 1)[None], requires_grad=True),
        torch.tensor(w.transpose(3, 2, 0, 1).copy(), requires_grad=True),
        torch.tensor(b, requires_grad=True),
    ]
    o = torch.nn.functional.conv2d(*inputs)
    found = torch.autograd.grad(o, inputs, torch.tensor(delta.transpose(2, 0, 1)[None]))
    assert found[0][0].numpy().transpose(1, 2, 0) == pytest.approx(a_bar, abs=1e-12)
    assert found[1].numpy().transpose(2, 3, 1, 0) == pytest.approx(w_bar, abs=1e-12)
    assert found[2].numpy() == pytest.approx(b_bar, abs=1e-12)
    for name in ("slopes_keras", "slopes_torch"):
        for slopes, by_hand in zip(page[name], ([1, 8], [2, -1, 4, -2]), strict=True):
            assert np.ravel(slopes.numpy()).tolist() == by_hand


@pytest.mark.equation("eq:conv-transposed")
def test_the_way_back_is_the_transposed_matrix():
    """The matrix of a layer, made column by column by unit vectors, takes adjoints back
    by its transpose, as both libraries' transposed convolutions do, with stride 2 as
    well; of the example it gives back the shape and not the values."""
    rng = np.random.default_rng(1)
    kernel = torch.tensor(rng.normal(size=(1, 1, 3, 3)))
    units = torch.eye(49, dtype=torch.float64).reshape(49, 1, 7, 7)
    for stride in (1, 2):
        o = torch.nn.functional.conv2d(units, kernel, stride=stride)
        T, delta = o.flatten(1).T, torch.tensor(rng.normal(size=o[:1].shape))
        a = torch.tensor(rng.normal(size=(1, 1, 7, 7)), requires_grad=True)
        out = torch.nn.functional.conv2d(a, kernel, stride=stride)
        (back,) = torch.autograd.grad(out, a, delta)
        assert torch.allclose(back.flatten(), T.T @ delta.flatten())
        forward = torch.nn.functional.conv_transpose2d(delta, kernel, stride=stride)
        assert torch.allclose(forward.flatten(), T.T @ delta.flatten())
        in_keras = keras.ops.conv_transpose(
            delta.numpy().transpose(0, 2, 3, 1).astype("float32"),
            kernel.numpy().transpose(2, 3, 1, 0).astype("float32"),
            strides=stride,
            padding="valid",
        )
        assert np.ravel(in_keras) == pytest.approx(
            (T.T @ delta.flatten()).numpy(), abs=1e-5
        )
    T = np.array([[2, -1, 0, 0], [0, 2, -1, 0], [0, 0, 2, -1]])
    assert (T @ [1, 2, 0, 3]).tolist() == [0, 4, -3]
    assert (T.T @ [1, 0, 2]).tolist() == [2, -1, 4, -2]
    assert (T.T @ [0, 4, -3]).tolist() == [0, 8, -10, 3]


# The program --------------------------------------------------------------------------


def test_both_libraries_networks_have_the_parameters_that_the_page_counts(page):
    assert page["cnn_keras"].count_params() == 9098
    assert sum(p.numel() for p in page["cnn_torch"].parameters()) == 9098


def test_the_networks_learn_and_equal_weights_give_equal_logits(page):
    assert page["right_keras"] > 0.84
    assert page["right_torch"] > 0.84
    assert page["twin_gap"] < 1e-4
    assert page["careless_right"] < 0.3


def test_only_pictures_that_are_moved_lose_what_the_network_knows(page):
    still = page["shifted_test"](0)
    assert np.array_equal(still[:2000], page["x_test"])
    ways = [(-2, 0), (2, 0), (0, -2), (0, 2)]
    for k, moved in enumerate(np.split(page["shifted_test"](2), 4)):
        rolled = [np.roll(page["x_test"], way, axis=(1, 2)) for way in ways]
        inside = (slice(None), slice(2, 26), slice(2, 26))
        same = [np.array_equal(moved[inside], r[inside]) for r in rolled]
        assert sum(same) == 1, k


def test_an_occluded_picture_is_black_in_its_square_only(page):
    copies = page["boot_covered"]
    assert copies.shape == (12, 12, 28, 28)
    for i, j in ((0, 0), (3, 7), (11, 11)):
        picture = page["x_test"][0].copy()
        picture[2 * i : 2 * i + 6, 2 * j : 2 * j + 6] = 0
        assert np.array_equal(copies[i, j], picture)
