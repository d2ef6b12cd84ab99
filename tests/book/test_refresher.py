"""The equations of the refresher agree with its code and with independent code."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from every_chapter import *  # noqa: F403

PAGE = "book/refresher"


@pytest.fixture(scope="module")
def refresher(chapter):
    return chapter(PAGE).namespace


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def line_data(refresher):
    """Centered petal lengths and widths as exact fractions."""
    lengths, widths = (
        [Fraction(str(value)) for value in refresher["petals"][:, j]] for j in (0, 1)
    )
    mean = sum(lengths) / len(lengths)
    return [(x - mean, y) for x, y in zip(lengths, widths, strict=True)]


def sigmoid(o: float) -> float:
    return 1 / (1 + math.exp(-o))


@pytest.mark.equation("eq:ref-dot")
def test_a_dot_product_is_the_weighted_sum(refresher):
    """NumPy's product of the flower with each mean equals the sum in fractions."""
    x = [Fraction(str(value)) for value in refresher["x"]]
    for mean in refresher["means"]:
        exact = sum(Fraction(w) * x_j for w, x_j in zip(mean, x, strict=True))
        assert mean @ refresher["x"] == pytest.approx(float(exact), rel=1e-14)


@pytest.mark.equation("eq:ref-angle")
def test_norm_and_angle_are_those_of_plane_geometry(refresher):
    """Vectors built from a length and a direction give both back."""
    for r, s in ((1.0, 2.5), (0.3, 7.0)):
        for turn, alpha in itertools.product((0.0, 0.4, 2.0), (0.1, 1.2, 2.0, 3.0)):
            w = np.array([r * math.cos(turn), r * math.sin(turn)])
            x = np.array([s * math.cos(turn + alpha), s * math.sin(turn + alpha)])
            assert math.sqrt(x @ x) == pytest.approx(s)
            assert w @ x == pytest.approx(r * s * math.cos(alpha))
            assert refresher["angle"](w, x) == pytest.approx(math.degrees(alpha))


@pytest.mark.equation("eq:ref-distance")
def test_the_squared_distance_expands(refresher):
    """Pythagoras on the differences equals the three terms, for each species."""
    x = refresher["x"]
    for m, distance in zip(refresher["means"], refresher["distances"], strict=True):
        expanded = (x**2).sum() - 2 * sum(m * x) + (m**2).sum()
        assert math.hypot(*(x - m)) ** 2 == pytest.approx(expanded, rel=1e-10)
        assert distance**2 == pytest.approx(expanded, rel=1e-10)


@pytest.mark.equation("eq:ref-layer")
def test_a_layer_computes_a_weighted_sum_per_row(refresher):
    """Its scores equal the sums, and the largest score is the nearest mean."""
    W, b, x = (refresher[name] for name in ("W", "b", "x"))
    for k in range(3):
        o_k = sum(W[k, j] * x[j] for j in range(2)) + b[k]
        assert refresher["o"][k] == pytest.approx(o_k, rel=1e-12)
    for flower, scores in zip(refresher["petals"], refresher["scores"], strict=True):
        away = [math.dist(flower, mean) for mean in refresher["means"]]
        assert scores.argmax() == np.argmin(away)


@pytest.mark.equation("eq:ref-matmul")
def test_a_matrix_product_is_rows_times_columns(refresher, rng):
    """Triple loops give NumPy's product, and the order turns under transposition."""
    A, B = rng.normal(size=(4, 3)), rng.normal(size=(3, 5))
    for i, k in itertools.product(range(4), range(5)):
        entry = sum(A[i, j] * B[j, k] for j in range(3))
        assert (A @ B)[i, k] == pytest.approx(entry)
        assert (B.T @ A.T)[k, i] == pytest.approx(entry)
    one_by_one = [refresher["W"] @ x + refresher["b"] for x in refresher["petals"]]
    assert refresher["scores"] == pytest.approx(np.array(one_by_one))


def test_keras_and_pytorch_give_the_page_s_scores(refresher):
    """Layers with the same weights agree with NumPy to single precision."""
    for name in ("keras", "torch"):
        assert refresher[f"scores_{name}"] == pytest.approx(
            refresher["scores"], rel=1e-5, abs=1e-5
        )


@pytest.mark.equation("eq:ref-eigen")
def test_the_worked_matrix_stretches_two_directions(refresher):
    """By hand, by NumPy, and for random symmetric matrices; a third direction turns."""
    assert [2 * 1 + 1 * 1, 1 * 1 + 2 * 1] == [3, 3]
    assert [2 * 1 - 1 * 1, 1 * 1 - 2 * 1] == [1, -1]
    assert refresher["stretches"] == pytest.approx([1, 3])
    rng = np.random.default_rng(0)
    for matrix in (refresher["A"], *(m + m.T for m in rng.normal(size=(5, 4, 4)))):
        values, vectors = np.linalg.eigh(matrix)
        for value, v in zip(values, vectors.T, strict=True):
            stretched = [sum(row[j] * v[j] for j in range(len(v))) for row in matrix]
            assert stretched == pytest.approx(value * v)
        assert vectors.T @ vectors == pytest.approx(np.eye(len(matrix)))


@pytest.mark.equation("eq:ref-loss")
def test_the_loss_is_the_mean_squared_error(refresher, line_data):
    """The page's loss equals the mean in exact fractions."""
    for w, b in ((0.0, 1.2), (0.4, 1.0), (-1.5, 3.0)):
        squares = [(Fraction(w) * x + Fraction(b) - y) ** 2 for x, y in line_data]
        exact = float(sum(squares) / len(squares))
        assert refresher["loss"](w, b) == pytest.approx(exact, rel=1e-12)


@pytest.mark.equation("eq:ref-derivative")
def test_secant_slopes_approach_the_derivative(refresher, line_data):
    """Their distance to the exact slope is the curvature's half times h, so it goes."""
    b = Fraction(1.2)
    slope = 2 * sum((b - y) * x for x, y in line_data) / len(line_data)
    half_curvature = sum(x * x for x, _ in line_data) / len(line_data)
    loss = refresher["loss"]
    for h in (1.0, 0.1, 0.01, 0.001):
        secant = (loss(h) - loss(0)) / h
        assert secant - float(slope) == pytest.approx(h * float(half_curvature))


@pytest.mark.equation("eq:ref-chain")
def test_slopes_of_nested_functions_multiply():
    """The product of slopes equals a difference quotient in 50 digits."""
    from decimal import Decimal, getcontext

    getcontext().prec = 50
    h = Decimal("1e-20")
    # f, f', g, g'
    chains = [
        (Decimal.exp, Decimal.exp, lambda x: x**3, lambda x: 3 * x**2),
        (Decimal.ln, lambda x: 1 / x, lambda x: 1 + x.exp(), Decimal.exp),
        (lambda x: x**2, lambda x: 2 * x, Decimal.ln, lambda x: 1 / x),
    ]
    for x in (Decimal("0.3"), Decimal("1.7")):
        for f, f_slope, g, g_slope in chains:
            quotient = (f(g(x + h)) - f(g(x - h))) / (2 * h)
            product = f_slope(g(x)) * g_slope(x)
            assert float(quotient) == pytest.approx(float(product), rel=1e-15)


@pytest.mark.equation("eq:ref-log-slope")
def test_the_slope_of_the_log_loss_is_the_missing_probability(refresher):
    """Each of the three factors, and their product, agrees with differences."""
    h = 1e-6
    for w, x in ((0.3, 2.0), (-1.0, 0.5), (2.0, -1.5)):
        o, p = w * x, sigmoid(w * x)
        slope_p = (-math.log(p + h) + math.log(p - h)) / (2 * h)
        slope_o = (sigmoid(o + h) - sigmoid(o - h)) / (2 * h)
        assert slope_p == pytest.approx(-1 / p, rel=1e-6)
        assert slope_o == pytest.approx(p * (1 - p), rel=1e-6)
        log_loss = refresher["log_loss"]
        whole = (log_loss(w + h, x) - log_loss(w - h, x)) / (2 * h)
        assert whole == pytest.approx(-(1 - p) * x, rel=1e-6)
        assert -1 / p * (p * (1 - p)) * x == pytest.approx(-(1 - p) * x, rel=1e-12)


@pytest.mark.equation("eq:ref-central")
def test_central_differences_err_by_the_square_of_the_step(refresher):
    """A tenth of the step gives a hundredth of the error, unlike one-sided steps."""
    central = refresher["central"]
    for f, slope in ((math.exp, math.exp), (math.sin, math.cos)):
        coarse, fine = (abs(central(f, 0.7, h) - slope(0.7)) for h in (1e-1, 1e-2))
        assert coarse / fine == pytest.approx(100, rel=0.02)
    assert central(lambda x: x**2, 3.0, 0.5) == 6.0


@pytest.mark.equation("eq:ref-quadratic")
def test_the_quadratic_model_errs_by_less_than_the_square_of_the_step(refresher):
    """Exact for a parabola; for the log loss a tenth of h leaves a 1000th or less."""

    def parabola(w: float) -> float:
        return 3 * w**2 - w + 2

    for w, h in ((0.0, 1.0), (2.0, -5.0)):
        model = parabola(w) + (6 * w - 1) * h + 0.5 * 6 * h**2
        assert parabola(w + h) == pytest.approx(model)

    log_loss = refresher["log_loss"]
    for w in (0.0, 0.8, -1.3):
        p = sigmoid(w)

        def miss(h: float, w: float = w, p: float = p) -> float:
            model = log_loss(w, 1.0) - (1 - p) * h + 0.5 * p * (1 - p) * h**2
            return abs(log_loss(w + h, 1.0) - model)

        assert 0 < miss(0.01) < 1.05e-3 * miss(0.1) < 1e-4


@pytest.mark.equation("eq:ref-gradient")
def test_the_gradient_holds_both_partial_derivatives(refresher, line_data):
    """The sums in exact fractions, and differences of the loss, agree with it."""
    n, h, loss = len(line_data), 1e-4, refresher["loss"]
    for w, b in ((0.0, 1.2), (0.9, 2.1), (-0.5, 0.0)):
        errors = [Fraction(w) * x + Fraction(b) - y for x, y in line_data]
        pairs = zip(errors, line_data, strict=True)
        exact = [2 * sum(e * x for e, (x, _) in pairs) / n, 2 * sum(errors) / n]
        found = refresher["gradient"](w, b)
        assert found == pytest.approx([float(part) for part in exact], abs=1e-12)
        moved = [
            (loss(w + h, b) - loss(w - h, b)) / (2 * h),
            (loss(w, b + h) - loss(w, b - h)) / (2 * h),
        ]
        assert found == pytest.approx(moved, abs=1e-8)


@pytest.mark.equation("eq:ref-direction")
def test_the_gradient_is_the_direction_of_steepest_ascent(refresher):
    """In 360 directions, the slope felt is the norm times the cosine."""
    loss, (w, b), h = refresher["loss"], (0.9, 2.1), 1e-5
    gradient = refresher["gradient"](w, b)
    uphill = math.atan2(gradient[1], gradient[0])
    slopes = {}
    for degrees in range(-180, 180):
        turn = uphill + math.radians(degrees)
        dw, db = h * math.cos(turn), h * math.sin(turn)
        slopes[degrees] = (loss(w + dw, b + db) - loss(w - dw, b - db)) / (2 * h)
        felt = math.hypot(*gradient) * math.cos(math.radians(degrees))
        assert slopes[degrees] == pytest.approx(felt, abs=1e-8)
        u = np.array([dw, db]) / h
        assert gradient @ u == pytest.approx(felt, abs=1e-12)
    assert max(slopes, key=slopes.get) == 0
    assert min(slopes, key=slopes.get) == -180


@pytest.mark.equation("eq:ref-bowl")
def test_a_tilted_bowl_is_a_sum_of_parabolas(refresher):
    """Along the eigenvectors, and against the bowl's formula; half-axes, too."""
    matrix = refresher["A"]
    v = np.array([[1, 1], [1, -1]]) / math.sqrt(2)
    for h in np.random.default_rng(1).normal(size=(20, 2)):
        printed = h[0] ** 2 + h[0] * h[1] + h[1] ** 2
        assert h @ matrix @ h / 2 == pytest.approx(printed)
        shares = [h @ v[0], h @ v[1]]
        assert 3 * shares[0] ** 2 / 2 + shares[1] ** 2 / 2 == pytest.approx(printed)
    for height in (0.5, 2.0):
        for axis, curvature in zip(v, (3, 1), strict=True):
            tip = math.sqrt(2 * height / curvature) * axis
            assert tip @ matrix @ tip / 2 == pytest.approx(height)


def test_the_libraries_slope_is_the_chain_rule_s(refresher):
    """Both gradients of the log loss equal minus the missing probability times x."""
    expected = -(1 - sigmoid(0.6)) * 2
    assert refresher["slope_keras"] == pytest.approx(expected, rel=1e-5)
    assert refresher["w_torch"].grad.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.equation("eq:ref-paths")
def test_slopes_add_over_paths():
    """Two and three paths give the derivative of the whole, in exact fractions."""
    for a in (Fraction(2), Fraction(-1, 3), Fraction(5, 7)):
        # L = s1 s2, the drawn example, is 3 a^3
        s = [3 * a, a**2]
        assert s[1] * 3 + s[0] * 2 * a == 9 * a**2
        # L = s1 s2 + s3^2 with s = (a^2, a^3, 4a) is a^5 + 16 a^2
        s = [a**2, a**3, 4 * a]
        slopes_of_loss = [s[1], s[0], 2 * s[2]]
        slopes_of_s = [2 * a, 3 * a**2, 4]
        along = sum(p * q for p, q in zip(slopes_of_loss, slopes_of_s, strict=True))
        assert along == 5 * a**4 + 32 * a
    assert 4 * 3 + 6 * 4 == 9 * 2**2 == 36


@pytest.mark.equation("eq:ref-expectation")
def test_expectation_and_variance_are_weighted_sums(rng):
    """Both forms of a die's variance agree exactly; 200 000 throws come close."""
    faces = {face: Fraction(1, 6) for face in range(1, 7)}
    mean = sum(x * p for x, p in faces.items())
    squared_distance = sum((x - mean) ** 2 * p for x, p in faces.items())
    assert mean == Fraction(7, 2)
    assert squared_distance == sum(x**2 * p for x, p in faces.items()) - mean**2
    throws = rng.integers(1, 7, size=200_000)
    assert throws.mean() == pytest.approx(float(mean), abs=0.02)
    assert throws.var() == pytest.approx(float(squared_distance), abs=0.03)


@pytest.mark.equation("eq:ref-bernoulli")
def test_a_bernoulli_variable_has_mean_p_and_variance_p_times_1_minus_p(rng):
    """The one formula gives both probabilities; mean and variance follow from them."""
    for p in (Fraction(1, 4), Fraction(1, 2), Fraction(9, 10)):
        chances = {y: p**y * (1 - p) ** (1 - y) for y in (0, 1)}
        assert chances == {0: 1 - p, 1: p}
        mean = sum(y * chance for y, chance in chances.items())
        variance = sum((y - mean) ** 2 * chance for y, chance in chances.items())
        assert (mean, variance) == (p, p * (1 - p))
        draws = rng.random(200_000) < float(p)
        assert draws.mean() == pytest.approx(float(p), abs=0.006)


@pytest.mark.equation("eq:ref-gaussian")
def test_the_gaussian_is_a_density_with_its_mean_and_variance(refresher):
    """Its area is 1, its moments are right, and the standard library agrees."""
    from statistics import NormalDist

    for mu, sigma in ((0.0, 1.0), (4.26, 0.47), (-2.0, 3.0)):
        grid = np.linspace(mu - 12 * sigma, mu + 12 * sigma, 20_001)
        density = refresher["gaussian"](grid, mu, sigma)
        known = NormalDist(mu, sigma)
        assert density[::500] == pytest.approx([known.pdf(x) for x in grid[::500]])
        area = density.sum() * (grid[1] - grid[0])
        mean = (grid * density).sum() * (grid[1] - grid[0])
        variance = ((grid - mu) ** 2 * density).sum() * (grid[1] - grid[0])
        assert (area, mean, variance) == pytest.approx((1, mu, sigma**2))
    within_one = NormalDist().cdf(1) - NormalDist().cdf(-1)
    assert round(100 * within_one) == 68


@pytest.mark.equation("eq:ref-covariance")
def test_the_covariance_is_the_mean_product_of_distances(refresher):
    """Entry by entry, in exact fractions."""
    rows = [[Fraction(str(v)) for v in flower] for flower in refresher["versicolor"]]
    means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    for j, k in itertools.product(range(2), range(2)):
        exact = sum((r[j] - means[j]) * (r[k] - means[k]) for r in rows) / len(rows)
        assert refresher["sigma"][j, k] == pytest.approx(float(exact))


@pytest.mark.equation("eq:ref-gaussian-2d")
def test_the_gaussian_in_the_plane_has_ellipses_along_its_eigenvectors(refresher):
    """It is a product of two Gaussians along the axes, and has the volume 1."""
    group, mu = refresher["versicolor"], refresher["mu"]
    spreads, axes = np.sqrt(refresher["variances"]), refresher["axes_sigma"]
    density, gaussian = refresher["density"], refresher["gaussian"]
    for x in group[:8]:
        along = (x - mu) @ axes
        product = math.prod(
            gaussian(a, 0.0, s) for a, s in zip(along, spreads, strict=True)
        )
        assert density(x, group) == pytest.approx(product)
    grid = np.linspace(-6, 6, 121)
    total = sum(
        density(mu + axes @ (spreads * np.array([a, b])), group)
        for a in grid
        for b in grid
    )
    assert total * math.prod(spreads) * 0.1**2 == pytest.approx(1, abs=1e-6)
    ring = mu[:, None] + refresher["ellipse"](axes, spreads)
    heights = [density(x, group) for x in ring.T[::20]]
    assert heights == pytest.approx([heights[0]] * len(heights))


def test_the_interval_of_a_share_covers_it_as_often_as_it_says(refresher):
    """For 60 true shares, the exact chance to lie within is 95 % or more."""
    low, high = {}, {}
    shares = np.linspace(0, 1, 1001)
    chances = np.array(
        [math.comb(50, k) * shares**k * (1 - shares) ** (50 - k) for k in range(51)]
    )
    for k in range(51):
        kept = (chances[: k + 1].sum(axis=0) > 0.025) & (
            chances[k:].sum(axis=0) > 0.025
        )
        low[k], high[k] = shares[kept][[0, -1]]
    for p in np.linspace(0.01, 0.6, 60):
        inside = [k for k in range(51) if low[k] - 1e-3 <= p <= high[k] + 1e-3]
        chance = sum(math.comb(50, k) * p**k * (1 - p) ** (50 - k) for k in inside)
        assert chance >= 0.95
    assert refresher["plausible"][[0, -1]] == pytest.approx([low[4], high[4]], abs=1e-3)


@pytest.mark.equation("eq:ref-log-likelihood")
def test_the_logarithm_of_a_product_is_the_sum_of_logarithms(refresher):
    """The exact product of all 506 densities has the logarithm that the page sums."""
    product = math.prod(Fraction(density) for density in refresher["densities"])
    exact = math.log(product.numerator) - math.log(product.denominator)
    assert len(refresher["densities"]) == 506
    assert refresher["log_likelihood"] == pytest.approx(exact, rel=1e-12)
    assert math.prod(refresher["densities"].tolist()) == 0.0


@pytest.mark.equation("eq:ref-bayes")
def test_bayes_rule_is_a_count(refresher):
    """The formula equals the share among all flowers of the meadow, for any mixture."""
    long_petals = (refresher["petals"][:, 0] >= 4.9).reshape(3, 50).sum(axis=1)
    given_other, given_virginica = (Fraction(int(k), 50) for k in long_petals[1:])
    for virginica, versicolor in ((100, 1000), (50, 50), (400, 100)):
        prior = Fraction(virginica, virginica + versicolor)
        joint = given_virginica * prior
        posterior = joint / (joint + given_other * (1 - prior))
        hits, alarms = virginica * given_virginica, versicolor * given_other
        assert posterior == hits / (hits + alarms)
    assert Fraction(94, 174) == Fraction(47, 47 + 4 * 10)
