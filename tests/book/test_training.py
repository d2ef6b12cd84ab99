"""The chapter on training: its equations, and what it shows beside them, measured."""

import copy

import numpy as np
import pytest
from every_chapter import *  # noqa: F403

import notebook_utils  # noqa: F401  (before Keras)

# isort: split
import keras
import torch

# TensorFlow's variables, when NumPy copies them
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")

PAGE = "book/training"


@pytest.fixture(scope="module")
def training(chapter):
    return chapter(PAGE).namespace


# Equations ----------------------------------------------------------------------------


@pytest.mark.equation("eq:layer-products")
def test_the_products_of_layers_are_what_autograd_finds(training):
    """The three printed products, and the chapter's adjoints, on a 5-7-7-3 network."""
    rng = np.random.default_rng(0)
    shapes = [(7, 5), (7, 7), (3, 7)]
    weights = [rng.normal(size=shape) for shape in shapes]
    x, target = rng.normal(size=5), np.array([0.0, 1.0, 0.0])
    tensors = [torch.tensor(W, requires_grad=True) for W in weights]
    value = torch.tensor(x)
    for W in tensors:
        value = torch.sigmoid(W @ value)
    ((value - torch.tensor(target)) ** 2).sum().backward()

    a, slopes = [x], []
    for W in weights:
        a.append(1 / (1 + np.exp(-W @ a[-1])))
        slopes.append(np.diag(a[-1] * (1 - a[-1])))
    D1, D2, D3 = slopes
    _, W2, W3 = weights
    delta = D3 @ (2 * (a[3] - target))
    printed = [
        np.outer(D1 @ W2.T @ D2 @ W3.T @ delta, a[0]),
        np.outer(D2 @ W3.T @ delta, a[1]),
        np.outer(delta, a[2]),
    ]
    layers = [(W, np.zeros((1, len(W)))) for W in weights]
    o, values = training["forward"](x[None], layers, "sigmoid")
    deltas = training["backward"](o, layers, "sigmoid", delta[None])
    ours = training["gradients"](values, deltas)
    for tensor, product, (dW, _) in zip(tensors, printed, ours, strict=True):
        assert tensor.grad.numpy() == pytest.approx(product, abs=1e-15)
        assert dW == pytest.approx(product, abs=1e-15)


@pytest.mark.equation("eq:scalar-chain")
def test_a_chain_of_sigmoids_keeps_within_its_bound(training):
    """Product and bound against autograd, for random chains; sharp at slope 1/4."""
    rng = np.random.default_rng(0)
    sigma = training["activations"]["sigmoid"][1]
    for depth in (1, 2, 5, 10):
        for _ in range(20):
            w = torch.tensor(rng.normal(scale=2, size=depth), requires_grad=True)
            x = torch.tensor(rng.normal())
            u, product = x, abs(float(x))
            for layer in range(depth):
                o = w[layer] * u
                product *= float(sigma(o.item())) * (
                    abs(w[layer].item()) if layer else 1
                )
                u = torch.sigmoid(o)
            u.backward()
            slope = abs(w.grad[0].item())
            bound = 0.25**depth * abs(float(x)) * np.abs(w[1:].detach().numpy()).prod()
            assert slope == pytest.approx(product, rel=1e-10)
            assert slope <= bound * (1 + 1e-12)
    w = torch.zeros(1, dtype=torch.float64, requires_grad=True)  # o = 0: slope 1/4
    torch.sigmoid(w[0] * 3.0).backward()
    assert w.grad.item() == 0.25 * 3


@pytest.mark.equation("eq:forward-variance")
def test_a_sum_over_random_weights_has_the_printed_mean_square():
    """Drawn many times, for inputs with and without a mean; biases are zero."""
    rng = np.random.default_rng(0)
    for mean in (0.0, 1.0, -2.0):
        a = mean + rng.normal(size=50)
        for variance in (0.02, 1.0):
            W = np.sqrt(3 * variance) * rng.uniform(-1, 1, size=(40_000, 50))
            o = W @ a
            assert np.mean(o**2) == pytest.approx(
                50 * variance * np.mean(a**2), rel=0.03
            )


@pytest.mark.equation("eq:backward-variance")
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "ReLU"])
def test_adjoints_shrink_or_grow_by_the_printed_factor(training, name):
    """One wide layer back, from independent adjoints, within a few percent."""
    rng = np.random.default_rng(0)
    n_before, n, variance = 300, 200, 0.007
    slope = training["activations"][name][1]
    ratios = []
    for _ in range(20):
        o = rng.normal(size=(50, n_before))
        delta = rng.normal(size=(50, n))
        W = np.sqrt(variance) * rng.normal(size=(n, n_before))
        before = (delta @ W) * slope(o)
        printed = n * variance * np.mean(slope(o) ** 2) * np.mean(delta**2)
        ratios.append(np.mean(before**2) / printed)
    assert np.mean(ratios) == pytest.approx(1, rel=0.02)


@pytest.mark.equation("eq:initializations")
def test_both_libraries_draw_with_the_printed_variances(training):
    """LeCun's, Glorot's and He's, normal and uniform, from 400 to 300 units."""
    printed = {"lecun": 1 / 400, "glorot": 2 / (400 + 300), "he": 2 / 400}
    for name, variance in printed.items():
        assert training[name](400, 300) == pytest.approx(variance)
        draws = {"chapter": training["draw"]([400, 300], training[name], rng())[0][0]}
        for kind in ("normal", "uniform"):
            keras.utils.set_random_seed(0)
            made = keras.initializers.get(f"{name}_{kind}")((400, 300))
            draws[f"keras {kind}"] = keras.ops.convert_to_numpy(made)
        for kind, values in torch_draws(name):
            draws[f"torch {kind}"] = values.numpy()
        for source, values in draws.items():
            assert values.var() == pytest.approx(variance, rel=0.02), (name, source)
            assert values.mean() == pytest.approx(
                0, abs=4 * np.sqrt(variance / 120_000)
            )
            if source.endswith("uniform"):
                bound = np.sqrt(3 * variance)
                assert 0.999 * bound < np.abs(values).max() <= bound * (1 + 1e-6)


def rng():
    return np.random.default_rng(0)


def torch_draws(name):
    """PyTorch has no function for LeCun's, which is He's for linear units."""
    torch.manual_seed(0)
    init = torch.nn.init
    for kind in ("normal", "uniform"):
        values = torch.empty(300, 400)
        if name == "glorot":
            yield kind, getattr(init, f"xavier_{kind}_")(values)
        else:
            unit = {"lecun": "linear", "he": "relu"}[name]
            yield kind, getattr(init, f"kaiming_{kind}_")(values, nonlinearity=unit)


@pytest.mark.equation("eq:leaky")
def test_the_leaky_relu_is_the_maximum_only_for_slopes_up_to_one(training):
    """Both libraries' layers equal the formula; above 1 the branches are exchanged."""
    o = np.linspace(-3, 3, 61).astype("float32")
    for alpha in (0.0, 0.01, 0.3, 1.0):
        printed = np.maximum(alpha * o, o)
        layer = keras.layers.LeakyReLU(negative_slope=alpha)
        assert keras.ops.convert_to_numpy(layer(o)) == pytest.approx(printed)
        leaky = torch.nn.LeakyReLU(alpha)
        assert leaky(torch.from_numpy(o)).numpy() == pytest.approx(printed)
    assert np.maximum(2 * -1.0, -1.0) == -1.0  # not -2
    function, slope = training["activations"]["leaky ReLU"]
    assert function(o) == pytest.approx(np.maximum(0.1 * o, o))
    middle = (o[1:] + o[:-1]) / 2
    assert slope(middle) == pytest.approx(
        np.diff(function(o.astype(float))) / np.diff(o), rel=1e-3
    )


@pytest.mark.equation("eq:scaling")
def test_inputs_are_scaled_by_the_training_rows_alone(training):
    """Both models' first layers, and both experiments, against loops over the rows."""
    for kind, x in (("flower", "x_flowers"), ("house", "x_houses")):
        x, seen = training[x], training[f"{kind}_train"]
        rows = x[seen].astype(float)
        mean = [sum(column) / len(rows) for column in rows.T]
        spread = [
            np.sqrt(sum((value - m) ** 2 for value in column) / len(rows))
            for column, m in zip(rows.T, mean, strict=True)
        ]
        printed = (x - np.array(mean)) / np.array(spread)
        first = training[f"{kind}_keras"].layers[0](x)
        assert keras.ops.convert_to_numpy(first) == pytest.approx(printed, abs=1e-4)
        module = training[f"{kind}_torch"][0].cpu()
        assert module(torch.from_numpy(x)).numpy() == pytest.approx(printed, abs=1e-4)
    parts, _ = training["boston_parts"]([3])
    first, second, third = (x[0] for x, _ in parts)
    order = np.random.default_rng(3).permutation(506)
    tracts = training["tracts"][order]
    assert len(first) == len(second) == 100 and len(third) == 306
    printed = (tracts - tracts[:100].mean(axis=0)) / tracts[:100].std(axis=0)
    assert np.concatenate([first, second, third]) == pytest.approx(printed)


@pytest.mark.equation("eq:window")
def test_the_window_rule_stops_at_the_first_small_relative_drop(training):
    """The chapter's function equals a loop, for several widths and thresholds."""
    stop = training["window_stop"]
    for losses in (training["shallow_losses"], training["history"][:, 1, 0]):
        for width in (1, 7, 10, 100):
            for threshold in (0.001, 0.01, 0.2):
                expected = None
                for t in range(width, len(losses)):
                    before = losses[t - width]
                    if (before - losses[t]) / before < threshold:
                        expected = t
                        break
                assert stop(losses, width, threshold) == expected
    falling = 0.5 ** np.arange(10.0)
    assert stop(falling, 1) is None
    assert stop(1000 * training["shallow_losses"], 10) == stop(
        training["shallow_losses"], 10
    )


# Beside the equations -----------------------------------------------------------------


UNITS = {
    "linear": lambda o: o,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": torch.relu,
    "leaky ReLU": lambda o: torch.nn.functional.leaky_relu(o, 0.1),
}


def autograd_sizes(layers, name, x, last):
    """Root mean squares of adjoints of all pre-activations, from PyTorch."""
    value, kept = torch.from_numpy(x), []
    for W, b in layers:
        o = value @ torch.from_numpy(W.T) + torch.from_numpy(b)
        o.requires_grad_(True)
        o.retain_grad()
        kept.append(o)
        value = UNITS[name](o)
    kept[-1].backward(torch.from_numpy(last(kept[-1].detach().numpy())))
    return [o.grad.square().mean().sqrt().item() for o in kept]


# Depth --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", UNITS)
def test_adjoints_through_depth_are_those_of_autograd(training, name):
    """The chapter's sizes of adjoints, for each activation, at depth 10."""
    found = training["through"](name, training["glorot"], 10, width=32)[1]
    rng = np.random.default_rng(0)
    layers = training["draw"](11 * [32], training["glorot"], rng)
    x, last = rng.normal(size=(64, 32)), rng.normal(size=(64, 32))
    assert found == pytest.approx(autograd_sizes(layers, name, x, lambda o: last))


def test_the_table_of_depths_is_found_again_without_the_chapter_s_code(training):
    """Fresh draws of other width: the same order of magnitude in each row."""
    variances = {"glorot": 1, "he": 2, "third": 1 / 3}  # of a square layer, times n
    slopes = {
        "sigmoid": lambda o: 0.25 / np.cosh(o / 2) ** 2,
        "tanh": lambda o: np.cosh(o) ** -2,
        "ReLU": lambda o: 1.0 * (o > 0),
    }
    values = {"sigmoid": lambda o: 1 / (1 + np.exp(-o)), "tanh": np.tanh}
    values["ReLU"] = lambda o: o * (o > 0)
    rows = {(name, kind) for name, kind, _ in training["depths"]}
    assert len(rows) == 7
    for name, kind in rows:
        logs = []
        for seed in range(3):
            rng = np.random.default_rng(100 + seed)
            weights = rng.normal(size=(20, 96, 96)) * np.sqrt(variances[kind] / 96)
            a, slope = rng.normal(size=(32, 96)), []
            for W in weights:
                o = a @ W.T
                slope.append(slopes[name](o))
                a = values[name](o)
            delta = rng.normal(size=a.shape)
            end = np.linalg.norm(delta)
            for W, s in zip(weights[:0:-1], slope[-2::-1], strict=True):
                delta = (delta @ W) * s
            logs.append(np.log10(np.linalg.norm(delta) / end))
        found = np.log10(training["depths"][name, kind, 20][1])
        assert np.mean(logs) == pytest.approx(found, abs=0.35), (name, kind)


def test_relus_keep_their_scale_with_he_s_weights_only(training):
    ratio = {key: value[1] for key, value in training["depths"].items()}
    for depth in (5, 10, 20, 50):
        assert 0.5 < ratio["ReLU", "he", depth] < 2
        assert ratio["ReLU", "glorot", depth] == pytest.approx(
            2 ** (-(depth - 1) / 2), rel=0.5
        )
        assert ratio["sigmoid", "he", depth] < 0.02
    assert 0.05 < ratio["tanh", "glorot", 50] < 0.2
    assert ratio["tanh", "third", 50] < 1e-10


def test_weight_gradients_hide_what_adjoints_show(training):
    """Glorot's ReLUs at depth 50: adjoints vanish, weight gradients do not."""
    _, adjoints, weights = training["depths"]["ReLU", "glorot", 50]
    assert adjoints < 1e-7 and 0.5 < weights < 2


def test_each_activation_crosses_one_where_the_text_says(training):
    gains, ratios = training["gains"], training["ratios"]

    def crossing(name):
        logs = np.log(ratios[name])
        return np.exp(np.interp(0, logs, np.log(gains)))

    assert crossing("linear") == pytest.approx(1, rel=0.05)
    assert crossing("ReLU") == pytest.approx(np.sqrt(2), rel=0.05)
    assert 1.1 < crossing("tanh") < 1.5
    assert max(ratios["sigmoid"]) < 1
    assert max(ratios["linear"]) > 1e10  # and they explode


def test_the_slopes_are_worth_what_the_figure_says(training):
    worth = training["mean_square_slope"]
    for spread in (0.1, 1.0, 10.0):
        assert worth("ReLU", spread) == pytest.approx(0.5, abs=0.01)
        assert worth("leaky ReLU", spread) == pytest.approx(0.505, abs=0.01)
        assert worth("sigmoid", spread) <= 1 / 16
    assert worth("tanh", 0.1) > 0.95 and worth("tanh", 10.0) < 0.1


def test_the_deep_sigmoids_stay_where_a_straight_cut_would(training):
    """Their loss is that of logistic regression; the cures learn, in all starts."""
    x = np.column_stack([training["points"], np.ones(200)])
    w = np.zeros(3)
    for _ in range(5000):
        w -= x.T @ (1 / (1 + np.exp(-x @ w)) - training["arm"]) / 200
    line = np.mean(np.logaddexp(0, x @ w) - training["arm"] * (x @ w))
    assert training["deep_losses"][-1] == pytest.approx(line, abs=1e-3)
    assert training["rival"] == pytest.approx(line, abs=1e-6)
    assert training["shallow_losses"][-1] < 0.05
    assert training["cures"]["sigmoid"].min() > 0.64
    assert max(training["cures"]["tanh"].max(), training["cures"]["ReLU"].max()) < 0.05


def test_the_libraries_lose_what_the_text_says_by_default(training):
    left = training["left_keras"] | training["left_torch"]
    printed = {
        "glorot_uniform": (1 / 128, 1e-5, 1e-3),
        "he_normal": (2 / 128, 0.05, 1),
        "default": (1 / (3 * 128), 1e-9, 1e-6),
        "kaiming_normal_": (2 / 128, 0.05, 1),
    }
    assert left.keys() == printed.keys()
    for name, (variance, low, high) in printed.items():
        assert left[name][0] == pytest.approx(variance, rel=0.03)
        assert low < left[name][1] < high
    assert training["third"](128, 128) == pytest.approx(1 / (3 * 128))


def test_the_defaults_of_the_leak_are_as_told():
    assert keras.layers.LeakyReLU().negative_slope == pytest.approx(0.3)
    assert torch.nn.LeakyReLU().negative_slope == pytest.approx(0.01)
    named = keras.activations.get("leaky_relu")(np.array([-1.0], "float32"))
    assert float(keras.ops.convert_to_numpy(named)[0]) == pytest.approx(-0.2)


def test_dead_units_are_counted_as_autograd_counts_them(training):
    """A unit that no point turns on has no gradient for any of its weights."""
    layers = training["draw"]([2, 16, 16, 1], training["he"], np.random.default_rng(0))
    layers, _ = training["fit"](
        layers,
        "ReLU",
        training["logistic"],
        300 * [(training["points"], training["labels"])],
        1.0,
    )
    x, dead = torch.from_numpy(training["points"]), []
    for W, b in layers[:-1]:
        weights = torch.tensor(W, requires_grad=True)
        values = torch.relu(x @ weights.T + torch.from_numpy(b))
        values.sum().backward()
        dead += (weights.grad == 0).all(dim=1).tolist()
        x = values.detach()
    assert np.mean(dead) == training["dead"]["ReLU", 1.0][0] > 0.4
    assert training["dead"]["ReLU", 0.01][0] < 0.1
    assert training["dead"]["leaky ReLU", 1.0][1] < 0.3 < 0.69
    assert training["dead"]["ReLU", 1.0][1] == pytest.approx(np.log(2), abs=1e-3)


def test_equal_weights_stay_equal_and_tiny_ones_learn_nothing(training):
    breaking = training["breaking"]
    assert [breaking[name][2] for name in ("zero", "all 0.1")] == [1, 1]
    assert [breaking[n][2] for n in breaking if n not in ("zero", "all 0.1")] == 4 * [
        20
    ]
    for name in ("zero", "spread 0.001"):
        assert breaking[name][1] == pytest.approx(np.log(3), abs=1e-4)
    learned = [breaking[n][1] for n in ("He", "spread 0.1", "all 0.1", "spread 10")]
    assert learned == sorted(learned) and breaking["spread 10"][0] > 1000


# Inputs and stopping ------------------------------------------------------------------


def test_scaling_by_all_rows_leaks_next_to_nothing_here(training):
    """Recomputed with scikit-style matrices: the same two errors on a few splits."""
    for seed in (0, 7):
        order = np.random.default_rng(seed).permutation(506)
        train, test = order[:404], order[404:]
        for leak, rows in ((0, train), (1, order)):
            x = training["tracts"].copy()
            x = (x - x[rows].mean(0)) / x[rows].std(0)
            # an unpenalized bias, by a column of ones
            columns = np.column_stack([x, np.ones(506)])
            gram = columns[train].T @ columns[train] + np.diag([10.0] * 6 + [0])
            w = np.linalg.solve(gram, columns[train].T @ training["price"][train])
            error = columns[test] @ w - training["price"][test]
            found = np.sqrt(np.mean(error**2))
            assert training["leaks"][seed, leak] == pytest.approx(found, rel=1e-6)
    assert np.abs(np.diff(training["leaks"])).max() < 0.02


def test_standardized_flowers_fit_faster_and_overfit_sooner(training):
    raw, scaled = training["curves"][False], training["curves"][True]
    assert raw.shape == scaled.shape == (100, 2, 6)
    assert scaled[-1, 0].mean() < raw[-1, 0].mean() / 20
    assert scaled[4, 1].mean() < raw[4, 1].mean()  # ahead on held-out flowers early
    assert scaled[-1, 1].mean() > raw[-1, 1].mean()  # and behind in the end
    best = [c[:, 1].min(axis=0).mean() for c in (raw, scaled)]
    assert abs(best[0] - best[1]) < 0.05


def test_copies_train_as_they_would_alone(training):
    """Two copies, each alone with its own weights and batches, take the same steps."""
    x, y = training["parts"][0][0][:2], training["parts"][0][1][:2]
    start = training["draw"]([6, 4, 1], training["he"], np.random.default_rng(0), (2,))
    batches = [(x[:, :32], y[:, :32]), (x[:, 32:64], y[:, 32:64])]
    squared = training["squared"]
    together, losses = training["fit"](start, "ReLU", squared, batches, 0.01)
    for i in range(2):
        alone = [(W[i], b[i]) for W, b in start]
        own = [(x_b[i], y_b[i]) for x_b, y_b in batches]
        layers, own_losses = training["fit"](alone, "ReLU", squared, own, 0.01)
        assert own_losses == pytest.approx(losses[:, i])
        assert layers[0][0] == pytest.approx(together[0][0][i])


def test_adam_of_the_chapter_is_pytorch_s(training):
    """Five steps of the chapter's fit on a small network equal torch.optim.Adam's."""
    start = training["draw"]([2, 5, 1], training["glorot"], np.random.default_rng(1))
    x, y = training["points"], training["labels"]
    layers, losses = training["fit"](
        start, "tanh", training["logistic"], 5 * [(x, y)], 0.05
    )
    tensors = [torch.tensor(p, requires_grad=True) for layer in start for p in layer]
    optimizer = torch.optim.Adam(tensors, lr=0.05)
    for found in losses:
        W1, b1, W2, b2 = tensors
        o = torch.tanh(torch.from_numpy(x) @ W1.T + b1) @ W2.T + b2
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            o, torch.from_numpy(y)
        )
        assert found == pytest.approx(loss.item(), rel=1e-12)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for ours, theirs in zip(
        [p for layer in layers for p in layer], tensors, strict=True
    ):
        assert ours == pytest.approx(theirs.detach().numpy(), rel=1e-9, abs=1e-12)


def test_early_stopping_chooses_as_the_algorithm_says(training):
    """The chapter's function, line by line of the algorithm, on the twenty curves."""
    for patience in (1, 3, 20, 200):
        for curve in training["history"][:, 1].T:
            best_loss, best_t, t = np.inf, 0, 0
            for t, value in enumerate(curve, start=1):
                if value < best_loss:
                    best_loss, best_t = value, t
                elif t - best_t >= patience:
                    break
            assert training["stop_early"](curve, patience) == (t - 1, best_t - 1)


def test_stopping_early_saves_epochs_and_test_error(training):
    stopped, history = training["stopped"], training["history"]
    epochs = [stopped[p][0] for p in (1, 5, 20, 50, 200)]
    assert epochs == sorted(epochs) and epochs[-1] == 200
    for patience in (5, 20, 50, 200):
        _, validation, test = stopped[patience]
        assert validation < test < history[-1, 2].mean()
        assert test == pytest.approx(stopped[20][2], rel=0.1)
        _, *last = history[-1].mean(axis=1)
        assert test - validation > 1.5 * (last[1] - last[0])
    assert stopped[1][2] > 1.2 * stopped[5][2]
    best = history[:, 1].argmin(axis=0)
    wins = history[best, 2, np.arange(20)] < history[-1, 2]
    assert wins.sum() >= 16


def test_the_sweep_has_its_valley_inside(training):
    best = training["best_loss"]
    assert 0 < best.argmin() < len(best) - 1
    good = training["rates"][best < 4 / 3 * best.min()]
    assert np.log10(good.max() / good.min()) > 1.99


# The whole loop -----------------------------------------------------------------------


def test_the_flowers_validation_losses_agree_in_both_libraries(training):
    """SGD with momentum, every epoch until both stop at the same one."""
    ours, theirs = training["checks_keras"], training["checks_torch"]
    assert len(ours) == len(theirs) < 200
    assert theirs == pytest.approx(ours, rel=1e-5)


def test_the_houses_validation_losses_agree_with_a_tiny_epsilon(training):
    """Adam, 110 steps with the same epsilon near zero."""
    ours, theirs = training["house_checks_keras"], training["house_checks_torch"]
    assert theirs[:10] == pytest.approx(ours[:10], rel=1e-4)


def test_the_flowers_losses_are_those_of_a_network_written_in_numpy(training):
    """Momentum and batches by hand, in double precision, for the first five epochs."""
    x = training["x_flowers"].astype(float)
    x = (x - x[:90].mean(axis=0)) / x[:90].std(axis=0)
    y = np.eye(3)[training["y_flowers"]]
    layers = [[p.copy() for p in layer] for layer in training["flower_start"]]
    speed = [[0 * p for p in layer] for layer in layers]
    for epoch in range(5):
        for i in range(0, 90, 30):
            o, a = training["forward"](x[i : i + 30], layers, "ReLU")
            p = np.exp(o[-1]) / np.exp(o[-1]).sum(axis=1, keepdims=True)
            deltas = training["backward"](o, layers, "ReLU", (p - y[i : i + 30]) / 30)
            for layer, v, slopes in zip(
                layers, speed, training["gradients"](a, deltas), strict=True
            ):
                for k in range(2):
                    v[k] = 0.9 * v[k] - 0.05 * slopes[k]
                    layer[k] = layer[k] + v[k]
        logits = training["forward"](x[90:120], layers, "ReLU")[0][-1]
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        loss = -np.mean((y[90:120] * log_p).sum(axis=1))
        assert training["checks_keras"][epoch] == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize("kind", ["flower", "house"])
def test_both_loops_stop_when_and_keep_what_the_algorithm_says(training, kind):
    """Epochs run, and the loss of the model that is left, from the curve alone."""
    patience = {"flower": 20, "house": 10}[kind]
    x = training["x_flowers" if kind == "flower" else "x_houses"]
    y = training["y_flowers" if kind == "flower" else "y_houses"]
    rows = training[f"{kind}_check"]
    prefix = "" if kind == "flower" else "house_"
    for library in ("keras", "torch"):
        curve = np.array(training[f"{prefix}checks_{library}"])
        best = int(curve.argmin())
        assert len(curve) == best + 1 + patience
        model = training[f"{kind}_{library}"]
        if library == "keras":
            left = model.evaluate(x[rows], y[rows], verbose=0)
            left = left[0] if isinstance(left, list) else left
        else:
            loss = {
                "flower": torch.nn.functional.cross_entropy,
                "house": torch.nn.functional.mse_loss,
            }[kind]
            with torch.no_grad():
                answers = model.cpu()(torch.from_numpy(x[rows]))
                left = loss(answers, torch.from_numpy(y[rows])).item()
        assert left == pytest.approx(curve[best], rel=1e-4)


def test_a_loaded_model_answers_as_the_saved_one_from_raw_numbers(training):
    """Flowers in centimeters and tracts in their units, for both libraries."""
    for kind, x in (("flower", "x_flowers"), ("house", "x_houses")):
        x = training[x]
        loaded = "loaded_" if kind == "flower" else "loaded_house_"
        saved_keras = training[f"{kind}_keras"].predict(x, verbose=0)
        again_keras = training[f"{loaded}keras"].predict(x, verbose=0)
        assert np.array_equal(saved_keras, again_keras)
        with torch.no_grad():
            saved_torch = training[f"{kind}_torch"].cpu()(torch.from_numpy(x)).numpy()
            again_torch = training[f"{loaded}torch"](torch.from_numpy(x)).numpy()
        assert np.array_equal(saved_torch, again_torch)
        scale = float(np.abs(saved_keras).max())
        assert again_torch == pytest.approx(again_keras, abs=0.02 * scale)


def test_a_model_without_its_scaling_would_answer_something_else(training):
    """The numbers of the first layer are in the file, not in the program."""
    fresh = copy.deepcopy(training["loaded_torch"])
    fresh[0].mean.zero_()
    fresh[0].std.fill_(1.0)
    x = torch.from_numpy(training["x_flowers"])
    with torch.no_grad():
        assert not torch.allclose(fresh(x), training["loaded_torch"](x), atol=0.1)
    stored = torch.load(training["folder"] / "flower.pt", weights_only=True)
    assert stored["0.mean"].numpy() == pytest.approx(training["flower_mean"])


def test_the_new_flower_and_the_new_house_get_sensible_answers(training):
    for p in (training["p_keras"], training["p_torch"]):
        assert p.sum() == pytest.approx(1, abs=1e-5)
        assert training["names"][p.argmax()] == "versicolor"
    assert training["p_torch"] == pytest.approx(training["p_keras"], abs=1e-3)
    for value in (training["value_keras"], training["value_torch"]):
        assert 15 < value < 35
    line = np.column_stack([training["tracts"], np.ones(506)])
    w = np.linalg.lstsq(line, training["price"])[0]
    rmse = np.sqrt(np.mean((line @ w - training["price"]) ** 2))
    assert max(training["rmse_keras"], training["rmse_torch"]) < rmse


# The checklist ------------------------------------------------------------------------


def test_every_item_of_the_checklist_tells_healthy_from_faulty(training):
    """Each line in the direction that the text gives, by a wide margin."""
    found = training["checklist"]
    assert [int(name.split()[0]) for name in found] == list(range(1, 9))
    (first, ten, ratio, dead, step, rival, shuffled, new) = found.values()
    assert all(len(line) == 3 and line[2] for line in found.values())
    assert first[0] < 2 * np.log(3) and first[1] > 10 * np.log(3)
    assert ten[0] < 1e-3 and ten[1] > 1
    assert ratio[0] > 0.01 and ratio[1] < 1e-6
    assert dead[0] < 0.1 and dead[1] > 0.4
    assert 1e-4 < step[0] < 1e-2 and step[1] > 1
    assert rival[0] < 0.1 and rival[1] > 0.99
    assert shuffled[0] < 0.5 and shuffled[1] > 0.9
    assert new[0] > 0.95 and new[1] < 0.5


def test_the_first_items_are_what_pytorch_measures(training):
    """First loss and ratio of adjoints, from the same weights, by autograd."""
    x, species = training["flowers"], torch.tensor(training["species"])
    value = torch.from_numpy(x)
    for W, b in training["starts"]["He"]:
        o = value @ torch.from_numpy(W.T) + torch.from_numpy(b)
        value = torch.relu(o)
    loss = torch.nn.functional.cross_entropy(o, species).item()
    assert training["checklist"]["1 first loss"][0] == pytest.approx(loss)
    for name, kind, place in (("ReLU", "he", 0), ("sigmoid", "glorot", 1)):
        rng = np.random.default_rng(0)
        layers = training["draw"]([2, *10 * [16], 1], training[kind], rng)
        sizes = autograd_sizes(
            layers,
            name,
            training["points"],
            lambda o: (1 / (1 + np.exp(-o)) - training["labels"]) / 200,
        )
        found = training["checklist"]["3 first / last adjoint"][place]
        assert found == pytest.approx(sizes[0] / sizes[-1], rel=1e-6)


def test_the_mistakes_cost_what_the_text_says(training):
    hasty, patient = training["hasty_checks_keras"], training["checks_keras"]
    assert len(hasty) < len(patient)
    assert hasty == pytest.approx(patient[: len(hasty)], rel=1e-5)
    assert hasty[-1] > min(patient)
    bias = training["flower_torch"][5].bias.detach().cpu()
    assert not torch.equal(training["best_referenced"]["5.bias"].cpu(), bias)
    assert torch.equal(training["best_copied"]["5.bias"].cpu(), bias)
    assert training["own_right"] < 0.5 < 0.95 < training["shared_right"]
