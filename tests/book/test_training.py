"""The chapter on training: its equations, and what it shows beside them, measured."""

import copy

import numpy as np
import pytest
import this_book
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
    sigmoids = training["activations"]["sigmoid"]
    values = training["forward"](x[None], weights, sigmoids)
    deltas = training["backward"](values, weights, sigmoids, delta[None])
    ours = [d.T @ before for d, before in zip(deltas, values[:-1], strict=True)]
    for tensor, product, dW in zip(tensors, printed, ours, strict=True):
        assert tensor.grad.numpy() == pytest.approx(product, abs=1e-15)
        assert dW == pytest.approx(product, abs=1e-15)


@pytest.mark.equation("eq:scalar-chain")
def test_a_chain_of_sigmoids_keeps_within_its_bound(training):
    """Product and bound against autograd, for random chains; sharp at slope 1/4."""
    rng = np.random.default_rng(0)
    function, slope_of = training["activations"]["sigmoid"]
    for depth in (1, 2, 5, 10):
        for _ in range(20):
            w = torch.tensor(rng.normal(scale=2, size=depth), requires_grad=True)
            x = torch.tensor(rng.normal())
            u, product = x, abs(float(x))
            for layer in range(depth):
                o = w[layer] * u
                product *= float(slope_of(function(o.item()))) * (
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
    function, slope_of = training["activations"][name]

    def slope(o):
        return slope_of(function(o))

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
        draws = {"chapter": training["draw"]([400, 300], training[name], rng())[0]}
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
    middle = (o[1:] + o[:-1]) / 2
    assert training["slope_at"]("leaky ReLU", middle) == pytest.approx(
        np.diff(np.maximum(0.1 * o, o)) / np.diff(o), rel=1e-3
    )


@pytest.mark.equation("eq:scaling")
def test_inputs_are_scaled_by_the_training_rows_alone(training):
    """Both models' first layers, and the stopping experiment, against loops."""
    rows, x = training["x_train"].astype(float), training["x_test"]
    mean = [sum(column) / len(rows) for column in rows.T]
    spread = [
        np.sqrt(sum((value - m) ** 2 for value in column) / len(rows))
        for column, m in zip(rows.T, mean, strict=True)
    ]
    printed = (x - np.array(mean)) / np.array(spread)
    first = training["net_keras"].layers[0](x)
    assert keras.ops.convert_to_numpy(first) == pytest.approx(printed, abs=1e-3)
    module = training["net_torch"][0].cpu()
    assert module(torch.from_numpy(x)).numpy() == pytest.approx(printed, abs=1e-3)
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
    for losses in (training["one_curve"], training["history"][:, 1, 0]):
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
    assert stop(1000 * training["one_curve"], 10) == stop(training["one_curve"], 10)


# Beside the equations -----------------------------------------------------------------


UNITS = {
    "linear": lambda o: o,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": torch.relu,
}


def autograd_sizes(weights, name, x, last):
    """Root mean squares of adjoints of all pre-activations, from PyTorch."""
    value, kept = torch.from_numpy(x), []
    for W in weights:
        o = value @ torch.from_numpy(W.T)
        o.requires_grad_(True)
        o.retain_grad()
        kept.append(o)
        value = UNITS[name](o)
    kept[-1].backward(torch.from_numpy(last))
    return [o.grad.square().mean().sqrt().item() for o in kept]


# Depth --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", UNITS)
def test_adjoints_through_depth_are_those_of_autograd(training, name):
    """The chapter's sizes of adjoints, for each activation, at depth 10."""
    units = training["activations"][name]
    found = training["through"](units, training["glorot"], 10, width=32)[1]
    rng = np.random.default_rng(0)
    weights = training["draw"](11 * [32], training["glorot"], rng)
    x, last = rng.normal(size=(64, 32)), rng.normal(size=(64, 32))
    assert found == pytest.approx(autograd_sizes(weights, name, x, last))


def test_the_table_of_depths_is_found_again_without_the_chapter_s_code(training):
    """Fresh draws of other width: the same order of magnitude in each row."""
    variances = {
        "glorot": 1,
        "he": 2,
        "third": 1 / 3,
        "gain_8": 64,
    }  # of a square layer, times n
    slopes = {
        "sigmoid": lambda o: 0.25 / np.cosh(o / 2) ** 2,
        "tanh": lambda o: np.cosh(o) ** -2,
        "ReLU": lambda o: 1.0 * (o > 0),
    }
    values = {"sigmoid": lambda o: 1 / (1 + np.exp(-o)), "tanh": np.tanh}
    values["ReLU"] = lambda o: o * (o > 0)
    rows = {(name, kind) for name, kind, _ in training["depths"]}
    assert len(rows) == 8
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
    assert 8 < crossing("sigmoid") < 13
    assert max(ratios["linear"]) > 1e10  # and they explode


def test_the_slopes_are_worth_what_the_figure_says(training):
    worth = training["mean_square_slope"]
    for spread in (0.1, 1.0, 10.0):
        assert worth("ReLU", spread) == pytest.approx(0.5, abs=0.01)
        assert worth("leaky ReLU", spread) == pytest.approx(0.505, abs=0.01)
        assert worth("sigmoid", spread) <= 1 / 16
    assert worth("tanh", 0.1) > 0.95 and worth("tanh", 10.0) < 0.1


def test_the_deep_sigmoids_stay_where_a_straight_cut_would(training):
    """The four drawn networks end at the loss of logistic regression, or above."""
    x = np.column_stack([training["points"].astype(float), np.ones(200)])
    w = np.zeros(3)
    for _ in range(5000):
        w -= x.T @ (1 / (1 + np.exp(-x @ w)) - training["arm"]) / 200
    line = np.mean(np.logaddexp(0, x @ w) - training["arm"] * (x @ w))
    assert line == pytest.approx(0.653, abs=1e-3)
    assert training["many_losses"][-1] == pytest.approx(line, abs=0.01)
    assert training["few_losses"][-1].min() < 0.05
    for ends in (training["ends_keras"], training["ends_torch"]):
        assert ends[2] < 0.2 and ends[10] > 0.6


def test_a_sigmoid_is_a_shifted_tanh_of_half_its_input(training):
    o = np.linspace(-30, 30, 601)
    assert training["activations"]["sigmoid"][0](o) == pytest.approx(
        1 / (1 + np.exp(-o)), abs=1e-15
    )


def test_a_single_layer_may_pass_on_a_little_more_than_a_quarter(training):
    sizes = np.array(training["sizes_deep"])
    assert len(sizes) == 10
    assert (sizes[0] / sizes[-1]) ** (1 / 9) < 0.25


def test_the_libraries_lose_what_the_text_says_by_default(training):
    left = training["left_keras"] | training["left_torch"]
    printed = {
        "glorot_uniform": (1e-5, 1e-3),
        "he_normal": (0.05, 1),
        "default": (1e-9, 1e-6),
        "kaiming_normal_": (0.05, 1),
    }
    assert left.keys() == printed.keys()
    for name, (low, high) in printed.items():
        assert low < left[name] < high
    assert training["third"](128, 128) == pytest.approx(1 / (3 * 128))
    torch.manual_seed(0)
    default = torch.nn.Linear(128, 128).weight.detach().numpy()
    assert default.var() == pytest.approx(1 / (3 * 128), rel=0.03)


def test_the_defaults_of_the_leak_are_as_told():
    assert keras.layers.LeakyReLU().negative_slope == pytest.approx(0.3)
    assert torch.nn.LeakyReLU().negative_slope == pytest.approx(0.01)
    named = keras.activations.get("leaky_relu")(np.array([-1.0], "float32"))
    assert float(keras.ops.convert_to_numpy(named)[0]) == pytest.approx(-0.2)


def test_equal_weights_stay_equal(training):
    """No difference between units but rounding; zeros do not learn, 0.1 learns some."""
    for found in (training["equal_keras"], training["equal_torch"]):
        assert found[0.0][1] == 0 and found[0.1][1] < 1e-6
        assert found[0.0][0] == pytest.approx(np.log(3), abs=2e-3)
        assert 0.1 < found[0.1][0] < 0.5


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
    assert scaled[-1, 0].mean() < raw[-1, 0].mean() / 5
    assert scaled[4, 1].mean() < raw[4, 1].mean()  # ahead on held-out flowers early
    assert scaled[-1, 1].mean() > raw[-1, 1].mean()  # and behind in the end


@pytest.mark.parametrize("name", ["logistic", "crossentropy", "squared"])
def test_slopes_are_those_of_the_mean_that_is_reported(training, name):
    """Loss and slope of each draw against autograd, with three outputs, too."""
    rng = np.random.default_rng(0)
    outputs = 1 if name == "logistic" else 3
    o = rng.normal(size=(2, 5, outputs))
    kinds = rng.integers(max(2, outputs), size=(2, 5))
    y = np.eye(3)[kinds] if outputs == 3 else kinds[..., None] * 1.0
    losses, slopes = training[name](o, y)
    functional = torch.nn.functional
    for k in range(2):
        ours, truth = torch.tensor(o[k], requires_grad=True), torch.tensor(y[k])
        loss = {
            "logistic": functional.binary_cross_entropy_with_logits,
            "crossentropy": functional.cross_entropy,
            "squared": functional.mse_loss,
        }[name](ours, truth)
        loss.backward()
        assert losses[k] == pytest.approx(loss.item())
        assert slopes[k] == pytest.approx(ours.grad.numpy())


def test_copies_train_as_they_would_alone(training):
    """Two copies, each alone with its own weights and batches, take the same steps."""
    x, y = (np.asarray(v[:2], "float32") for v in training["twenty"][0])
    start = training["he_layers"](2, [6, 4, 1])
    batches = [(x[:, :32], y[:, :32]), (x[:, 32:64], y[:, 32:64])]
    squared = training["squared"]
    together, losses = training["train"](start, "ReLU", squared, batches, 0.01)
    for i in (slice(1), slice(1, 2)):
        alone = [[W[i], b[i]] for W, b in start]
        own = [(x_b[i], y_b[i]) for x_b, y_b in batches]
        layers, own_losses = training["train"](alone, "ReLU", squared, own, 0.01)
        assert own_losses == pytest.approx(losses[:, i])
        assert layers[0][0] == pytest.approx(together[0][0][i], abs=1e-6)


def test_he_s_layers_have_he_s_variance(training):
    layers = training["he_layers"](1, [300, 200, 100])
    for (W, b), n in zip(layers, (300, 200), strict=True):
        assert W.var() == pytest.approx(2 / n, rel=0.03) and not b.any()


def test_adam_of_the_chapter_is_pytorch_s(training):
    """Five steps of the chapter's trainer equal those of torch.optim.Adam."""
    start = training["glorot_layers"](1, [2, 5, 1], seed=1)
    x = training["points"]
    y = training["arm"][:, None].astype("float32")
    layers, losses = training["train"](
        start, "sigmoid", training["logistic"], 5 * [(x[None], y[None])], 0.05
    )
    tensors = [torch.tensor(p[0], requires_grad=True) for layer in start for p in layer]
    optimizer = torch.optim.Adam(tensors, lr=0.05, eps=1e-7)
    for found in losses[:, 0]:
        W1, b1, W2, b2 = tensors
        o = torch.sigmoid(torch.from_numpy(x) @ W1.T + b1) @ W2.T + b2
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            o, torch.from_numpy(y)
        )
        assert found == pytest.approx(loss.item(), rel=1e-5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for ours, theirs in zip(
        [p[0] for layer in layers for p in layer], tensors, strict=True
    ):
        assert ours == pytest.approx(theirs.detach().numpy(), abs=1e-4)


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
    assert wins.sum() >= 16 and wins.tolist() == training["stopping_helps"].tolist()


def test_the_sweep_has_its_valley_inside(training):
    mean = training["lowest"].mean(axis=1)
    assert 0 < mean.argmin() < len(mean) - 1
    for (holds, decades), losses in zip(
        training["wide_valley"], training["lowest"].T, strict=True
    ):
        good = training["rates"][losses < 4 / 3 * losses.min()]
        assert decades == pytest.approx(np.log10(good.max() / good.min())) and holds


# The whole loop -----------------------------------------------------------------------


def test_both_libraries_have_the_same_validation_losses_from_one_start(training):
    """Adam with one tiny epsilon, unshuffled batches, five epochs."""
    ours, theirs = training["twin_run"].history["val_loss"], training["twin_checks"]
    assert len(ours) == len(theirs) == 5
    assert theirs == pytest.approx(ours, rel=1e-4)


def test_both_loops_stop_when_and_keep_what_the_algorithm_says(training):
    """Epochs run, and the loss of the model that is left, from the curve alone."""
    x, y = training["x_check"], training["y_check"]
    for library in ("keras", "torch"):
        curve = np.array(training[f"checks_{library}"])
        best = int(curve.argmin())
        assert len(curve) == best + 1 + 10
        model = training[f"net_{library}"]
        if library == "keras":
            left = model.evaluate(x, y, verbose=0)
        else:
            with torch.inference_mode():
                answers = model.cpu()(torch.from_numpy(x))
                left = torch.nn.functional.mse_loss(answers, torch.from_numpy(y)).item()
        assert left == pytest.approx(curve[best], rel=1e-4)


def test_the_program_is_no_longer_than_it_promises(training):
    """At most 25 lines in each tab for training, stopping, saving and judging."""
    page = (this_book.ROOT / f"{PAGE}.md").read_text(encoding="utf8")
    for start in ("net_keras = house_keras()", "net_torch = house_torch()"):
        cell = page[: page.index("```", page.index(start))].rsplit("```", 1)[1]
        lines = [line for line in cell.splitlines()[2:] if line.strip()]
        assert 10 < len(lines) <= 25


def test_fit_reports_a_mean_while_weights_move(training):
    """The batches' losses, averaged, in both libraries, and what the epoch leaves."""
    for library in ("keras", "torch"):
        reported, after = training[f"reported_{library}"], training[f"after_{library}"]
        assert reported > 1.1 * after
    x, y = training["x_train"], training["y_train"]
    answers = training["young_keras"].predict(x, verbose=0)
    assert training["after_keras"] == pytest.approx(np.mean((answers - y) ** 2), 1e-4)
    assert len(training["batch_losses"]) == 10  # the last batch has 18 of 306 tracts


def test_a_loaded_model_answers_as_the_saved_one_from_raw_numbers(training):
    """Tracts in their units, for both libraries."""
    x = training["x_test"]
    saved_keras = training["net_keras"].predict(x, verbose=0)
    again_keras = training["loaded_keras"].predict(x, verbose=0)
    assert np.array_equal(saved_keras, again_keras)
    with torch.inference_mode():
        saved_torch = training["net_torch"].cpu()(torch.from_numpy(x)).numpy()
        again_torch = training["loaded_torch"].cpu()(torch.from_numpy(x)).numpy()
    assert np.array_equal(saved_torch, again_torch)


def test_a_model_without_its_scaling_would_answer_something_else(training):
    """The numbers of the first layer are in the file, not in the program."""
    fresh = copy.deepcopy(training["loaded_torch"]).cpu()
    fresh[0].mean.zero_()
    fresh[0].std.fill_(1.0)
    x = torch.from_numpy(training["x_test"])
    with torch.inference_mode():
        assert not torch.allclose(fresh(x), training["loaded_torch"].cpu()(x), atol=1)
    stored = torch.load(training["folder"] / "house.pt", weights_only=True)
    mean = training["x_train"].mean(axis=0)
    assert stored["0.mean"].cpu().numpy() == pytest.approx(mean, rel=1e-5)


def test_the_new_house_gets_a_sensible_value(training):
    for value in (training["value_keras"], training["value_torch"]):
        assert 15 < value < 35
    line = np.column_stack([training["tracts"], np.ones(506)])
    w = np.linalg.lstsq(line, training["price"])[0]
    rmse = np.sqrt(np.mean((line @ w - training["price"]) ** 2))
    assert max(training["rmse_keras"], training["rmse_torch"]) < rmse


# Mistakes -----------------------------------------------------------------------------


def test_the_mistakes_cost_what_the_text_says(training):
    hasty, patient = training["hasty_checks_keras"], training["checks_keras"]
    assert len(hasty) < len(patient)
    assert hasty == pytest.approx(patient[: len(hasty)], rel=1e-4)
    assert hasty[-1] > min(patient)
    bias = training["moving"].cpu()[5].bias.detach()
    assert torch.equal(training["referenced"]["5.bias"].cpu(), bias)
    assert not torch.equal(training["copied"]["5.bias"].cpu(), bias)
    for library in ("keras", "torch"):
        assert training[f"own_{library}"] > training[f"shared_{library}"] + 3
