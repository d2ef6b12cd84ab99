"""What the chapter on optimization says beside its equations."""

import math

import numpy as np
import pytest

from explorers.race import LANDSCAPES, RULES, SCENES, Race
from explorers.race.test_race import points, race


@pytest.fixture(scope="module")
def optimization(chapter):
    return chapter("optimization").namespace


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
    inputs = optimization["with_ones"](optimization["scaled"][:, 0])
    path = optimization["descend"](
        lambda theta: optimization["price_gradient"](theta, inputs), np.zeros(2), 0.5, 1
    )
    slope, shift = np.polyfit(inputs[:, 0], optimization["y"], deg=1)
    assert path[1] == pytest.approx([slope, shift])


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
    slope = optimization["well_slope"]
    for minimum in (optimization["poor"], optimization["better"]):
        assert slope(minimum - 1e-3) < 0 < slope(minimum + 1e-3)
    assert slope(0.0754 - 1e-3) > 0 > slope(0.0754 + 1e-3)


def test_a_sum_makes_the_minibatch_steps_shorter_by_the_share_of_the_batch(
    optimization,
):
    full, mini = optimization["epochs"](20, 0.1 * 20, 1), None
    mini = optimization["epochs"](4, 0.1 * 4, 1)
    gradient, start = optimization["logistic_gradient"], np.array([1.0, -3.0])
    order = np.random.default_rng(0).permutation(20)
    assert full[1] == pytest.approx(start - 0.1 * 20 * gradient(start, np.arange(20)))
    summed = 4 * gradient(start, order[:4])
    assert mini[1] == pytest.approx(start - 0.1 * summed)
    loss, races = optimization["logistic_loss"], optimization["races"]
    assert loss(races["mean"][1][-1]) < loss(races["mean"][0][-1])
    tie = loss(races["sum"][1][-1]) - loss(races["sum"][0][-1])
    assert abs(tie) < 0.01


def test_newtons_steps_found_the_optimum(optimization):
    everything = np.arange(20)
    race = Race(optimization["dots_x"], optimization["dots_y"])
    slope = optimization["logistic_gradient"](race.points.best, everything)
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
    shares = optimization["shares"]
    assert shares[2] == (0, 0)
    assert shares[4][0] > 50 > 5 > shares[4][1]
    assert shares[6][0] == pytest.approx(100 - shares[6][1], abs=2)
    assert shares[10][1] > 100 / 3


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
    walk, nesterov = optimization["walk"], optimization["nesterov"]
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
    loss, epochs = optimization["logistic_loss"], optimization["epochs"]
    full = min(loss(epochs(20, rate)[-1]) for rate in (8.0, 10.0, 16.0))
    mini = min(loss(epochs(4, rate)[-1]) for rate in (1.0, 2.0, 4.0, 8.0))
    race = Race(optimization["dots_x"], optimization["dots_y"])
    assert loss(race.points.best) <= full < mini


def test_the_ideal_schedule_of_one_bowl_fails_on_a_flatter_one(optimization):
    """1/(10 + t) averages the noise for curvature 1 and is too short for 0.3."""
    run, schedules = optimization["noisy_descent"], optimization["schedules"]
    for curvature, winner in ((1.0, "time-based"), (0.5, "cosine"), (0.3, "cosine")):
        ends = {
            name: run(schedules[name], curvature)[-1]
            for name in ("time-based", "cosine")
        }
        assert min(ends, key=ends.get) == winner


def test_a_finer_grid_moves_the_counts_of_the_race(optimization):
    arrival, rules = optimization["arrival"], optimization["rules"]
    places, results = optimization["landscapes"], optimization["results"]

    def count(name, place, rate):
        return arrival(rules[name], places[place], rate)[0]

    assert count("AdaGrad", "Rosenbrock", 10**0.25) < 20
    assert results["AdaGrad", "Rosenbrock"][0] > 1000
    assert count("momentum", "Rosenbrock", 10**-2.75) < 100
    assert results["momentum", "Rosenbrock"][0] > 200


def test_the_libraries_end_where_our_rules_do(optimization):
    for ends in (optimization["ends_keras"], optimization["ends_torch"]):
        assert set(ends) == set(optimization["ends_own"]) >= {"AdamW"}
        for name, end in optimization["ends_own"].items():
            assert ends[name] == pytest.approx(end, abs=1e-4), name


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
    steady = optimization["steady"]
    for name in ("AdaGrad", "RMSProp", "Adam"):
        assert steady[name][-1][0] == pytest.approx(steady[name][-1][1], rel=1e-4)
    roots = sum(1 / math.sqrt(k) for k in range(1, 101))
    assert -steady["AdaGrad"][-1][0] == pytest.approx(0.01 * roots)
    assert -steady["Adam"][-1][0] == pytest.approx(1.0, rel=1e-6)
    assert -steady["momentum"][-1][0] == pytest.approx(
        sum(0.01 * (1 - 0.9**k) / 0.1 for k in range(1, 101))
    )


def test_libraries_part_when_the_rate_changes_under_momentum(optimization):
    gaps = optimization["gaps"]
    assert max(gaps[:25]) < 1e-5 < 0.1 < gaps[25]


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


def test_the_gradients_of_the_landscapes_are_right(optimization):
    rng = np.random.default_rng(1)
    for loss, gradient, _ in optimization["landscapes"].values():
        for theta in rng.normal(size=(10, 2)):
            for j, unit in enumerate(np.eye(2)):
                up, down = loss(theta + 1e-6 * unit), loss(theta - 1e-6 * unit)
                slope = (up - down) / 2e-6
                assert gradient(theta)[j] == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_the_winners_of_the_races_are_as_told(optimization):
    results = {key: value[0] for key, value in optimization["results"].items()}

    def order(place):
        names = [name for name, where in results if where == place]
        return sorted(names, key=lambda name: results[name, place])

    assert order("ravine")[0] == order("saddle")[0] == "Nesterov"
    assert order("Rosenbrock")[:2] == ["momentum", "Adam"]
    assert sum(results[name, "Rosenbrock"] > 1000 for name in order("saddle")) == 3
    assert results["gradient descent", "saddle"] < results["Adam", "saddle"]


def test_the_best_rates_are_inside_the_range_that_was_tried(optimization):
    tried = optimization["tried"]
    for (name, place), (steps, _, rate) in optimization["results"].items():
        if steps <= 1000 and name != "AdaGrad":
            assert tried[0] < rate < tried[-1], (name, place)
    for name, losses in optimization["finals"].items():
        assert 0 < losses.argmin() < len(losses) - 1, name


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


def test_the_race_has_the_chapter_s_points_rules_and_best_rates(optimization):
    space = optimization
    x, y = points()
    assert np.array_equal(space["dots_x"], x) and np.array_equal(space["dots_y"], y)
    for place, land in zip(SCENES, space["landscapes"], strict=False):
        run = race(landscape=place)
        loss, _, start = space["landscapes"][land]
        assert run.start == list(start)
        for key, (name, rule) in zip(RULES, space["rules"].items(), strict=True):
            steps, path, rate = space["results"][name, land]
            if steps > 1000:  # none of the rates arrives: the one that ends lowest
                ends = {
                    r: loss(space["arrival"](rule, space["landscapes"][land], r)[1][-1])
                    for r in space["tried"]
                }
                rate = min(ends, key=lambda r: np.nan_to_num(ends[r], nan=np.inf))
                wanted = {"kind": "late"}
            else:
                wanted = {"kind": "arrives", "step": steps}
                found = run.path(key)
                np.testing.assert_allclose(found, path[: len(found)], atol=1e-9)
            assert getattr(run, key)[0] == rate, (place, name)
            assert run.outcome(key) == wanted
    for b in (1, 4, 20):
        run = race(landscape="points", batch=b)
        np.testing.assert_allclose(run.path("sgd"), space["epochs"](b, 2.0), atol=1e-12)
    well = space["well"](np.array([-1.2, 0.4]))
    wells = LANDSCAPES["wells"].loss(np.array([[-1.2, 0.0], [0.4, 0.0]]))
    assert np.allclose(well, wells, atol=1e-12)
