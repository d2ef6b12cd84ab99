"""The chapter on losses: its table of formats, the libraries' losses, weight decay.

The independent side is NumPy in extended precision, from the chapter's formulas. The
table is read from the page: a row that changes there is checked as it then stands.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import chapters
import numpy as np
import pytest

import notebook_utils  # noqa: F401  (before Keras)

# isort: split
import keras
import tensorflow as tf
import torch

# TensorFlow's variables, when NumPy copies them
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")

ROOT = Path(__file__).resolve().parent.parent
PAGE = (chapters.BOOK / "losses.md").read_text(encoding="utf8")
TASKS = ["numbers", "outliers", "yes or no", "K times", "index", "shares"]
KEYWORDS = {
    "numbers": "$K$ numbers",
    "outliers": "numbers, with outliers",
    "yes or no": "yes or no",
    "K times": "$K$ times yes or no",
    "index": "one of $K$, as index",
    "shares": "one of $K$, as shares",
}


@pytest.fixture(scope="module")
def losses(chapter):
    return chapter("losses").namespace


# Independent losses, one number for each entry (or each sample) -----------------------


def squared(o, y):
    return (o - y) ** 2


def absolute(o, y):
    return abs(o - y)


def huber(o, y, delta=1.0):
    e = abs(o - y)
    return np.where(e <= delta, e**2 / 2, delta * e - delta**2 / 2)


def binary(o, y):
    """From the two probabilities, each computed where it does not round to 0 or 1."""
    minus_log_1 = np.logaddexp(0, -o)  # -log sigma(o)
    minus_log_0 = np.logaddexp(0, o)
    return y * minus_log_1 + (1 - y) * minus_log_0


def categorical(o, shares):
    shifted = o - o.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -np.where(shares > 0, shares * log_p, 0).sum(axis=-1)


REFERENCE = {
    "numbers": squared,
    "outliers": huber,
    "yes or no": binary,
    "K times": binary,
    "index": categorical,
    "shares": categorical,
}


def expected_entries(task, o, y):
    """The losses before their reduction, in extended precision."""
    o = np.asarray(o, dtype=np.longdouble)
    if task == "index":
        y = np.eye(o.shape[1])[y]
    return REFERENCE[task](o, np.asarray(y, dtype=np.longdouble)).astype(float)


def example(task, seed=0, scale=1.0, n=6, k=4):
    """Outputs and targets of a task; `scale` is the size of the outputs."""
    rng = np.random.default_rng(seed)
    k = 1 if task == "yes or no" else k
    o = scale * rng.normal(size=(n, k))
    if scale > 1:
        o = scale * np.sign(o) * rng.choice([1.0, 0.999], size=o.shape)
    y = {
        "numbers": 3 * rng.normal(size=(n, k)),
        "outliers": 3 * rng.normal(size=(n, k)),
        "yes or no": rng.integers(0, 2, size=(n, k)),
        "K times": rng.integers(0, 2, size=(n, k)),
        "index": rng.integers(0, k, size=n),
        "shares": rng.dirichlet(np.ones(k), size=n),
    }[task]
    return o, y


# The table ----------------------------------------------------------------------------


def rows():
    """Of each task, the cells on the last layer, on Keras and on PyTorch."""
    table = re.search(r":name: tab:contract\n.*?\n\n(.*?)```", PAGE, flags=re.S)[1]
    found = {}
    for line in table.strip().split("\n")[2:]:
        task, last, in_keras, in_torch = [c.strip() for c in line.strip("|").split("|")]
        found[task] = (last, in_keras, in_torch)
    return found


def contract(cell):
    """(code of the loss, types of the targets, their shape) of a cell of the table."""
    name, options, types, shape = re.fullmatch(
        r"`(\w+)`(?: `([\w=]+)`)?; (.*?) `(.*?)`", cell
    ).groups()
    options = (options or "").replace("delta=d", "delta=1.0")
    return f"{name}({options})", types.split(" or "), shape.replace("\u00a0", " ")


def test_the_table_has_the_rows_that_are_checked_here():
    assert list(rows()) == [KEYWORDS[task] for task in TASKS]


TYPES = {
    "float": {"keras": ["float32", "float64"], "torch": ["float32"]},
    "int": {"keras": ["int32", "int64"], "torch": []},
    "int64": {"keras": ["int64"], "torch": ["int64"]},
}


@pytest.mark.parametrize("task", TASKS)
def test_each_row_of_the_table_gives_the_mean_that_the_page_says(task):
    """Loss, shape and type of the targets as it says; the value by independent code."""
    last, in_keras, in_torch = rows()[KEYWORDS[task]]
    o, y = example(task)
    assert last == ("1, linear" if task == "yes or no" else "$K$, linear")
    for library, cell in (("keras", in_keras), ("torch", in_torch)):
        code, types, shape = contract(cell)
        n, k = o.shape
        assert y.shape == {"(n, K)": (n, k), "(n, 1)": (n, 1), "(n,)": (n,)}[shape]
        for type_name in [t for name in types for t in TYPES[name][library]]:
            targets = y
            if task == "shares" and type_name.startswith("int"):
                targets = np.eye(k)[y.argmax(axis=1)]
            targets = targets.astype(type_name)
            expected = expected_entries(task, o, targets).mean()
            if library == "keras":
                loss = eval(code, vars(keras.losses))
                found = float(loss(targets, o.astype("float32")))
            else:
                loss = eval(code, vars(torch.nn))
                found = loss(torch.tensor(o).float(), torch.tensor(targets)).item()
            assert found == pytest.approx(expected, rel=1e-5), (library, type_name)


def test_the_means_are_over_entries_in_four_rows_and_over_samples_in_two():
    """As the sentence below the table says, by dividing the sum by the mean."""
    for task in TASKS:
        o, y = example(task)
        entries = o.size if task in TASKS[:4] else len(o)
        assert expected_entries(task, o, y).size == entries
        code, _, _ = contract(rows()[KEYWORDS[task]][2])
        y = torch.tensor(y) if task == "index" else torch.tensor(y).float()
        mean = eval(code, vars(torch.nn))(torch.tensor(o).float(), y)
        total = eval(code.replace("(", "(reduction='sum', ", 1), vars(torch.nn))
        ratio = total(torch.tensor(o).float(), y) / mean
        assert ratio.item() == pytest.approx(entries, rel=1e-5)


def test_keras_sums_over_what_it_takes_means_of():
    """`reduction="sum"` adds up samples, each of them a mean over its outputs."""
    o, y = example("numbers")
    total = float(
        keras.losses.MeanSquaredError(reduction="sum")(y, o.astype("float32"))
    )
    assert total == pytest.approx(np.sum(np.mean((o - y) ** 2, axis=1)), rel=1e-5)


def test_the_chapters_three_computations_of_the_table_agree(losses):
    for task, value in losses["reference"].items():
        assert float(losses["contract_keras"][task]) == pytest.approx(value, rel=1e-5)
        assert losses["contract_torch"][task].item() == pytest.approx(value, rel=1e-5)


def test_types_that_the_table_does_not_allow_stop_pytorch():
    """Integer bits and indices of 32 bits: an error, not a wrong number."""
    o, bits = example("K times")
    with pytest.raises(RuntimeError):
        torch.nn.BCEWithLogitsLoss()(torch.tensor(o).float(), torch.tensor(bits))
    o, index = example("index")
    with pytest.raises(RuntimeError):
        torch.nn.CrossEntropyLoss()(
            torch.tensor(o).float(), torch.tensor(index.astype("int32"))
        )


# Values and slopes --------------------------------------------------------------------

MAKERS = {
    "numbers": (keras.losses.MeanSquaredError, torch.nn.MSELoss, {}),
    "outliers": (keras.losses.Huber, torch.nn.HuberLoss, {}),
    "yes or no": (
        keras.losses.BinaryCrossentropy,
        torch.nn.BCEWithLogitsLoss,
        {"from_logits": True},
    ),
    "index": (
        keras.losses.SparseCategoricalCrossentropy,
        torch.nn.CrossEntropyLoss,
        {"from_logits": True},
    ),
    "shares": (
        keras.losses.CategoricalCrossentropy,
        torch.nn.CrossEntropyLoss,
        {"from_logits": True},
    ),
}


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1.0, 30.0, 1000.0])
@pytest.mark.parametrize("task", list(MAKERS))
def test_each_loss_equals_independent_code(task, scale, precision):
    """On random outputs and on outputs of size 1000, sample by sample."""
    in_keras, in_torch, options = MAKERS[task]
    tolerance = {"float32": 2e-6, "float64": 1e-12}[precision]
    for seed in range(3):
        o, y = example(task, seed, scale)
        o = o.astype(precision)
        if task != "index":
            y = y.astype(precision)
        expected = expected_entries(task, o, y)
        by_keras = in_keras(**options, reduction=None, dtype=precision)(y, o)
        by_torch = in_torch(reduction="none")(torch.tensor(o), torch.tensor(y))
        per_sample = expected.mean(axis=1) if expected.ndim == 2 else expected
        size = np.abs(expected).max()
        assert np.isfinite(np.array(by_keras)).all()
        assert np.abs(np.array(by_keras) - per_sample).max() <= tolerance * size
        assert np.abs(by_torch.numpy() - expected).max() <= tolerance * size


@pytest.mark.parametrize("task", list(MAKERS))
def test_each_slope_equals_the_difference_quotient(task):
    """Keras' and PyTorch's slopes of the mean loss with respect to each output."""
    in_keras, in_torch, options = MAKERS[task]
    o, y = example(task, seed=4)
    y = y if task == "index" else y.astype("float64")
    quotients = np.zeros_like(o)
    for index in np.ndindex(*o.shape):
        for sign in (1, -1):
            moved = o.copy()
            moved[index] += sign * 1e-5
            quotients[index] += sign * expected_entries(task, moved, y).mean() / 2e-5
    tensor = torch.tensor(o, requires_grad=True)
    in_torch()(tensor, torch.tensor(y)).backward()
    assert tensor.grad.numpy() == pytest.approx(quotients, abs=1e-8)
    variable = tf.Variable(o)
    with tf.GradientTape() as tape:
        value = in_keras(**options, dtype="float64")(y, variable)
    found = np.array(tape.gradient(value, variable))
    assert found == pytest.approx(quotients, abs=1e-6)


def test_absolute_error_has_pulls_of_one_size_in_both_libraries():
    o, y = example("numbers", seed=5)
    tensor = torch.tensor(o, requires_grad=True)
    value = torch.nn.L1Loss()(tensor, torch.tensor(y))
    value.backward()
    assert value.item() == pytest.approx(absolute(o, y).mean())
    assert (tensor.grad * o.size).numpy() == pytest.approx(np.sign(o - y))
    by_keras = keras.losses.MeanAbsoluteError(dtype="float64")(y, o)
    assert float(by_keras) == pytest.approx(absolute(o, y).mean())


@pytest.mark.parametrize("logit", [40.0, 200.0, 1000.0])
def test_a_probability_has_forgotten_the_logit(logit):
    """From probabilities both libraries go flat; from logits neither does."""
    o = torch.tensor([[logit]], requires_grad=True)
    zero = torch.zeros(1, 1)
    flat = torch.nn.BCELoss()(o.sigmoid(), zero)
    assert flat.item() == 100
    assert torch.autograd.grad(flat, o)[0].item() == 0
    exact = torch.nn.BCEWithLogitsLoss()(o, zero)
    assert exact.item() == pytest.approx(logit)
    assert torch.autograd.grad(exact, o)[0].item() == pytest.approx(1)
    variable = tf.Variable([[logit]])
    with tf.GradientTape(persistent=True) as tape:
        p = 1 / (1 + tf.exp(-variable))  # no layer that Keras could see through
        flat = keras.losses.BinaryCrossentropy()(np.zeros((1, 1)), p)
        exact = keras.losses.BinaryCrossentropy(from_logits=True)(
            np.zeros((1, 1)), variable
        )
    assert float(flat) == pytest.approx(-np.log(1e-7), abs=0.2)
    assert float(tape.gradient(flat, variable)[0, 0]) == 0
    assert float(exact) == pytest.approx(logit)
    assert float(tape.gradient(exact, variable)[0, 0]) == pytest.approx(1)


def test_the_edge_in_the_figure_is_where_single_precision_puts_it(losses):
    """The sigmoid becomes 1 between logits of 16 and 17; the clipped loss is level."""
    assert 16 < losses["first_infinite"] < 17
    beyond = losses["o_edge"] > 17
    assert np.ptp(losses["loss_clipped"][beyond]) == 0
    exact = np.logaddexp(0, losses["o_edge"].astype(float))
    assert losses["loss_exact"] == pytest.approx(exact, rel=1e-6)


# The other backend --------------------------------------------------------------------

BACKEND = """
import json
import keras, numpy as np

def loss_and_step(units, activation, loss, logits, target):
    layer = keras.layers.Dense(
        units, activation, kernel_initializer=keras.initializers.Identity()
    )
    model = keras.Sequential([keras.Input((units,)), layer])
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss=loss)
    value = model.evaluate(logits, target, verbose=0)
    model.fit(logits, target, verbose=0)
    return [value, *(-model.get_weights()[1]).tolist()]

two, second = np.array([[200.0, 0.0]], "float32"), np.array([[0.0, 1.0]], "float32")
one, zero = np.array([[40.0]], "float32"), np.array([[0.0]], "float32")
losses = keras.losses
rng = np.random.default_rng(0)
o = rng.normal(size=(5, 3)).astype("float32")
index, bits = rng.integers(0, 3, size=5), rng.integers(0, 2, size=(5, 3))
print(json.dumps({
    "backend": keras.backend.backend(),
    "softmax": loss_and_step(
        2, "softmax", losses.CategoricalCrossentropy(), two, second
    ),
    "linear": loss_and_step(
        2, None, losses.CategoricalCrossentropy(from_logits=True), two, second
    ),
    "sigmoid": loss_and_step(1, "sigmoid", losses.BinaryCrossentropy(), one, zero),
    "logit": loss_and_step(
        1, None, losses.BinaryCrossentropy(from_logits=True), one, zero
    ),
    "values": [float(value) for value in (
        losses.MeanSquaredError()(bits, o),
        losses.Huber()(bits, o),
        losses.BinaryCrossentropy(from_logits=True)(bits, o),
        losses.SparseCategoricalCrossentropy(from_logits=True)(index, o),
        losses.CategoricalCrossentropy(from_logits=True)(np.eye(3)[index], o),
    )],
    "o": o.tolist(), "index": index.tolist(), "bits": bits.tolist(),
}))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_only_logits_are_safe_on_every_backend(backend):
    """In a process of its own: where Keras recovers logits, and where it does not."""
    done = subprocess.run(
        [sys.executable, "-c", BACKEND],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["backend"] == backend
    assert found["linear"] == pytest.approx([200, 1, -1])
    assert found["logit"] == pytest.approx([40, 1])
    if backend == "tensorflow":
        assert found["softmax"] == pytest.approx([200, 1, -1])
        assert found["sigmoid"] == pytest.approx([40, 1])
    else:
        assert found["softmax"] == pytest.approx([-np.log(1e-7), 0, 0], abs=1e-3)
        assert found["sigmoid"] == pytest.approx([15.942, 0], abs=1e-3)
    o, bits = np.array(found["o"]), np.array(found["bits"])
    shares = np.eye(3)[found["index"]]
    expected = [
        squared(o, bits).mean(),
        huber(o, bits).mean(),
        binary(o, bits).mean(),
        categorical(o, shares).mean(),
        categorical(o, shares).mean(),
    ]
    assert found["values"] == pytest.approx(expected, rel=1e-5)


def test_the_page_shows_what_the_other_backend_says(losses):
    lines = losses["other"].stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["torch", "torch"]
    assert [float(line.split()[-1]) for line in lines] == pytest.approx([16.118, 200])


# Weight decay -------------------------------------------------------------------------


def test_l2_in_keras_is_half_of_weight_decay_in_pytorch():
    """L2(c) and weight_decay = 2c take the same 60 steps, through a hidden layer."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(20, 4)).astype("float32")
    index = rng.integers(0, 3, size=20)
    c, rate = 0.02, 0.3
    model = keras.Sequential([keras.Input((4,))])
    for units, activation in ((8, "tanh"), (3, None)):
        layer = keras.layers.Dense(
            units, activation, kernel_regularizer=keras.regularizers.L2(c)
        )
        model.add(layer)
    model.compile(
        optimizer=keras.optimizers.SGD(rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    start = [rng.normal(size=w.shape).astype("float32") / 2 for w in model.weights]
    model.set_weights(start)
    net = torch.nn.Sequential(
        torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3)
    )
    with torch.no_grad():
        for parameter, w in zip(net.parameters(), start, strict=True):
            parameter.copy_(torch.tensor(w.T))
    weights = [p for p in net.parameters() if p.ndim == 2]
    biases = [p for p in net.parameters() if p.ndim == 1]
    optimizer = torch.optim.SGD(
        [{"params": weights, "weight_decay": 2 * c}, {"params": biases}], lr=rate
    )
    for _ in range(60):
        model.train_on_batch(x, index)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            net(torch.tensor(x)), torch.tensor(index)
        )
        loss.backward()
        optimizer.step()
        for w, parameter in zip(model.get_weights(), net.parameters(), strict=True):
            gap = np.abs(w.T - parameter.detach().numpy()).max()
            assert gap < 2e-5
    moved = np.abs(model.get_weights()[0] - start[0]).max()
    assert moved > 0.1


def test_the_chapters_three_trainings_with_decay_agree(losses):
    for name in ("keras", "torch"):
        w, b = np.ravel(losses[f"w_{name}"]), np.ravel(losses[f"b_{name}"])[0]
        assert w == pytest.approx(losses["w_numpy"], abs=1e-4)
        assert b == pytest.approx(losses["b_numpy"], abs=1e-4)


@pytest.mark.parametrize(
    ("library", "name", "expected"),
    [
        ("keras", "SGD", 1.998),
        ("keras", "Adam", 1.998),
        ("keras", "AdamW", 1.998),
        ("torch", "SGD", 1.998),
        ("torch", "Adam", 1.9),
        ("torch", "AdamW", 1.998),
    ],
)
def test_which_optimizers_couple_decay_to_the_slopes(library, name, expected):
    """One step from 2 with slope 0, rate 0.1 and decay 0.01, as on the page."""
    if library == "keras":
        weight = keras.Variable(2.0)
        optimizer = getattr(keras.optimizers, name)(0.1, weight_decay=0.01)
        optimizer.apply([keras.ops.convert_to_tensor(0.0)], [weight])
    else:
        weight = torch.tensor(2.0, requires_grad=True)
        weight.grad = torch.tensor(0.0)
        getattr(torch.optim, name)([weight], lr=0.1, weight_decay=0.01).step()
    found = weight.item() if library == "torch" else float(weight)
    assert found == pytest.approx(expected, abs=1e-5)


def test_optimizers_of_both_libraries_decay_biases_unless_told():
    """As the last common mistake says; the exceptions that it names work."""
    for exclude in (False, True):
        bias = keras.Variable(2.0, name="bias")
        optimizer = keras.optimizers.SGD(0.1, weight_decay=0.01)
        if exclude:
            optimizer.exclude_from_weight_decay(var_names=["bias"])
        optimizer.apply([keras.ops.convert_to_tensor(0.0)], [bias])
        assert float(bias) == pytest.approx(2.0 if exclude else 1.998)
    layer = torch.nn.Linear(1, 1)
    torch.nn.init.ones_(layer.bias)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, weight_decay=0.5)
    (0 * layer(torch.ones(1, 1)).sum()).backward()
    optimizer.step()
    assert layer.bias.item() == pytest.approx(0.95)


def test_a_penalized_bias_is_the_mean_divided(losses):
    """Gradient descent on the penalized squared error gives the page's formula."""
    y, strength, b = losses["y"], 0.1, 0.0
    for _ in range(200):
        b -= 0.3 * (2 * (b - y.mean()) + strength * b)
    assert b == pytest.approx(y.mean() / (1 + strength / 2))


def test_a_penalty_scales_the_choice_between_splits_honestly(losses):
    """It uses training and validation rows only; and the parts are apart."""
    errors, picked = losses["errors"], losses["picked"]
    assert (errors[:, :, 1].argmin(axis=1) == picked).all()
    training = np.median(errors[:, :, 0], axis=0)
    assert (np.diff(training) >= 0).all()
    boston, y = losses["boston"], losses["y"]
    order = np.random.default_rng(3).permutation(len(y))
    seen, kept, judged = np.split(order, [60, 120])
    six = boston[losses["columns"]].to_numpy()
    six = (six - six[seen].mean(axis=0)) / six[seen].std(axis=0)
    pairs = [six[:, i] * six[:, j] for i in range(6) for j in range(i, 6)]
    wide = np.column_stack([six, *pairs])
    wide = (wide - wide[seen].mean(axis=0)) / wide[seen].std(axis=0)
    level = y[seen].mean()
    for number in (8, 12):  # least squares with rows that stand for the penalty
        extra = np.sqrt(60 * losses["lambdas"][number] / 2) * np.eye(27)
        rows_ = np.vstack([wide[seen], extra])
        w = np.linalg.lstsq(rows_, np.append(y[seen] - level, np.zeros(27)))[0]
        found = [
            np.mean((wide[part] @ w + level - y[part]) ** 2)
            for part in (seen, kept, judged)
        ]
        assert errors[3, number] == pytest.approx(found, rel=1e-6)


@pytest.mark.thorough
@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_the_keras_cells_run_on_both_backends(backend):
    """Without PyTorch's cells, in a process of its own; the page's numbers hold."""
    script = (
        "import json, keras_cells; cells = keras_cells.run('losses'); "
        "print(json.dumps([cells['keras'].backend.backend(), cells['wrong claims'], "
        "[float(v) for v in cells['w_keras'][:, 0]], list(cells['w_numpy'])]))"
    )
    path = [str(ROOT), str(ROOT / "tests")]
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=600,
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "MPLBACKEND": "Agg",
            "PYTHONPATH": os.pathsep.join(path),
        },
    )
    assert done.returncode == 0, done.stderr[-3000:]
    name, wrong, w_keras, w_numpy = json.loads(done.stdout.splitlines()[-1])
    assert (name, wrong) == (backend, [])
    assert w_keras == pytest.approx(w_numpy, abs=1e-4)
