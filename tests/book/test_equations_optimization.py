"""The equations of the chapter on optimization agree with independent code."""

import itertools
import math

import numpy as np
import pytest

import notebook_utils  # noqa: F401  (before Keras)

# isort: split
import keras
import torch

# TensorFlow's variables, when NumPy copies them
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")


@pytest.fixture(scope="module")
def optimization(chapter):
    return chapter("optimization").namespace


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def float64_keras():
    """Keras keeps rates and states in double precision while a test runs."""
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


def bowl(rng, size=5):
    """A random positive definite matrix with its eigenvalues and eigenvectors."""
    root = rng.normal(size=(size, size))
    matrix = root @ root.T + 0.1 * np.eye(size)
    return matrix, *np.linalg.eigh(matrix)


def rough(theta):
    """A loss without symmetry and its gradient by hand, for any two parameters."""
    x, y = theta
    value = math.sin(x) * math.exp(0.3 * y) + 0.5 * y**2 + 0.1 * x**4
    slope_x = math.cos(x) * math.exp(0.3 * y) + 0.4 * x**3
    return value, np.array([slope_x, 0.3 * math.sin(x) * math.exp(0.3 * y) + y])


@pytest.mark.equation("eq:local-model")
def test_the_step_is_the_lowest_point_of_the_local_bowl(rng):
    """No nearby or random step has a lower model than minus rate times gradient."""
    for rate in (0.02, 0.5, 3.0):
        value, gradient = rough(rng.normal(size=2))

        def model(delta, value=value, gradient=gradient, rate=rate):
            return value + gradient @ delta + delta @ delta / (2 * rate)

        best = -rate * gradient
        for scale in (1e-3, 1.0, 10.0):
            for shift in rng.normal(scale=scale, size=(200, 2)):
                assert model(best + shift) > model(best)


@pytest.mark.equation("eq:descent-lemma")
def test_a_step_falls_at_least_as_far_as_promised(rng):
    """Where curvature is bounded the inequality holds for any rate, sharp on a bowl."""
    # Hessian of sin(x) cos(2y): entries within 1, 2, 4; of x²/2: 1. Row sums give 6.
    bound = 6.0

    def loss(x, y):
        return math.sin(x) * math.cos(2 * y) + x**2 / 2

    def gradient(x, y):
        return np.array(
            [
                math.cos(x) * math.cos(2 * y) + x,
                -2 * math.sin(x) * math.sin(2 * y),
            ]
        )

    for rate in (0.01, 1 / bound, 0.3, 2 / bound, 1.0):
        for theta in rng.normal(scale=3, size=(300, 2)):
            g = gradient(*theta)
            promised = loss(*theta) - rate * (1 - rate * bound / 2) * g @ g
            assert loss(*(theta - rate * g)) <= promised + 1e-12
    matrix, values, vectors = bowl(rng)
    steepest = vectors[:, -1]  # where the promise is kept exactly
    g, rate = matrix @ steepest, 0.7 / values[-1]
    after = steepest - rate * g
    fall = 0.5 * (steepest @ matrix @ steepest - after @ matrix @ after)
    assert fall == pytest.approx(rate * (1 - rate * values[-1] / 2) * g @ g)


@pytest.mark.equation("eq:directions")
def test_each_axis_of_a_bowl_shrinks_by_its_own_factor(rng, optimization):
    """Distances along eigenvectors follow the factors up to the threshold 2/λ_max."""
    matrix, values, vectors = bowl(rng)
    best = rng.normal(size=5)
    start = rng.normal(size=5)
    descend = optimization["descend"]
    for rate in (0.3 / values[-1], 1.7 / values[-1]):
        path = descend(lambda theta: matrix @ (theta - best), start, rate, 7)
        expected = vectors.T @ (start - best)
        for theta in path:
            assert vectors.T @ (theta - best) == pytest.approx(expected)
            expected = (1 - rate * values) * expected
    for share, grows in ((0.99, False), (1.01, True)):
        path = descend(
            lambda theta: matrix @ theta, vectors[:, -1], share * 2 / values[-1], 200
        )
        assert (np.linalg.norm(path[-1]) > 1) == grows


def sample_gradients(optimization, theta):
    """Gradients of the single samples of the logistic problem, by differences."""
    x, y, decay = (optimization[name] for name in ("dots_x", "dots_y", "decay"))

    def one(point, i):
        o = sum(point[j] * x[i, j] for j in range(2))
        y_hat = 1 / (1 + math.exp(-o))
        entropy = -math.log(y_hat if y[i] == 1 else 1 - y_hat)
        return entropy + decay / 2 * sum(p * p for p in point)

    h, rows = 1e-6, []
    for i in range(len(y)):
        row = []
        for j in range(2):
            up, down = np.array(theta), np.array(theta)
            up[j] += h
            down[j] -= h
            row.append((one(up, i) - one(down, i)) / (2 * h))
        rows.append(row)
    return np.array(rows)


@pytest.mark.equation("eq:minibatch")
def test_a_minibatch_gradient_is_the_mean_over_its_samples(optimization):
    """The chapter's gradient equals difference quotients, for batches and for all."""
    theta = np.array([0.7, -1.2])
    rows = sample_gradients(optimization, theta)
    for batch in ([3], [0, 5, 7, 19], list(range(20))):
        found = optimization["logistic_gradient"](theta, np.array(batch))
        assert found == pytest.approx(rows[batch].mean(axis=0), abs=1e-8)


@pytest.mark.equation("eq:unbiased")
def test_the_minibatch_gradient_is_right_on_average(optimization):
    """The mean over all 4845 batches of four equals the full gradient."""
    theta = np.array([1.0, -3.0])
    gradient = optimization["logistic_gradient"]
    batches = np.array(list(itertools.combinations(range(20), 4)))
    mean = np.mean([gradient(theta, batch) for batch in batches], axis=0)
    assert mean == pytest.approx(gradient(theta, np.arange(20)), abs=1e-12)


@pytest.mark.equation("eq:noise")
def test_the_noise_of_a_minibatch_follows_the_law(rng, optimization):
    """Exact over all subsets of small data; within 4 % on the Boston slopes."""
    values = rng.normal(size=9)
    for b in range(1, 10):
        means = [np.mean(subset) for subset in itertools.combinations(values, b)]
        law = values.std() / math.sqrt(b) * math.sqrt((9 - b) / 8)
        assert np.std(means) == pytest.approx(law, abs=1e-12)
    noise, slopes = optimization["noise"], optimization["slopes"]
    for b in (1, 8, 32, 128):
        law = slopes.std() / math.sqrt(b) * math.sqrt((506 - b) / 505)
        assert noise[b - 1] == pytest.approx(law, rel=0.04)
    assert noise[-1] == pytest.approx(0, abs=1e-9)


@pytest.mark.equation("eq:excess-error")
def test_the_excess_error_has_three_parts(rng):
    """On a world known exactly, the parts add up; the third shrinks with more steps."""
    x = np.linspace(-1, 1, 401)  # the whole population, with noise of variance 0.04
    truth = np.sin(2 * x)

    def risk(slope, shift):
        return np.mean((slope * x + shift - truth) ** 2) + 0.04

    design = np.column_stack([x, np.ones_like(x)])
    in_family = np.linalg.lstsq(design, truth, rcond=None)[0]
    drawn = rng.integers(0, len(x), size=30)
    targets = truth[drawn] + 0.2 * rng.standard_normal(30)
    fitted = np.linalg.lstsq(design[drawn], targets, rcond=None)[0]
    approximation = risk(*in_family) - 0.04
    estimation = risk(*fitted) - risk(*in_family)
    # the excess of a model is its mean squared distance to the truth
    theta, remaining = np.zeros(2), []
    for _ in range(300):
        errors = design[drawn] @ theta - targets
        theta = theta - 0.3 * 2 * design[drawn].T @ errors / 30
        remaining.append(abs(risk(*theta) - risk(*fitted)))
    excess = np.mean((design @ theta - truth) ** 2)
    optimization_part = risk(*theta) - risk(*fitted)
    assert excess == pytest.approx(approximation + estimation + optimization_part)
    assert approximation > 0 and estimation > 0
    assert remaining[-1] < 1e-6 < 1e-2 < remaining[0]


@pytest.mark.equation("eq:robbins-monro", "eq:schedules")
def test_only_the_time_based_schedule_meets_both_conditions(optimization):
    """Sums over a million steps against closed forms; which grow and which do not."""
    schedules = optimization["schedules"]
    t = np.arange(1_000_000)
    short, long = t[:100_000], t
    time_based = 0.1 / (1 + 0.1 * t)
    assert schedules["time-based"](t) == pytest.approx(time_based, rel=1e-14)
    # 0.1 / (1 + 0.1 t) = 1 / (10 + t): harmonic, grows by log 10 for tenfold steps
    growth = time_based[long].sum() - time_based[short].sum()
    assert growth == pytest.approx(math.log(10), rel=1e-3)
    # squares: trigamma(10), π²/6 less the first nine terms
    squares = math.pi**2 / 6 - sum(1 / k**2 for k in range(1, 10))
    assert np.sum(time_based**2) == pytest.approx(squares, rel=1e-4)
    exponential = schedules["exponential"](t)
    assert exponential == pytest.approx(0.1 * np.exp(-0.1 * t), abs=1e-300)
    assert exponential.sum() == pytest.approx(0.1 / (1 - math.exp(-0.1)), rel=1e-12)
    cosine = schedules["cosine"](np.arange(20_001))
    assert cosine[[0, 10_000, 20_000]] == pytest.approx([0.1, 0.05, 0.0], abs=1e-12)
    assert cosine[:-1].sum() == pytest.approx(0.05 * 20_001)  # the cosines sum to 1
    assert np.sum(np.full(20_000, 0.1) ** 2) == pytest.approx(200)


def compare(optimization, name, rule, settings, make_torch, make_keras, tolerance):
    """Walk 100 steps down a bowl with all three programs, in double precision."""
    matrix, _, _ = bowl(np.random.default_rng(7), 4)
    start = np.array([1.0, -2.0, 0.5, 3.0])
    path = optimization["walk"](rule, lambda p: matrix @ p, start, 100, **settings)

    theta_torch = torch.tensor(start, requires_grad=True)
    in_torch = make_torch([theta_torch])
    hessian = torch.tensor(matrix)
    theta_keras = keras.Variable(start, dtype="float64")
    in_keras = make_keras()
    for step in range(1, 101):
        in_torch.zero_grad()
        (0.5 * theta_torch @ hessian @ theta_torch).backward()
        in_torch.step()
        now = keras.ops.convert_to_numpy(theta_keras)
        gradient = keras.ops.convert_to_tensor(matrix @ now, dtype="float64")
        in_keras.apply([gradient], [theta_keras])
        for library, found in (
            ("PyTorch", theta_torch.detach().numpy()),
            ("Keras", keras.ops.convert_to_numpy(theta_keras)),
        ):
            gap = np.abs(found - path[step]).max()
            assert gap <= tolerance, f"{name}, step {step}, {library}: {gap:.1e}"
    assert np.linalg.norm(path[-1] - start) > 0.05


f = np.float64  # Keras on TensorFlow casts Python floats through single precision
TINY = 1e-30  # so that it does not matter where ε is added


@pytest.mark.usefixtures("float64_keras")
@pytest.mark.equation("eq:momentum")
def test_momentum_is_that_of_both_libraries(optimization):
    """A hundred steps equal PyTorch's and Keras's SGD, and the printed recursion."""
    compare(
        optimization,
        "momentum",
        optimization["momentum"],
        {"rate": 0.02, "mu": 0.9},
        lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9),
        lambda: keras.optimizers.SGD(f(0.02), momentum=f(0.9)),
        1e-13,
    )
    theta, v = 1.5, 0.0
    path = optimization["walk"](optimization["momentum"], np.cos, 1.5, 30, rate=0.1)
    for expected in path[1:]:
        v = 0.9 * v - 0.1 * math.cos(theta)
        theta = theta + v
        assert expected == pytest.approx(theta, rel=1e-13)


@pytest.mark.usefixtures("float64_keras")
@pytest.mark.equation("eq:nesterov")
def test_nesterov_is_that_of_both_libraries(optimization):
    """A hundred steps equal both libraries, and the printed rule at its lookahead."""
    compare(
        optimization,
        "Nesterov",
        optimization["nesterov"],
        {"rate": 0.02, "mu": 0.9},
        lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9, nesterov=True),
        lambda: keras.optimizers.SGD(f(0.02), momentum=f(0.9), nesterov=True),
        1e-13,
    )
    theta, v = 1.5, 0.0
    path = optimization["walk"](optimization["nesterov"], np.cos, 1.5, 30, rate=0.1)
    for expected in path[1:]:
        v = 0.9 * v - 0.1 * math.cos(theta + 0.9 * v)
        theta = theta + v
        assert expected == pytest.approx(theta + 0.9 * v, rel=1e-13)


@pytest.mark.usefixtures("float64_keras")
@pytest.mark.equation("eq:adagrad")
def test_adagrad_is_that_of_both_libraries(optimization):
    """A hundred steps equal both libraries, once the first sum and ε are the same."""
    compare(
        optimization,
        "AdaGrad",
        optimization["adagrad"],
        {"rate": 0.3, "epsilon": TINY},
        lambda p: torch.optim.Adagrad(p, lr=0.3, eps=TINY),
        lambda: keras.optimizers.Adagrad(
            f(0.3), initial_accumulator_value=f(0.0), epsilon=f(TINY)
        ),
        1e-12,
    )


@pytest.mark.usefixtures("float64_keras")
@pytest.mark.equation("eq:rmsprop")
def test_rmsprop_is_that_of_both_libraries(optimization):
    """A hundred steps equal both libraries, once decay and ε are the same."""
    compare(
        optimization,
        "RMSProp",
        optimization["rmsprop"],
        {"rate": 0.01, "beta": 0.9, "epsilon": TINY},
        lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, eps=TINY),
        lambda: keras.optimizers.RMSprop(f(0.01), rho=f(0.9), epsilon=f(TINY)),
        1e-10,
    )


@pytest.mark.usefixtures("float64_keras")
@pytest.mark.equation("eq:adam")
def test_adam_is_that_of_both_libraries(optimization):
    """A hundred steps equal both libraries with a tiny ε, PyTorch with its own too."""
    compare(
        optimization,
        "Adam",
        optimization["adam"],
        {"rate": 0.05, "epsilon": 1e-15},
        lambda p: torch.optim.Adam(p, lr=0.05, eps=1e-15),
        lambda: keras.optimizers.Adam(
            f(0.05), beta_1=f(0.9), beta_2=f(0.999), epsilon=f(1e-15)
        ),
        1e-11,
    )
    theta = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    library = torch.optim.Adam([theta])
    gradients = iter(np.random.default_rng(3).normal(scale=1e-6, size=(100, 3)))
    taken = []
    for g in np.random.default_rng(3).normal(scale=1e-6, size=(100, 3)):
        theta.grad = torch.tensor(g)
        library.step()
        taken.append(theta.detach().numpy().copy())
    path = optimization["walk"](
        optimization["adam"], lambda _: next(gradients), np.zeros(3), 100, rate=0.001
    )
    assert path[1:] == pytest.approx(np.array(taken), rel=1e-11)


@pytest.mark.usefixtures("float64_keras")
@pytest.mark.equation("eq:adamw")
def test_adamw_is_that_of_both_libraries(optimization):
    """A hundred steps with weight decay equal both libraries with a tiny ε."""
    compare(
        optimization,
        "AdamW",
        optimization["adamw"],
        {"rate": 0.05, "decay": 0.3, "epsilon": 1e-15},
        lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.3, eps=1e-15),
        lambda: keras.optimizers.AdamW(
            f(0.05),
            weight_decay=f(0.3),
            beta_1=f(0.9),
            beta_2=f(0.999),
            epsilon=f(1e-15),
        ),
        1e-11,
    )
