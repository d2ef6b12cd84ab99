"""The chapter on sequences: its equations, and what it shows beside."""

import numpy as np
import pytest
from every_chapter import *  # noqa: F403

import notebook_utils  # noqa: F401  (before Keras)

# isort: split
import keras
import torch

# TensorFlow's variables, when NumPy copies them
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")

PAGE = "book/sequences"


@pytest.fixture(scope="module")
def page(chapter):
    return chapter(PAGE).namespace


def sigmoid(o):
    return 1 / (1 + np.exp(-o))


def cell(d=3, n=4, blocks=1, seed=0):
    """W, R and b of a layer, by the formulas: rows are units."""
    rng = np.random.default_rng(seed)
    rows = blocks * n
    return rng.normal(size=(rows, d)), rng.normal(size=(rows, n)), rng.normal(size=rows)


def numbers(values):
    return torch.from_numpy(np.asarray(values, "float64"))


def library(kind, W, R, b, b_state=None):
    """A layer of PyTorch with these weights, in double precision."""
    layer = getattr(torch.nn, kind)(W.shape[1], R.shape[1], batch_first=True).double()
    zeros = np.zeros(len(b)) if b_state is None else b_state
    with torch.no_grad():
        for parameter, values in zip(layer.parameters(), (W, R, b, zeros), strict=True):
            parameter.copy_(numbers(values))
    return layer


# Reading ------------------------------------------------------------------------------


@pytest.mark.equation("eq:seq-bag")
def test_a_bag_does_not_see_the_order_of_its_frames(page):
    """Softmax of the mean frame, by hand, is the page's network in both libraries,
    and equal for 20 orders of the frames."""
    V, c = page["bag_keras"].get_weights()
    rng = np.random.default_rng(0)
    for i in range(20):
        x = rng.permutation(page["test_scaled"][i])
        o = V.T @ (sum(x) / len(x)) + c
        by_hand = np.exp(o) / np.exp(o).sum()
        logits = page["bag_keras"].predict(page["test_bags"][i : i + 1], verbose=0)[0]
        found = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
        assert found == pytest.approx(by_hand, abs=1e-5)
    rows = torch.from_numpy(page["test_bags"][:3])
    with torch.inference_mode():
        o = page["bag_torch"](rows).numpy()
    weight, bias = (p.detach().numpy() for p in page["bag_torch"].parameters())
    assert o == pytest.approx(page["test_bags"][:3] @ weight.T + bias, abs=1e-5)


@pytest.mark.equation("eq:seq-cell")
def test_a_recurrent_cell_is_a_loop(page):
    """A loop over the formula equals the page's function, PyTorch's layer in double
    precision and Keras' with the same weights."""
    W, R, b = cell()
    x = np.random.default_rng(1).normal(size=(9, 3))
    h = np.zeros(4)
    by_hand = []
    for x_t in x:
        h = np.tanh(W @ x_t + R @ h + b)
        by_hand.append(h)
    assert page["states"](x, W, R, b) == pytest.approx(np.array(by_hand))
    found, _ = library("RNN", W, R, b)(numbers(x)[None])
    assert found[0].detach().numpy() == pytest.approx(np.array(by_hand), abs=1e-12)
    layer = keras.layers.SimpleRNN(4, return_sequences=True)
    layer.build((None, 9, 3))
    layer.set_weights([W.T, R.T, b])
    found = keras.ops.convert_to_numpy(layer(x[None].astype("float32")))[0]
    assert found == pytest.approx(np.array(by_hand), abs=1e-5)
    assert page["loop_gap_keras"] < 1e-6
    assert page["loop_gap_torch"] < 1e-6


@pytest.mark.equation("eq:seq-mask")
def test_padding_does_not_count(page):
    """The mean over true frames is that of each sequence alone, and both of the page's
    networks answer alike with more padding behind."""
    a = np.random.default_rng(2).normal(size=(3, 7))
    lengths = np.array([7, 2, 4])
    m = np.arange(7) < lengths[:, None]
    alone = [row[:T].mean() for row, T in zip(a, lengths, strict=True)]
    assert (m * a).sum(axis=1) / m.sum(axis=1) == pytest.approx(np.array(alone))
    x, lengths = page["padded_torch"](page["test_scaled"][:8])
    longer = torch.nn.functional.pad(x, (0, 0, 0, 5), value=3.0)
    with torch.inference_mode():
        found = [page["reader_torch"](values, lengths) for values in (x, longer)]
    assert torch.equal(*found)
    padded = page["padded_keras"](page["test_scaled"][:8])
    whole = page["reader_keras"].predict(padded, verbose=0)
    gru, dense = page["reader_keras"].layers[1:]
    for i in range(8):
        true = page["test_scaled"][i][None]
        alone = keras.ops.convert_to_numpy(dense(gru(true)))
        assert alone[0] == pytest.approx(whole[i], abs=1e-4)


# The way back -------------------------------------------------------------------------


def test_the_slopes_of_the_halving_cell_are_those_by_hand(page):
    assert page["slopes_keras"] == [2.0, -0.5]
    assert page["slopes_torch"] == [2.0, -0.5]


@pytest.mark.equation("eq:seq-bptt")
def test_backpropagation_through_time_is_the_derivative():
    """Adjoints by the formula, with losses at two steps, give the slopes of R, W and b
    that autograd finds, and those of difference quotients."""
    W, R, b = cell(seed=3)
    rng = np.random.default_rng(4)
    x, direct = rng.normal(size=(6, 3)), np.zeros((6, 4))
    direct[[2, 5]] = rng.normal(size=(2, 4))

    def loss(R):
        h, total = np.zeros(4), 0.0
        for x_t, weight in zip(x, direct, strict=True):
            h = np.tanh(W @ x_t + R @ h + b)
            total += weight @ h
        return total

    h = [np.zeros(4)]
    for x_t in x:
        h.append(np.tanh(W @ x_t + R @ h[-1] + b))
    delta, slopes = np.zeros(4), [np.zeros_like(R), np.zeros_like(W), np.zeros_like(b)]
    for t in range(5, -1, -1):
        delta = (1 - h[t + 1] ** 2) * (direct[t] + R.T @ delta)
        slopes[0] += np.outer(delta, h[t])
        slopes[1] += np.outer(delta, x[t])
        slopes[2] += delta
    layer = library("RNN", W, R, b)
    states, _ = layer(numbers(x)[None])
    (states[0] * numbers(direct)).sum().backward()
    found = (layer.weight_hh_l0, layer.weight_ih_l0, layer.bias_ih_l0)
    for by_hand, parameter in zip(slopes, found, strict=True):
        assert parameter.grad.numpy() == pytest.approx(by_hand, abs=1e-12)
    for row, column in np.ndindex(4, 4):
        nudge = np.zeros((4, 4))
        nudge[row, column] = 1e-6
        quotient = (loss(R + nudge) - loss(R - nudge)) / 2e-6
        assert quotient == pytest.approx(slopes[0][row, column], abs=1e-7)


@pytest.mark.equation("eq:seq-product")
def test_the_slope_over_several_steps_is_a_product():
    """The Jacobian of the last state by an earlier one, from autograd, is the product
    with the latest factor left; with the factors reversed it is not."""
    W, R, b = cell(seed=5)
    x = np.random.default_rng(6).normal(size=(5, 3))

    def last(h):
        for x_t in x:
            h = torch.tanh(numbers(W) @ numbers(x_t) + numbers(R) @ h + numbers(b))
        return h

    first = np.random.default_rng(7).normal(size=4)
    jacobian = torch.autograd.functional.jacobian(last, numbers(first)).numpy()
    h, factors = first, []
    for x_t in x:
        h = np.tanh(W @ x_t + R @ h + b)
        factors.append(np.diag(1 - h**2) @ R)
    assert np.linalg.multi_dot(factors[::-1]) == pytest.approx(jacobian, abs=1e-12)
    assert np.abs(np.linalg.multi_dot(factors) - jacobian).max() > 0.01


@pytest.mark.equation("eq:seq-radius")
def test_powers_grow_by_the_spectral_radius():
    """The norm of the power 2000, rescaled on the way, grows by the radius in each
    step, to a percent, though the norm of the matrix is another."""
    R = np.random.default_rng(8).normal(size=(12, 12))
    radius = np.abs(np.linalg.eigvals(R)).max()
    power, log = np.eye(12), 0.0
    for _ in range(2000):
        power = R @ power
        size = np.linalg.norm(power, 2)
        power, log = power / size, log + np.log(size)
    assert np.exp(log / 2000) == pytest.approx(radius, rel=0.01)
    assert np.linalg.norm(R, 2) > 1.2 * radius


def test_adjoints_in_the_figure_are_those_of_autograd(page):
    norms = page["adjoints_left"](1.2, 0.5, draw=3, steps=7, units=6)
    rng = np.random.default_rng(3)
    R = rng.normal(size=(6, 6))
    R *= 1.2 / np.abs(np.linalg.eigvals(R)).max()
    o, h = [], torch.zeros(16, 6, dtype=torch.float64)
    for _ in range(8):
        noise = numbers(0.5 * rng.normal(size=(16, 6)))
        o.append((noise + h @ numbers(R).T).requires_grad_())
        h = torch.tanh(o[-1])
    above = numbers(rng.normal(size=(16, 6)))
    slopes = torch.autograd.grad((h * above).sum(), o)[::-1]
    by_library = np.array([slope.norm().item() for slope in slopes])
    assert norms == pytest.approx(by_library / by_library[0])


# Gates --------------------------------------------------------------------------------


def lstm_by_hand(x, W, R, b):
    h = c = np.zeros(R.shape[1])
    states, cells, gates = [], [], []
    for x_t in x:
        i, f, g, q = np.split(W @ x_t + R @ h + b, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(q) * np.tanh(c)
        states.append(h)
        cells.append(c)
        gates.append(sigmoid(f))
    return np.array(states), np.array(cells), np.array(gates)


@pytest.mark.equation("eq:seq-lstm")
def test_an_lstm_is_four_small_layers():
    """A loop over the formulas, in the order i, f, g, q, equals the layers of both
    libraries."""
    W, R, b = cell(blocks=4, seed=9)
    x = np.random.default_rng(10).normal(size=(8, 3))
    states, cells, _ = lstm_by_hand(x, W, R, b)
    found, (_, c) = library("LSTM", W, R, b)(numbers(x)[None])
    assert found[0].detach().numpy() == pytest.approx(states, abs=1e-12)
    assert c.detach().numpy().ravel() == pytest.approx(cells[-1], abs=1e-12)
    layer = keras.layers.LSTM(4, return_sequences=True)
    layer.build((None, 8, 3))
    layer.set_weights([W.T, R.T, b])
    found = keras.ops.convert_to_numpy(layer(x[None].astype("float32")))[0]
    assert found == pytest.approx(states, abs=1e-5)


@pytest.mark.equation("eq:seq-path")
def test_along_the_cell_only_gates_multiply():
    """With gates and candidates held fixed, autograd's Jacobian of the last cell by
    the first is the diagonal product of the forget gates."""
    W, R, b = cell(blocks=4, seed=11)
    x = np.random.default_rng(12).normal(size=(6, 3))
    _, cells, gates = lstm_by_hand(x, W, R, b)
    written = np.diff(cells, axis=0) + (1 - gates[1:]) * cells[:-1]

    def last(c):
        for f, new in zip(gates[1:], written, strict=True):
            c = numbers(f) * c + numbers(new)
        return c

    assert last(numbers(cells[0])).numpy() == pytest.approx(cells[-1])
    jacobian = torch.autograd.functional.jacobian(last, numbers(cells[0])).numpy()
    assert jacobian == pytest.approx(np.diag(np.prod(gates[1:], axis=0)))


@pytest.mark.equation("eq:seq-gru")
def test_a_gru_applies_its_reset_after_the_matrix(page):
    """A loop over the formulas equals PyTorch's layer and Keras' with its blocks
    reordered; with the reset before the matrix it does not."""
    W, R, b = cell(blocks=3, seed=13)
    b_state = np.random.default_rng(14).normal(size=12)
    x = np.random.default_rng(15).normal(size=(8, 3))

    def loop(before):
        h, states = np.zeros(4), []
        for x_t in x:
            r, u, n = np.split(W @ x_t + b, 3)
            r_back, u_back, n_back = np.split(R @ h + b_state, 3)
            r, u = sigmoid(r + r_back), sigmoid(u + u_back)
            back = R[8:] @ (r * h) + b_state[8:] if before else r * n_back
            h = u * h + (1 - u) * np.tanh(n + back)
            states.append(h)
        return np.array(states)

    found, _ = library("GRU", W, R, b, b_state)(numbers(x)[None])
    found = found[0].detach().numpy()
    assert found == pytest.approx(loop(before=False), abs=1e-12)
    assert np.abs(found - loop(before=True)).max() > 0.01
    order = [*range(4, 8), *range(4), *range(8, 12)]  # u, r, n
    layer = keras.layers.GRU(4, return_sequences=True)
    layer.build((None, 8, 3))
    layer.set_weights([W[order].T, R[order].T, np.stack([b[order], b_state[order]])])
    keras_found = keras.ops.convert_to_numpy(layer(x[None].astype("float32")))[0]
    assert keras_found == pytest.approx(found, abs=1e-5)
    assert page["twin_gap"] < 1e-4


@pytest.mark.equation("eq:seq-count")
def test_parameters_are_counted():
    """The count equals that of the layers of both libraries, with a second bias where
    the page says that there is one."""
    for d, n in ((12, 16), (3, 5)):
        for (name, twin), g in zip(
            (("SimpleRNN", "RNN"), ("GRU", "GRU"), ("LSTM", "LSTM")),
            (1, 3, 4),
            strict=True,
        ):
            layer = getattr(keras.layers, name)(n)
            layer.build((None, None, d))
            second = g * n if name == "GRU" else 0
            assert layer.count_params() == g * n * (d + n + 1) + second
            pair = getattr(torch.nn, twin)(d, n)
            count = sum(p.numel() for p in pair.parameters())
            assert count == g * n * (d + n + 1) + g * n


def test_the_libraries_start_as_the_table_says():
    keras.utils.set_random_seed(0)
    torch.manual_seed(0)
    simple, lstm = keras.layers.SimpleRNN(64), keras.layers.LSTM(64)
    for layer in (simple, lstm):
        layer.build((None, None, 12))
    R = simple.get_weights()[1]
    assert pytest.approx(np.eye(64), abs=1e-5) == R @ R.T
    assert (lstm.get_weights()[2][64:128] == 1).all()
    radii = [
        np.abs(np.linalg.eigvals(torch.nn.RNN(12, 64).weight_hh_l0.detach())).max()
        for _ in range(10)
    ]
    assert np.mean(radii) == pytest.approx(0.6, abs=0.05)
    for p in torch.nn.LSTM(12, 64).parameters():
        assert 0.1 < p.abs().max() <= 1 / 8


# Convolutions in time -----------------------------------------------------------------


@pytest.mark.equation("eq:seq-causal")
def test_a_causal_convolution_looks_back_only(page):
    """A loop over the formula equals the page's module and Keras' layer with causal
    padding; later frames change no output."""
    torch.manual_seed(0)
    module = page["CausalConv"](3, 5, 4, dilation=2)
    kernel = module.conv.weight.detach().numpy()  # channels out, channels in, places
    bias = module.conv.bias.detach().numpy()
    x = np.random.default_rng(16).normal(size=(11, 3)).astype("float32")
    by_hand = np.tile(bias, (11, 1)).astype("float64")
    for t in range(11):
        for j in range(4):
            if t - 2 * j >= 0:
                by_hand[t] += kernel[:, :, 3 - j] @ x[t - 2 * j]
    with torch.inference_mode():
        found = module(torch.from_numpy(x.T[None]))[0].T.numpy()
        changed = x.copy()
        changed[7:] += 5
        after = module(torch.from_numpy(changed.T[None]))[0].T.numpy()
    assert found == pytest.approx(by_hand, abs=1e-5)
    assert np.array_equal(found[:7], after[:7])
    assert np.abs(found[7:] - after[7:]).min(axis=1).min() > 1e-4
    layer = keras.layers.Conv1D(5, 4, dilation_rate=2, padding="causal")
    layer.build((None, 11, 3))
    layer.set_weights([kernel.transpose(2, 1, 0), bias])
    keras_found = keras.ops.convert_to_numpy(layer(x[None]))[0]
    assert keras_found == pytest.approx(by_hand, abs=1e-5)


@pytest.mark.equation("eq:seq-reach")
def test_doubling_dilations_reach_63_steps(page):
    """Through five layers of the page's module a changed frame reaches the outputs at
    its place and 62 behind, and none before or after."""
    torch.manual_seed(1)
    dilations = (1, 2, 4, 8, 16)
    layers = [page["CausalConv"](1, 1, 3, dilation=s) for s in dilations]
    net = torch.nn.Sequential(*layers).double()
    x = torch.zeros(1, 1, 150, dtype=torch.float64)
    there = x.clone()
    there[0, 0, 40] = 1.0
    with torch.inference_mode():
        reached = (net(there) - net(x))[0, 0].abs().numpy() > 1e-12
    reach = 1 + (3 - 1) * sum(dilations)
    assert reach == 63
    assert np.flatnonzero(reached).tolist() == list(range(40, 40 + reach))


# Mistakes -----------------------------------------------------------------------------


def test_standardized_padding_is_no_longer_masked(page):
    frames = sum(len(x) for x in page["utterances"])
    assert page["masked_last"] == pytest.approx(1 - frames / (270 * 29))
    assert page["masked_first"] == 0


def test_exchanged_gates_change_the_states(page):
    assert page["swap_gap_keras"] > 0.01
    assert page["swap_gap_torch"] > 0.01
