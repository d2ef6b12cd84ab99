"""The chapter on optimization: its equations, and what it says beside them."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from every_chapter import *  # noqa: F403

import notebook_utils  # noqa: F401  (before Keras)
from explorers.race import EPOCHS, LANDSCAPES, SCENES, Race
from explorers.race.rules import RULES
from explorers.race.test_race import points, race

# isort: split
import keras
import torch

# TensorFlow's variables, when NumPy copies them
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")

PAGE = "book/optimization"


@pytest.fixture(scope="module")
def optimization(chapter):
    return chapter(PAGE).namespace


# Equations ----------------------------------------------------------------------------


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


@pytest.mark.equation("eq:bowl", "eq:bowl-steps")
def test_the_bowl_has_the_slopes_and_the_first_steps_told(optimization):
    """Its slopes by differences, and two steps of descent with exact fractions."""

    def loss(x, y):
        return (x**2 + 25 * y**2) / 2

    for x, y in [(-5.0, 1.0), (0.3, -0.7)]:
        slopes = [
            (loss(x + 1e-6, y) - loss(x - 1e-6, y)) / 2e-6,
            (loss(x, y + 1e-6) - loss(x, y - 1e-6)) / 2e-6,
        ]
        assert optimization["slope_of_bowl"]([x, y]) == pytest.approx(slopes)
    x, y, rate = Fraction(-5), Fraction(1), Fraction(6, 100)
    steps = []
    for _ in range(2):
        x, y = x - rate * x, y - rate * 25 * y
        steps.append((float(x), float(y)))
    assert steps == [(-4.7, -0.5), (-4.418, 0.25)]
    assert optimization["accumulate"](0.0, 0.06, 2)[1:] == pytest.approx(
        np.array(steps)
    )


@pytest.mark.equation("eq:best-rate")
def test_no_rate_has_a_smaller_worst_factor_than_the_best(rng):
    """On random bowls, against a fine grid of rates."""
    for _ in range(5):
        _, values, _ = bowl(rng)
        low, high = values[0], values[-1]
        best, condition = 2 / (low + high), high / low
        worst = np.abs(1 - best * values).max()
        assert worst == pytest.approx((condition - 1) / (condition + 1))
        for rate in np.linspace(0, 2 / high, 1001):
            assert np.abs(1 - rate * values).max() >= worst - 1e-12


@pytest.mark.equation("eq:best-momentum")
def test_no_pair_shrinks_a_bowl_faster_in_the_long_run(rng):
    """The largest eigenvalue of a step, against a grid of rates and momenta."""

    def factor(rate, mu, values):
        # (w, previous w) -> ((1 + mu - rate c) w - mu previous, w)
        steps = [np.array([[1 + mu - rate * c, -mu], [1, 0]]) for c in values]
        return max(np.abs(np.linalg.eigvals(step)).max() for step in steps)

    for low, high in ((1.0, 25.0), (0.3, 90.0)):
        values = np.array([low, (low + high) / 2, high])
        root = math.sqrt(high / low)
        rate = 4 / (math.sqrt(high) + math.sqrt(low)) ** 2
        mu = ((root - 1) / (root + 1)) ** 2
        best = factor(rate, mu, values)
        assert best == pytest.approx(math.sqrt(mu), abs=1e-6)  # a double eigenvalue
        for other in rate * np.linspace(0.3, 1.7, 57):
            for memory in np.linspace(0, 0.99, 100):
                assert factor(other, memory, values) >= best - 1e-6


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
    x, y, decay = optimization["dots_x"], optimization["dots_y"], 0.005

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


def full_gradient(optimization, theta):
    return optimization["logistic_gradient"](theta[None], np.arange(20)[None])[0]


@pytest.mark.equation("eq:minibatch")
def test_a_minibatch_gradient_is_the_mean_over_its_samples(optimization):
    """The chapter's gradient equals difference quotients, for batches and for all."""
    theta = np.array([0.7, -1.2])
    rows = sample_gradients(optimization, theta)
    for batch in ([3], [0, 5, 7, 19], list(range(20))):
        found = optimization["logistic_gradient"](theta[None], np.array([batch]))[0]
        assert found == pytest.approx(rows[batch].mean(axis=0), abs=1e-8)


@pytest.mark.equation("eq:unbiased")
def test_the_minibatch_gradient_is_right_on_average(optimization):
    """The mean over all 4845 batches of four equals the full gradient."""
    theta = np.array([1.0, -3.0])
    gradient = optimization["logistic_gradient"]
    batches = np.array(list(itertools.combinations(range(20), 4)))
    mean = gradient(np.tile(theta, (len(batches), 1)), batches).mean(axis=0)
    assert mean == pytest.approx(full_gradient(optimization, theta), abs=1e-12)


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
    for name, in_keras in optimization["schedules_keras"].items():
        kind, settings = optimization["schedules_torch"][name]
        sgd = torch.optim.SGD([torch.zeros(1)], lr=0.1)
        in_torch = kind(sgd, **settings)
        for step in range(60):
            rate = schedules[name](step)
            assert float(in_keras(step)) == pytest.approx(rate, rel=1e-5), name
            assert in_torch.get_last_lr()[0] == pytest.approx(rate, rel=1e-9), name
            sgd.step()
            in_torch.step()


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
        RULES["nesterov"],
        {"rate": 0.02, "mu": 0.9},
        lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9, nesterov=True),
        lambda: keras.optimizers.SGD(f(0.02), momentum=f(0.9), nesterov=True),
        1e-13,
    )
    theta, v = 1.5, 0.0
    path = optimization["walk"](RULES["nesterov"], np.cos, 1.5, 30, rate=0.1, mu=0.9)
    for expected in path[1:]:
        v = 0.9 * v - 0.1 * math.cos(theta + 0.9 * v)
        theta = theta + v
        assert expected == pytest.approx(theta + 0.9 * v, rel=1e-13)
    stored = np.array([-5.0, 1.0])
    steps = optimization["walk"](
        RULES["nesterov"], optimization["slope_of_bowl"], stored, 9, rate=0.04, mu=0.5
    )
    drawn = optimization["look_ahead"](0.5, 0.04, 9)
    for before, now, ahead in zip(drawn[:-1], drawn[1:], steps[1:], strict=True):
        assert ahead == pytest.approx(now + 0.5 * (now - before))


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


# Beside the equations -----------------------------------------------------------------


def test_scaling_the_features_mends_the_condition_number(optimization):
    spectra = optimization["spectra"]
    condition = {name: values[-1] / values[0] for name, values in spectra.items()}
    assert condition["rooms, raw"] == pytest.approx(3408, rel=1e-3)
    assert condition["rooms, standardized"] == pytest.approx(1)
    assert condition["six features, raw"] == pytest.approx(5.9e7, rel=0.01)
    assert condition["six features, standardized"] == pytest.approx(16.93, rel=1e-3)
    assert 2 / spectra["six features, raw"][-1] == pytest.approx(5.0e-6, rel=0.01)
    scaled = 2 / spectra["six features, standardized"][-1]
    assert scaled == pytest.approx(0.2839, rel=1e-3)


def test_one_step_solves_the_round_bowl(optimization):
    """Standardized rooms and a bias: from zero to the least-squares line in a step."""
    column, y = optimization["scaled"][:, 0], optimization["y"]
    inputs = np.column_stack([column, np.ones(len(y))])
    path = optimization["descend"](
        lambda theta: 2 * inputs.T @ (inputs @ theta - y) / len(y), np.zeros(2), 0.5, 1
    )
    slope, shift = np.polyfit(column, y, deg=1)
    assert path[1] == pytest.approx([slope, shift])


def test_the_steps_by_hand_are_those_of_both_libraries(optimization):
    """Each method's two steps on the bowl, as the tables and sentences tell them."""
    walk_keras, walk_torch = optimization["walk_keras"], optimization["walk_torch"]
    optimizers, optim = keras.optimizers, torch.optim
    told = [
        (
            walk_keras(optimizers.SGD(0.06, momentum=0.5)),
            walk_torch(optim.SGD, lr=0.06, momentum=0.5),
            [[-4.7, -0.5], [-4.268, -0.5]],
        ),
        (
            walk_keras(optimizers.SGD(0.04, momentum=0.5)),
            walk_torch(optim.SGD, lr=0.04, momentum=0.5),
            [[-4.8, 0], [-4.508, -0.5]],
        ),
        (
            walk_keras(optimizers.SGD(0.04, momentum=0.5, nesterov=True)),
            walk_torch(optim.SGD, lr=0.04, momentum=0.5, nesterov=True),
            [[-4.7, -0.5], [-4.368, 0]],
        ),
        (
            walk_keras(optimizers.Adagrad(0.5, initial_accumulator_value=0.0)),
            walk_torch(optim.Adagrad, lr=0.5),
            [[-4.5, 0.5], [-4.166, 0.276]],
        ),
        (
            walk_keras(optimizers.RMSprop(0.1, rho=0.9)),
            walk_torch(optim.RMSprop, lr=0.1, alpha=0.9),
            [[-4.684, 0.684], [-4.684 + 0.222, 0.684 - 0.185]],
        ),
        (
            walk_keras(optimizers.Adam(0.3)),
            walk_torch(optim.Adam, lr=0.3),
            [[-4.7, 0.7], [-4.401, 0.407]],
        ),
        (
            walk_torch(optim.Adam, lr=0.3, weight_decay=0.2),
            optimization["penalized"],
            [[-4.7, 0.7], [-4.401, 0.407]],
        ),
        (
            walk_keras(optimizers.AdamW(0.3, weight_decay=0.2)),
            walk_torch(optim.AdamW, lr=0.3, weight_decay=0.2),
            [[-4.4, 0.64], [-3.838, 0.312]],
        ),
    ]
    for first, second, steps in told:
        for path in (first, second):
            assert np.asarray(path)[1:3] == pytest.approx(np.array(steps), abs=1e-3)
    assert optimization["look_ahead"](0.5, 0.04, 2)[1:] == pytest.approx(
        np.array([[-4.8, 0], [-4.512, 0]])
    )
    signs = optimization["signs"]
    assert np.abs(np.abs(np.diff(signs[-9:], axis=0)) - 0.3).max() < 1e-9  # for ever
    adam = np.abs(np.diff(optimization["smooth"][-9:], axis=0))
    assert adam.max() < 0.15


def test_the_libraries_store_what_the_boxes_say():
    """States per parameter of each optimizer, by the libraries' own lists."""
    kinds = [
        (keras.optimizers.SGD(momentum=0.5), torch.optim.SGD, {"momentum": 0.5}, 1),
        (keras.optimizers.Adagrad(), torch.optim.Adagrad, {}, 1),
        (keras.optimizers.RMSprop(), torch.optim.RMSprop, {}, 1),
        (keras.optimizers.Adam(), torch.optim.Adam, {}, 2),
        (keras.optimizers.AdamW(), torch.optim.AdamW, {}, 2),
    ]
    for in_keras, kind, settings, many in kinds:
        in_keras.build([keras.Variable(np.zeros(7))])
        states = [v for v in in_keras.variables if tuple(v.shape) == (7,)]
        assert len(states) == many, in_keras.name
        theta = torch.zeros(7, requires_grad=True)
        in_torch = kind([theta], lr=0.1, **settings)
        theta.grad = torch.ones(7)
        in_torch.step()
        states = [s for s in in_torch.state[theta].values() if s.shape == (7,)]
        assert len(states) == many, kind


@pytest.mark.equation("eq:longest-step")
def test_no_step_of_adam_is_longer_than_told_and_some_are_nearly(rng, optimization):
    """The worst sequence of slopes comes close, random ones stay below, as PyTorch's.

    Corrected for their start the averages meet a smaller bound, which grows to it.
    """
    bound = 0.1 / math.sqrt(0.001 * (1 - 0.81 / 0.999))
    assert bound == pytest.approx(7.2703, abs=1e-4)
    t = np.arange(1, 30_000)
    ratio = 0.81 / 0.999
    early = 0.1 / (1 - 0.9**t) * np.sqrt((1 - 0.999**t) / 0.001)
    early *= np.sqrt((1 - ratio**t) / (1 - ratio))
    assert np.all(np.diff(early) > -1e-9) and early[-1] <= bound + 1e-9

    def longest(slopes):
        theta = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        adam, places = torch.optim.Adam([theta], lr=1.0, eps=0.0), [0.0]
        for slope in slopes:
            theta.grad = torch.tensor([slope], dtype=torch.float64)
            adam.step()
            places.append(theta.item())
        return np.abs(np.diff(places)).max()

    back = np.arange(12_000)[::-1]  # steps before the last
    worst = (0.9 / 0.999) ** np.minimum(back, 400.0)
    assert 0.99 * bound < longest(worst) <= bound
    told = longest(np.concatenate([np.full(3000, 1e-4), np.ones(50)]))
    assert told == pytest.approx(6.41, abs=5e-3)
    assert np.abs(optimization["leaps"]).max() == pytest.approx(told, rel=1e-3)
    for _ in range(5):
        assert longest(10 ** rng.normal(scale=3, size=500)) <= bound


def test_adam_is_plain_descent_far_below_its_epsilon(optimization):
    """A steady slope as large as ε moves by half the rate, far smaller ones by g/ε."""
    walk, adam = optimization["walk"], optimization["adam"]
    for slope, length in ((1e-2, 1.0), (1e-8, 0.5), (1e-11, 1e-3)):
        path = walk(adam, lambda _, g=slope: g, 0.0, 3, rate=1.0)
        assert -np.diff(path) == pytest.approx(np.full(3, length), rel=2e-3)


@pytest.mark.equation("eq:clip")
def test_clipping_is_that_of_both_libraries(rng):
    """All slopes together are shortened to the length given, or left alone."""
    for scale in (0.01, 5.0):
        parts = [scale * rng.normal(size=s) for s in ((3, 2), (4,))]
        norm = math.sqrt(sum((part**2).sum() for part in parts))
        expected = [part * min(1, 0.7 / norm) for part in parts]
        in_torch = [torch.zeros(part.shape, requires_grad=True) for part in parts]
        for tensor, part in zip(in_torch, parts, strict=True):
            tensor.grad = torch.tensor(part, dtype=torch.float32)
        torch.nn.utils.clip_grad_norm_(in_torch, max_norm=0.7)
        in_keras = [keras.Variable(np.zeros(part.shape)) for part in parts]
        sgd = keras.optimizers.SGD(1.0, global_clipnorm=0.7)
        sgd.apply([keras.ops.convert_to_tensor(p, "float32") for p in parts], in_keras)
        for tensor, variable, part in zip(in_torch, in_keras, expected, strict=True):
            assert tensor.grad.numpy() == pytest.approx(part, rel=1e-5)
            moved = -keras.ops.convert_to_numpy(variable)
            assert moved == pytest.approx(part, rel=1e-5)


@pytest.mark.equation("eq:warm-up")
def test_both_recipes_warm_up_and_fall_alike(optimization):
    """The rate of each step, of Keras's schedule and of PyTorch's, built as printed."""
    n_warm, n_steps = optimization["n_warm"], optimization["n_steps"]
    rates = [float(optimization["schedule_keras"](t)) for t in range(n_steps)]
    sgd = torch.optim.SGD([torch.zeros(1)], lr=0.02)
    schedules = torch.optim.lr_scheduler
    printed = schedules.SequentialLR(
        sgd,
        [
            schedules.LinearLR(sgd, start_factor=1 / n_warm, total_iters=n_warm - 1),
            schedules.CosineAnnealingLR(sgd, T_max=n_steps - n_warm),
        ],
        milestones=[n_warm - 1],
    )
    for t in range(n_steps):
        assert printed.get_last_lr()[0] == pytest.approx(rates[t], abs=1e-8)
        if t < n_warm:
            assert rates[t] == pytest.approx(0.02 * min(1, (t + 1) / n_warm), rel=1e-5)
        sgd.step()
        printed.step()
    assert optimization["schedule_torch"].last_epoch == n_steps
    assert max(rates) == pytest.approx(0.02) and rates[-1] < 1e-6


def test_the_recipes_spare_the_biases_and_have_the_points_right(optimization):
    groups = optimization["optimizer_net"].param_groups
    assert [len(group["params"]) for group in groups] == [3, 3]
    assert [group["weight_decay"] for group in groups] == [0.01, 0]
    decays = optimization["optimizer_keras"]._use_weight_decay
    spared = [v for v in optimization["model_keras"].weights if not decays(v)]
    assert [v.name for v in spared] == ["bias"] * 3
    assert optimization["right_keras"] >= 0.99 and optimization["right_torch"] >= 0.99


def test_one_argument_turns_descent_into_sgd_in_both_libraries(optimization):
    """Gradient descent equals the chapter's to four digits, SGD lies in its spread."""
    after = optimization["after"]
    for ten_epochs in (
        optimization["ten_epochs_keras"],
        optimization["ten_epochs_torch"],
    ):
        assert ten_epochs(20) == pytest.approx(after[20, 2][0], abs=1e-4)
        assert after[4, 2].min() - 1e-4 < ten_epochs(4) < after[4, 2].max() + 1e-4


def test_the_ravine_crawls_below_its_threshold_and_explodes_above(optimization):
    loss, descend = optimization["price_loss"], optimization["descend"]
    gradient = optimization["price_gradient"]
    threshold = 2 / optimization["spectra"]["rooms, raw"][-1]
    assert 0.02 < threshold < 0.025
    below = descend(gradient, np.zeros(2), 0.99 * threshold, 500)[-1]
    above = descend(gradient, np.zeros(2), 1.01 * threshold, 500)[-1]
    assert loss(below) < loss(np.zeros(2)) < loss(above)
    start = np.linalg.norm(optimization["best"])
    left = np.linalg.norm(optimization["crawl"][-1] - optimization["best"])
    assert left > 0.9 * start


def test_the_four_starts_in_the_double_well_end_as_told(optimization):
    right, left, thrown, jumped = (path[-1] for path in optimization["ends"])
    assert right == pytest.approx(0.960150, abs=5e-3)
    assert left == pytest.approx(-1.035579, abs=5e-3)
    assert abs(thrown) > 1000
    assert jumped == pytest.approx(-1.035579, abs=5e-3)
    slope, hill = optimization["well_slope"], optimization["hill"]
    for minimum in (optimization["poor"], optimization["better"]):
        assert slope(minimum - 1e-3) < 0 < slope(minimum + 1e-3)
    assert slope(hill - 1e-3) > 0 > slope(hill + 1e-3)


def test_a_sum_makes_the_minibatch_steps_shorter_by_the_share_of_the_batch(
    optimization,
):
    """With sums both take nearly the same way; with means SGD is ahead."""
    shuffled, after = optimization["shuffled"], optimization["after"]
    tie = shuffled(4, 2.0 * 4 / 20) - after[20, 2][0]
    assert np.abs(tie).max() < 0.01
    assert np.all(after[4, 2] < after[20, 2] - 0.02)


def test_newtons_steps_found_the_optimum(optimization):
    race = Race(optimization["dots_x"], optimization["dots_y"])
    slope = full_gradient(optimization, race.points.best)
    assert np.linalg.norm(slope) < 1e-12


def test_a_constant_rate_stops_at_its_noise_floor(optimization):
    """The mean square stays at rate / (2 - rate), for three rates, in fresh runs."""
    for rate in (0.05, 0.1, 0.5):
        rng, w = np.random.default_rng(5), np.zeros(4000)
        for _ in range(400):
            w = w - rate * (w + rng.standard_normal(4000))
        assert np.mean(w**2) == pytest.approx(rate / (2 - rate), rel=0.1)
    floor = optimization["squared"]["constant"][5000:].mean()
    assert floor == pytest.approx(0.1 / 1.9, rel=0.02)


def test_schedules_end_in_the_order_told(optimization):
    final = {name: errors[-1] for name, errors in optimization["squared"].items()}
    order = sorted(final, key=final.get)
    assert order == ["time-based", "cosine", "constant", "exponential"]


def test_the_slice_of_a_network_bends_down_somewhere(optimization):
    """A chord below the curve at its middle refutes convexity."""
    values = optimization["slice_losses"]
    gaps = values[1:-1] - (values[:-2] + values[2:]) / 2
    assert gaps.max() > 1e-6
    inner = values[1:-1]
    valleys = np.sum((inner < values[:-2]) & (inner < values[2:]))
    hills = np.sum((inner > values[:-2]) & (inner > values[2:]))
    assert (valleys, hills) == (2, 1)


def test_the_table_of_convex_losses_is_right(optimization):
    """Second differences of each entry; the two-weight network has curvatures ±2."""
    w, h = np.linspace(-6, 6, 241), 0.05
    sigmoid, linear = 1 / (1 + np.exp(-w)), w
    for target in (0.0, 1.0):
        assert np.diff((linear - target) ** 2, n=2).min() > 0
        assert np.diff((sigmoid - target) ** 2, n=2).min() < 0
        entropy = np.logaddexp(0, w) - target * w
        assert np.diff(entropy, n=2).min() > 0
    bends = np.diff((sigmoid - 1) ** 2, n=2) / h**2
    assert np.all(bends[w[1:-1] < -math.log(2) - h] < 0)
    loss = optimization["product_loss"]
    for direction, curvature in (((1, 1), -2), ((1, -1), 2)):
        u = 1e-3 * np.array(direction) / math.sqrt(2)
        second = (loss(u) - 2 * loss(np.zeros(2)) + loss(-u)) / 1e-6
        assert second == pytest.approx(curvature, rel=1e-3)
    assert loss(np.array([1.0, 1.0])) == loss(np.array([-1.0, -1.0])) == 0


def test_noise_crosses_the_hill_both_ways(optimization):
    poor, better = optimization["poor"], optimization["better"]
    assert not optimization["ends_left"](poor, 2).any()
    assert optimization["ends_left"](better, 2).all()
    assert (
        optimization["saved_4"].mean()
        > 0.5
        > 0.05
        > 1 - optimization["stayed_4"].mean()
    )
    saved, stayed = optimization["saved_6"].mean(), optimization["stayed_6"].mean()
    assert saved == pytest.approx(stayed, abs=0.02)
    assert optimization["lost_10"].mean() > 1 / 3


def test_the_heavy_ball_is_stable_up_to_its_limit(optimization):
    """Below 2 (1 + μ) / λ it converges, above it diverges, for several μ."""
    walk, momentum = optimization["walk"], optimization["momentum"]
    for mu in (0.0, 0.5, 0.9):
        for curvature in (1.0, 40.0):
            for share, grows in ((0.99, False), (1.01, True)):
                rate = share * 2 * (1 + mu) / curvature
                path = walk(
                    momentum,
                    lambda w, c=curvature: c * w,
                    np.float64(1.0),
                    2000,
                    rate=rate,
                    mu=mu,
                )
                assert (abs(path[-1]) > 1) == grows


def test_nesterovs_version_is_stable_up_to_a_lower_limit(optimization):
    """Below 2 (1 + μ) / ((1 + 2μ) λ) it converges, above it diverges."""
    walk, nesterov = optimization["walk"], RULES["nesterov"]
    for mu in (0.0, 0.5, 0.9):
        for curvature in (1.0, 40.0):
            for share, grows in ((0.99, False), (1.01, True)):
                path = walk(
                    nesterov,
                    lambda w, c=curvature: c * w,
                    np.float64(1.0),
                    2000,
                    rate=share * 2 * (1 + mu) / ((1 + 2 * mu) * curvature),
                    mu=mu,
                )
                assert (abs(path[-1]) > 1) == grows


def test_gradient_descent_at_its_own_rate_keeps_up_on_twenty_points(optimization):
    """The race of fig:gd-sgd at one rate compares steps: a larger one suits GD."""
    shuffled, after = optimization["shuffled"], optimization["after"]
    race = Race(optimization["dots_x"], optimization["dots_y"])
    full = min(shuffled(20, rate)[0] for rate in (8.0, 10.0, 16.0))
    mini = min(np.median(shuffled(4, rate)) for rate in (1.0, 2.0, 4.0, 8.0))
    assert optimization["logistic_loss"](race.points.best) <= full < mini
    assert after[20, 16][0] == pytest.approx(full)


def test_the_expected_distance_is_that_of_many_runs(optimization):
    """A recursion in the chapter, 4 000 runs here, for each schedule and curvature."""
    for name, schedule in optimization["schedules"].items():
        for curvature in (1.0, 0.3):
            rng, w = np.random.default_rng(1), np.full(4000, 4.0)
            for rate in schedule(np.arange(300)):
                w = w - rate * (curvature * w + rng.standard_normal(4000))
            expected = optimization["expected_square"](schedule, curvature)[299]
            assert np.mean(w**2) == pytest.approx(expected, rel=0.12), name


def test_no_schedule_is_ahead_of_the_ideal_one(optimization):
    """The best rate for each step is square / (square + 1), by hand: 1/(t + 1/16)."""
    square = 16.0
    for step in range(20_000):
        rate = square / (square + 1)
        square = (1 - rate) ** 2 * square + rate**2
        if step in (0, 9, 19_999):
            assert optimization["ideal"][step] == pytest.approx(square)
    for errors in optimization["squared"].values():
        assert np.all(errors >= optimization["ideal"] * (1 - 1e-9))


def test_a_schedule_like_1_over_t_fails_on_a_flatter_bowl(optimization):
    """1/(10 + t) averages the noise for curvature 1 and is too short for 0.3."""
    run, schedules = optimization["expected_square"], optimization["schedules"]
    for curvature, winner in ((1.0, "time-based"), (0.5, "cosine"), (0.3, "cosine")):
        ends = {
            name: run(schedules[name], curvature)[-1]
            for name in ("time-based", "cosine")
        }
        assert min(ends, key=ends.get) == winner


def test_momentum_overshoots_where_descent_does_not(optimization):
    swing = optimization["swing"]
    assert swing.min() == pytest.approx(-0.604, abs=1e-3)
    assert np.sum(np.diff(np.sign(swing)) != 0) == 6


def test_steps_grow_like_the_condition_number_or_like_its_root():
    """Counted on bowls: four times the condition takes four or two times the steps."""

    def count(condition, rate, mu):
        curvatures, theta, v = np.array([1.0, condition]), np.ones(2), np.zeros(2)
        for step in range(1, 100_000):
            v = mu * v - rate * curvatures * theta
            theta = theta + v
            if np.abs(theta).max() < 1e-6:
                return step
        raise AssertionError("did not arrive")

    plain, tuned = [], []
    for condition in (100.0, 400.0):
        root = math.sqrt(condition)
        plain.append(count(condition, 2 / (condition + 1), 0.0))
        tuned.append(
            count(condition, 4 / (root + 1) ** 2, ((root - 1) / (root + 1)) ** 2)
        )
    assert plain[1] / plain[0] == pytest.approx(4, rel=0.05)
    assert tuned[1] / tuned[0] == pytest.approx(2, rel=0.15)


def test_steady_gradients_move_adaptive_methods_alike(optimization):
    """Slopes of 1 and 0.01: the same way in both weights, after a hundred steps."""
    walk, gradient = optimization["walk"], lambda _: np.array([1.0, 0.01])
    ends = {
        name: -walk(optimization[name], gradient, np.zeros(2), 100, rate=0.01)[-1]
        for name in ("momentum", "adagrad", "rmsprop", "adam")
    }
    for name in ("adagrad", "rmsprop", "adam"):
        assert ends[name][0] == pytest.approx(ends[name][1], rel=1e-4)
    roots = sum(1 / math.sqrt(k) for k in range(1, 101))
    assert ends["adagrad"][0] == pytest.approx(0.01 * roots)
    assert ends["adam"][0] == pytest.approx(1.0, rel=1e-6)
    assert ends["momentum"][0] == pytest.approx(
        sum(0.01 * (1 - 0.9**k) / 0.1 for k in range(1, 101))
    )


def test_libraries_part_when_the_rate_changes_under_momentum():
    """Equal for 25 steps; after a drop of the rate, Keras glides on and parts."""
    rng, start = np.random.default_rng(0), np.zeros(2, dtype="float32")
    in_keras = keras.optimizers.SGD(0.1, momentum=0.9)
    theta_keras = keras.Variable(start)
    theta_torch = torch.tensor(start, requires_grad=True)
    in_torch = torch.optim.SGD([theta_torch], lr=0.1, momentum=0.9)
    gaps = []
    for step in range(1, 51):
        if step == 26:
            in_keras.learning_rate = 0.01
            in_torch.param_groups[0]["lr"] = 0.01
        gradient = rng.standard_normal(2).astype("float32")
        in_keras.apply([keras.ops.convert_to_tensor(gradient)], [theta_keras])
        theta_torch.grad = torch.tensor(gradient)
        in_torch.step()
        gap = keras.ops.convert_to_numpy(theta_keras) - theta_torch.detach().numpy()
        gaps.append(np.abs(gap).max())
    assert max(gaps[:25]) < 1e-5 < 0.05 < gaps[25]


def test_the_network_gradient_of_the_race_is_right(optimization):
    """Difference quotients along random directions equal the hand-written gradient."""
    loss, gradient = optimization["spiral_loss"], optimization["spiral_gradient"]
    theta = optimization["draw_start"](4).astype(float)
    rng = np.random.default_rng(0)
    for _ in range(5):
        u = rng.normal(size=len(theta))
        h = 1e-6
        quotient = (loss(theta + h * u) - loss(theta - h * u)) / (2 * h)
        assert quotient == pytest.approx(gradient(theta) @ u, rel=1e-6, abs=1e-8)


def test_adam_with_a_penalty_decays_steep_weights_least(optimization):
    """Noise of scale 100 protects a weight from the penalty, but not from AdamW."""
    walk, adam, adamw = (optimization[name] for name in ("walk", "adam", "adamw"))
    scales = np.array([1.0, 100.0])
    left = {}
    for name, rule, penalty, settings in (
        ("penalty", adam, 0.5, {}),
        ("decay", adamw, 0.0, {"decay": 0.5}),
    ):
        rng = np.random.default_rng(0)
        ends = [
            walk(
                rule,
                lambda p, rng=rng, penalty=penalty: (
                    scales * rng.standard_normal(2) + penalty * p
                ),
                np.ones(2),
                1000,
                rate=0.001,
                **settings,
            )[-1]
            for _ in range(20)
        ]
        left[name] = np.mean(ends, axis=0)
    assert left["penalty"][0] < 0.9 and left["penalty"][1] > 0.95
    assert left["decay"][0] == pytest.approx(left["decay"][1], abs=0.05)


def test_the_best_rates_are_inside_the_range_that_was_tried(optimization):
    for name, losses in optimization["finals"].items():
        best = np.median(losses, axis=1).argmin()
        assert 0 < best < len(losses) - 1, name


TRIED = np.sort(np.outer([1, 2, 5], 10.0 ** np.arange(-4, 2)).ravel())[:-2]


@pytest.mark.parametrize("place", ["ravine", "rosenbrock", "saddle"])
def test_the_race_sets_each_method_to_the_best_of_the_tried_rates(place):
    """The first to stay within 0.01 of the least; if none does, the lowest end."""
    run = race(landscape=place)
    loss, gradient, least = LANDSCAPES[place]
    for name, rule in RULES.items():
        rate, *memories = getattr(run, name)
        found = {}
        for other in TRIED:
            memory, theta = {}, np.array(run.start)
            path = [theta]
            with np.errstate(over="ignore", invalid="ignore"):
                for _ in range(1000):
                    theta = rule(theta, gradient(theta), memory, other, *memories)
                    path.append(theta)
                heights = loss(np.array(path)) - least
            above = np.flatnonzero(~(heights < 0.01))[-1] + 1
            end = np.nan_to_num(heights[-1], nan=np.inf)
            found[other] = (above, end if above > 1000 else 0.0)
        assert min(found, key=found.get) == rate, name


def test_the_race_runs_on_the_chapter_s_points_and_wells(optimization):
    x, y = points()
    assert np.array_equal(optimization["dots_x"], x)
    assert np.array_equal(optimization["dots_y"], y)
    assert set(SCENES) == {*LANDSCAPES, "points"} and EPOCHS == 10
    run = race(landscape="points", batch=20)
    end = run.path("sgd")[-1]
    assert optimization["logistic_loss"](end) == pytest.approx(
        optimization["after"][20, 2][0]
    )
    well = optimization["well"](np.array([-1.2, 0.4]))
    wells = LANDSCAPES["wells"].loss(np.array([[-1.2, 0.0], [0.4, 0.0]]))
    assert np.allclose(well, wells, atol=1e-12)


@pytest.mark.equation("eq:momentum-axis")
def test_an_error_follows_from_the_two_before_and_its_factors_from_a_square(
    optimization,
):
    """The chapter's momentum on one axis, the recursion, and the roots' sizes."""
    walk, momentum = optimization["walk"], optimization["momentum"]
    for c, rate, mu in ((1.0, 1 / 9, 4 / 9), (25.0, 0.06, 0.5), (3.0, 0.1, 0.9)):
        path = walk(
            momentum, lambda w, c=c: c * w, np.float64(-5), 40, rate=rate, mu=mu
        )
        expected = (1 + mu - rate * c) * path[1:-1] - mu * path[:-2]
        assert path[2:] == pytest.approx(expected, abs=1e-12)
    for mu in (0.2, 0.5, 0.9):
        low, high = (1 - math.sqrt(mu)) ** 2, (1 + math.sqrt(mu)) ** 2
        for product in np.linspace(low + 1e-6, high - 1e-6, 9):
            sizes = abs(np.roots([1, -(1 + mu - product), mu]))
            assert sizes == pytest.approx(math.sqrt(mu))
        for product in (0.9 * low, 1.1 * high):
            assert max(abs(np.roots([1, -(1 + mu - product), mu]))) > math.sqrt(mu)
