"""The chapter on the perceptron: its equations agree with independent code.

The independent side is written from the printed formula, term by term and in exact
fractions where that is possible, not with the chapter's functions.
"""

from fractions import Fraction

import numpy as np
import pytest
from every_chapter import *  # noqa: F403

from explorers.neuron import Neuron

PAGE = "book/perceptron"


@pytest.fixture(scope="module")
def perceptron(chapter):
    return chapter(PAGE).namespace


@pytest.fixture(scope="module")
def rooms_and_prices(perceptron):
    """The data as exact fractions, so that sums do not depend on their order."""
    x = [Fraction(str(value)) for value in perceptron["boston"]["RM"]]
    y = [Fraction(str(value)) for value in perceptron["boston"]["PRICE"]]
    return list(zip(x, y, strict=True))


WEIGHTS = [-2.0, 0.0, 0.5, 3.653, 10.0]


@pytest.mark.equation("eq:neuron")
def test_the_neuron_is_a_weighted_sum_through_an_activation(perceptron):
    """The chapter's function equals the sum written out, for several activations."""
    rng = np.random.default_rng(0)
    for d in (1, 2, 7):
        x, w, b = rng.normal(size=d), rng.normal(size=d), rng.normal()
        o = sum(w[j] * x[j] for j in range(d)) + b
        for activation in (np.tanh, np.sin, lambda o: o):
            y_hat = perceptron["neuron"](x, w, b, activation)
            assert y_hat == pytest.approx(activation(o), abs=1e-12)


@pytest.mark.equation("eq:threshold-unit")
def test_the_threshold_unit_is_one_from_zero_on(perceptron):
    """The step is 1 at 0 and above, 0 below; and so is a unit on a line's two sides."""
    step, neuron = perceptron["step"], perceptron["neuron"]
    for o, expected in [(-1e-300, 0), (0.0, 1), (1e-300, 1), (-5, 0), (5, 1)]:
        assert step(o) == expected
    w, b = np.array([2.0, -1.0]), 0.5
    for point in ([0.0, 0.5], [1.0, 3.0], [-0.5, 0.0]):
        assert neuron(np.array(point), w, b, step) == (2 * point[0] - point[1] >= -0.5)


@pytest.mark.equation("eq:rosenblatt")
def test_rosenblatts_rule_moves_by_the_error_times_the_input(perceptron):
    """The chapter's states equal the rule in exact fractions, example by example."""
    points, labels = perceptron["two_species"](0, 1, perceptron["petals"])
    states, _ = perceptron["learn"](points, labels, epochs=50, seed=0)
    rng = np.random.default_rng(0)
    w, b, expected, clean = [Fraction(0), Fraction(0)], Fraction(0), [], False
    while not clean:
        clean = True
        for i in rng.permutation(len(points)):
            x = [Fraction(str(value)) for value in points[i]]
            answer = int(w[0] * x[0] + w[1] * x[1] + b >= 0)
            error = int(labels[i]) - answer
            if error:
                w = [w[0] + error * x[0], w[1] + error * x[1]]
                b, clean = b + error, False
                expected.append((*map(float, w), float(b)))
    assert [(*w, b) for w, b in states] == [pytest.approx(row) for row in expected]


@pytest.mark.equation("eq:novikoff-progress", "eq:novikoff-length", "eq:novikoff")
def test_the_rule_keeps_within_novikoffs_bound(perceptron):
    """At each mistake the two inequalities behind the bound hold, in several orders."""
    rng = np.random.default_rng(2)
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    points = rng.normal(size=(200, 2))
    distances = np.column_stack([points, np.ones(200)]) @ direction
    keep = abs(distances) > 0.15
    points, labels = points[keep], (distances[keep] > 0).astype(int)
    longest, gamma = (
        np.sqrt(1 + (points**2).sum(axis=1)).max(),
        abs(distances[keep]).min(),
    )
    for seed in range(6):
        states, mistakes = perceptron["learn"](points, labels, 10_000, seed=seed)
        assert mistakes[-1] == 0
        assert 0 < len(states) <= (longest / gamma) ** 2
        for made, (w, b) in enumerate(states, start=1):
            weights = np.append(w, b)
            assert weights @ direction >= made * gamma - 1e-9
            assert weights @ weights <= made * longest**2 + 1e-9


def test_the_worked_example_is_the_rule_on_three_points():
    """What is added, both lengths and the bound of ten mistakes, in exact numbers."""
    taking_turns = [([2, 1], 1), ([0, -1], 0), ([1, -1], 0)]  # signed; with its label
    w, rows, seen = [0, 0], [], 0
    while seen < len(taking_turns):
        for x, label in taking_turns:
            o = w[0] * x[0] + w[1] * x[1]
            right = o >= 0 if label else o > 0
            seen = seen + 1 if right else 0
            if not right:
                w = [w[0] + x[0], w[1] + x[1]]
                rows.append((x, w, w[0] ** 2 + w[1] ** 2, w[0] - w[1]))
    assert rows == [  # added, w, squared length, progress times the root of 2
        ([0, -1], [0, -1], 1, 1),
        ([2, 1], [2, 0], 4, 2),
        ([0, -1], [2, -1], 5, 3),
    ]
    squared_margin = min(Fraction((x[0] - x[1]) ** 2, 2) for x, _ in taking_turns)
    assert min(x[0] - x[1] for x, _ in taking_turns) > 0
    assert max(x[0] ** 2 + x[1] ** 2 for x, _ in taking_turns) / squared_margin == 10


@pytest.fixture(scope="module")
def two_gaussians():
    """Random means, a shared covariance and a prior, in three dimensions."""
    rng = np.random.default_rng(3)
    root = rng.normal(size=(3, 3))
    return rng.normal(size=(2, 3)), root @ root.T + 0.5 * np.eye(3), 0.3


def density(x, mean, covariance):
    """A Gaussian density from independent standard normals, by change of variables."""
    root = np.linalg.cholesky(covariance)
    standard = np.linalg.solve(root, x - mean)
    factors = np.exp(-(standard**2) / 2) / np.sqrt(2 * np.pi)
    return factors.prod() / np.diag(root).prod()


@pytest.mark.equation("eq:gaussian-classes")
def test_the_printed_density_is_the_gaussian(two_gaussians):
    """The formula equals a product of standard normals after a change of variables."""
    means, covariance, _ = two_gaussians
    for x in np.random.default_rng(4).normal(size=(5, 3)):
        offset = x - means[1]
        printed = np.exp(-0.5 * offset @ np.linalg.inv(covariance) @ offset)
        printed /= np.sqrt((2 * np.pi) ** 3 * np.linalg.det(covariance))
        assert printed == pytest.approx(density(x, means[1], covariance))


def test_the_chapters_contours_are_those_of_the_gaussian(perceptron):
    """Its log density differs from the true one by a constant, as contours allow."""
    mean, points = perceptron["mean_1"], perceptron["flowers"][:9]
    found = perceptron["log_density"](points, mean)
    true = [np.log(density(x, mean, perceptron["covariance"])) for x in points]
    assert found - found[0] == pytest.approx(np.array(true) - true[0])


@pytest.mark.equation("eq:bayes", "eq:log-odds", "eq:lda-derivation", "eq:lda")
def test_the_posterior_of_two_gaussians_is_a_neuron(two_gaussians, perceptron):
    """Bayes' rule, its two rewritings and the neuron of the formula give one number."""
    (mean_0, mean_1), covariance, prior = two_gaussians
    inverse = np.linalg.inv(covariance)
    w = inverse @ (mean_1 - mean_0)
    between = -0.5 * w @ (mean_0 + mean_1)
    b = between + np.log(prior / (1 - prior))
    for x in np.random.default_rng(5).normal(size=(20, 3)):
        p_0, p_1 = density(x, mean_0, covariance), density(x, mean_1, covariance)
        posterior = p_1 * prior / (p_0 * (1 - prior) + p_1 * prior)
        assert 1 / (1 + p_0 * (1 - prior) / (p_1 * prior)) == pytest.approx(posterior)
        printed = (mean_1 - mean_0) @ inverse @ (x - 0.5 * (mean_0 + mean_1))
        assert printed == pytest.approx(np.log(p_1 / p_0))
        assert w @ x + between == pytest.approx(printed)
        odds = np.log(p_1 / p_0) + np.log(prior / (1 - prior))
        assert 1 / (1 + np.exp(-odds)) == pytest.approx(posterior)
        sigmoid, neuron = perceptron["sigmoid"], perceptron["neuron"]
        assert neuron(x, w, b, sigmoid) == pytest.approx(posterior, abs=1e-12)


@pytest.mark.equation("eq:lda")
def test_the_chapters_discriminant_gives_the_bayes_posterior(perceptron):
    """On every flower its neuron equals Bayes' rule with the estimated Gaussians."""
    x, y = perceptron["flowers"], perceptron["species"]
    flowers = list(zip(x, y, strict=True))
    means = [sum(row for row, k in flowers if k == j) / 50 for j in (0, 1)]
    scatter = sum(np.outer(row - means[k], row - means[k]) for row, k in flowers)
    probability = perceptron["neuron"](
        x, perceptron["w_lda"], perceptron["b_lda"], perceptron["sigmoid"]
    )
    for row, found in zip(x, probability, strict=True):
        p_0, p_1 = (density(row, mean, scatter / 100) for mean in means)
        assert found == pytest.approx(p_1 / (p_0 + p_1), abs=1e-10)


@pytest.mark.equation("eq:sigmoid")
def test_the_sigmoid_is_the_logistic_function(perceptron):
    """It equals (1 + tanh(o/2)) / 2, is one half at 0 and mirrors itself."""
    o = np.linspace(-30, 30, 101)
    found = perceptron["sigmoid"](o)
    assert found == pytest.approx((1 + np.tanh(o / 2)) / 2, abs=1e-15)
    assert found + perceptron["sigmoid"](-o) == pytest.approx(1)


@pytest.mark.equation("eq:bernoulli-likelihood", "eq:binary-cross-entropy")
def test_cross_entropy_is_the_mean_negative_log_likelihood(perceptron):
    """On random data, against the product of probabilities and PyTorch's loss."""
    import torch

    rng = np.random.default_rng(6)
    x, y, w, b = (
        rng.normal(size=(12, 2)),
        rng.integers(0, 2, 12),
        rng.normal(size=2),
        0.3,
    )
    product = 1.0
    for row, label in zip(x, y, strict=True):
        one = 1 / (1 + np.exp(-(row[0] * w[0] + row[1] * w[1] + b)))
        product *= one if label == 1 else 1 - one
    answers = perceptron["neuron"](x, w, b, perceptron["sigmoid"])
    assert np.prod(answers**y * (1 - answers) ** (1 - y)) == pytest.approx(product)
    loss = perceptron["cross_entropy"](w, b, x, y)
    assert loss == pytest.approx(-np.log(product) / 12)
    library = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.from_numpy(x @ w + b), torch.from_numpy(y.astype(float))
    )
    assert loss == pytest.approx(library.item())


@pytest.mark.equation("eq:cross-entropy")
def test_the_loss_is_a_cross_entropy(perceptron):
    """Equal inputs with labels 1, 1, 1, 0: the loss is that of (1/4, 3/4) against q."""
    w, b = np.array([1.5, -0.5]), 0.25
    x = np.array([[0.4, 2.0]] * 4)
    q_1 = 1 / (1 + np.exp(-(1.5 * 0.4 - 0.5 * 2.0 + 0.25)))
    expected = sum(p * -np.log(q) for p, q in [(0.25, 1 - q_1), (0.75, q_1)])
    loss = perceptron["cross_entropy"](w, b, x, np.array([1, 1, 1, 0]))
    assert loss == pytest.approx(expected)


@pytest.mark.equation("eq:logistic-gradient")
def test_the_gradient_is_prediction_minus_label_times_input(perceptron):
    """The printed sums equal central differences of the loss in each parameter."""
    x, y, loss = (
        perceptron["inputs"],
        perceptron["species"],
        perceptron["cross_entropy"],
    )
    w, b, h = np.array([0.7, -1.2]), 0.4, 1e-6
    errors = [1 / (1 + np.exp(-(row @ w + b))) - k for row, k in zip(x, y, strict=True)]
    in_w = sum(e * row for e, row in zip(errors, x, strict=True)) / len(x)
    for j in (0, 1):
        shift = h * np.eye(2)[j]
        difference = (loss(w + shift, b, x, y) - loss(w - shift, b, x, y)) / (2 * h)
        assert in_w[j] == pytest.approx(difference, abs=1e-8)
    difference = (loss(w, b + h, x, y) - loss(w, b - h, x, y)) / (2 * h)
    assert sum(errors) / len(x) == pytest.approx(difference, abs=1e-8)


def test_numpy_keras_and_pytorch_train_the_same_logistic_unit(perceptron):
    """After 200 steps the weights agree to single precision."""
    w, b = perceptron["w_numpy"], perceptron["b_numpy"]
    for name in ("keras", "torch"):
        found = np.ravel(perceptron[f"w_logistic_{name}"])
        assert found == pytest.approx(w, rel=1e-5)
        assert float(np.ravel(perceptron[f"b_logistic_{name}"])[0]) == pytest.approx(
            b, rel=1e-5
        )


def test_each_flower_left_out_is_judged_by_a_unit_that_has_not_seen_it(perceptron):
    """For some flowers, a loop written here gives the same logits."""
    x, y = perceptron["flowers"], perceptron["species"]
    for i in (0, 27, 70, 99):
        others = np.arange(100) != i
        center, spread = x[others].mean(axis=0), x[others].std(axis=0)
        scaled, theta = (x[others] - center) / spread, np.zeros(3)
        scaled = np.column_stack([scaled, np.ones(99)])
        for _ in range(200):
            p = 1 / (1 + np.exp(-scaled @ theta))
            theta = theta - 2.0 * scaled.T @ (p - y[others]) / 99
        o = theta[:2] @ ((x[i] - center) / spread) + theta[2]
        assert perceptron["o_left"][1, i] == pytest.approx(o, rel=1e-9)
    halves = np.sort(np.hstack([perceptron["half"], perceptron["rest"]]))
    assert (halves == np.arange(100)).all()


def test_logistic_regression_heads_for_the_maximum_of_the_likelihood(perceptron):
    """Newton's method finds the optimum, and the chapter's loss is just above it."""
    x = np.column_stack([perceptron["inputs"], np.ones(100)])
    y, theta = perceptron["species"], np.zeros(3)
    for _ in range(12):
        p = 1 / (1 + np.exp(-x @ theta))
        theta -= np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x, x.T @ (p - y))
    best = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert best < perceptron["loss_numpy"] < best + 1e-3


@pytest.mark.equation("eq:xor")
def test_no_threshold_unit_computes_exclusive_or(perceptron):
    """Over a grid of weights, units compute all logic of two inputs but XOR, XNOR."""
    neuron, step, corners = (perceptron[k] for k in ("neuron", "step", "corners"))
    grid = np.linspace(-2, 2, 9)
    tables = {
        tuple(neuron(corners, np.array([w_1, w_2]), b, step).tolist())
        for w_1 in grid
        for w_2 in grid
        for b in grid - 0.25
    }
    missing = set(np.ndindex(2, 2, 2, 2)) - tables
    assert missing == {(0, 1, 1, 0), (1, 0, 0, 1)}
    _, mistakes = perceptron["learn"](corners, perceptron["xor"], epochs=200)
    assert min(mistakes) > 0


def test_a_logistic_unit_on_exclusive_or_answers_one_half_everywhere(perceptron):
    """With weights zero the gradient vanishes, and both libraries end up there."""
    errors = 0.5 - perceptron["xor"]
    assert errors.sum() == 0
    assert (errors @ perceptron["corners"] == 0).all()
    for name in ("keras", "torch"):
        found = np.ravel(perceptron[f"chance_xor_{name}"])
        assert found == pytest.approx(np.full(4, 0.5), abs=1e-3)


@pytest.mark.equation("eq:one-weight")
def test_the_one_weight_model_is_what_keras_and_pytorch_compute(perceptron):
    """Both trained layers return their weight times the input."""
    import torch

    x = np.array([[4.0], [6.5]], dtype="float32")
    keras_out = perceptron["neuron_keras"](x).numpy()
    torch_out = perceptron["neuron_torch"](torch.tensor(x)).detach().numpy()
    assert keras_out == pytest.approx(perceptron["w_keras"] * x, rel=1e-6)
    assert torch_out == pytest.approx(perceptron["w_torch"] * x, rel=1e-6)


@pytest.mark.equation("eq:sum-of-squares")
def test_the_loss_is_the_sum_of_squared_errors(perceptron, rooms_and_prices):
    """The chapter's loss equals the sum in exact fractions."""
    for w in WEIGHTS:
        found = perceptron["loss"](w)
        exact = sum((Fraction(w) * x - y) ** 2 for x, y in rooms_and_prices)
        assert found == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.equation("eq:slope")
def test_the_slope_is_the_derivative_of_the_loss(perceptron, rooms_and_prices):
    """The formula in exact fractions, and central differences of the loss, agree."""
    loss, slope = perceptron["loss"], perceptron["slope"]
    for w in WEIGHTS:
        exact = sum(2 * (Fraction(w) * x - y) * x for x, y in rooms_and_prices)
        assert slope(w) == pytest.approx(float(exact), rel=1e-10, abs=1e-6)
        difference = (loss(w + 1e-3) - loss(w - 1e-3)) / 2e-3
        assert slope(w) == pytest.approx(difference, rel=1e-6, abs=1e-3)


@pytest.mark.equation("eq:descent")
def test_gradient_descent_takes_the_printed_step(perceptron, rooms_and_prices):
    """Ten steps from 0 equal the update in exact fractions, for the three rates."""
    for rate, path in zip(perceptron["rates"], perceptron["paths"], strict=True):
        w = Fraction(0)
        for found in path:
            assert found == pytest.approx(float(w), rel=1e-9, abs=1e-12)
            gradient = sum(2 * (w * x - y) * x for x, y in rooms_and_prices)
            w = (w - Fraction(rate) * gradient).limit_denominator(10**30)


@pytest.mark.equation("eq:best-weight")
def test_the_best_weight_minimizes_the_loss(perceptron, rooms_and_prices):
    """The ratio of sums is w*, and any other weight has a larger loss."""
    exact = sum(x * y for x, y in rooms_and_prices) / sum(
        x * x for x, _ in rooms_and_prices
    )
    w_star, loss = perceptron["w_star"], perceptron["loss"]
    assert w_star == pytest.approx(float(exact), rel=1e-13)
    assert w_star == pytest.approx(3.653350400023882, rel=1e-12)
    for step in (-1.0, -1e-3, 1e-3, 1.0):
        assert loss(w_star + step) > loss(w_star)


@pytest.mark.equation("eq:contraction")
def test_each_step_multiplies_the_error_by_one_factor(perceptron):
    """Errors shrink or grow by 1 - rate x curvature, on both sides of the threshold."""
    w_star, curvature = perceptron["w_star"], perceptron["curvature"]
    assert curvature == pytest.approx(40469.196494, rel=1e-9)
    for share in (0.1, 0.9, 1.5, 1.99, 2.0, 2.01, 3.0):
        path = perceptron["descend"](share / curvature, w=1.0, steps=8)
        errors = path - w_star
        assert errors[1:] == pytest.approx((1 - share) * errors[:-1], rel=1e-8)
        grows = abs(errors[-1]) > abs(errors[0]) * (1 + 1e-9)
        assert grows == (share > 2)


def test_the_figure_s_rule_is_the_chapter_s(chapter):
    """From weights zero and in the same order, `learn` makes the same corrections."""
    learn = chapter(PAGE).namespace["learn"]
    run = Neuron(line=[0.0, 0.0, 0.0])

    class InOrder:
        def permutation(self, count):
            return np.arange(count)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np.random, "default_rng", lambda seed: InOrder())
        states, _ = learn(run.places(), run.labels(), epochs=100)
    found = [[*w, b] for w, b in states]
    np.testing.assert_allclose(run.course()["lines"][1:], found, atol=1e-9)
