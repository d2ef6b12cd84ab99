"""The chapter on attention: its equations, and what it shows beside."""

import itertools
import math

import numpy as np
import pytest
from every_chapter import *  # noqa: F403

import notebook_utils  # noqa: F401  (before Keras)

# isort: split
import keras
import torch

from counting import END, SIGNS, counting_line, encode, shifted
from explorers.writer import forward, renamed

# TensorFlow's variables, when NumPy copies them
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")

PAGE = "book/attention"


@pytest.fixture(scope="module")
def page(chapter):
    return chapter(PAGE).namespace


def weights_of(scores):
    """Softmax in plain Python."""
    powers = [math.exp(o) for o in scores]
    return [p / sum(powers) for p in powers]


def matrices(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]


# The look-up --------------------------------------------------------------------------


@pytest.mark.equation("eq:att-histogram")
def test_the_dotted_lines_are_what_a_histogram_knows(page):
    """The mean of the largest count over T, over all 4 ** T sequences for T of 2, 4 and
    8, is the page's line, and it is how often the most frequent color is right."""
    for T, line in page["histogram_line"].items():
        largest = [
            max(colors.count(c) for c in range(4))
            for colors in itertools.product(range(4), repeat=T)
        ]
        assert sum(largest) / len(largest) / T == pytest.approx(line, abs=5e-4)
    _, values, _, color = page["recall"](20_000, 8, seed=5)
    said = values.sum(axis=1).argmax(axis=1)
    assert np.mean(said == color) == pytest.approx(0.442, abs=0.015)


@pytest.mark.equation("eq:att-lookup")
def test_a_soft_look_up_is_a_weighted_mean(page):
    """The page's look-up equals loops in plain Python; weights sum to 1, are equal at
    sharpness 0, and at a large one the value of the best key is left."""
    query, keys, values = matrices(0, (6, 5), (6, 4, 5), (6, 4, 3))
    y, weights = page["look_up"](query, keys, values, 1.7)
    for n in range(6):
        scores = [1.7 * sum(query[n] * keys[n, j]) for j in range(4)]
        alpha = weights_of(scores)
        assert weights[n] == pytest.approx(alpha)
        mixed = sum(a * v for a, v in zip(alpha, values[n], strict=True))
        assert y[n] == pytest.approx(mixed)
    flat, _ = page["look_up"](query, keys, values, 0)
    assert flat == pytest.approx(values.mean(axis=1))
    hard, _ = page["look_up"](query, keys, values, 1e4)
    best = np.einsum("nd,ntd->nt", query, keys).argmax(axis=1)
    assert hard == pytest.approx(values[np.arange(6), best])


@pytest.mark.equation("eq:att-sharp")
def test_the_right_key_of_one_hot_keys_has_this_weight(page):
    """For sharpness 0, 1, 2 and 5 and 2 to 8 pairs, the weight of the key that is asked
    is the formula's."""
    for beta, T in itertools.product((0, 1, 2, 5), (2, 4, 8)):
        keys, values, question, _ = page["recall"](20, T, seed=6)
        _, weights = page["look_up"](question, keys, values, beta)
        right = np.einsum("nd,ntd->nt", question, keys) == 1
        assert weights[right] == pytest.approx(
            np.full(20, math.exp(beta) / (math.exp(beta) + T - 1))
        )


def test_the_untrained_look_up_answers_all_questions(page):
    keys, values, question, color = page["recall"](2000, 8, seed=2)
    y, _ = page["look_up"](question, keys, values, 2)
    assert np.all(y.argmax(axis=1) == color)


def test_both_libraries_learn_to_look_up_what_their_gru_does_not(page):
    for library in ("keras", "torch"):
        assert page[f"lookup_right_{library}"] > 0.98
        assert page[f"gru_right_{library}"] < 0.8
    assert page["lookup_keras"].count_params() == 4772
    assert page["gru_keras"].count_params() == 4548
    for name, count in (("lookup_torch", 4772), ("gru_torch", 4548)):
        assert sum(p.numel() for p in page[name].parameters()) == count


# Rooms --------------------------------------------------------------------------------


@pytest.mark.equation("eq:att-kernel")
def test_kernel_regression_is_a_loop_over_tracts(page):
    """The page's prices equal sums in plain Python; a very wide spread gives the mean
    of all prices."""
    rooms, price = page["rooms"], page["price"]
    x = np.array([5.0, 6.3, 8.1])
    found = page["priced"](x, 0.3)
    for at, value in zip(x, found, strict=True):
        near = [math.exp(-((at - r) ** 2) / (2 * 0.3**2)) for r in rooms]
        mixed = sum(w * p for w, p in zip(near, price, strict=True)) / sum(near)
        assert value == pytest.approx(mixed)
    assert page["priced"](x, 1e4) == pytest.approx(np.full(3, price.mean()), rel=1e-5)


@pytest.mark.equation("eq:att-hidden")
def test_a_hidden_tract_has_no_weight(page):
    """With its own score at minus infinity, a tract's value is that of a fit without
    it."""
    rooms, price = page["rooms"], page["price"]
    scores = -((rooms[:, None] - rooms) ** 2) / (2 * 0.2**2)
    np.fill_diagonal(scores, -np.inf)
    weights = page["softmax"](scores)
    assert np.all(np.diag(weights) == 0)
    for j in range(0, 506, 25):
        others = np.arange(506) != j
        alone = np.exp(-((rooms[others] - rooms[j]) ** 2) / (2 * 0.2**2))
        expected = alone @ price[others] / alone.sum()
        assert weights[j] @ price == pytest.approx(expected)


@pytest.mark.equation("eq:att-metric")
def test_scales_of_features_are_scales_of_distances(page):
    """The score with scales is the score without, of scaled features, and its weights
    are those of dot products of scaled features less a term of the key."""
    x, w = matrices(1, (7, 6), 6)
    by_hand = [
        [-0.5 * sum(w**2 * (x[i] - x[j]) ** 2) for j in range(7)] for i in range(7)
    ]
    scaled = x * w
    distance = np.linalg.norm(scaled[:, None] - scaled, axis=2)
    assert np.array(by_hand) == pytest.approx(-0.5 * distance**2)
    dots = scaled @ scaled.T - 0.5 * np.sum(scaled**2, axis=1)
    assert page["softmax"](dots) == pytest.approx(page["softmax"](np.array(by_hand)))


# The dot product ----------------------------------------------------------------------


@pytest.mark.equation("eq:att-square")
def test_a_distance_is_a_dot_product_and_two_lengths(page):
    """Both sides agree on random vectors, and the weights without the query's length
    are the same."""
    q, k = matrices(2, 4, (9, 4))
    s = 0.7
    left = -np.sum((q - k) ** 2, axis=1) / (2 * s**2)
    kept = k @ q / s**2 - np.sum(k**2, axis=1) / (2 * s**2)
    assert left == pytest.approx(kept - q @ q / (2 * s**2))
    assert page["softmax"](left) == pytest.approx(page["softmax"](kept))


@pytest.mark.equation("eq:att-slope")
def test_the_slopes_of_softmax(page):
    """The formula equals automatic differentiation, and vanishes with one weight
    at 1."""
    o = torch.tensor([0.3, -1.0, 2.0, 0.5], dtype=torch.float64)
    found = torch.autograd.functional.jacobian(lambda o: torch.softmax(o, 0), o)
    alpha = weights_of(o.tolist())
    for j, m in itertools.product(range(4), repeat=2):
        assert found[j, m].item() == pytest.approx(alpha[j] * ((j == m) - alpha[m]))
    hard = torch.autograd.functional.jacobian(lambda o: torch.softmax(o, 0), 60 * o)
    assert hard.abs().max() < 1e-30


@pytest.mark.equation("eq:att-scaled")
def test_scaled_dot_product_attention_in_three_ways(page):
    """Loops over who asks and who is asked equal PyTorch's function, Keras' and the
    page's; and the variance of a dot product of normal numbers is their width."""
    Q, K, V = matrices(3, (5, 4), (6, 4), (6, 3))
    rows = []
    for q in Q:
        alpha = weights_of([sum(q * k) / math.sqrt(4) for k in K])
        rows.append(sum(a * v for a, v in zip(alpha, V, strict=True)))
    by_hand = np.array(rows)
    tensors = [torch.from_numpy(a)[None] for a in (Q, K, V)]
    found = torch.nn.functional.scaled_dot_product_attention(*tensors)[0].numpy()
    assert found == pytest.approx(by_hand)
    single = [a[None, :, None].astype("float32") for a in (Q, K, K)]
    found = keras.ops.convert_to_numpy(keras.ops.dot_product_attention(*single))
    expected = page["softmax"](Q @ K.T / 2) @ K
    assert found[0, :, 0] == pytest.approx(expected, abs=1e-5)
    q, k = matrices(4, (20_000, 64), (20_000, 64))
    assert np.var(np.sum(q * k, axis=1)) == pytest.approx(64, rel=0.05)


# Self-attention -----------------------------------------------------------------------


@pytest.mark.equation("eq:att-self")
def test_each_token_makes_its_query_key_and_value(page):
    """The page's self-attention equals loops in which each token is multiplied by the
    three matrices."""
    x, W_Q, W_K, W_V = matrices(5, (5, 3), (4, 3), (4, 3), (2, 3))
    y, weights = page["self_attention"](x, W_Q, W_K, W_V)
    for i in range(5):
        scores = [(W_Q @ x[i]) @ (W_K @ x[j]) / math.sqrt(4) for j in range(5)]
        alpha = weights_of(scores)
        assert weights[i] == pytest.approx(alpha)
        assert y[i] == pytest.approx(sum(alpha[j] * (W_V @ x[j]) for j in range(5)))


@pytest.mark.equation("eq:att-worked")
def test_two_tokens_by_hand(page):
    """Scores, weights and outputs of the two tokens, in plain Python."""
    first = weights_of([0, 2 / math.sqrt(2)])
    assert page["pair_weights"] == pytest.approx(np.array([first, [0.5, 0.5]]))
    expected = [[4 * first[0], 2 * first[1]], [2, 1]]
    assert page["pair_mixed"] == pytest.approx(np.array(expected))
    assert np.round(expected, 2).tolist() == [[0.78, 1.61], [2, 1]]


@pytest.mark.equation("eq:att-mask")
def test_what_is_hidden_moves_nothing(page):
    """The masked formula equals the page's, and where the mask hides a token, another
    vector there leaves outputs and weights as they are, to the last bit."""
    x, W_Q, W_K, W_V = matrices(6, (6, 3), (4, 3), (4, 3), (2, 3))
    may = page["mask_padding"] & page["mask_causal"]
    y, weights = page["self_attention"](x, W_Q, W_K, W_V, may)
    raw = np.exp((x @ W_Q.T) @ (x @ W_K.T).T / 2)
    by_hand = may * raw / np.sum(may * raw, axis=1, keepdims=True)
    assert weights == pytest.approx(by_hand)
    other = x.copy()
    other[3:] += 5
    moved, _ = page["self_attention"](other, W_Q, W_K, W_V, may)
    assert np.array_equal(moved[:3], y[:3])
    assert not np.allclose(moved[3], y[3])


def test_the_layers_of_both_libraries_agree_for_one_head_and_four(page):
    assert page["twin_gap"] < 1e-4
    layer = keras.layers.MultiHeadAttention(num_heads=4, key_dim=8)
    x, may = page["some_x"], page["may_read"]
    found = keras.ops.convert_to_numpy(layer(x, x, attention_mask=may))
    twin = torch.nn.MultiheadAttention(32, 4, batch_first=True)
    twin.load_state_dict(page["as_in_torch"](layer))
    with torch.inference_mode():
        out = page["attend_torch"](twin, x, may).numpy()
    assert out == pytest.approx(found, abs=1e-5)


def test_a_row_without_keys_is_a_mean_or_a_bias_or_nan(page):
    x, layer = page["some_x"], page["mha_keras"]
    *_, W_V, b_V, W_O, b_O = layer.get_weights()
    values = x[0] @ W_V[:, 0] + b_V[0]
    mean = values.mean(axis=0) @ W_O[0] + b_O
    plain = keras.ops.convert_to_numpy(page["plain_keras"])
    assert plain[0, -1] == pytest.approx(mean, abs=1e-5)
    assert keras.ops.convert_to_numpy(page["asked_keras"])[0, -1] == pytest.approx(b_O)
    assert np.all(keras.ops.convert_to_numpy(page["upside_weights"])[0, 0, -1] == 0)
    assert page["last_is_nan"]
    assert page["nan_share"] > 0.5


# Order and heads ----------------------------------------------------------------------


def test_a_sample_of_padding_is_finite_in_training_and_nan_after_it():
    torch.manual_seed(0)
    block = torch.nn.TransformerEncoderLayer(
        8, 2, 16, dropout=0.0, batch_first=True, norm_first=True
    )
    x, hidden = torch.randn(2, 5, 8), torch.tensor([[False] * 5, [True] * 5])
    assert block(x, src_key_padding_mask=hidden).isfinite().all()
    with torch.inference_mode():
        out = block.eval()(x, src_key_padding_mask=hidden)
    assert out[0].isfinite().all() and out[1].isnan().all()


@pytest.mark.equation("eq:att-order")
def test_permuted_tokens_give_permuted_outputs(page):
    """For twenty permutations the outputs are permuted alike; with a causal mask they
    are not."""
    x, *W = matrices(7, (6, 3), (4, 3), (4, 3), (2, 3))
    causal = page["mask_causal"]
    for seed in range(20):
        P = np.eye(6)[np.random.default_rng(seed).permutation(6)]
        y, _ = page["self_attention"](x, *W)
        found, _ = page["self_attention"](P @ x, *W)
        assert found == pytest.approx(P @ y)
    turned = np.eye(6)[::-1]
    y, _ = page["self_attention"](x, *W, causal)
    found, _ = page["self_attention"](turned @ x, *W, causal)
    assert not np.allclose(found, turned @ y)


@pytest.mark.equation("eq:att-sinusoids")
def test_sinusoids_turn_with_the_position(page):
    """A step of the position is one rotation, the same at every position, and all
    vectors have the squared length d / 2."""
    d = 8
    p = np.array(
        [
            [
                f(t * 10_000 ** (-2 * m / d))
                for m in range(d // 2)
                for f in (np.sin, np.cos)
            ]
            for t in range(50)
        ]
    )
    assert np.sum(p**2, axis=1) == pytest.approx(np.full(50, d / 2))
    turn = np.linalg.lstsq(p[:-3], p[3:], rcond=None)[0]
    assert p[:-3] @ turn == pytest.approx(p[3:], abs=1e-9)
    assert turn @ turn.T == pytest.approx(np.eye(d), abs=1e-6)
    angles = page["angles"]
    assert angles[7, 3] == pytest.approx(7 * 10_000 ** (-2 * 3 / 32))


@pytest.mark.equation("eq:att-heads")
def test_heads_are_looked_up_alone_and_mixed_by_a_matrix(page):
    """Four heads by hand, each with its own softmax and the root of its own width,
    equal Keras' layer; the parameters are 4 d (d + 1) for any number of heads."""
    x = page["some_x"][:1]
    for H in (1, 2, 4):
        layer = keras.layers.MultiHeadAttention(num_heads=H, key_dim=32 // H)
        found = keras.ops.convert_to_numpy(layer(x, x))[0]
        W_Q, b_Q, W_K, b_K, W_V, b_V, W_O, b_O = layer.get_weights()
        y = np.zeros_like(found) + b_O
        for h in range(H):
            q, k, v = (
                x[0] @ W[:, h] + b[h] for W, b in ((W_Q, b_Q), (W_K, b_K), (W_V, b_V))
            )
            y += page["softmax"](q @ k.T / math.sqrt(32 / H)) @ v @ W_O[h]
        assert y == pytest.approx(found, abs=1e-4)
        assert layer.count_params() == 4 * 32 * 33
        twin = torch.nn.MultiheadAttention(32, H)
        assert sum(p.numel() for p in twin.parameters()) == 4 * 32 * 33


def softmax(o):
    e = np.exp(o - o.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def layer_norm(x, gain=1.0, shift=0.0):
    mean = x.mean(axis=-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    return gain * (x - mean) / np.sqrt(variance + 1e-5) + shift


def gelu(o):
    return o * (1 + torch.erf(torch.from_numpy(o) / 2**0.5).numpy()) / 2


def values_of(module):
    return {k: v.double().numpy() for k, v in module.state_dict().items()}


def attention_by_loops(x, p, heads, allowed=None):
    """Rows of x are tokens; p has the names of PyTorch's layer."""
    steps, d = x.shape
    Q, K, V = (
        x @ W.T + b
        for W, b in zip(
            np.split(p["in_proj_weight"], 3),
            np.split(p["in_proj_bias"], 3),
            strict=True,
        )
    )
    width, rows = d // heads, np.zeros((steps, d))
    for g in range(heads):
        part = slice(g * width, (g + 1) * width)
        for i in range(steps):
            o = np.array([Q[i, part] @ K[j, part] for j in range(steps)]) / width**0.5
            if allowed is not None:
                o = np.where(allowed[i], o, -np.inf)
            weights = softmax(o)
            rows[i, part] = sum(weights[j] * V[j, part] for j in range(steps))
    return rows @ p["out_proj.weight"].T + p["out_proj.bias"]


def randomized(module, seed=0):
    """The module with weights that hide no mistake: no bias 0, no gain 1."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.randn(p.shape, generator=draw) / p.shape[-1] ** 0.5)
    return module.double().eval()


def inputs(steps=5, d=8, seed=1):
    return np.random.default_rng(seed).normal(size=(steps, d))


# Blocks -------------------------------------------------------------------------------


@pytest.mark.equation("eq:att-block")
def test_a_block_adds_twice(page):
    """The two steps in NumPy equal the page's block and PyTorch's ready one with
    norm_first; in the order of post-norm they do not."""
    block = randomized(page["EncoderBlock"](8, 2))
    x, p = inputs(), values_of(block)
    mha = {k.removeprefix("mha."): v for k, v in p.items() if k.startswith("mha.")}

    def mlp(y):
        a = gelu(y @ p["mlp.0.weight"].T + p["mlp.0.bias"])
        return a @ p["mlp.2.weight"].T + p["mlp.2.bias"]

    y = layer_norm(x, p["norm1.weight"], p["norm1.bias"])
    by_hand = x + attention_by_loops(y, mha, 2)
    by_hand = by_hand + mlp(layer_norm(by_hand, p["norm2.weight"], p["norm2.bias"]))
    with torch.inference_mode():
        found = block(torch.from_numpy(x)[None])[0].numpy()
    assert found == pytest.approx(by_hand, abs=1e-10)
    assert page["block_gap"] < 1e-5
    assert page["ready_gap"] < 1e-5


def test_the_twin_of_a_block_has_its_weights(page):
    torch.manual_seed(1)
    block = page["EncoderBlock"](32, 4)
    draw = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for p in block.parameters():
            p.copy_(torch.randn(p.shape, generator=draw) / p.shape[-1] ** 0.5)
    twin = keras.models.clone_model(page["block_keras"])
    twin.set_weights(page["as_keras"](block))
    x = inputs(6, 32)[None].astype("float32")
    with torch.inference_mode():
        expected = block(torch.from_numpy(x)).numpy()
    assert keras.ops.convert_to_numpy(twin(x)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.equation("eq:att-post")
def test_post_norm_normalizes_the_sum():
    """The two steps in NumPy equal PyTorch's ready block without norm_first."""
    block = randomized(
        torch.nn.TransformerEncoderLayer(
            8, 2, 32, dropout=0.0, activation="gelu", batch_first=True
        )
    )
    x, p = inputs(), values_of(block)
    mha = {
        k.removeprefix("self_attn."): v for k, v in p.items() if k.startswith("self")
    }
    y = x + attention_by_loops(x, mha, 2)
    y = layer_norm(y, p["norm1.weight"], p["norm1.bias"])
    a = gelu(y @ p["linear1.weight"].T + p["linear1.bias"])
    y = y + a @ p["linear2.weight"].T + p["linear2.bias"]
    y = layer_norm(y, p["norm2.weight"], p["norm2.bias"])
    with torch.inference_mode():
        found = block(torch.from_numpy(x)[None])[0].numpy()
    assert found == pytest.approx(y, abs=1e-10)


@pytest.mark.equation("eq:att-count")
def test_a_block_is_counted(page):
    """The count equals that of the blocks of both libraries, for any number of heads,
    and its parts those of their layers."""
    for d, heads in ((16, 1), (16, 4), (24, 8)):
        block = page["EncoderBlock"](d, heads)
        parts = [
            sum(p.numel() for p in part.parameters())
            for part in (block.mha, block.mlp, block.norm1)
        ]
        assert parts == [4 * d**2 + 4 * d, 8 * d**2 + 5 * d, 2 * d]
        tokens = keras.Input((None, d))
        model = keras.Model(tokens, page["encoder_block"](tokens, heads))
        assert model.count_params() == 12 * d**2 + 13 * d


@pytest.mark.equation("eq:att-cost")
def test_multiplications_are_counted():
    """Counting each product in loops over the formula gives the cost, and that of a
    GRU's six matrices at as many tokens as the width."""

    def counted(steps, d):
        count = 0
        for _ in range(steps):
            count += 4 * d * d  # query, key, value and output of a token
            for _ in range(steps):
                count += d  # a score, over all heads
                count += d  # a value times its weight
        return count

    for steps, d in ((3, 4), (10, 6), (8, 8)):
        assert counted(steps, d) == 4 * steps * d**2 + 2 * steps**2 * d
    assert counted(8, 8) == 6 * 8 * 8**2


# What it knows, and why ---------------------------------------------------------------


def test_padding_does_not_change_what_the_listeners_hear(page):
    x, real = page["test_vowels"][:6].copy(), page["test_real"][:6]
    noisy = np.where(real[..., None], x, np.float32(5))
    with torch.inference_mode():
        first, second = (
            page["listener_torch"](torch.from_numpy(v), torch.from_numpy(real)).numpy()
            for v in (x, noisy)
        )
    assert second == pytest.approx(first, abs=1e-4)
    first, second = (
        page["listener_keras"].predict([v, real], verbose=0) for v in (x, noisy)
    )
    assert second == pytest.approx(first, abs=1e-4)


def test_both_listeners_have_the_size_of_the_table(page):
    assert page["listener_keras"].count_params() == 3673
    assert sum(p.numel() for p in page["listener_torch"].parameters()) == 3673


@pytest.mark.equation("eq:att-same")
def test_weights_between_equal_values_do_nothing():
    """Two tokens with one value and any keys give the same output at any query, while
    the weights go from 0 to 1."""
    rng = np.random.default_rng(0)
    v, keys = rng.normal(size=4), 3 * rng.normal(size=(2, 4))
    weights, outputs = [], []
    for _ in range(50):
        alpha = softmax(keys @ (3 * rng.normal(size=4)))
        weights.append(alpha[0])
        outputs.append(alpha @ np.stack([v, v]))
    assert np.ptp(weights) > 0.9
    assert np.array(outputs) == pytest.approx(np.tile(v, (50, 1)))


# Writing ------------------------------------------------------------------------------


@pytest.mark.equation("eq:att-chain")
def test_the_probabilities_of_all_short_texts_sum_to_one(page):
    """The writer's products over all texts of two signs sum to 1, and the probability
    of a line is that of its signs one after the other, each from its past alone."""
    writer, end = page["writer_torch"], SIGNS.index("\n")
    pairs = np.array([(end, a) for a in range(22)])
    with torch.inference_mode():
        p = torch.softmax(writer(torch.from_numpy(pairs)).double(), dim=-1).numpy()
    total = sum(
        p[a, 0, a] * p[a, 1, b] for a, b in itertools.product(range(22), repeat=2)
    )
    assert total == pytest.approx(1, abs=1e-6)
    read, said, real = shifted([counting_line(309)])
    with torch.inference_mode():
        whole = torch.softmax(writer(torch.from_numpy(read)).double(), dim=-1)
        logs = []
        for t in range(real.sum()):
            last = writer(torch.from_numpy(read[:, : t + 1])).double()[0, -1]
            logs.append(torch.log_softmax(last, dim=-1)[said[0, t]].item())
    at_once = whole[0, range(real.sum()), said[0, : real.sum()]].log().sum().item()
    assert sum(logs) == pytest.approx(at_once, abs=1e-4)


@pytest.mark.equation("eq:att-bits")
def test_bits_and_perplexity_are_one_loss():
    """For 22 signs alike both libraries' cross-entropy is log2(22) bits, and its
    exponential 22."""
    o, y = np.zeros((3, 22), "float32"), np.array([0, 5, 21])
    loss = torch.nn.functional.cross_entropy(*map(torch.from_numpy, (o, y))).item()
    fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert float(fn(y, o)) == pytest.approx(loss, abs=1e-6)
    assert loss / np.log(2) == pytest.approx(np.log2(22), abs=1e-6)
    assert 2 ** (loss / np.log(2)) == pytest.approx(np.exp(loss))
    assert np.exp(loss) == pytest.approx(22, rel=1e-6)


def test_the_writer_sees_no_future(page):
    read, _, _ = shifted([counting_line(n) for n in (5, 88, 309)])
    other = read.copy()
    other[:, 12:] = SIGNS.index("z")
    for say in (
        lambda r: page["twin_writer"].predict(r, verbose=0),
        lambda r: page["writer_torch"](torch.from_numpy(r)).detach().numpy(),
    ):
        first, second = say(read), say(other)
        assert second[:, :12] == pytest.approx(first[:, :12], abs=1e-4)
        assert np.abs(second[:, 12:] - first[:, 12:]).max() > 0.1


def test_the_writers_are_twins(page):
    assert page["twin_gap"] < 1e-4


def test_the_figure_is_the_writer_of_the_page(page):
    """Its arrays, and in 8 bits nearly always the same next sign on the test lines."""
    exact, arrays = renamed(page["state"]), page["writer"].weights()
    assert sum(array.size for array in exact.values()) == 16022
    same = []
    for line, o in zip(page["test_lines"], page["writer_o"], strict=True):
        tokens = encode(END + line)
        theirs = o[: len(tokens)]
        assert forward(exact, tokens, 4)["logits"] == pytest.approx(theirs, abs=1e-4)
        ours = forward(arrays, tokens, 4)["logits"]
        same += (ours.argmax(axis=1) == theirs.argmax(axis=1)).tolist()
    assert np.mean(same) > 0.99


@pytest.mark.equation("eq:att-temperature")
def test_temperature_divides_logits():
    """Frequencies of 20 000 draws, taken by adding Gumbel noise to the divided logits,
    are the softmax; near 0 the largest takes all."""
    o, rng = np.array([2.0, 0.0, -1.0]), np.random.default_rng(0)
    for tau in (0.5, 1.0, 2.0):
        noise = rng.gumbel(size=(20_000, 3))
        counts = np.bincount((o / tau + noise).argmax(axis=1), minlength=3)
        assert counts / 20_000 == pytest.approx(softmax(o / tau), abs=0.012)
    assert softmax(o / 0.01)[0] == pytest.approx(1)
