"""The chapter on generalization: its equations, and what it shows beside them."""

import itertools
import math

import numpy as np
import pytest
from every_chapter import *  # noqa: F403

import notebook_utils  # noqa: F401  (before Keras)

# isort: split
import keras
import torch

# TensorFlow's variables, when NumPy copies them
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")

PAGE = "book/generalization"


@pytest.fixture(scope="module")
def page(chapter):
    return chapter(PAGE).namespace


# Twenty points ------------------------------------------------------------------------


@pytest.mark.equation("eq:gen-cosines")
def test_the_features_have_the_values_that_the_formula_gives_by_hand(page):
    """At -1, 0 and 1 the cosines are 1, 0 or -1, divided by max(1, k)."""
    by_hand = [
        [1, 1, 1 / 2, 1 / 3, 1 / 4],
        [1, 0, -1 / 2, 0, 1 / 4],
        [1, -1, 1 / 2, -1 / 3, 1 / 4],
    ]
    assert page["cosines"](np.array([-1, 0, 1]), 5) == pytest.approx(
        np.array(by_hand), abs=1e-15
    )
    w, x = np.arange(1.0, 6.0), 0.3
    one_by_one = w[0] + sum(
        w[k] * np.cos(np.pi / 2 * k * (x + 1)) / k for k in range(1, 5)
    )
    assert (page["cosines"](np.array([x]), 5) @ w).item() == pytest.approx(one_by_one)


def test_the_training_error_is_0_from_as_many_features_as_points_on(page):
    errors = dict(zip(page["feature_counts"], page["fit_errors"], strict=True))
    assert all(np.all(e < 1e-12) for p, e in errors.items() if p >= 20)
    assert all(np.all(e > 1e-12) for p, e in errors.items() if p < 20)


def test_the_median_error_peaks_at_the_threshold(page):
    typical = page["typical"]
    assert max((p for p in typical if p > 3), key=typical.get) == 20
    assert all(page["worst_at_20"])


# Parts of the error -------------------------------------------------------------------


@pytest.mark.equation("eq:gen-two-parts")
def test_bias_and_variance_add_up_to_the_excess_error(page):
    """With the same draws for all three: the sum is exact for each p, and the cross
    term of the derivation is 0."""
    for p, answers in zip(page["feature_counts"], page["fit_answers"], strict=True):
        bias_squared, variance = page["parts_at"][p]
        excess = np.mean((answers - page["true_line"]) ** 2)
        assert bias_squared + variance == pytest.approx(excess, rel=1e-12)
        mean = answers.mean(axis=0)
        cross = np.mean((mean - page["true_line"]) * (answers - mean).mean(axis=0))
        assert abs(cross) < 1e-12


@pytest.mark.equation("eq:gen-parts")
def test_new_noisy_points_cost_the_three_parts_together(page):
    """At a place, fresh data sets against fresh targets: the mean squared error is
    noise + bias² + variance within four standard errors, and without noise
    it is not."""
    place, draws = np.array([0.4]), 4000
    answers, targets = np.empty(draws), np.empty(draws)
    for d in range(draws):
        w = page["shortest_fit"](*page["twenty_points"](10_000 + d), 6)
        answers[d] = (page["cosines"](place, 6) @ w).item()
        rng = np.random.default_rng(90_000 + d)
        targets[d] = np.sin(3 * 0.4) + 0.3 * rng.normal()
    bias_squared = (answers.mean() - np.sin(1.2)) ** 2
    squares = (answers - targets) ** 2
    allowed = 4 * squares.std() / draws**0.5
    assert abs(squares.mean() - (0.3**2 + bias_squared + answers.var())) < allowed
    assert abs(squares.mean() - (bias_squared + answers.var())) > allowed


# Shortest weights ---------------------------------------------------------------------


@pytest.mark.equation("eq:gen-scatter")
@pytest.mark.parametrize("p", [6, 20, 50])
def test_noise_scatters_the_weights_by_the_inverse_squares(page, p):
    """On fixed points, 20 000 draws of the noise: the variances of the weights add up
    to the formula within 3 %, for few features, for as many as points, and for more."""
    F = page["cosines"](page["twenty_points"](0)[0], p)
    noise = 0.3 * np.random.default_rng(0).normal(size=(20_000, 20))
    weights = noise @ np.linalg.pinv(F).T
    s = np.linalg.svd(F, compute_uv=False)
    assert weights.var(axis=0).sum() == pytest.approx(
        0.3**2 * np.sum(1 / s**2), rel=0.03
    )


@pytest.mark.equation("eq:gen-shortest")
def test_the_formula_gives_what_least_squares_returns(page):
    """For more features than points the formula equals the pseudoinverse and the
    chapter's fit, and goes through all points."""
    x, y = page["twenty_points"](1)
    for p in (20, 30, 1000):
        F = page["cosines"](x, p)
        w = F.T @ np.linalg.solve(F @ F.T, y)
        assert F @ w == pytest.approx(y, abs=1e-8)
        assert w == pytest.approx(np.linalg.pinv(F) @ y, abs=1e-8)
        assert w == pytest.approx(page["shortest_fit"](x, y, p), abs=1e-8)


@pytest.mark.equation("eq:gen-longer")
def test_every_other_exact_fit_is_longer(page):
    """A random part v with no effect on the points adds its squared length, exactly."""
    x, y = page["twenty_points"](1)
    F, w = page["cosines"](x, 50), page["shortest_fit"](x, y, 50)
    for seed in range(10):
        v = np.random.default_rng(seed).normal(size=50)
        v -= np.linalg.pinv(F) @ (F @ v)
        assert F @ (w + v) == pytest.approx(y, abs=1e-9)
        assert np.sum((w + v) ** 2) == pytest.approx(np.sum(w**2) + np.sum(v**2))


def test_beyond_the_threshold_more_features_never_lengthen_the_weights(page):
    lengths = page["fit_lengths"][page["feature_counts"].index(20) :]
    assert np.all(np.diff(lengths, axis=0) < 1e-9)


@pytest.mark.equation("eq:gen-ridge")
@pytest.mark.parametrize("p", [5, 20, 60])
def test_the_ridge_solution_is_where_the_penalized_gradient_is_0(page, p):
    """The gradient of the mean squared error plus λ/2 times the squared length is 0,
    it equals the p × p solution, and a weak penalty leads to the shortest fit."""
    x, y = page["twenty_points"](2)
    F, n = page["cosines"](x, p), len(x)

    def ridge(strength):
        return F.T @ np.linalg.solve(F @ F.T + n * strength / 2 * np.eye(n), y)

    for strength in (0.0002, 0.02, 1):
        w = ridge(strength)
        assert 2 / n * F.T @ (F @ w - y) + strength * w == pytest.approx(
            np.zeros(p), abs=1e-10
        )
        other = np.linalg.solve(F.T @ F + n * strength / 2 * np.eye(p), F.T @ y)
        assert w == pytest.approx(other, abs=1e-9)
    if p > 20:
        assert ridge(1e-9) == pytest.approx(page["shortest_fit"](x, y, p), abs=1e-4)


def test_the_figure_of_ridge_draws_that_solution(page):
    x, y = page["twenty_points"](0)
    F = page["cosines"](x, 6)
    w = np.linalg.solve(F.T @ F + 20 * 0.02 / 2 * np.eye(6), F.T @ y)
    error = np.mean((page["on_grid"][:, :6] @ w - page["true_line"]) ** 2)
    i = page["feature_counts"].index(6)
    assert page["ridge_errors"][0.02][i, 0] == pytest.approx(error)


# Real data ----------------------------------------------------------------------------


def test_pictures_for_choosing_and_judging_are_not_trained_on(page):
    rows = page["shuffled"][:1500]
    assert len(set(rows)) == 1500
    assert page["x_train"].shape == (1000, 196)
    assert page["x_val"].shape == (500, 196)
    assert page["x_test"].shape == (2000, 196)
    first = page["train_images"][rows[0]][:2, :2].mean() / 255
    assert page["x_train"][0, 0] == pytest.approx(first)


@pytest.mark.parametrize("p", [20, 150])
def test_the_figure_of_real_data_draws_a_ridge_regression_with_a_bias(page, p):
    """Its errors, by singular values, against normal equations with a centered bias."""
    table, rows = page["boston_table"], np.random.default_rng(3).permutation(506)
    parts = np.split(rows, [60, 120])
    z, y = table[:, :-1], table[:, -1]
    z = (z - z[parts[0]].mean(axis=0)) / z[parts[0]].std(axis=0)
    arguments = z, y, parts, [p], [0.1], page["mse_of"], 3
    ((_, found),) = page["random_features"](*arguments)
    rng = np.random.default_rng(3)
    W, c = rng.normal(size=(6, p)), rng.normal(size=p)
    F = np.maximum(0, z @ W + c) / np.sqrt(p)
    center, price = F[parts[0]].mean(axis=0), y[parts[0]].mean()
    A = F[parts[0]] - center
    w = np.linalg.solve(A.T @ A + 60 * 0.1 / 2 * np.eye(p), A.T @ (y[parts[0]] - price))
    answers = (F[parts[2]] - center) @ w + price
    assert found == pytest.approx(np.mean((answers - y[parts[2]]) ** 2), rel=1e-6)


# Scores -------------------------------------------------------------------------------


@pytest.mark.equation("eq:gen-standard-error")
def test_the_standard_error_is_the_spread_of_simulated_scores():
    """The root of q(1 − q)/n against the spread of 200 000 simulated scores."""
    rng = np.random.default_rng(0)
    for q, n in ((0.8, 100), (0.8, 2000), (0.97, 500)):
        scores = rng.binomial(n, q, 200_000) / n
        assert scores.std() == pytest.approx(np.sqrt(q * (1 - q) / n), rel=0.01)


def test_the_function_for_means_gives_the_standard_error_of_a_score(page):
    answers = np.repeat([1.0, 0.0], [1620, 380])
    known = np.sqrt(0.81 * 0.19 / 2000)
    assert page["standard_error"](answers) == pytest.approx(known, rel=1e-3)


@pytest.mark.equation("eq:gen-wilson")
def test_wilson_s_ends_are_the_shares_that_the_score_just_does_not_reject(
    page,
):
    """At both ends the score lies z of the end's own standard errors away, and it
    covers 97 percent of test sets where the simple interval covers 80."""
    for k, n in ((97, 100), (100, 100), (0, 30), (812, 1000)):
        for q in page["wilson_interval"](k, n):
            away = (k / n - q) ** 2
            assert away == pytest.approx(1.96**2 * q * (1 - q) / n, abs=1e-12)
    hits = np.random.default_rng(0).binomial(100, 0.97, 20_000)
    for name, share in (("simple_interval", 0.80), ("wilson_interval", 0.97)):
        low, high = page[name](hits, 100)
        covered = np.mean((low <= 0.97) & (high >= 0.97))
        assert covered == pytest.approx(share, abs=0.01)
        assert page["coverage"](page[name], 0.97, 100) == pytest.approx(
            covered, abs=0.01
        )


@pytest.mark.equation("eq:gen-paired")
def test_the_paired_error_is_that_of_the_formula_with_the_covariance(page):
    """The spread of the differences over root n equals the root of the two variances
    minus twice the covariance, for the networks of both libraries."""
    for library in ("keras", "torch"):
        a, b = page[f"a_{library}"], page[f"b_{library}"]
        (var_a, cov), (_, var_b) = np.cov(a, b) / len(a)
        paired = page["standard_error"](a - b)
        assert paired == pytest.approx(np.sqrt(var_a + var_b - 2 * cov), rel=1e-12)
        assert cov > 0


def test_each_sample_is_predicted_once_by_a_model_that_has_not_seen_it(page):
    x, y = np.arange(20.0)[:, None], np.arange(20.0)
    fold = page["dealt"](20, 5, np.random.default_rng(0))
    assert np.bincount(fold).tolist() == [4] * 5
    seen = []

    def remember(known, targets):
        def predict(new):
            assert not set(new[:, 0]) & set(known[:, 0])
            seen.extend(new[:, 0])
            return new[:, 0] * 2

        return predict

    answers = page["by_folds"](remember, x, y, fold)
    assert np.array_equal(answers, 2 * y)
    assert sorted(seen) == y.tolist()


def test_as_many_folds_as_samples_give_the_closed_form_of_leave_one_out(page):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    answers = page["by_folds"](page["fit_line"], x, y, range(30))
    design = np.column_stack([np.ones(30), x])
    hat = design @ np.linalg.pinv(design)
    closed = (y - hat @ y) / (1 - np.diag(hat))
    assert y - answers == pytest.approx(closed, abs=1e-10)


# Probabilities ------------------------------------------------------------------------


@pytest.mark.equation("eq:gen-ece")
def test_the_calibration_error_is_that_of_four_samples_by_hand(page):
    """Four samples by hand, and 3000 random ones by the formula's sum over bins."""
    error = page["calibration_error"]
    p = np.array([[0.6, 0.4], [0.6, 0.4], [0.9, 0.1], [0.9, 0.1]])
    assert error(p, np.array([1, 0, 0, 0])) == pytest.approx(0.1)
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), size=3000)
    y = rng.integers(0, 4, 3000)
    sure, right, total = p.max(axis=1), p.argmax(axis=1) == y, 0
    for low in np.arange(15) / 15:
        inside = (low <= sure) & (sure < low + 1 / 15)
        if inside.any():
            gap = abs(right[inside].mean() - sure[inside].mean())
            total += inside.mean() * gap
    assert error(p, y) == pytest.approx(total, rel=1e-9)


@pytest.mark.equation("eq:gen-temperature")
def test_a_temperature_keeps_decisions_and_balances_the_mean_logit(page):
    """No decision changes, and at the fitted temperature the mean logit under the
    probabilities equals that of the labels."""
    softened = page["softened"]
    o = page["twelve_run"].last_logits["val"][0].astype(float)
    y = page["y_val"]
    T = page["fitted_temperature"](o, y)
    by_hand = np.exp(o / T) / np.exp(o / T).sum(axis=1, keepdims=True)
    assert softened(o, T) == pytest.approx(by_hand, abs=1e-12)
    assert np.array_equal(softened(o, T).argmax(axis=1), o.argmax(axis=1))

    def imbalance(T):
        return (softened(o, T) * o).sum(axis=1).mean() - o[np.arange(500), y].mean()

    assert imbalance(T / 1.02) > 0 > imbalance(T * 1.02)


@pytest.mark.equation("eq:gen-label-shift")
def test_new_shares_of_classes_turn_one_posterior_into_the_other():
    """Two Gaussian classes on a line: Bayes' posterior at equal shares, corrected for
    shares of 0.9 and 0.1, equals Bayes' posterior at these."""
    x = np.linspace(-3, 4, 50)
    densities = np.exp(-((x - np.array([[0.0], [1.0]])) ** 2) / 2)

    def posterior(shares):
        joint = np.array(shares)[:, None] * densities
        return joint / joint.sum(axis=0)

    old, new = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    corrected = posterior(old) * (new / old)[:, None]
    corrected /= corrected.sum(axis=0)
    assert corrected == pytest.approx(posterior(new), abs=1e-12)


def masks_of(units, rate):
    """Every mask of so many units, with its probability."""
    for mask in itertools.product((0, 1), repeat=units):
        kept = sum(mask)
        yield np.array(mask), (1 - rate) ** kept * rate ** (units - kept)


# Dropout ------------------------------------------------------------------------------


@pytest.mark.equation("eq:gen-dropout")
@pytest.mark.parametrize("rate", [0.2, 0.5, 0.75])
def test_dropout_keeps_the_mean_and_adds_a_variance(rate):
    """Mean and variance of each unit over every mask of four, at three rates."""
    a = np.array([2.0, -1.0, 4.0, 0.5])
    outcomes = [(p, mask / (1 - rate) * a) for mask, p in masks_of(4, rate)]
    mean = sum(p * v for p, v in outcomes)
    variance = sum(p * (v - mean) ** 2 for p, v in outcomes)
    assert mean == pytest.approx(a)
    assert variance == pytest.approx(rate / (1 - rate) * a**2)


def test_the_worked_masks_are_those_of_the_drawing(page):
    shown = dict(
        zip(
            map(tuple, page["three_masks"]),
            page["three_outputs"],
            strict=True,
        )
    )
    assert (shown[1, 1, 0], shown[0, 1, 1], shown[0, 0, 1]) == (8, -2, -6)
    assert page["three_outputs"].mean() == 1
    assert page["three_outputs"].var() == 17


@pytest.mark.equation("eq:gen-dropout-ridge")
@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_dropout_on_inputs_is_a_penalty(page, rate):
    """The loss over every mask of Boston's six columns, scaled unevenly, for any line; and the line that the chapter finds by masks and by ridge."""  # noqa: E501
    rng = np.random.default_rng(0)
    x = page["drop_x"] * [1, 2, 0.5, 1, 3, 1] + 0.3
    y, w, b = page["drop_y"], rng.normal(size=6), 0.7
    noisy = sum(
        p * np.mean(((mask / (1 - rate) * x) @ w + b - y) ** 2)
        for mask, p in masks_of(6, rate)
    )
    penalty = rate / (1 - rate) * np.sum(w**2 * np.mean(x**2, axis=0))
    assert noisy == pytest.approx(np.mean((x @ w + b - y) ** 2) + penalty)
    masked, ridge = page["drop_masked"], page["drop_ridge"]
    assert masked == pytest.approx(ridge, abs=1e-10)
    gradient = (
        2 * page["drop_x"].T @ (page["drop_x"] @ ridge - y) / len(y) + 2.0 * ridge
    )
    assert gradient == pytest.approx(0, abs=1e-10)


def test_a_layer_rests_or_wakes_as_the_chapter_says():
    values = np.ones((1, 50), "float32")
    rested = keras.layers.Dropout(0.5)(values)
    assert np.array_equal(keras.ops.convert_to_numpy(rested), values)
    tensor, layer = torch.ones(1, 50), torch.nn.Dropout(0.5)
    with torch.inference_mode():
        assert not torch.equal(layer(tensor), tensor)
    assert torch.equal(layer.eval()(tensor), tensor)


def test_a_mask_of_one_library_gives_the_other_the_same_numbers(page):
    assert np.array_equal(page["shared_keras"], page["shared_torch"])
    assert set(np.unique(page["drawn"])) == {0, 2}


@pytest.mark.equation("eq:gen-geometric")
@pytest.mark.parametrize("rate", [0.3, 0.5])
def test_the_network_at_rest_is_the_geometric_mean_of_its_masks(page, rate):
    """Over every mask of eight units, weighted by its probability, the mean logarithm is a logit at rest minus one number for all classes; and the chapter's pictures."""  # noqa: E501
    rng = np.random.default_rng(0)
    a, W, b = rng.normal(size=8), rng.normal(size=(5, 8)), rng.normal(size=5)
    logs, c = np.zeros(5), 0.0
    for mask, p in masks_of(8, rate):
        o = W @ (mask / (1 - rate) * a) + b
        normalizer = np.log(np.exp(o).sum())
        logs, c = logs + p * (o - normalizer), c + p * normalizer
    assert logs == pytest.approx(W @ a + b - c)
    for picture in page["x_test"][:20]:
        _, _, geometric, rested = page["three_answers"](picture)
        assert geometric == pytest.approx(rested, abs=1e-12)


# More data ----------------------------------------------------------------------------


@pytest.mark.equation("eq:gen-jitter")
def test_jitter_is_a_penalty(page):
    """Noise of both signs along each axis, whose mean square is known, in place of a Gaussian: the loss of any line."""  # noqa: E501
    rng = np.random.default_rng(0)
    x, y = page["drop_x"], page["drop_y"]
    w, b, s = rng.normal(size=6), 0.3, 0.4
    signs = np.array(list(itertools.product((-1, 1), repeat=6)))
    noisy = np.mean([np.mean(((x + s * e) @ w + b - y) ** 2) for e in signs])
    assert noisy == pytest.approx(np.mean((x @ w + b - y) ** 2) + s**2 * w @ w)


def test_an_augmentation_moves_by_whole_pixels_and_rests():
    points = np.zeros((300, 14, 14, 1), "float32")
    points[:, 6, 6] = 1
    layer = keras.layers.RandomTranslation(
        1 / 14, 1 / 14, fill_mode="constant", interpolation="nearest", seed=0
    )
    moved = keras.ops.convert_to_numpy(layer(points, training=True))[..., 0]
    assert set(np.unique(moved)) == {0, 1}
    places = {tuple(place[1:]) for place in np.argwhere(moved)}
    assert places == set(itertools.product((5, 6, 7), repeat=2))
    rested = keras.ops.convert_to_numpy(layer(points, training=False))
    assert np.array_equal(rested, points)


def test_a_data_set_moves_by_whole_pixels_and_keeps_labels(page):
    torch.manual_seed(0)
    points = torch.zeros(300, 14, 14)
    points[:, 6, 6] = 1
    moved = page["Moved"](points, torch.arange(300))
    places = set()
    for i in range(300):
        picture, label = moved[i]
        assert label == i
        places.add(tuple(picture.reshape(14, 14).nonzero()[0].tolist()))
    assert places == {(row, col) for row in (5, 6, 7) for col in (5, 6, 7, 8)}


def test_boots_point_one_way(page):
    images, labels = page["x_train"], page["y_train"]
    boot = images[labels == 9].mean(axis=0).reshape(14, 14)
    for part in ("train", "test"):
        boots = page[f"x_{part}"][page[f"y_{part}"] == 9]
        boots = boots.reshape(-1, 14, 14)
        near, far = (((boots - b) ** 2).sum(axis=(1, 2)) for b in (boot, boot[:, ::-1]))
        assert np.all(near < far)


@pytest.mark.equation("eq:gen-smoothing")
def test_smoothing_is_a_share_of_all_classes(page):
    """The two terms, computed from probabilities, against both libraries."""
    o = np.array([[2.0, 0.0, -1.0], [0.0, 4.0, 1.0]])
    p = np.exp(o) / np.exp(o).sum(axis=1, keepdims=True)
    y, alpha = np.array([0, 2]), 0.1
    by_hand = np.mean(
        (1 - alpha) * -np.log(p[[0, 1], y]) + alpha * -np.log(p).mean(axis=1)
    )
    in_keras = page["soft_keras"](np.eye(3, dtype="float32")[y], o)
    in_torch = page["soft_torch"](torch.tensor(o), torch.tensor(y))
    assert float(in_keras) == pytest.approx(by_hand, rel=1e-6)
    assert float(in_torch) == pytest.approx(by_hand, rel=1e-6)


@pytest.mark.parametrize(("K", "alpha"), [(10, 0.1), (3, 0.3)])
def test_smoothing_bounds_the_gap_of_logits(K, alpha):
    """Gradient descent by autograd on the library's smoothed loss of one sample."""
    o = torch.zeros(1, K, dtype=torch.float64, requires_grad=True)
    loss = torch.nn.CrossEntropyLoss(label_smoothing=alpha)
    for _ in range(4000):
        (slope,) = torch.autograd.grad(loss(o, torch.tensor([0])), o)
        o = (o - slope).detach().requires_grad_()
    gap = (o[0, 0] - o[0, 1]).item()
    assert gap == pytest.approx(math.log((1 - alpha + alpha / K) / (alpha / K)))
    assert gap == pytest.approx(math.log((K - (K - 1) * alpha) / alpha))


# Ensembles ----------------------------------------------------------------------------


@pytest.mark.equation("eq:gen-ensemble")
def test_an_ensemble_is_better_by_its_spread(page):
    """The house of the three friends, and the chapter's members on every test picture."""  # noqa: E501
    guesses = np.array([18.0, 21.0, 27.0])
    assert np.mean((guesses - 20) ** 2) - guesses.var() == pytest.approx(4)
    p = np.array(page["team_keras"], dtype="float64")
    target, mean = np.eye(10)[page["y_test"]], p.mean(axis=0)
    members = ((p - target) ** 2).sum(axis=2).mean(axis=0)
    spread = ((p - mean) ** 2).sum(axis=2).mean(axis=0)
    assert ((mean - target) ** 2).sum(axis=1) == pytest.approx(members - spread)


@pytest.mark.equation("eq:gen-jensen")
def test_a_mean_of_probabilities_has_no_higher_cross_entropy(page):
    """The chapter's members on every test picture; equal only where they agree."""
    p = np.array(page["team_torch"], dtype="float64")
    rows = np.arange(2000)
    right = p[:, rows, page["y_test"]]
    gain = -np.log(right).mean(axis=0) + np.log(right.mean(axis=0))
    assert gain.min() > -1e-12
    assert np.all(gain[right.std(axis=0) > 1e-4] > 0)


@pytest.mark.equation("eq:gen-correlation")
def test_the_gain_of_an_ensemble_depends_on_how_alike_its_errors_are(page):
    """v and c from all pairs of six random answers; all choices of three of them, and the chapter's ten."""  # noqa: E501
    rng = np.random.default_rng(0)
    errors = rng.normal(size=(6, 4)) + 0.5
    v = np.mean([e @ e for e in errors])
    c = np.mean([e @ f for e, f in itertools.permutations(errors, 2)]) / v
    for M in (1, 2, 3, 6):
        means = [np.mean(s, axis=0) for s in itertools.combinations(errors, M)]
        measured = np.mean([m @ m for m in means])
        assert measured == pytest.approx(v * (c + (1 - c) / M))
    for square, _ in (page["team_stopped"], page["team_last"]):
        c = (square[1] / square[0] - 1 / 2) / (1 / 2)
        M = np.arange(1, 11)
        assert square == pytest.approx(square[0] * (c + (1 - c) / M), rel=1e-5)


# Normalization ------------------------------------------------------------------------


def by_formula(o, axis, epsilon):
    """The printed sums, written out over one axis."""
    count = o.shape[axis]
    mean = o.sum(axis=axis, keepdims=True) / count
    var = ((o - mean) ** 2).sum(axis=axis, keepdims=True) / count
    return (o - mean) / np.sqrt(var + epsilon)


@pytest.mark.equation("eq:gen-batch-norm")
def test_batch_normalization_is_the_formula_in_both_libraries(page):
    """By columns: both libraries' layers, the two of the page, and the grid by hand."""
    o = np.random.default_rng(0).normal(1, 3, (8, 3)).astype("float32")
    expected = by_formula(o.astype(float), 0, 0.5)
    layer = keras.layers.BatchNormalization(epsilon=0.5)
    found = [
        layer(o, training=True),
        page["BatchNormKeras"](epsilon=0.5)(o, training=True),
    ]
    found = [keras.ops.convert_to_numpy(values) for values in found]
    tensor = torch.from_numpy(o)
    for module in (
        torch.nn.BatchNorm1d(3, eps=0.5),
        page["BatchNormTorch"](3, 0.1, 0.5),
    ):
        found.append(module(tensor).detach().numpy())
    for values in found:
        assert values == pytest.approx(expected, abs=1e-5)
    assert page["by_columns"] == pytest.approx(by_formula(page["norm_o"], 0, 0))


@pytest.mark.equation("eq:gen-layer-norm")
def test_layer_normalization_is_the_formula_in_both_libraries(page):
    """By rows: both libraries' layers, and the grid by hand, whose rows are equal."""
    o = np.random.default_rng(0).normal(1, 3, (8, 3)).astype("float32")
    expected = by_formula(o.astype(float), 1, 0.5)
    ours = keras.layers.LayerNormalization(epsilon=0.5)(o)
    assert keras.ops.convert_to_numpy(ours) == pytest.approx(expected, abs=1e-5)
    theirs = torch.nn.LayerNorm(3, eps=0.5)(torch.from_numpy(o)).detach().numpy()
    assert theirs == pytest.approx(expected, abs=1e-5)
    assert page["by_rows"] == pytest.approx(by_formula(page["norm_o"], 1, 0))
    assert np.ptp(page["by_rows"], axis=0) == pytest.approx(np.zeros(3), abs=1e-12)


@pytest.mark.equation("eq:gen-running")
def test_running_values_take_the_printed_share_of_each_batch(page):
    """Five batches: in Keras by the formula, in PyTorch with n - 1 in place of n."""
    batches = np.random.default_rng(0).normal(2, 3, (5, 8, 3)).astype("float32")
    library = keras.layers.BatchNormalization(momentum=0.7)
    twin, torches = page["BatchNormKeras"](share=0.3), []
    torches.append(torch.nn.BatchNorm1d(3, momentum=0.3))
    torches.append(page["BatchNormTorch"](3, share=0.3))
    mean, var, other = np.zeros(3), np.ones(3), np.ones(3)
    for batch in batches:
        mean = 0.7 * mean + 0.3 * batch.mean(axis=0)
        var = 0.7 * var + 0.3 * batch.var(axis=0)
        other = 0.7 * other + 0.3 * batch.var(axis=0, ddof=1)
        library(batch, training=True)
        twin(batch, training=True)
        for module in torches:
            module(torch.from_numpy(batch))
    kept = [(library.moving_mean, library.moving_variance), (twin.mean, twin.var)]
    for found_mean, found_var in kept:
        assert keras.ops.convert_to_numpy(found_mean) == pytest.approx(mean, rel=1e-5)
        assert keras.ops.convert_to_numpy(found_var) == pytest.approx(var, rel=1e-5)
    kept = [(torches[0].running_mean, torches[0].running_var)]
    kept.append((torches[1].mean, torches[1].var))
    for found_mean, found_var in kept:
        assert found_mean.numpy() == pytest.approx(mean, rel=1e-5)
        assert found_var.numpy() == pytest.approx(other, rel=1e-5)
    # At rest these values answer, and stay as they are
    rested = torches[0].eval()(torch.from_numpy(batches[0])).detach().numpy()
    expected = (batches[0] - mean) / np.sqrt(other + 1e-5)
    assert rested == pytest.approx(expected, abs=1e-5)
    assert torches[0].running_mean.numpy() == pytest.approx(mean, rel=1e-5)


# Scale --------------------------------------------------------------------------------


def loss_of(W, x, y, V, epsilon=0.0):
    """A layer of tanh units after a batch normalization, and a squared error."""
    o = x @ W.T
    hat = (o - o.mean(dim=0)) / torch.sqrt(o.var(dim=0, correction=0) + epsilon)
    return ((torch.tanh(hat) @ V - y) ** 2).mean()


def problem(seed=0):
    draw = torch.Generator().manual_seed(seed)
    shapes = [(4, 5), (32, 5), (32, 2), (4, 2)]
    return [torch.randn(s, generator=draw, dtype=torch.float64) for s in shapes]


def slope(W, *data):
    W = W.clone().requires_grad_()
    loss_of(W, *data).backward()
    return W.grad


@pytest.mark.equation("eq:gen-scale")
@pytest.mark.parametrize("c", [0.2, 3.0, 50.0])
def test_the_scale_of_weights_before_a_batch_normalization_does_not_matter(c):
    """Loss, gradient and right angle for each unit, against difference quotients."""
    W, *data = problem()
    assert loss_of(c * W, *data).item() == pytest.approx(loss_of(W, *data).item())
    g = slope(W, *data)
    assert (c * slope(c * W, *data)).numpy() == pytest.approx(g.numpy(), abs=1e-13)
    assert (W * g).sum(dim=1).numpy() == pytest.approx(np.zeros(4), abs=1e-13)
    shift = torch.zeros_like(W)
    shift[1, 2] = 1e-6
    quotient = (loss_of(W + shift, *data) - loss_of(W - shift, *data)) / 2e-6
    assert quotient.item() == pytest.approx(g[1, 2].item(), rel=1e-5)
    # Not so with an epsilon that counts
    assert abs(loss_of(0.2 * W, *data, 1.0) - loss_of(W, *data, 1.0)) > 1e-3


@pytest.mark.equation("eq:gen-longer-weights")
def test_a_plain_step_lengthens_the_weights_as_printed():
    """Twenty steps in a row, each by Pythagoras."""
    W, *data = problem()
    for _ in range(20):
        g = slope(W, *data)
        after = W - 0.7 * g
        printed = W.square().sum() + 0.7**2 * g.square().sum()
        assert after.square().sum().item() == pytest.approx(printed.item(), rel=1e-13)
        assert after.norm() > W.norm()
        W = after


@pytest.mark.equation("eq:gen-decay-rate")
def test_decay_before_batch_normalization_is_a_rate_that_grows():
    """Sixty steps with decay, and with the printed rates without: one function."""
    W, *data = problem()
    V, rate, decay = W.clone(), 0.1, 0.2
    for t in range(60):
        W = (1 - rate * decay) * W - rate * slope(W, *data)
        V = V - rate * (1 - rate * decay) ** -(2 * t + 1) * slope(V, *data)
        assert loss_of(V, *data).item() == pytest.approx(loss_of(W, *data).item())
    scaled = W / (1 - rate * decay) ** 60
    assert V.numpy() == pytest.approx(scaled.numpy(), rel=1e-6)


@pytest.mark.equation("eq:gen-norm-back")
def test_the_gradient_goes_back_through_a_batch_as_printed(page):
    """Formula and the page's function against autograd, with the columns' sums."""
    rng = np.random.default_rng(1)
    o, slopes, gamma = (
        rng.normal(size=(6, 4)),
        rng.normal(size=(6, 4)),
        np.arange(1.0, 5),
    )
    module = torch.nn.BatchNorm1d(4, eps=0.1, dtype=torch.float64)
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(gamma))
    tensor = torch.tensor(o, requires_grad=True)
    module(tensor).backward(torch.from_numpy(slopes))
    s = np.sqrt(o.var(axis=0) + 0.1)
    hat = (o - o.mean(axis=0)) / s
    printed = slopes - slopes.sum(axis=0) / 6 - hat * (slopes * hat).sum(axis=0) / 6
    expected = [gamma / s * printed, (slopes * hat).sum(axis=0), slopes.sum(axis=0)]
    theirs = [tensor.grad, module.weight.grad, module.bias.grad]
    ours = page["norm_back"](o, slopes, gamma, 0.1)
    for formula, library, function in zip(expected, theirs, ours, strict=True):
        assert library.numpy() == pytest.approx(formula, abs=1e-12)
        assert function == pytest.approx(formula, abs=1e-12)
    assert expected[0].sum(axis=0) == pytest.approx(np.zeros(4), abs=1e-12)
    on_o = page["norm_back"](o, slopes, gamma, 0.0)[0]
    hat = (o - o.mean(axis=0)) / o.std(axis=0)
    assert (on_o * hat).sum(axis=0) == pytest.approx(np.zeros(4), abs=1e-12)


# What the page shows ------------------------------------------------------------------


def test_the_figure_s_networks_descend_by_their_own_gradient(page):
    """Autograd on the folded networks, with each kind of normalization."""
    parts = page["norm_parts"](page["norm_start"](2))
    x = np.broadcast_to(page["norm_x"], (2, 200, 2))
    y = torch.from_numpy(np.broadcast_to(page["norm_y"], (2, 200, 1)).astype(float))
    for axis in (None, 1, 2):
        o, tape = page["norm_forward"](x, parts, axis)
        found = page["norm_backward"](o, tape, parts, axis)
        tensors = [
            [torch.tensor(p, requires_grad=True) for p in part] for part in parts
        ]
        a = torch.from_numpy(x.copy())
        for k, (W, b, gamma, beta) in enumerate(tensors):
            v = a @ W + b
            if axis is not None and k < 10:
                var = v.var(dim=axis, keepdim=True, correction=0)
                v = (v - v.mean(dim=axis, keepdim=True)) / torch.sqrt(var + 1e-5)
                v = gamma * v + beta
            a = torch.sigmoid(v)
        assert v.detach().numpy() == pytest.approx(o, abs=1e-9)
        loss = torch.nn.functional.binary_cross_entropy_with_logits
        loss(v, y, reduction="none").mean(dim=(1, 2)).sum().backward()
        flat = [
            p.grad if p.grad is not None else 0 * p for part in tensors for p in part
        ]
        flat = torch.cat([g.detach().reshape(2, -1) for g in flat], dim=1).numpy()
        assert found == pytest.approx(flat, abs=1e-9)


def test_decay_spares_the_vectors_in_both_programs(page):
    """In Keras by names, in PyTorch by groups: γ, β and the last biases stay."""
    optimizer = page["adamw_keras"]
    for variable in page["work_keras"].trainable_variables:
        assert optimizer._use_weight_decay(variable) == (len(variable.shape) == 2)
    groups = page["adamw_torch"].param_groups
    assert [group["weight_decay"] for group in groups] == [0.1, 0]
    assert {p.ndim for p in groups[0]["params"]} == {2}
    assert {p.ndim for p in groups[1]["params"]} == {1}
