"""The equations of the chapter on training agree with independent code."""

import numpy as np
import pytest

import notebook_utils  # noqa: F401  (before Keras)

# isort: split
import keras
import torch


@pytest.fixture(scope="module")
def training(chapter):
    return chapter("training").namespace


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
