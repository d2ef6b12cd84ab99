"""What the chapter on losses claims, held over draws."""

import keras
import numpy as np
import torch

from bookpress.checks.claims import claim
from notebook_utils import load_boston, load_iris

# Certain and wrong --------------------------------------------------------------------


def _steps_to_94(squared, w, rate, limit=1000):
    """Steps until a logistic unit has 94 of the 100 Iris flowers right, or infinity."""
    pair = load_iris().query("target > 0")
    petals = pair[["petal length (cm)", "petal width (cm)"]].to_numpy()
    x = (petals - petals.mean(axis=0)) / petals.std(axis=0)
    y, b = (pair["target"] == 2).to_numpy().astype(float), 0.0
    for step in range(limit + 1):
        p = np.exp(-np.logaddexp(0, -(x @ w + b)))
        if np.sum((p > 0.5) == y) >= 94:
            return step
        pull = 2 * (p - y) * p * (1 - p) if squared else p - y
        w, b = w - rate * pull @ x / len(x), b - rate * pull.mean()
    return np.inf


def _fastest(squared, length, draw):
    """Fewest steps over ten rates from 1/8 to 64, from a wrong start of that length."""
    angle = np.random.default_rng(draw).uniform(0, np.pi / 2)
    start = -length * np.array([np.cos(angle), np.sin(angle)])
    rates = 2.0 ** np.arange(-3, 7)
    return min(_steps_to_94(squared, start, rate) for rate in rates)


@claim(draws=40)
def cross_entropy_takes_one_step(draw):
    """From a wrong start of length 14, in a random direction, cross-entropy at the
    best of ten rates from 1/8 to 64 has 94 flowers right after one step.
    """
    steps = _fastest(False, 14, draw)
    return steps == 1, steps


@claim(draws=40)
def squared_error_gets_free(draw):
    """From a wrong start of length 14, in a random direction, squared error through
    a sigmoid has 94 flowers right within 1 000 steps at the best of ten rates from
    1/8 to 64.
    """
    return bool(np.isfinite(_fastest(True, 14, draw)))


@claim(draws=40)
def squared_error_is_slower(draw):
    """From a wrong start of length 7, in a random direction, squared error at the
    best of ten rates from 1/8 to 64 needs more steps than cross-entropy at its
    best.
    """
    steps = _fastest(True, 7, draw)
    return np.isfinite(steps) and steps > _fastest(False, 7, draw), steps


# Five bad entries ---------------------------------------------------------------------


def _slope(weight_of, rooms, prices, rounds=300):
    """Price of a room by iteratively reweighted least squares."""
    columns = np.column_stack([rooms, np.ones(len(rooms))])
    line = np.linalg.lstsq(columns, prices)[0]
    for _ in range(rounds):
        weights = weight_of(np.maximum(abs(columns @ line - prices), 1e-6))
        weighted = columns * weights[:, None]
        line = np.linalg.solve(weighted.T @ columns, weighted.T @ prices)
    return line[0]


_WEIGHTS = {  # the pull divided by the error, up to a factor
    "squared": lambda size: np.ones(len(size)),
    "Huber": lambda size: np.minimum(1, 5 / size),
    "absolute": lambda size: 1 / size,
}


def _slopes(draw, of_rooms):
    """Slopes of three lines before and after five random entries get a zero more."""
    boston = load_boston()
    clean = boston["RM"].to_numpy(), boston["PRICE"].to_numpy()
    rooms, prices = clean[0].copy(), clean[1].copy()
    five = np.random.default_rng(draw).choice(len(boston), 5, replace=False)
    (rooms if of_rooms else prices)[five] *= 10
    return {
        name: (_slope(function, *clean), _slope(function, rooms, prices))
        for name, function in _WEIGHTS.items()
    }


def _changes(draw):
    """Sizes of the changes of the three slopes by five wrong prices."""
    return {n: abs(b - a) for n, (a, b) in _slopes(draw, of_rooms=False).items()}


@claim(draws=100)
def squared_error_moves_most(draw):
    """When five random prices of 506 get a zero too many, the slope by squared
    error changes more than those by Huber's loss (threshold 5) and by absolute
    error.
    """
    change = _changes(draw)
    return change["squared"] == max(change.values()), change["squared"]


@claim(draws=100)
def huber_moves_least(draw):
    """When five random prices of 506 get a zero too many, the slope by Huber's loss
    (threshold 5) changes less than those by absolute and by squared error.
    """
    change = _changes(draw)
    return change["Huber"] == min(change.values()), change["Huber"]


@claim(draws=100)
def absolute_moves_less_than_squared(draw):
    """When five random prices of 506 get a zero too many, the slope by absolute
    error changes less than that by squared error.
    """
    change = _changes(draw)
    return change["absolute"] < change["squared"], change["absolute"]


@claim(draws=100)
def wrong_inputs_break_all_three(draw):
    """When the rooms of five random tracts of 506 get a zero too many, each of the
    three losses leaves less than 1 of a slope that was above 9.
    """
    slopes = [after for _, after in _slopes(draw, of_rooms=True).values()]
    return max(slopes) < 1, max(slopes)


# A rare class -------------------------------------------------------------------------


def _rare(draw):
    """Inputs and labels (price at the ceiling) of two halves with 8 positives each."""
    boston = load_boston()
    y = (boston["PRICE"] >= 50).to_numpy().astype("float32")[:, None]
    x = boston.drop(columns="PRICE").to_numpy()
    order = np.random.default_rng(draw).permutation(len(y))
    order = order[np.argsort(y[order, 0], kind="stable")]
    seen, unseen = order[::2], order[1::2]
    x = ((x - x[seen].mean(axis=0)) / x[seen].std(axis=0)).astype("float32")
    return x[seen], y[seen], x[unseen], y[unseen]


def _by_keras(draw, weight):
    """Labels, and probabilities of Keras' logistic unit, on the tracts held out."""
    x, y, x_test, y_test = _rare(draw)
    keras.utils.set_random_seed(draw)
    unit = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(1, kernel_initializer="zeros")]
    )
    unit.compile(
        keras.optimizers.Adam(0.1), keras.losses.BinaryCrossentropy(from_logits=True)
    )
    weights = {0: 1.0, 1: weight}
    unit.fit(x, y, batch_size=64, epochs=40, class_weight=weights, verbose=0)
    o = unit.predict(x_test, verbose=0)
    return y_test == 1, keras.ops.convert_to_numpy(keras.ops.sigmoid(o))


def _by_torch(draw, weight):
    """Labels, and probabilities of PyTorch's logistic unit, on the tracts held out."""
    x, y, x_test, y_test = _rare(draw)
    torch.manual_seed(draw)
    unit = torch.nn.Linear(6, 1)
    torch.nn.init.zeros_(unit.weight)
    torch.nn.init.zeros_(unit.bias)
    loss_fn = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(weight))
    optimizer = torch.optim.Adam(unit.parameters(), lr=0.1)
    data = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    for _ in range(40):
        for inputs, labels in torch.utils.data.DataLoader(data, 64, shuffle=True):
            optimizer.zero_grad()
            loss_fn(unit(inputs), labels).backward()
            optimizer.step()
    with torch.inference_mode():
        return y_test == 1, unit(torch.from_numpy(x_test)).sigmoid().numpy()


def _recall(true, p, threshold):
    return float(np.mean(p[true] >= threshold))


def _precision(true, p, threshold):
    return float(np.mean(true[p >= threshold]))


def _moving_finds_more(true, plain):
    found = _recall(true, plain, 1 / 11)
    return found > _recall(true, plain, 0.5), found


@claim(draws=40)
def threshold_half_misses_most_torch(draw):
    """PyTorch's plain logistic unit (Adam at 0.1, 40 epochs) finds at most half of
    the 8 held-out tracts at the ceiling at the threshold 1/2.
    """
    found = _recall(*_by_torch(draw, 1.0), 0.5)
    return found <= 0.5, found


@claim(draws=40)
def lower_threshold_finds_more_torch(draw):
    """PyTorch's plain logistic unit (Adam at 0.1, 40 epochs) finds more of the
    held-out tracts at the ceiling at the threshold 1/11 than at 1/2.
    """
    return _moving_finds_more(*_by_torch(draw, 1.0))


@claim(draws=10)
def lower_threshold_finds_more_keras(draw):
    """Keras' plain logistic unit (Adam at 0.1, 40 epochs) finds more of the
    held-out tracts at the ceiling at the threshold 1/11 than at 1/2.
    """
    return _moving_finds_more(*_by_keras(draw, 1.0))


@claim(draws=40)
def lower_threshold_false_alarms(draw):
    """At the threshold 1/11, most of the held-out tracts that PyTorch's plain
    logistic unit (Adam at 0.1, 40 epochs) calls are not at the ceiling.
    """
    share = _precision(*_by_torch(draw, 1.0), 1 / 11)
    return share < 0.5, share


def _common_alarms(plain, weighted):
    """The share of the tracts that both call among those that either calls."""
    first, second = plain >= 1 / 11, weighted >= 0.5
    common = np.sum(first & second) / np.sum(first | second)
    return common >= 0.5, common


@claim(draws=40)
def weight_calls_as_threshold_torch(draw):
    """Of the held-out tracts that a weight of 10 at the threshold 1/2 or no weight at
    1/11 calls positive, at least half are called by both (PyTorch, pos_weight).
    """
    return _common_alarms(_by_torch(draw, 1.0)[1], _by_torch(draw, 10.0)[1])


@claim(draws=10)
def weight_calls_as_threshold_keras(draw):
    """Of the held-out tracts that a weight of 10 at the threshold 1/2 or no weight at
    1/11 calls positive, at least half are called by both (Keras, class_weight).
    """
    return _common_alarms(_by_keras(draw, 1.0)[1], _by_keras(draw, 10.0)[1])


@claim(draws=40)
def weight_spoils_probabilities(draw):
    """With a weight of 10 the unit's held-out cross-entropy is larger than without
    (PyTorch); measured is the mean probability that it gives.
    """
    (true, plain), (_, weighted) = _by_torch(draw, 1.0), _by_torch(draw, 10.0)

    def loss(p):
        return -np.mean(np.log(np.maximum(np.where(true, p, 1 - p), 1e-12)))

    return loss(weighted) > loss(plain), weighted.mean()


# A predicted spread -------------------------------------------------------------------


def _halves(draw, columns):
    """Standardized inputs and prices of two random halves of Boston."""
    boston = load_boston()
    x, y = boston[columns].to_numpy(), boston[["PRICE"]].to_numpy()
    half = np.random.default_rng(draw).permutation(len(y))[:253]
    x = (x - x[half].mean(axis=0)) / x[half].std(axis=0)
    y = (y - y[half].mean()) / y[half].std()
    rest = np.setdiff1d(np.arange(len(y)), half)
    return [a.astype("float32") for a in (x[half], y[half], x[rest], y[rest])]


def _constant_spread(x, y, x_test, y_test):
    """Held-out negative log-likelihood of the linear model with the best constant s."""
    one, one_test = (np.column_stack([a, np.ones(len(a))]) for a in (x, x_test))
    w = np.linalg.lstsq(one, y)[0]
    variance = np.mean((one @ w - y) ** 2)
    return 0.5 * np.log(variance) + np.mean((one_test @ w - y_test) ** 2) / variance / 2


def _spread_by_torch(draw, columns, bend=False):
    """How much lower the loss is if PyTorch learns log s, linear in the inputs.

    With `bend`, log s has their squares, too; the mean stays linear.
    """
    data = _halves(draw, columns)
    x, y, x_test, y_test = map(torch.from_numpy, data)
    mean, log_s = (torch.nn.Linear(x.shape[1] * k, 1) for k in (1, 1 + bend))
    parameters = [*mean.parameters(), *log_s.parameters()]
    for parameter in parameters:
        torch.nn.init.zeros_(parameter)
    loss_fn, optimizer = torch.nn.GaussianNLLLoss(), torch.optim.Adam(parameters, 0.05)

    def loss_of(x, y):
        seen = torch.hstack([x, x**2]) if bend else x
        return loss_fn(mean(x), y, (2 * log_s(seen)).exp())

    for _ in range(400):
        optimizer.zero_grad()
        loss_of(x, y).backward()
        optimizer.step()
    with torch.inference_mode():
        loss = loss_of(x_test, y_test).item()
    gain = _constant_spread(*data) - loss
    return gain > 0, gain


def _gaussian_nll(y, outputs):
    mean, log_s = keras.ops.split(outputs, 2, axis=1)
    return log_s + (y - mean) ** 2 / (2 * keras.ops.exp(2 * log_s))


_SIX = ["RM", "CRIM", "INDUS", "NOX", "AGE", "TAX"]


@claim(draws=40)
def spread_from_six_columns_torch(draw):
    """With a linear mean and a linear log s of six columns, trained on half of
    Boston by PyTorch (400 steps of Adam at 0.05), the other half is more probable
    than with the best constant s.
    """
    return _spread_by_torch(draw, _SIX)


@claim(draws=40)
def spread_from_rooms_alone_torch(draw):
    """With a linear mean and a linear log s of the rooms alone, trained on half of
    Boston by PyTorch (400 steps of Adam at 0.05), the other half is more probable
    than with the best constant s.
    """
    return _spread_by_torch(draw, ["RM"])


@claim(draws=40)
def spread_that_bends_with_the_rooms(draw):
    """With a linear mean of the rooms and a log s of the rooms and their square,
    trained on half of Boston by PyTorch (400 steps of Adam at 0.05), the other half is
    more probable than with the best constant s.
    """
    return _spread_by_torch(draw, ["RM"], bend=True)


def _spread_net(initializer):
    net = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(2, kernel_initializer=initializer)]
    )
    net.compile(keras.optimizers.Adam(0.02), loss=_gaussian_nll)
    return net


@claim(draws=20)
def spread_from_six_columns_keras(draw):
    """With a linear mean and a linear log s of six columns, trained from zero on half
    of Boston by Keras (60 epochs of Adam at 0.02), the other half is more probable
    than with the best constant s.
    """
    x, y, x_test, y_test = data = _halves(draw, _SIX)
    keras.utils.set_random_seed(draw)
    net = _spread_net("zeros")
    net.fit(x, y, batch_size=32, epochs=60, verbose=0)
    gain = _constant_spread(*data) - net.evaluate(x_test, y_test, verbose=0)
    return gain > 0, gain


@claim(draws=20)
def random_start_of_spread_is_costly(draw):
    """With Keras' default initial weights (Glorot's), the Gaussian loss of a linear
    mean and a linear log s of six columns is above 5 before training, where zero
    weights give 0.5.
    """
    x, y, _, _ = _halves(draw, _SIX)
    keras.utils.set_random_seed(draw)
    loss = _spread_net("glorot_uniform").evaluate(x, y, verbose=0)
    return loss > 5, loss


# A penalty chosen on validation data --------------------------------------------------


def _test_errors(draw):
    """Test errors of three models that all see the same 120 tracts of Boston.

    27 features with the penalty chosen on 60 of them after training on the other 60,
    27 features with (nearly) none, and the six columns alone.
    """
    boston = load_boston()
    y, table = boston["PRICE"].to_numpy(), boston.drop(columns="PRICE").to_numpy()
    order = np.random.default_rng(draw).permutation(len(y))
    first, second, test = np.split(order, [60, 120])

    def standardize(columns, seen):
        return (columns - columns[seen].mean(axis=0)) / columns[seen].std(axis=0)

    def squared_errors(x, seen, strength):
        bias = y[seen].mean()
        gram = 2 * x[seen].T @ x[seen] / len(seen) + strength * np.eye(x.shape[1])
        w = np.linalg.solve(gram, 2 * x[seen].T @ (y[seen] - bias) / len(seen))
        return (x @ w + bias - y) ** 2

    def bent(seen):
        six = standardize(table, seen)
        pairs = [six[:, i] * six[:, j] for i in range(6) for j in range(i, 6)]
        return standardize(np.column_stack([six, *pairs]), seen)

    x, strengths = bent(first), 10.0 ** np.arange(-6, 2.1, 0.5)
    chosen = min(strengths, key=lambda s: squared_errors(x, first, s)[second].mean())
    both = order[:120]
    return [
        squared_errors(bent(both), both, chosen)[test].mean(),
        squared_errors(bent(both), both, strengths[0])[test].mean(),
        squared_errors(standardize(table, both), both, 0.0)[test].mean(),
    ]


@claim(draws=300)
def penalty_beats_none(draw):
    """On the same 120 tracts of Boston, 27 features with a penalty chosen by
    validation have a smaller test error than with nearly none (1e-6).
    """
    chosen, none, _ = _test_errors(draw)
    return chosen < none, chosen


@claim(draws=300)
def penalty_beats_six_columns(draw):
    """On the same 120 tracts of Boston, 27 features with a penalty chosen by
    validation have a smaller test error than the six columns without; measured is
    the six columns' error.
    """
    chosen, _, six = _test_errors(draw)
    return chosen < six, six
