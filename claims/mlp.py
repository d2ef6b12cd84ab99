"""What the chapter on multi-layer perceptrons claims, held over draws."""

from bookpress.checks.claims import claim
from notebook_utils import load_boston, load_iris, make_spiral  # quiets Keras

# isort: split
import keras
import numpy as np
import torch

# The spiral ---------------------------------------------------------------------------


def _spirals():
    """The chapter's 200 points, standardized, and 2 000 fresh ones with other radii."""
    points, arm = make_spiral()
    fresh, fresh_arm = make_spiral(arm=1000, seed=1)
    mean, std = points.mean(axis=0), points.std(axis=0)
    return [
        (((x - mean) / std).astype("float32"), y.reshape(-1, 1).astype("float32"))
        for x, y in [(points, arm), (fresh, fresh_arm)]
    ]


def _step(o):
    return o >= 0


def _random_cuts(draw, count, activation=_step, penalty=0.0):
    """Shares of right points, the chapter's and fresh ones, by units on random cuts."""
    rng = np.random.default_rng(draw)
    angle = rng.uniform(0, 2 * np.pi, size=count)
    W, b = np.stack([np.cos(angle), np.sin(angle)]), rng.uniform(-1, 1, size=count)

    def answers(points):
        return np.column_stack([activation(points @ W + b), np.ones(len(points))])

    points, arm = make_spiral()
    a = np.vstack([answers(points), np.sqrt(penalty) * np.eye(count + 1)])
    targets = np.append(2.0 * arm - 1, np.zeros(count + 1))
    v = np.linalg.lstsq(a, targets, rcond=None)[0]
    fresh, fresh_arm = make_spiral(arm=1000, seed=1)
    return [
        np.mean((answers(x) @ v > 0) == y)
        for x, y in [(points, arm), (fresh, fresh_arm)]
    ]


@claim(draws=300)
def hundred_cuts_all_right(draw):
    """A sum of 100 random cuts, weighted by least squares, has all 200 points right."""
    share, _ = _random_cuts(draw, 100)
    return share == 1, share


@claim(draws=50)
def hundred_cuts_worse_on_fresh(draw):
    """With 100 random cuts, the share of right points is smaller on 2 000 fresh points
    (measured) than on the chapter's 200, to which the sum was fitted."""
    seen, fresh = _random_cuts(draw, 100)
    return fresh < seen, fresh


@claim(draws=50)
def hundred_random_tanh_units_match(draw):
    """A hundred tanh units on random lines, tanh(5 (w'x + b)), with only the output
    fitted, under a slight penalty (0.01), have 99 % of 2 000 fresh points right."""
    _, fresh = _random_cuts(draw, 100, lambda o: np.tanh(5 * o), 0.01)
    return fresh >= 0.99, fresh


@claim(draws=20)
def spiral_right_keras(draw):
    """Keras's network of 16, 16 and 2 tanh units (Glorot's rule) has all 200 points of
    the spiral right after 500 steps of Adam on all of them at rate 0.01; measured is
    its share of 2 000 fresh points."""
    (points, targets), (fresh, fresh_targets) = _spirals()
    keras.utils.set_random_seed(draw)
    model = keras.Sequential(
        [
            keras.Input(shape=(2,)),
            keras.layers.Dense(16, activation="tanh"),
            keras.layers.Dense(16, activation="tanh"),
            keras.layers.Dense(2, activation="tanh"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.01),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    # 500 copies in one epoch make the same steps as 500 epochs, in less time
    x, y = np.tile(points, (500, 1)), np.tile(targets, (500, 1))
    model.fit(x, y, batch_size=200, shuffle=False, verbose=0)
    right = (model.predict(points, verbose=0) > 0) == targets
    answers = model.predict(fresh, batch_size=2000, verbose=0) > 0
    return right.all(), np.mean(answers == fresh_targets)


def _spiral_right(draw, glorot):
    """Train PyTorch's network of 16, 16 and 2 tanh units; outcome as for Keras's."""
    (points, targets), (fresh, fresh_targets) = [
        map(torch.tensor, data) for data in _spirals()
    ]
    torch.manual_seed(draw)
    net = torch.nn.Sequential(
        torch.nn.Linear(2, 16),
        torch.nn.Tanh(),
        torch.nn.Linear(16, 16),
        torch.nn.Tanh(),
        torch.nn.Linear(16, 2),
        torch.nn.Tanh(),
        torch.nn.Linear(2, 1),
    )
    if glorot:
        for layer in net[::2]:
            torch.nn.init.xavier_uniform_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    loss = torch.nn.BCEWithLogitsLoss()
    for _ in range(500):
        optimizer.zero_grad()
        loss(net(points), targets).backward()
        optimizer.step()
    with torch.inference_mode():
        right = (net(points) > 0) == targets
        right_fresh = (net(fresh) > 0) == fresh_targets
    return right.all().item(), right_fresh.double().mean().item()


@claim(draws=20)
def spiral_right_torch(draw):
    """PyTorch's network of 16, 16 and 2 tanh units (default initial weights) has all
    200 points of the spiral right after 500 steps of Adam on all of them at rate 0.01;
    measured is its share of 2 000 fresh points."""
    return _spiral_right(draw, glorot=False)


@claim(draws=20)
def spiral_right_glorot(draw):
    """PyTorch's network of 16, 16 and 2 tanh units has all 200 points right after 500
    steps of Adam at rate 0.01 if the first weights are drawn by Glorot's rule and the
    biases are 0; measured is its share of 2 000 fresh points."""
    return _spiral_right(draw, glorot=True)


# The flowers --------------------------------------------------------------------------


def _flowers(draw):
    """A stratified split of the flowers, scaled by the training set: x, y, x, y."""
    iris = load_iris()
    test = iris.groupby("target").sample(10, random_state=draw)
    train = iris.drop(test.index).sample(frac=1, random_state=draw)
    inputs = train.columns[:4]
    mean, std = train[inputs].mean(), train[inputs].std()
    parts = []
    for part in (train, test):
        parts.append(((part[inputs] - mean) / std).to_numpy("float32"))
        parts.append(part["target"].to_numpy(copy=True))
    return parts


def _iris_keras():
    """Keras's network for the flowers: 16 ReLUs, gradient descent at rate 0.2."""
    model = keras.Sequential(
        [
            keras.Input(shape=(4,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(3),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=0.2),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def _iris_torch():
    """The same in PyTorch: the network and its optimizer."""
    net = torch.nn.Sequential(
        torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3)
    )
    return net, torch.optim.SGD(net.parameters(), lr=0.2)


def _epoch_torch(net, optimizer, loader):
    """One pass over the batches; the mean of their losses."""
    losses = []
    for x, y in loader:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.mean(losses)


def _batches(x, y, shuffle):
    data = torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y))
    return torch.utils.data.DataLoader(data, batch_size=24, shuffle=shuffle)


@claim(draws=20)
def flowers_keras(draw):
    """After 20 epochs of gradient descent at rate 0.2, batches of 24, Keras's 16 ReLUs
    have 27 or more of 30 held-out flowers right (measured), from split to split."""
    x, y, x_test, y_test = _flowers(draw)
    keras.utils.set_random_seed(draw)
    model = _iris_keras()
    model.fit(x, y, batch_size=24, epochs=20, verbose=0)
    right = np.sum(model.predict(x_test, verbose=0).argmax(axis=1) == y_test)
    return right >= 27, right


@claim(draws=50)
def flowers_torch(draw):
    """After 20 epochs of gradient descent at rate 0.2, batches of 24, PyTorch's 16
    ReLUs have 27 or more of 30 held-out flowers right (measured), split by split."""
    x, y, x_test, y_test = _flowers(draw)
    torch.manual_seed(draw)
    net, optimizer = _iris_torch()
    loader = _batches(x, y, shuffle=True)
    for _ in range(20):
        _epoch_torch(net, optimizer, loader)
    with torch.inference_mode():
        found = net(torch.tensor(x_test)).argmax(dim=1).numpy()
    return np.sum(found == y_test) >= 27, np.sum(found == y_test)


@claim(draws=20)
def same_steps(draw):
    """From the same weights, on the same batches, the losses of 20 epochs in Keras and
    in PyTorch differ by less than one part in a million; measured is the largest."""
    x, y, _, _ = _flowers(draw)
    keras.utils.set_random_seed(draw)
    model = _iris_keras()
    net, optimizer = _iris_torch()
    with torch.no_grad():
        for dense, linear in zip(model.layers, [net[0], net[2]], strict=True):
            W, b = dense.get_weights()
            linear.weight.copy_(torch.tensor(W.T))
            linear.bias.copy_(torch.tensor(b))
    run = model.fit(x, y, batch_size=24, epochs=20, shuffle=False, verbose=0)
    loader = _batches(x, y, shuffle=False)
    theirs = [_epoch_torch(net, optimizer, loader) for _ in range(20)]
    gap = np.max(np.abs(np.array(theirs) / run.history["loss"] - 1))
    return gap < 1e-6, gap


# The prices ---------------------------------------------------------------------------


def _tracts():
    """The six columns of the tracts, and the prices as a column."""
    boston = load_boston()
    price = boston[["PRICE"]].to_numpy("float32", copy=True)
    return boston.drop(columns="PRICE").to_numpy("float32", copy=True), price


def _standardized(x, rows):
    return (x - x[rows].mean(axis=0)) / x[rows].std(axis=0)


def _line(x, y, rows):
    """Predictions of the linear neuron with the least squared error on some rows."""
    columns = np.column_stack([x, np.ones(len(x))])
    return columns @ np.linalg.lstsq(columns[rows], y[rows], rcond=None)[0]


def _rmse(error):
    return np.sqrt(np.mean(error**2))


def _prices_torch(draw, x, y, rows):
    """Predictions of 100 ReLUs after 30 epochs of Adam at rate 0.01 on some rows."""
    torch.manual_seed(draw)
    net = torch.nn.Sequential(
        torch.nn.Linear(6, 100), torch.nn.ReLU(), torch.nn.Linear(100, 1)
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    data = torch.utils.data.TensorDataset(torch.tensor(x[rows]), torch.tensor(y[rows]))
    loader = torch.utils.data.DataLoader(data, batch_size=32, shuffle=True)
    for _ in range(30):
        for x_batch, y_batch in loader:
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(net(x_batch), y_batch).backward()
            optimizer.step()
    with torch.inference_mode():
        return net(torch.tensor(x)).numpy()


@claim(draws=10)
def prices_keras(draw):
    """On the tracts that it was trained on (30 epochs of Adam at rate 0.01), Keras's
    network of 100 ReLUs has a smaller error than the best linear neuron; measured is
    its root mean squared error."""
    x, y = _tracts()
    x = _standardized(x, slice(None))
    keras.utils.set_random_seed(draw)
    model = keras.Sequential(
        [
            keras.Input(shape=(6,)),
            keras.layers.Dense(100, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.01), loss="mean_squared_error"
    )
    model.fit(x, y, batch_size=32, epochs=30, verbose=0)
    error = _rmse(model.predict(x, verbose=0) - y)
    return error < _rmse(_line(x, y, slice(None)) - y), error


@claim(draws=20)
def prices_torch(draw):
    """On the tracts that it was trained on (30 epochs of Adam at rate 0.01), PyTorch's
    network of 100 ReLUs has a smaller error than the best linear neuron; measured is
    its root mean squared error."""
    x, y = _tracts()
    x = _standardized(x, slice(None))
    error = _rmse(_prices_torch(draw, x, y, slice(None)) - y)
    return error < _rmse(_line(x, y, slice(None)) - y), error


@claim(draws=20)
def prices_held_out(draw):
    """Trained on 400 tracts at random (30 epochs of Adam at rate 0.01), PyTorch's 100
    ReLUs have a smaller error on the other 106 than the best linear neuron;
    measured is the ratio of the two root mean squared errors."""
    x, y = _tracts()
    rows = np.random.default_rng(draw).permutation(len(x))
    seen, unseen = rows[:400], rows[400:]
    x = _standardized(x, seen)
    ratio = _rmse((_prices_torch(draw, x, y, seen) - y)[unseen])
    ratio /= _rmse((_line(x, y, seen) - y)[unseen])
    return ratio < 1, ratio
