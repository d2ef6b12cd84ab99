"""The notation page: its tables say what the libraries do; its terms are in order.

The tables are read from the page itself. Each entry of "Keras beside PyTorch" is
compared with the installed library: defaults by signature, the rest by running it.
"""

import ast
import inspect
import math
import re
import warnings
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from this_book import source

import notebook_utils  # noqa: F401  (before Keras)

# isort: split
import keras
import torch

# TensorFlow's variables, when NumPy copies them
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")

PAGE = source("book/notation")
OPTIMIZERS = ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad")


@dataclass(frozen=True)
class Entry:
    """One cell about a library, with the cells that say what it is about."""

    section: str
    setting: str
    library: str
    cell: str
    optimizer: str = ""

    @property
    def code(self) -> str:
        """The cell's code, without backticks."""
        return self.cell.strip("`")

    @property
    def id(self) -> str:
        words = (self.library, self.optimizer, self.setting)
        return " ".join(word for word in words if word)


def tables(heading: str) -> list[tuple[list[str], list[list[str]]]]:
    """(head, rows) of each table below a heading of the page."""
    section = re.search(
        rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", PAGE, flags=re.M | re.S
    )[1]
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", section, flags=re.M):
        head, _, *rows = (
            [cell.strip() for cell in line.strip("|\n").split("|")]
            for line in block.splitlines()
        )
        found.append((head, rows))
    return found


def entries() -> list[Entry]:
    found = []
    for section in (
        "A dense layer",
        "Losses",
        "Optimizers",
        "Batches and early stopping",
        "Dropout and normalization",
        "Convolution and pooling",
        "A borrowed network",
        "Recurrent layers",
        "Attention layers",
    ):
        for head, rows in tables(section):
            assert head[-2:] == ["Keras", "PyTorch"]
            for *about, of_keras, of_torch in rows:
                optimizer = about[0] if section == "Optimizers" else ""
                setting = about[1] if optimizer else ": ".join(about)
                for library, cell in (("Keras", of_keras), ("PyTorch", of_torch)):
                    found.append(Entry(section, setting, library, cell, optimizer))
    return found


def entry(library: str, optimizer: str, setting: str, section: str = "") -> Entry:
    wanted = (library, optimizer, setting)
    return next(
        e
        for e in ENTRIES
        if (e.library, e.optimizer, e.setting) == wanted and section in e.section
    )


def array(tensor) -> np.ndarray:
    if isinstance(tensor, torch.Tensor):
        return tensor.detach().numpy()
    return keras.ops.convert_to_numpy(tensor)


def default(callable_, name: str):
    return inspect.signature(callable_).parameters[name].default


# A dense layer ------------------------------------------------------------------------


def make_layer(library: str, m: int, n: int) -> SimpleNamespace:
    """A fresh layer, made as the table says: its weights, its biases, its output."""
    keras.utils.set_random_seed(0)  # NumPy's and Python's, TensorFlow's, PyTorch's
    torch.manual_seed(0)
    names = {"Dense": keras.layers.Dense, "Linear": torch.nn.Linear, "m": m, "n": n}
    layer = eval(entry(library, "", "layer").code, names)
    if library == "Keras":
        layer.build((None, m))
        call = layer
    else:

        def call(x):
            return layer(torch.tensor(x))

    weights = getattr(layer, entry(library, "", "name of the weights").code)
    return SimpleNamespace(
        weights=array(weights), bias=array(layer.bias), call=lambda x: array(call(x))
    )


def inputs(m: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(4, m)).astype("float32")


def check_layer(e: Entry) -> None:
    assert make_layer(e.library, 3, 5).call(inputs(3)).shape == (4, 5)


def check_formula(e: Entry) -> None:
    layer, x = make_layer(e.library, 3, 5), inputs(3)
    names = {"x": x, "W": layer.weights, "b": layer.bias}
    assert eval(e.code, names) == pytest.approx(layer.call(x), rel=1e-5, abs=1e-6)


def check_weights_name(e: Entry) -> None:
    assert make_layer(e.library, 3, 5).weights.ndim == 2


def check_weights_shape(e: Entry) -> None:
    layer = make_layer(e.library, 3, 5)
    assert layer.weights.shape == eval(e.code, {"m": 3, "n": 5})


def check_bias_shape(e: Entry) -> None:
    layer = make_layer(e.library, 3, 5)
    assert layer.bias.shape == eval(e.code, {"m": 3, "n": 5})


def check_draws(e: Entry, draws: np.ndarray, m: int, n: int) -> None:
    """The draws are zero, or uniform within the bound that the cell gives."""
    if e.cell == "zero":
        assert not draws.any()
        return
    square = re.fullmatch(r"uniform within \$\\pm\\sqrt\{(.+)\}\$", e.cell)[1]
    shares = draws.ravel() / math.sqrt(eval(square, {"m": m, "n": n}))
    assert 0.999 < np.abs(shares).max() <= 1 + 1e-6
    counts, _ = np.histogram(shares, bins=10, range=(-1 - 1e-6, 1 + 1e-6))
    assert counts == pytest.approx(shares.size / 10, rel=0.1)


def check_initial_weights(e: Entry) -> None:
    for m, n in ((300, 100), (50, 400)):
        check_draws(e, make_layer(e.library, m, n).weights, m, n)


def check_initial_biases(e: Entry) -> None:
    for m in (4, 25):
        check_draws(e, make_layer(e.library, m, 20_000).bias, m, 20_000)


def check_activation(e: Entry) -> None:
    assert e.cell == "none"
    layer, x = make_layer(e.library, 3, 5), inputs(3)
    both = layer.call(x) + layer.call(-x)
    assert both == pytest.approx(np.tile(2 * layer.bias, (4, 1)), abs=1e-6)


def check_numbers(e: Entry) -> None:
    layer = make_layer(e.library, 3, 5)
    assert layer.weights.dtype == layer.call(inputs(3)).dtype == e.code


# Losses -------------------------------------------------------------------------------


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits)
    return powers / powers.sum(axis=-1, keepdims=True)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


def cases(loss: str, samples: int = 5, width: int = 3) -> tuple[dict, dict, float]:
    """Outputs and targets by their names in the table, and the sum of the losses."""
    rng = np.random.default_rng(1)
    scores = rng.normal(scale=2.0, size=(samples, width))
    if loss in ("squared error", "absolute error"):
        values = rng.normal(size=(samples, width))
        errors = np.abs(scores - values)
        total = (errors**2 if loss == "squared error" else errors).sum()
        return {"numbers": scores}, {"numbers": values}, total
    if loss == "binary cross-entropy":
        answers = rng.integers(2, size=(samples, width))
        p = sigmoid(scores)
        total = -np.log(np.where(answers == 1, p, 1 - p)).sum()
        return {"logits": scores, "probabilities": p}, {"0 or 1": answers}, total
    classes = rng.integers(width, size=samples)
    p = softmax(scores)
    outputs = {"logits": scores, "probabilities": p, "logarithms": np.log(p)}
    targets = {"class indices": classes, "one-hot rows": np.eye(width)[classes]}
    return outputs, targets, -np.log(p[np.arange(samples), classes]).sum()


def measure(library: str, loss, outputs: np.ndarray, targets: np.ndarray) -> float:
    """Value of a loss object; PyTorch's takes outputs first, Keras' targets."""
    outputs = np.asarray(outputs, "float32")
    indices = targets.ndim < outputs.ndim and targets.dtype.kind == "i"
    targets = np.asarray(targets, "int64" if indices else "float32")
    if library == "Keras":
        return float(array(loss(targets, outputs)))
    return float(loss(torch.tensor(outputs), torch.tensor(targets)))


def make_loss(library: str, cell: str):
    name, *options = re.findall(r"`([^`]+)`", cell)
    values = dict(option.split("=") for option in options)
    values = {key: ast.literal_eval(value) for key, value in values.items()}
    return getattr(keras.losses if library == "Keras" else torch.nn, name)(**values)


def every_loss(library: str):
    """Each loss of the library that can be made without an argument."""
    place = keras.losses if library == "Keras" else torch.nn
    for name, kind in vars(place).items():
        if inspect.isclass(kind) and (library == "Keras" or name.endswith("Loss")):
            try:
                yield name, kind()
            except (TypeError, ValueError):
                continue


def check_loss(e: Entry) -> None:
    loss, forms = e.setting.split(": ")
    output, target = forms.split(", ")
    outputs, targets, total = cases(loss)
    # Where the mean is taken is another row.
    mean = total / (5 if loss == "cross-entropy" else 15)
    if e.cell == "—":
        for name, candidate in every_loss(e.library):
            try:
                with warnings.catch_warnings(action="ignore"):
                    found = measure(
                        e.library, candidate, outputs[output], targets[target]
                    )
            except Exception:  # it takes other shapes, or other targets
                continue
            assert found != pytest.approx(mean, rel=1e-4), name
        return
    made = make_loss(e.library, e.cell)
    found = measure(e.library, made, outputs[output], targets[target])
    assert found == pytest.approx(mean, rel=1e-5)
    for other in {"logits", "probabilities"} & set(outputs) - {output}:
        try:
            mistaken = measure(e.library, made, outputs[other], targets[target])
        except RuntimeError:  # PyTorch refuses what is no probability
            continue
        assert mistaken != pytest.approx(mean, rel=1e-3), other


def loss_cells(library: str) -> set[str]:
    return {
        e.cell
        for e in ENTRIES
        if e.section == "Losses" and e.library == library and ": " in e.setting
    } - {"—"}


def check_reduction(e: Entry) -> None:
    for cell in loss_cells(e.library):
        kind = type(make_loss(e.library, cell))
        assert default(kind, "reduction") == ast.literal_eval(e.code), cell


def check_mean(e: Entry) -> None:
    loss = e.setting.removesuffix(", mean over")
    count = {"all entries": 7 * 4, "samples": 7}[e.cell]
    rows = [r for r in ENTRIES if r.library == e.library]
    rows = [r for r in rows if r.setting.startswith(f"{loss}: ") and r.cell != "—"]
    assert rows
    outputs, targets, total = cases(loss, samples=7, width=4)
    for row in rows:
        output, target = row.setting.split(": ")[1].split(", ")
        made = make_loss(e.library, row.cell)
        found = measure(e.library, made, outputs[output], targets[target])
        assert found == pytest.approx(total / count, rel=1e-5)


def check_impossible(e: Entry) -> None:
    row = entry(e.library, "", "binary cross-entropy: probabilities, 0 or 1")
    found = measure(
        e.library, make_loss(e.library, row.cell), np.zeros((1, 1)), np.ones((1, 1))
    )
    counts_as = eval(e.code, {"exp": math.exp})
    assert found == pytest.approx(-math.log(counts_as), rel=1e-5)


def check_shapes(e: Entry) -> None:
    row = entry(e.library, "", "squared error: numbers, numbers")
    loss = make_loss(e.library, row.cell)
    targets = np.array([1.0, 2.0, 3.0])
    if e.cell == "compared in pairs":
        assert measure(e.library, loss, targets.reshape(3, 1), targets) == 0
    else:
        assert e.cell == "each with each, warns"
        with pytest.warns(UserWarning, match="target size"):
            found = measure(e.library, loss, targets.reshape(3, 1), targets)
        assert found == pytest.approx(
            np.mean([(a - b) ** 2 for a in targets for b in targets])
        )


# Optimizers ---------------------------------------------------------------------------


def check_default(e: Entry, place=None) -> None:
    name, value = e.code.split("=")
    name, _, index = name.rstrip("]").partition("[")
    found = default(place or optimizer_class(e), name)
    assert (found[int(index)] if index else found) == ast.literal_eval(value)


def optimizer_class(e: Entry) -> type:
    return getattr(
        keras.optimizers if e.library == "Keras" else torch.optim, e.optimizer
    )


def steps(e: Entry, gradients, rates, start=0.0, **options) -> np.ndarray:
    """Where the library's optimizer leads from `start`, step by step."""
    path = []
    if e.library == "Keras":
        weight = keras.Variable(start, dtype="float32")
        optimizer = optimizer_class(e)(learning_rate=rates[0], **options)
        for gradient, rate in zip(gradients, rates, strict=True):
            optimizer.learning_rate = rate
            gradient = keras.ops.convert_to_tensor(gradient, "float32")
            optimizer.apply([gradient], [weight])
            path.append(float(array(weight)))
    else:
        weight = torch.nn.Parameter(torch.tensor(start))
        optimizer = optimizer_class(e)([weight], lr=rates[0], **options)
        for gradient, rate in zip(gradients, rates, strict=True):
            optimizer.param_groups[0]["lr"] = rate
            weight.grad = torch.tensor(gradient)
            optimizer.step()
            path.append(weight.item())
    return np.array(path)


def check_momentum(e: Entry) -> None:
    velocity = entry(e.library, "SGD", "velocity").code
    step = entry(e.library, "SGD", "step").code
    gradients, rates = [1.0, -2.0, 0.5, 0.25], [0.1, 0.1, 0.01, 0.01]
    v, w, path = 0.0, 1.0, []
    for g, rate in zip(gradients, rates, strict=True):
        v = eval(velocity, {"momentum": 0.9, "v": v, "rate": rate, "g": g})
        w = eval(step, {"w": w, "v": v, "rate": rate})
        path.append(w)
    found = steps(e, gradients, rates, start=1.0, momentum=0.9)
    assert found == pytest.approx(path, rel=1e-5)


def named_default(e: Entry, setting: str) -> dict:
    name, value = entry(e.library, e.optimizer, setting).code.split("=")
    return {name: ast.literal_eval(value)}


def check_divisor(e: Entry) -> None:
    """Five steps agree, for gradients so small that epsilon matters, and for others."""
    epsilon = named_default(e, "$\\varepsilon$")
    for scale in (1.0, 1e-3, 1e-5, 1e-7):
        gradients = [scale * g for g in (1.0, -0.5, 2.0, 0.25, -1.0)]
        m, s, w, path = 0.0, 0.0, 0.0, []
        if e.optimizer == "Adagrad":
            (s,) = named_default(e, "first sum").values()
        for t, g in enumerate(gradients, start=1):
            rate, c = 1.0, 1.0
            if e.optimizer == "Adam":
                m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
                c = 1 - 0.999**t
                direction = m / (1 - 0.9**t)
                if e.library == "Keras":  # the factor goes into the rate
                    rate = math.sqrt(c)
            else:
                direction = g
                if e.optimizer == "RMSprop":
                    (decay,) = named_default(e, "decay").values()
                    s = decay * s + (1 - decay) * g * g
                else:
                    s += g * g
            names = {"sqrt": math.sqrt, "s": s, "c": c, **epsilon}
            w -= rate * direction / eval(e.code, names)
            path.append(w)
        assert steps(e, gradients, [1.0] * 5) == pytest.approx(path, rel=1e-3), scale


def check_weight_decay(e: Entry) -> None:
    if "=" in e.cell:
        check_default(e)
        return
    found = steps(e, [0.0], [0.1], start=2.0, weight_decay=0.05)
    shrunk, stepped = 2.0 * (1 - 0.1 * 0.05), 2.0 - 0.1
    expected = {"shrinks the weights": shrunk, "joins the gradient": stepped}[e.cell]
    assert found == pytest.approx([expected], rel=1e-5)


# Batches and early stopping -----------------------------------------------------------


def batches(library: str) -> list[np.ndarray]:
    """The batches of one epoch over 0 ... 69, as the library makes them by default."""
    rows = np.arange(70.0, dtype="float32").reshape(70, 1)
    if library == "PyTorch":
        loader = torch.utils.data.DataLoader(torch.tensor(rows))
        return [array(batch) for batch in loader]
    keras.utils.set_random_seed(0)
    seen = []

    def note(targets, outputs):
        seen.append(array(targets))
        return keras.ops.mean(outputs)

    model = keras.Sequential([keras.Input(shape=(1,)), keras.layers.Dense(1)])
    model.compile("sgd", loss=note, run_eagerly=True)
    model.fit(rows, rows, verbose=0)
    return seen


def check_who(e: Entry) -> None:
    kind, _, method = e.code.partition(".")
    place = keras if e.library == "Keras" else torch.utils.data
    found = getattr(place, kind)
    assert callable(getattr(found, method) if method else found)


def check_batch_size(e: Entry) -> None:
    assert len(batches(e.library)[0]) == ast.literal_eval(e.code.split("=")[1])


def check_shuffle(e: Entry) -> None:
    order = np.concatenate(batches(e.library)).ravel()
    assert sorted(order) == list(range(70))
    shuffled = list(order) != list(range(70))
    assert shuffled == ast.literal_eval(e.code.removeprefix("shuffle="))
    place = keras.Model.fit if e.library == "Keras" else torch.utils.data.DataLoader
    assert bool(default(place, "shuffle")) == shuffled


def check_last_batch(e: Entry) -> None:
    assert e.cell == "kept"
    if e.library == "Keras":
        assert [len(batch) for batch in batches("Keras")] == [32, 32, 6]
    else:
        loader = torch.utils.data.DataLoader(torch.arange(70), batch_size=32)
        assert [len(batch) for batch in loader] == [32, 32, 6]


def check_last_gradient(e: Entry) -> None:
    """Two steps of rate 1 on the loss w, whose gradient is always 1."""
    if e.library == "Keras":
        model = keras.Sequential(
            [
                keras.Input(shape=(1,)),
                keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros"),
            ]
        )
        model.compile(
            keras.optimizers.SGD(learning_rate=1.0),
            loss=lambda targets, outputs: keras.ops.mean(outputs),
        )
        model.fit(np.ones((2, 1)), np.ones((2, 1)), batch_size=1, verbose=0)
        assert e.cell == "replaced"
        assert model.get_weights()[0].item() == pytest.approx(-2)
        return
    assert e.cell == "added to, until `zero_grad`"
    weight = torch.nn.Parameter(torch.tensor(0.0))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    for expected in (-1, -3):
        weight.backward()
        optimizer.step()
        assert weight.item() == pytest.approx(expected)
    optimizer.zero_grad()
    weight.backward()
    optimizer.step()
    assert weight.item() == pytest.approx(-4)


def check_early_stopping(e: Entry) -> None:
    if e.library == "PyTorch":
        assert e.cell in ("your loop", "—")
        for place in (torch, torch.nn, torch.optim, torch.utils, torch.utils.data):
            assert not [name for name in dir(place) if "earlystop" in name.lower()]
    elif "=" in e.cell:
        check_default(e, keras.callbacks.EarlyStopping)
    else:
        assert inspect.isclass(getattr(keras.callbacks, e.code))


# Dropout and normalization ------------------------------------------------------------

NORMS = {"Keras": keras.layers, "PyTorch": torch.nn}


def named(e: Entry, setting: str):
    """The class that the row `setting` names for an entry's library."""
    return getattr(NORMS[e.library], entry(e.library, "", setting).code.split("(")[0])


def norm(e: Entry, **options):
    """The library's batch normalization of two units."""
    made = named(e, "batch normalization")
    return made(**options) if e.library == "Keras" else made(2, **options)


def at_work(layer, x: np.ndarray) -> np.ndarray:
    if isinstance(layer, torch.nn.Module):
        return array(layer.train()(torch.from_numpy(x)))
    return array(layer(x, training=True))


def running(layer) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(layer, torch.nn.Module):
        return array(layer.running_mean), array(layer.running_var)
    return array(layer.moving_mean), array(layer.moving_variance)


def check_norm_layer(e: Entry) -> None:
    layer = eval(e.code, {**vars(NORMS[e.library]), "n": 2, "rate": 0.5, "p": 0.5})
    x = np.array([[1.0, 2.0], [3.0, 6.0]], "float32")
    if e.setting == "dropout":
        assert set(np.unique(at_work(layer, np.ones((50, 2), "float32")))) == {0, 2}
    elif e.setting == "batch normalization":
        expected = [[-1, -1], [1, 1]]
        assert at_work(layer, x) == pytest.approx(np.array(expected), abs=1e-2)
    else:
        expected = [[-1, 1], [-1, 1]]
        assert at_work(layer, x) == pytest.approx(np.array(expected), abs=1e-2)


def check_kept(e: Entry) -> None:
    layer = named(e, "dropout")(0.3)
    values = np.unique(at_work(layer, np.ones((20, 20), "float32")))
    names = {"rate": 0.3, "p": 0.3}
    assert values == pytest.approx([0, 1 / eval(e.code, names)])


def check_called(e: Entry) -> None:
    layer, x = named(e, "dropout")(0.5), np.ones((50, 2), "float32")
    if e.library == "Keras":
        assert e.cell == "rests"
        assert np.all(array(layer(x)) == 1)
    else:
        assert e.cell == "is at work, until `eval`"
        assert np.any(array(layer(torch.from_numpy(x))) == 0)
        assert np.all(array(layer.eval()(torch.from_numpy(x))) == 1)


def check_share(e: Entry) -> None:
    layer = norm(e, momentum=0.7)
    at_work(layer, np.full((4, 2), 10.0, "float32"))
    share = eval(e.code, {"momentum": 0.7})
    assert running(layer)[0] == pytest.approx(np.full(2, 10 * share), rel=1e-5)


def check_norm_default(e: Entry) -> None:
    which = "layer" if e.setting.endswith("of that") else "batch"
    check_default(e, named(e, f"{which} normalization"))


def check_running_variance(e: Entry) -> None:
    layer = norm(e, momentum=0.5)
    x = np.array([[0.0, 0.0], [2.0, 4.0], [4.0, 8.0]], "float32")
    at_work(layer, x)
    squares = ((x - x.mean(axis=0)) ** 2).sum(axis=0) / eval(e.code, {"b": 3})
    assert running(layer)[1] == pytest.approx(0.5 + 0.5 * squares, rel=1e-5)


def check_one_sample(e: Entry) -> None:
    layer, x = norm(e), np.array([[3.0, -4.0]], "float32")
    if e.library == "Keras":
        assert e.cell == "answers $\\beta$"
        layer.build((None, 2))
        layer.beta.assign([0.5, 0.25])
        assert at_work(layer, x) == pytest.approx(np.array([[0.5, 0.25]]), abs=1e-6)
    else:
        with pytest.raises(ValueError, match="more than 1 value"):
            at_work(layer, x)
        assert e.code == "ValueError"


def check_fixed(e: Entry) -> None:
    layer, x = norm(e), np.array([[0.0, 5.0], [4.0, 9.0]], "float32")
    if e.library == "Keras":
        assert e.cell == "uses running values"
        layer.trainable = False
        found = at_work(layer, x)
        assert found == pytest.approx(x / np.sqrt(1.001), rel=1e-5)
        assert np.all(running(layer)[0] == 0)
    else:
        assert e.cell == "goes on as before"
        layer.requires_grad_(False)
        assert at_work(layer, x) == pytest.approx(
            np.array([[-1, -1], [1, 1]]), abs=1e-2
        )
        assert np.all(running(layer)[0] > 0)


def check_names(e: Entry) -> None:
    for setting in ("batch normalization", "layer normalization"):
        made = named(e, setting)
        layer = made() if e.library == "Keras" else made(2)
        if e.library == "Keras":
            layer.build((None, 2))
        for name, start in zip(re.findall(r"`(\w+)`", e.cell), (1, 0), strict=True):
            assert np.all(array(getattr(layer, name)) == start)


def check_smoothing(e: Entry) -> None:
    logits = np.array([[2.0, 0.0, -1.0]], "float32")
    target = np.array([[0.9 + 0.1 / 3, 0.1 / 3, 0.1 / 3]])
    expected = -(target * (logits - np.log(np.exp(logits).sum()))).sum()
    one_hot = np.array([[1.0, 0.0, 0.0]], "float32")
    if e.library == "Keras":
        assert e.cell == "`CategoricalCrossentropy`, one-hot"
        loss = keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=0.1
        )
        assert array(loss(one_hot, logits)) == pytest.approx(expected, rel=1e-5)
        sparse = keras.losses.SparseCategoricalCrossentropy
        assert "label_smoothing" not in inspect.signature(sparse).parameters
    else:
        assert e.cell == "`CrossEntropyLoss`, one-hot or indices"
        loss = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
        for y in (torch.tensor([0]), torch.from_numpy(one_hot)):
            assert loss(torch.from_numpy(logits), y).item() == pytest.approx(
                expected, rel=1e-5
            )


# Convolution and pooling --------------------------------------------------------------


def made(e: Entry, setting: str, **sizes):
    """The layer that the row `setting` names for an entry's library."""
    row = entry(e.library, "", setting, e.section)
    return eval(row.code, vars(NORMS[e.library]) | sizes)


def of_images(layer, x: np.ndarray) -> np.ndarray:
    """What a layer makes of images with their channels last, channels last again."""
    if isinstance(layer, torch.nn.Module):
        found = array(layer(torch.from_numpy(x.transpose(0, 3, 1, 2).copy())))
        return found.transpose(0, 2, 3, 1) if found.ndim == 4 else found
    return array(layer(x))


def kernel_of(layer) -> np.ndarray:
    return array(layer.weight if hasattr(layer, "weight") else layer.kernel)


def convolution(e: Entry, C: int, n: int, k: int):
    layer = made(e, "layer", C=C, n=n, k=k)
    if e.library == "Keras":
        layer.build((None, 9, 9, C))
    return layer


def check_convolution(e: Entry) -> None:
    found = of_images(convolution(e, 2, 5, 3), np.ones((4, 9, 8, 2), "float32"))
    assert found.shape == (4, 7, 6, 5)


def check_batch_shape(e: Entry) -> None:
    sizes = {"samples": 4, "rows": 9, "columns": 8, "C": 2}
    x = np.ones(eval(e.code, sizes), "float32")
    layer = convolution(e, 2, 5, 3)
    found = layer(x if e.library == "Keras" else torch.from_numpy(x))
    sizes |= {"rows": 7, "columns": 6, "C": 5}
    assert tuple(found.shape) == eval(e.code, sizes)


def check_kernel_shape(e: Entry) -> None:
    kernel = kernel_of(convolution(e, 2, 5, 3))
    assert kernel.shape == eval(e.code, {"k": 3, "C": 2, "n": 5})


def check_direction(e: Entry) -> None:
    assert e.cell == "cross-correlation"
    layer, w = convolution(e, 1, 1, 3), np.arange(9, dtype="float32").reshape(3, 3)
    kernel = w.reshape(kernel_of(layer).shape)
    if e.library == "Keras":
        layer.set_weights([kernel, np.zeros(1)])
    else:
        layer.load_state_dict(
            {"weight": torch.from_numpy(kernel), "bias": torch.zeros(1)}
        )
    x = np.random.default_rng(0).normal(size=(1, 3, 3, 1)).astype("float32")
    assert of_images(layer, x).item() == pytest.approx((w * x[0, ..., 0]).sum())


def check_kernel_draws(e: Entry) -> None:
    torch.manual_seed(0)
    keras.utils.set_random_seed(0)
    for C, n, k in ((40, 50, 3), (20, 30, 5)):
        layer = convolution(e, C, 1000 if "biases" in e.setting else n, k)
        draws = array(layer.bias) if "biases" in e.setting else kernel_of(layer)
        if e.cell == "zero":
            assert not draws.any()
            continue
        square = re.fullmatch(r"uniform within \$\\pm\\sqrt\{(.+)\}\$", e.cell)[1]
        square = square.replace("k^2 (", "k**2 * (").replace("k^2 C", "k**2 * C")
        bound = math.sqrt(eval(square, {"C": C, "n": n, "k": k}))
        assert 0.98 < np.abs(draws).max() / bound <= 1 + 1e-6
        assert draws.std() == pytest.approx(bound / math.sqrt(3), rel=0.05)


def check_padding(e: Entry) -> None:
    check_default(e, type(convolution(e, 1, 1, 3)))


def check_same(e: Entry) -> None:
    x = np.ones((1, 8, 8, 1), "float32")
    if e.library == "PyTorch":
        assert e.code == "ValueError"
        with pytest.raises(ValueError, match="strided"):
            torch.nn.Conv2d(1, 1, 3, padding="same", stride=2)
        return
    assert e.cell == "zeros at the end first"
    sums = keras.layers.Conv2D(
        1, 3, strides=2, padding="same", kernel_initializer="ones"
    )
    found = array(sums(x))[0, :, :, 0]
    assert found[0, 0] == 9
    assert found[-1, -1] == 4


def check_pooling(e: Entry) -> None:
    x = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    found = of_images(made(e, "pooling"), x)
    assert found.ravel().tolist() == [5, 7, 13, 15]


def check_pooling_stride(e: Entry) -> None:
    assert e.cell == "the window"
    kind = type(made(e, "pooling"))
    x = np.ones((1, 9, 9, 1), "float32")
    assert of_images(kind(3), x).shape == (1, 3, 3, 1)


def check_left_out(e: Entry) -> None:
    assert e.cell == "left out"
    x = np.zeros((1, 5, 5, 1), "float32")
    x[0, 4, 4] = 1
    found = of_images(made(e, "pooling"), x)
    assert found.shape == (1, 2, 2, 1)
    assert not found.any()


def check_global_mean(e: Entry) -> None:
    x = np.random.default_rng(0).normal(size=(4, 5, 6, 2)).astype("float32")
    found = of_images(made(e, "mean over all places"), x).reshape(4, 2)
    assert found == pytest.approx(x.mean(axis=(1, 2)), abs=1e-6)


def check_global_shape(e: Entry) -> None:
    x = np.ones((4, 5, 6, 2), "float32")
    x = x if e.library == "Keras" else torch.from_numpy(x.transpose(0, 3, 1, 2).copy())
    found = made(e, "mean over all places")(x)
    assert tuple(found.shape) == eval(e.code, {"samples": 4, "C": 2})


def check_flattened(e: Entry) -> None:
    x = np.arange(24, dtype="float32").reshape(1, 2, 3, 4)  # rows, columns, channels
    layer = NORMS[e.library].Flatten()
    found = of_images(layer, x).ravel()
    order = {"row, column, channel": (0, 1, 2), "channel, row, column": (2, 0, 1)}
    assert np.array_equal(found, x[0].transpose(order[e.cell]).ravel())


def check_falling(e: Entry) -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=0.5)
    names = {"rate": 0.5, "steps": 4, "optimizer": optimizer}
    names |= {"PolynomialDecay": keras.optimizers.schedules.PolynomialDecay}
    falling = eval(e.code, names | {"LinearLR": torch.optim.lr_scheduler.LinearLR})
    found = []
    for step in range(5):
        if e.library == "Keras":
            found.append(float(falling(step)))
        else:
            found.append(falling.get_last_lr()[0])
            optimizer.step()
            falling.step()
    assert found == pytest.approx([0.5, 0.375, 0.25, 0.125, 0])


# A borrowed network -------------------------------------------------------------------


def frozen(e: Entry):
    """A body of one normalization, frozen as the table says."""
    body = NORMS[e.library].BatchNormalization() if e.library == "Keras" else None
    if body is not None:
        body.build((None, 2))
    else:
        body = torch.nn.BatchNorm1d(2)
    row = entry(e.library, "", "freezing all weights", e.section)
    exec(row.code, {"body": body})
    return body


def check_depthwise(e: Entry) -> None:
    layer = made(e, "a kernel for each channel", C=3, k=2)
    x = inputs(4 * 4 * 3).reshape(4, 4, 4, 3)
    before = of_images(layer, x)
    assert before.shape[3] == 3
    x[..., 1] += 1
    moved = np.abs(of_images(layer, x) - before).max((0, 1, 2))
    assert moved[1] > 1e-3
    assert moved[[0, 2]] == pytest.approx(np.zeros(2), abs=1e-6)


def check_depthwise_shape(e: Entry) -> None:
    layer = made(e, "a kernel for each channel", C=3, k=2)
    of_images(layer, np.ones((1, 4, 4, 3), "float32"))
    assert kernel_of(layer).shape == eval(e.code, {"C": 3, "k": 2})


def check_norm_of_maps(e: Entry) -> None:
    layer = made(e, "batch normalization of maps", C=2)
    x = np.random.default_rng(0).normal(3, 2, (4, 5, 6, 2)).astype("float32")
    found = of_images(
        layer if e.library == "PyTorch" else lambda x: layer(x, training=True), x
    )
    assert e.setting.startswith("batch") or e.cell == "samples and places"
    assert found.mean((0, 1, 2)) == pytest.approx(np.zeros(2), abs=1e-5)
    assert found.std((0, 1, 2)) == pytest.approx(np.ones(2), abs=1e-2)
    assert np.abs(found.mean((1, 2))).max() > 0.01


def check_freezing(e: Entry) -> None:
    body = frozen(e)
    if e.library == "Keras":
        assert body.trainable_weights == []
    else:
        assert not any(p.requires_grad for p in body.parameters())


def check_frozen_running(e: Entry) -> None:
    body = frozen(e)
    before = [values.copy() for values in running(body)]
    at_work(body, np.array([[0.0, 5.0], [4.0, 9.0]], "float32"))
    same = all(map(np.array_equal, before, running(body)))
    assert e.cell == ("stay" if same else "move")


def check_thawing(e: Entry) -> None:
    x, y = np.ones((4, 1), "float32"), np.ones((4, 1), "float32")
    if e.library == "Keras":
        assert e.cell == "after `compile`"
        body = keras.layers.Dense(1)
        network = keras.Sequential([keras.Input((1,)), body, keras.layers.Dense(1)])
        body.trainable = False
        network.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
        network.fit(x, y, verbose=0)
        start = array(body.kernel).copy()
        body.trainable = True
        network.fit(x, y, verbose=0)
        assert np.array_equal(array(body.kernel), start)
        network.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
        network.fit(x, y, verbose=0)
        assert not np.array_equal(array(body.kernel), start)
    else:
        assert e.cell == "at once"
        body = torch.nn.Linear(1, 1).requires_grad_(False)
        optimizer = torch.optim.SGD(body.parameters(), lr=0.1)
        start = array(body.weight).copy()
        body.requires_grad_(True)
        ((body(torch.from_numpy(x)) - 9) ** 2).mean().backward()
        optimizer.step()
        assert not np.array_equal(array(body.weight), start)


def check_groups(e: Entry) -> None:
    if e.library == "Keras":
        assert e.cell == "—"
        assert "params" not in inspect.signature(keras.optimizers.SGD).parameters
        return
    a, b = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    optimizer = torch.optim.SGD(eval(e.code, {"a": [a], "b": [b]}))
    (a + b).sum().backward()
    optimizer.step()
    assert [a.item(), b.item()] == pytest.approx([-0.1, -0.01])


# Recurrent layers ---------------------------------------------------------------------

SIZES = {"d": 2, "n": 3, "samples": 4, "steps": 5}
ORDERS = {"LSTM": "ifgq", "GRU": "urn"}


def cells(e: Entry, setting: str) -> list:
    """The layers that the row `setting` names for an entry's library."""
    row = entry(e.library, "", setting, e.section)
    made = eval(f"[{row.cell.replace('`', '')}]", vars(NORMS[e.library]) | SIZES)
    for layer in made if e.library == "Keras" else ():
        layer.build((None, None, SIZES["d"]))
    return made


def read(layer, x: np.ndarray) -> np.ndarray:
    """The last state of a layer for sequences (samples, steps, features)."""
    if isinstance(layer, torch.nn.Module):
        h = layer(torch.from_numpy(x))[1]
        return array(h[0] if isinstance(h, tuple) else h)[-1]
    return array(layer(x))


def sequences_of(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def check_cells(e: Entry) -> None:
    for layer in cells(e, e.setting):
        assert read(layer, sequences_of(4, 5, 2)).shape == (4, 3)


def check_sequences_shape(e: Entry) -> None:
    x = sequences_of(*eval(e.code, SIZES))
    if e.library == "Keras":
        assert array(cells(e, "simple cell")[0](x)).shape == (4, 3)
        return
    layer = torch.nn.RNN(2, 3, batch_first="default" not in e.setting)
    _, last = layer(torch.from_numpy(x))
    assert last.shape == (1, 4, 3)


def check_returned(e: Entry) -> None:
    found = cells(e, "simple cell")[0]
    x = sequences_of(4, 5, 2)
    if e.library == "Keras":
        assert e.cell == "the last state"
        assert found(x).shape == (4, 3)
    else:
        assert e.cell == "all states, and the last"
        assert [tuple(part.shape) for part in found(torch.from_numpy(x))] == [
            (4, 5, 3),
            (1, 4, 3),
        ]


def check_gates(e: Entry) -> None:
    """The cell by the page's formulas, with the blocks in the order of the table."""
    kind = re.search("LSTM|GRU", e.setting)[0]
    layer = cells(e, "gated cells")[kind == "GRU"]
    x = sequences_of(4, 5, 2)
    if e.library == "Keras":
        draw = np.random.default_rng(1)
        layer.set_weights([draw.normal(size=w.shape) for w in layer.get_weights()])
        W, R, b = layer.get_weights()
        b, b_state = b if b.ndim == 2 else (b, np.zeros_like(b))
    else:
        W, R, b, b_state = (array(p).T for p in layer.parameters())
    names = e.cell.split(", ")
    assert sorted(names) == sorted(ORDERS[kind])
    new, old = (
        lambda v, W=W, b=b: dict(
            zip(names, np.split(v @ W + b, len(names), -1), strict=True)
        ),
        lambda v, W=R, b=b_state: dict(
            zip(names, np.split(v @ W + b, len(names), -1), strict=True)
        ),
    )
    h = c = np.zeros((4, 3))
    for t in range(5):
        o, back = new(x[:, t]), old(h)
        if kind == "LSTM":
            i, f, q = (sigmoid(o[name] + back[name]) for name in "ifq")
            c = f * c + i * np.tanh(o["g"] + back["g"])
            h = q * np.tanh(c)
        else:
            r, u = (sigmoid(o[name] + back[name]) for name in "ru")
            h = u * h + (1 - u) * np.tanh(o["n"] + r * back["n"])
    assert read(layer, x) == pytest.approx(h, abs=1e-5)


def check_cell_shapes(e: Entry) -> None:
    kind = re.search("LSTM|GRU", e.setting)[0]
    layer = cells(e, "gated cells")[kind == "GRU"]
    weights = (
        layer.get_weights()
        if e.library == "Keras"
        else [array(p) for p in layer.parameters()]
    )
    wanted = eval(e.cell.split("`")[1], SIZES)
    if "$W$" in e.setting:
        assert weights[0].shape == wanted
    else:
        assert [w.shape for w in weights[2:]] == [wanted] * (1 + ("twice" in e.cell))


def check_recurrent_start(e: Entry) -> None:
    if e.library == "Keras":
        assert e.cell == "orthogonal"
        for layer in [*cells(e, "simple cell"), *cells(e, "gated cells")]:
            R = layer.get_weights()[1]
            assert np.allclose(R @ R.T, np.eye(3), atol=1e-5)
        return
    for name, n in (("RNN", 64), ("LSTM", 32), ("GRU", 32)):
        draws = array(getattr(torch.nn, name)(2, n).weight_hh_l0)
        check_bound(e, draws, n)


def check_bound(e: Entry, draws: np.ndarray, n: int) -> None:
    bound = float(np.sqrt(1 / n))
    assert e.cell.startswith("uniform within $\\pm\\sqrt{1 / n}$")
    assert np.abs(draws).max() <= bound
    assert draws.std() == pytest.approx(bound / np.sqrt(3), rel=0.1)


def check_forget_start(e: Entry) -> None:
    if e.library == "Keras":
        bias = cells(e, "gated cells")[0].get_weights()[2]
        assert bias[3:6] == pytest.approx(np.full(3, float(e.cell)))
        return
    layer = torch.nn.LSTM(2, 1000)
    assert e.cell.endswith("twice")
    for bias in (layer.bias_ih_l0, layer.bias_hh_l0):
        check_bound(e, array(bias[1000:2000]), 1000)


def check_padded_steps(e: Entry) -> None:
    """Zeros behind a sequence change nothing, as the named tool is used."""
    x = sequences_of(1, 5, 2)
    longer = np.concatenate([x, np.zeros((1, 3, 2), "float32")], axis=1)
    layer = cells(e, "gated cells")[1]
    name = e.cell.split("`")[1]
    if e.library == "Keras":
        mask = eval(name, vars(keras.layers))
        assert array(layer(mask(longer))) == pytest.approx(read(layer, x), abs=1e-6)
    else:
        pack = getattr(torch.nn.utils.rnn, name)
        packed = pack(torch.from_numpy(longer), torch.tensor([5]), batch_first=True)
        assert array(layer(packed)[1][-1]) == pytest.approx(read(layer, x), abs=1e-6)
    assert np.abs(read(layer, longer) - read(layer, x)).max() > 1e-3


def check_padding_default(e: Entry) -> None:
    rows = [np.array([1.5, 2.5], "float32"), np.array([3.5], "float32")]
    if e.library == "Keras":
        assert e.cell == "in front, integers"
        found = keras.utils.pad_sequences(rows)
        assert found.tolist() == [[1, 2], [0, 3]]
        assert found.dtype.kind == "i"
    else:
        assert e.cell == "behind, its own type"
        found = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(row) for row in rows])
        assert found.T.tolist() == [[1.5, 2.5], [3.5, 0.0]]


def check_clipping(e: Entry) -> None:
    slopes = [np.array([3.0, 4.0], "float32"), np.array([12.0], "float32")]
    together = "together" in e.setting
    if e.library == "Keras":
        optimizer = eval(f"SGD(1.0, {e.code})", vars(keras.optimizers) | {"c": 1.0})
        weights = [keras.Variable(np.zeros_like(g)) for g in slopes]
        optimizer.apply([keras.ops.array(g) for g in slopes], weights)
        found = [-array(w) for w in weights]
    else:
        parameters = [torch.nn.Parameter(torch.zeros(len(g))) for g in slopes]
        for p, g in zip(parameters, slopes, strict=True):
            p.grad = torch.from_numpy(g.copy())
        names = {"parameters": parameters, "c": 1.0}
        for p in parameters[: 1 if together else None]:
            eval(e.cell.split("`")[1], vars(torch.nn.utils) | names | {"p": p})
        found = [array(p.grad) for p in parameters]
    lengths = [13.0, 13.0] if together else [5.0, 12.0]
    for cut, g, length in zip(found, slopes, lengths, strict=True):
        assert cut == pytest.approx(g / length, rel=1e-5)


def check_both_ends(e: Entry) -> None:
    layer = eval(e.code, vars(NORMS[e.library]) | SIZES)
    x = sequences_of(4, 5, 2)
    if e.library == "Keras":
        assert layer(x).shape == (4, 6)
    else:
        assert layer(torch.from_numpy(x))[0].shape == (4, 5, 6)


def check_causal(e: Entry) -> None:
    if e.cell == "—":
        with pytest.raises(ValueError, match="padding"):
            torch.nn.Conv1d(2, 3, 3, padding="causal")
        return
    layer = eval(e.code, vars(keras.layers) | SIZES)
    x = sequences_of(1, 5, 2)
    before = array(layer(x))
    x[0, 3] += 1
    moved = np.abs(array(layer(x)) - before).max(axis=(0, 2))
    assert moved[:3].max() == 0
    assert moved[3:].min() > 1e-4


# Attention layers ---------------------------------------------------------------------

WIDE = {"d": 8, "H": 2, "b": 3, "T": 5}


def attending(e: Entry):
    """The layer that the table names, with weights that hide no mistake."""
    row = entry(e.library, "", "attention with heads", e.section)
    layer = eval(row.code, vars(NORMS[e.library]) | WIDE)
    draw = np.random.default_rng(1)
    if e.library == "Keras":
        layer.build((3, 5, 8), (3, 5, 8))
        layer.set_weights([draw.normal(size=w.shape) for w in layer.get_weights()])
        return layer
    with torch.no_grad():
        for p in layer.parameters():
            p.copy_(torch.from_numpy(draw.normal(size=p.shape)))
    return layer


def attend(e: Entry, layer, *parts, **options) -> np.ndarray:
    """The outputs of a call."""
    if e.library == "Keras":
        return array(layer(*parts, **options))
    parts = [torch.from_numpy(part) for part in parts]
    options = {
        name: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
        for name, value in options.items()
    }
    return array(layer(*parts, **options)[0])


def readers(e: Entry, hidden: int, **options) -> list[int]:
    """Which rows of the first sequence change if one of its tokens does."""
    layer, x = attending(e), sequences_of(3, 5, 8)
    before = attend(e, layer, x, x, x, **options)
    x = x.copy()
    x[0, hidden] += 1
    moved = np.abs(attend(e, layer, x, x, x, **options) - before).max(axis=2)[0]
    return [i for i in np.flatnonzero(moved > 1e-4) if i != hidden]


def mask_of(e: Entry, may_read: np.ndarray) -> dict:
    row = entry(e.library, "", "a true entry of the layer's mask", e.section)
    assert row.cell in ("may be read", "may not be read")
    mask = may_read if row.cell == "may be read" else ~may_read
    return {"attention_mask" if e.library == "Keras" else "attn_mask": mask}


def check_attention(e: Entry) -> None:
    assert readers(e, 2) == [0, 1, 3, 4]


def check_arguments(e: Entry) -> None:
    """A call with what the table says equals one by name."""
    layer = attending(e)
    names = e.cell.split(", ")
    given = dict(zip(names, sequences_of(3, 3, 5, 8), strict=True))
    by_place = attend(e, layer, *given.values())
    if e.library == "PyTorch":
        given = {name: torch.from_numpy(part) for name, part in given.items()}
        assert array(layer(**given)[0]) == pytest.approx(by_place, abs=1e-5)
    else:
        assert array(layer(**given)) == pytest.approx(by_place, abs=1e-5)


def check_call(e: Entry) -> None:
    x = sequences_of(3, 5, 8)
    if e.library == "Keras":
        assert e.cell == "the output"
        assert attending(e)(x, x).shape == (3, 5, 8)
    else:
        assert e.cell == "the output, and the weights"
        out, weights = attending(e)(*[torch.from_numpy(x)] * 3)
        assert out.shape == (3, 5, 8)
        assert array(weights.sum(dim=-1)) == pytest.approx(np.ones((3, 5)), abs=1e-5)


def check_weights(e: Entry) -> None:
    x = sequences_of(3, 5, 8)
    if e.library == "Keras":
        assert e.cell == "one matrix for each head"
        assert attending(e)(x, x, return_attention_scores=True)[1].shape == (3, 2, 5, 5)
    else:
        assert e.cell == "their mean over heads"
        parts, layer = [torch.from_numpy(x)] * 3, attending(e)
        every = layer(*parts, average_attn_weights=False)[1]
        assert every.shape == (3, 2, 5, 5)
        assert array(layer(*parts)[1]) == pytest.approx(array(every.mean(1)), abs=1e-5)


def check_true_entry(e: Entry) -> None:
    may_read = np.ones((5, 5), bool)
    may_read[:2, 3] = False
    assert readers(e, 3, **mask_of(e, may_read)) == [2, 4]


def check_function(e: Entry) -> None:
    """One-hot queries and keys of great length look the values up."""
    q = 100 * np.eye(5, 8, dtype="float32")[::-1].reshape(1, 5, 1, 8).copy()
    k = np.eye(5, 8, dtype="float32").reshape(1, 5, 1, 8)
    v = sequences_of(1, 5, 1, 8)
    assert looked_up(e, q, k, v) == pytest.approx(v[:, ::-1], abs=1e-4)


def looked_up(e: Entry, q, k, v, mask=None) -> np.ndarray:
    """By the table's function, with the axes samples, tokens, heads, width."""
    row = entry(e.library, "", "the function for one look-up", e.section)
    if e.library == "Keras":
        return array(getattr(keras.ops, row.code)(q, k, v, mask=mask))
    parts = [torch.from_numpy(part).transpose(1, 2) for part in (q, k, v)]
    mask = None if mask is None else torch.from_numpy(mask)
    function = getattr(torch.nn.functional, row.code)
    return array(function(*parts, attn_mask=mask).transpose(1, 2))


def check_function_mask(e: Entry) -> None:
    assert e.cell == "may be read"
    q, k, v = sequences_of(3, 1, 5, 1, 8)
    only_one = np.zeros((1, 1, 5, 5), bool)
    only_one[..., 3] = True
    found = looked_up(e, q, k, v, only_one)
    assert found == pytest.approx(np.broadcast_to(v[:, 3:4], v.shape), abs=1e-5)


def check_mask_shape(e: Entry) -> None:
    may_read = np.ones(eval(e.code, WIDE), bool)
    may_read[: len(may_read) // 3, :, 3] = False  # the first sequence, all its heads
    assert readers(e, 3, **mask_of(e, may_read)) == []


def check_hiding_padding(e: Entry) -> None:
    real = np.arange(5) < np.array([[3], [5], [4]])
    options = eval(f"dict({e.code})", {"real": real})
    assert readers(e, 3, **options) == []
    assert readers(e, 2, **options) != []


def check_hiding_later(e: Entry) -> None:
    later = np.triu(np.ones((5, 5), bool), k=1)
    assert readers(e, 2, **eval(f"dict({e.code})", {"later": later})) == [3, 4]


def check_nobody(e: Entry) -> None:
    layer, x = attending(e), sequences_of(3, 5, 8)
    may_read = np.ones((5, 5), bool)
    may_read[4] = False
    found = attend(e, layer, x, x, x, **mask_of(e, may_read))[:, 4]
    if e.library == "PyTorch":
        assert e.cell == "NaN"
        assert np.isnan(found).all()
    else:
        assert e.cell == "the mean of all values"
        *_, W, b, W_out, b_out = layer.get_weights()
        mean = np.einsum("btd,dhw->bhw", x / 5, W) + b
        assert found == pytest.approx(
            np.einsum("bhw,hwd->bd", mean, W_out) + b_out, abs=1e-4
        )


def check_embedding(e: Entry) -> None:
    layer = NORMS[e.library].Embedding(200, 50)
    if e.library == "Keras":
        layer.build()
        draws = array(layer.embeddings)
        bound = float(e.cell.split()[-1])
        assert e.cell.startswith("uniform")
        assert np.abs(draws).max() <= bound
        assert draws.std() == pytest.approx(bound / np.sqrt(3), rel=0.05)
    else:
        assert e.cell == "normal, spread 1"
        assert array(layer.weight).std() == pytest.approx(1, rel=0.05)


def check_gelu(e: Entry) -> None:
    assert e.cell == "exact"
    x = np.linspace(-3, 3, 13).astype("float32")
    exact = [v * (1 + math.erf(v / math.sqrt(2))) / 2 for v in x]
    found = (
        array(keras.activations.gelu(x))
        if e.library == "Keras"
        else array(torch.nn.GELU()(torch.from_numpy(x)))
    )
    assert found == pytest.approx(exact, abs=2e-6)


CHECKS = {
    "A dense layer": {
        "layer": check_layer,
        "computes": check_formula,
        "name of the weights": check_weights_name,
        "shape of the weights": check_weights_shape,
        "shape of the biases": check_bias_shape,
        "initial weights": check_initial_weights,
        "initial biases": check_initial_biases,
        "activation": check_activation,
        "numbers": check_numbers,
    },
    "Losses": {
        "squared error: numbers, numbers": check_loss,
        "absolute error: numbers, numbers": check_loss,
        "binary cross-entropy: logits, 0 or 1": check_loss,
        "binary cross-entropy: probabilities, 0 or 1": check_loss,
        "cross-entropy: logits, class indices": check_loss,
        "cross-entropy: logits, one-hot rows": check_loss,
        "cross-entropy: probabilities, class indices": check_loss,
        "cross-entropy: probabilities, one-hot rows": check_loss,
        "cross-entropy: logarithms, class indices": check_loss,
        "reduction": check_reduction,
        "squared error, mean over": check_mean,
        "binary cross-entropy, mean over": check_mean,
        "cross-entropy, mean over": check_mean,
        "a probability of 0 counts as": check_impossible,
        "output `(n, 1)`, targets `(n,)`": check_shapes,
    },
    "Optimizers": {
        "learning rate": check_default,
        "momentum": check_default,
        "Nesterov": check_default,
        "velocity": check_momentum,
        "step": check_momentum,
        "decay": check_default,
        "first sum": check_default,
        "$\\varepsilon$": check_default,
        "divides by": check_divisor,
        "weight decay": check_weight_decay,
    },
    "Batches and early stopping": {
        "who makes the batches": check_who,
        "samples in a batch": check_batch_size,
        "new order in each epoch": check_shuffle,
        "last, smaller batch": check_last_batch,
        "gradient of the last step": check_last_gradient,
        "early stopping": check_early_stopping,
        "watches": check_early_stopping,
        "epochs without progress": check_early_stopping,
        "smallest progress": check_early_stopping,
        "goes back to the best": check_early_stopping,
    },
    "Dropout and normalization": {
        "dropout": check_norm_layer,
        "what it keeps is divided by": check_kept,
        "a new layer, called": check_called,
        "batch normalization": check_norm_layer,
        "share of a batch in the running values": check_share,
        "by default": check_norm_default,
        "its $\\varepsilon$": check_norm_default,
        "running variance divides by": check_running_variance,
        "one sample, at work": check_one_sample,
        "its weights set fixed, at work": check_fixed,
        "layer normalization": check_norm_layer,
        "$\\varepsilon$ of that": check_norm_default,
        "names of $\\gamma$, $\\beta$": check_names,
        "label smoothing": check_smoothing,
    },
    "Convolution and pooling": {
        "layer": check_convolution,
        "shape of a batch": check_batch_shape,
        "shape of the weights": check_kernel_shape,
        "what is called convolution": check_direction,
        "initial weights": check_kernel_draws,
        "initial biases": check_kernel_draws,
        "padding": check_padding,
        '`padding="same"`, stride 2': check_same,
        "pooling": check_pooling,
        "its stride, if none is given": check_pooling_stride,
        "what does not fill a window": check_left_out,
        "mean over all places": check_global_mean,
        "shape of that": check_global_shape,
        "flattened": check_flattened,
        "a rate that falls in a line to 0": check_falling,
    },
    "A borrowed network": {
        "a kernel for each channel": check_depthwise,
        "shape of its weights": check_depthwise_shape,
        "batch normalization of maps": check_norm_of_maps,
        "its means run over": check_norm_of_maps,
        "freezing all weights": check_freezing,
        "running values, frozen, in training mode": check_frozen_running,
        "once trained, thawing counts": check_thawing,
        "a rate for each part, in `SGD`": check_groups,
    },
    "Recurrent layers": {
        "simple cell": check_cells,
        "gated cells": check_cells,
        "shape of a batch": check_sequences_shape,
        "the same, by default": check_sequences_shape,
        "what a call returns": check_returned,
        "gates of an LSTM, in order": check_gates,
        "gates of a GRU, in order": check_gates,
        "shape of $W$ in an LSTM": check_cell_shapes,
        "biases of an LSTM": check_cell_shapes,
        "biases of a GRU": check_cell_shapes,
        "start of the recurrent weights": check_recurrent_start,
        "start of the forget gate's bias": check_forget_start,
        "steps of padding": check_padded_steps,
        "padding a list, by default": check_padding_default,
        "gradient clipping, all weights together": check_clipping,
        "each weight array by itself": check_clipping,
        "reading from both ends": check_both_ends,
        "causal convolution": check_causal,
    },
    "Attention layers": {
        "attention with heads": check_attention,
        "arguments of a call, in order": check_arguments,
        "what a call returns": check_call,
        "these weights": check_weights,
        "a true entry of the layer's mask": check_true_entry,
        "the function for one look-up": check_function,
        "a true entry of the function's mask": check_function_mask,
        "shape of a mask for each sequence": check_mask_shape,
        "hiding padding": check_hiding_padding,
        "hiding what comes later": check_hiding_later,
        "nobody may be read": check_nobody,
        "start of an embedding": check_embedding,
        "GELU": check_gelu,
    },
}
ENTRIES = entries()


@pytest.mark.parametrize("e", ENTRIES, ids=lambda e: e.id)
def test_an_entry_says_what_the_library_does(e):
    CHECKS[e.section][e.setting](e)


def test_the_tables_hold_what_a_reader_looks_for():
    assert {e.optimizer for e in ENTRIES} == {"", *OPTIMIZERS}
    for section, checks in CHECKS.items():
        settings = {e.setting for e in ENTRIES if e.section == section}
        assert settings == set(checks)


def test_both_forms_of_momentum_take_the_same_steps_at_a_constant_rate():
    gradients, rates = [1.0, -2.0, 0.5, 0.25, 3.0], [0.1] * 5
    paths = [
        steps(entry(library, "SGD", "step"), gradients, rates, momentum=0.9)
        for library in ("Keras", "PyTorch")
    ]
    assert paths[0] == pytest.approx(paths[1], rel=1e-5)


def test_a_layer_is_copied_by_transposing_its_weights():
    linear = torch.nn.Linear(3, 5)
    dense = keras.layers.Dense(5)
    dense.build((None, 3))
    dense.set_weights([array(linear.weight).T, array(linear.bias)])
    x = inputs(3)
    assert array(dense(x)) == pytest.approx(array(linear(torch.tensor(x))), abs=1e-6)


# Symbols and terms --------------------------------------------------------------------


def test_every_symbol_has_a_meaning_and_stands_once():
    rows = [
        row
        for heading in ("Data", "Model", "Sequences", "Attention", "Training")
        for _, body in tables(heading)
        for row in body
    ]
    assert len(rows) >= 30
    assert all(len(row) == 5 and all(row) for row in rows)
    symbols = [row[0] for row in rows]
    assert len(set(symbols)) == len(symbols)


def glossary() -> list[tuple[list[str], str]]:
    """(terms, definition) in the order of the page."""
    body = re.search(r"^```\{glossary\}\n(.*?)^```", PAGE, flags=re.M | re.S)[1]
    found = []
    for block in body.strip().split("\n\n"):
        lines = block.splitlines()
        terms = [line for line in lines if not line.startswith(" ")]
        found.append((terms, " ".join(line.strip() for line in lines[len(terms) :])))
    return found


def test_terms_stand_in_the_order_of_the_alphabet_and_are_defined_once():
    first = [terms[0].lower() for terms, _ in glossary()]
    assert first == sorted(first)
    every = [term.lower() for terms, _ in glossary() for term in terms]
    assert len(set(every)) == len(every)
    assert all(definition for _, definition in glossary())
