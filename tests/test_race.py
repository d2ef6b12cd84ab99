"""The optimizer race: its numbers, and how it answers the hand."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import traitlets
from chromium import LOOKS, Visit
from playwright.sync_api import Locator, Page, expect
from test_explorers import in_node
from test_explorers_browser import center, pixels, pull, settle, stop_clock
from test_website import violations

import notebook_utils  # noqa: F401  (before PyTorch)
from explorers import bundle
from explorers.race import (
    EPOCHS,
    LANDSCAPES,
    LAST,
    POINTS,
    RULES,
    SCENES,
    SEEDS,
    Race,
)

# isort: split
import torch

ROOT = Path(__file__).resolve().parent.parent
BATCHES = [1, 2, 4, 5, 10, 20]


def points() -> tuple[np.ndarray, np.ndarray]:
    """The chapter's twenty points; another test holds them to it."""
    x = np.random.default_rng(3).uniform(-1.5, 1.5, size=(POINTS, 2))
    return x, (x[:, 0] > 0).astype(float)


def race(**traits: object) -> Race:
    return Race(*points(), **traits)


def node(code: str) -> str:
    """What a module prints that runs in the repository's folder."""
    done = subprocess.run(
        [bundle.node_program(), "--input-type=module", "--eval", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# Numbers ------------------------------------------------------------------------------


def test_each_method_takes_the_steps_of_numpy_on_each_landscape():
    """From the prepared start and from another, with other settings, 150 steps."""
    runs = [race(landscape=place) for place in LANDSCAPES]
    for place, start in [
        ("ravine", [3.1, 4.4]),
        ("rosenbrock", [0.6, -0.4]),
        ("saddle", [-1.3, 0.85]),
        ("wells", [-1.8, 1.0]),
    ]:
        rates = {"gd": [0.002], "adagrad": [0.3]}
        rates |= {"momentum": [0.0005, 0.75], "nesterov": [0.0005, 0.99]}
        rates |= {"rmsprop": [0.01, 0.98], "adam": [0.07, 0.5, 0.95]}
        runs.append(race(landscape=place, start=start, **rates))
    calls = [[run.state(), name] for run in runs for name in RULES]
    answers = iter(in_node("race.js", "course", *calls))
    for run in runs:
        for name in RULES:
            path = next(answers)["path"][: LAST + 1]
            np.testing.assert_allclose(path, run.path(name), rtol=1e-9, atol=1e-9)


def test_each_method_meets_the_end_that_numpy_tells():
    runs = [race(landscape=place) for place in LANDSCAPES]
    runs += [race(landscape="saddle", start=[1.5, -1.5])]
    runs += [race(nesterov=[0.014, 0.9], gd=[0.03], momentum=[0.05, 0.9])]
    calls = [[run.state(), name] for run in runs for name in RULES]
    answers = iter(in_node("race.js", "course", *calls))
    kinds = set()
    for run in runs:
        for name in RULES:
            wanted, found = run.outcome(name), next(answers)
            assert wanted == {key: found[key] for key in wanted}, (run.state(), name)
            assert ("step" in found) == (wanted["kind"] == "arrives")
            kinds.add(wanted["kind"])
    assert kinds == {"arrives", "lost", "rests", "late"}


def test_the_points_are_walked_in_numpys_order():
    """GD and SGD for every batch size, as a mean and as a sum, after every shuffle."""
    runs = [
        race(landscape="points", batch=batch, reduction=reduction, seed=seed, gd=[rate])
        for batch in BATCHES
        for reduction in ("mean", "sum")
        for seed, rate in [(0, 2.0), (3, 0.7), (SEEDS - 1, 16.0)]
    ]
    calls = [[run.state(), name] for run in runs for name in ("gd", "sgd")]
    answers = iter(in_node("race.js", "course", *calls))
    for run in runs:
        for name in ("gd", "sgd"):
            path = next(answers)["path"]
            np.testing.assert_allclose(path, run.path(name), rtol=1e-9, atol=1e-9)
            b = POINTS if name == "gd" else run.batch
            assert len(path) == EPOCHS * POINTS // b + 1


LOSSES = {
    "ravine": lambda p: (
        # Curvatures 1 and 100 along axes that are turned by 30 degrees.
        0.5 * (p[0] * np.cos(np.pi / 6) + p[1] * np.sin(np.pi / 6)) ** 2
        + 50 * (-p[0] * np.sin(np.pi / 6) + p[1] * np.cos(np.pi / 6)) ** 2
    ),
    "rosenbrock": lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2,
    "saddle": lambda p: (p[0] * p[1] - 1) ** 2,
    "wells": lambda p: (p[0] ** 2 - 1) ** 2 + 0.3 * p[0] + p[1] ** 2 / 2,
}


def library(name: str, settings: list[float], theta: torch.Tensor):
    """PyTorch's optimizer of a method, with the figure's ε."""
    rate, *memories = settings
    if name in ("gd", "momentum", "nesterov"):
        mu = memories[0] if memories else 0
        return torch.optim.SGD([theta], rate, mu, nesterov=name == "nesterov")
    if name == "adagrad":
        return torch.optim.Adagrad([theta], rate, eps=1e-10)
    if name == "rmsprop":
        return torch.optim.RMSprop([theta], rate, memories[0], eps=1e-8)
    return torch.optim.Adam([theta], rate, tuple(memories), eps=1e-8)


@pytest.mark.parametrize("place", LANDSCAPES)
def test_each_method_is_pytorch_s(place: str):
    """Sixty steps in float64, the loss written anew and its gradient by autograd."""
    run = race(landscape=place)
    for name in RULES:
        theta = torch.tensor(run.start, dtype=torch.float64, requires_grad=True)
        optimizer = library(name, getattr(run, name), theta)
        path = [theta.detach().numpy().copy()]
        for _ in range(60):
            optimizer.zero_grad()
            LOSSES[place](theta).backward()
            optimizer.step()
            path.append(theta.detach().numpy().copy())
        np.testing.assert_allclose(run.path(name)[:61], path, rtol=1e-7, atol=1e-7)
        losses = [LOSSES[place](p) for p in path]
        np.testing.assert_allclose(
            run.terrain().loss(np.array(path)), losses, atol=1e-8
        )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("b", [4, 20])
def test_gd_and_sgd_on_the_points_are_pytorch_s(reduction: str, b: int):
    """Cross-entropy from logits, reduced as named, and `torch.optim.SGD`."""
    run = race(landscape="points", batch=b, reduction=reduction, seed=2)
    x, y = map(torch.tensor, points())
    theta = torch.tensor(run.start, dtype=torch.float64, requires_grad=True)
    entropy = torch.nn.BCEWithLogitsLoss(reduction=reduction)
    optimizer = torch.optim.SGD([theta], 2.0 if reduction == "mean" else 2.0 / POINTS)
    rng, path = np.random.default_rng(2), [run.start]
    for _ in range(EPOCHS):
        order = rng.permutation(POINTS)
        for i in range(0, POINTS, b):
            batch = order[i : i + b]
            terms = 1 if reduction == "mean" else b
            penalty = terms * 0.0025 * (theta**2).sum()
            optimizer.zero_grad()
            (entropy(x[batch] @ theta, y[batch]) + penalty).backward()
            optimizer.step()
            path.append(theta.detach().tolist())
    np.testing.assert_allclose(run.path("sgd"), path, rtol=1e-12, atol=1e-12)
    if b == POINTS:
        np.testing.assert_allclose(run.path("gd"), path, rtol=1e-12, atol=1e-12)


def test_the_least_losses_are_least():
    """No slope there, and nothing lower on a fine grid or in random places nearby."""
    rng = np.random.default_rng(0)
    best = {"ravine": [0, 0], "rosenbrock": [1, 1], "saddle": [1, 1]}
    best |= {"wells": [np.roots([4, 0, -4, 0.3]).real.min(), 0]}
    for place in SCENES:
        run = race(landscape=place)
        loss, gradient, least = run.terrain()
        at = np.array(best.get(place, run.best), float)
        assert loss(at) == pytest.approx(least, abs=1e-12)
        assert np.abs(gradient(at)).max() < 1e-12
        assert loss(at + rng.normal(size=(2000, 2))).min() >= least
    code = """
      import { LANDSCAPES } from "./explorers/race.js";
      console.log(JSON.stringify(Object.entries(LANDSCAPES).map(
        ([name, { least, best, loss }]) => [name, least, ...best.map(loss)])));
    """
    for name, *losses in json.loads(node(code)):
        assert losses == pytest.approx(
            [LANDSCAPES[name].least] * len(losses), abs=1e-12
        )


def test_what_the_chapter_tells_of_the_race_is_so():
    raised = race(momentum=[0.015, 0.9], nesterov=[0.015, 0.9])
    assert raised.outcome("nesterov") == {"kind": "lost"}
    assert raised.outcome("momentum")["kind"] == "arrives"
    for name in ("adam", "rmsprop"):
        memories = SCENES["ravine"][name][1:]
        for rate in (10.0, 1000.0):
            run = race(**{name: [rate, *memories]})
            steps = np.abs(np.diff(run.path(name, 1000), axis=0))
            assert steps.max() <= rate / np.sqrt(0.1) + 1e-9
    wells = race(landscape="wells")
    kinds = {name: wells.outcome(name)["kind"] for name in ("gd", "momentum", "adam")}
    assert kinds == {"gd": "rests", "momentum": "arrives", "adam": "rests"}
    back = race(landscape="wells", start=[-1.8, 1.0])
    assert back.outcome("gd")["kind"] == "arrives"
    assert back.outcome("momentum")["kind"] == "rests"
    ridge = race(landscape="saddle", start=[1.5, -1.5])
    assert np.allclose(ridge.path("gd")[-1], 0, atol=1e-9)
    assert ridge.outcome("gd")["kind"] == "rests"


def test_the_limit_on_the_slider_is_where_the_ravine_throws_a_method_out():
    for mu in (0.0, 0.5, 0.9):
        for name in ("gd", "momentum", "nesterov"):
            (most,) = in_node("race.js", "limit", [name, [1, mu]])
            for share, lost in ((0.95, False), (1.05, True)):
                settings = [share * most] + ([] if name == "gd" else [mu])
                end = race(**{name: settings}).outcome(name)
                assert (end["kind"] == "lost") == lost, (name, mu, share)


def test_a_new_landscape_brings_its_own_scene():
    run = race(adam=[1.0, 0.9, 0.999])
    run.landscape = "points"
    assert (run.start, run.gd, run.steps) == ([1.0, -3.0], [2.0], EPOCHS)
    assert run.adam == [1.0, 0.9, 0.999], "what was set by hand stays"
    run.set_state({"landscape": "wells", "start": [0.5, 0.5], "gd": [0.3], "steps": 7})
    assert (run.start, run.gd, run.steps) == ([0.5, 0.5], [0.3], 7)


def test_a_race_refuses_what_makes_no_sense():
    for wrong in [
        {"landscape": "moon"},
        {"start": [np.inf, 0.0]},
        {"gd": [0.0]},
        {"momentum": [0.1]},
        {"adam": [0.1, 0.9, 1.0]},
        {"shown": ["sgd"]},
        {"batch": 3},
        {"seed": SEEDS},
        {"steps": LAST + 1},
    ]:
        with pytest.raises(traitlets.TraitError):
            race(**wrong)
    x, y = points()
    with pytest.raises(ValueError, match=r"points of shape \(19, 2\)"):
        Race(x[1:], y)


def test_names_values_and_labels_find_their_places():
    """The kit's field of some names, slider of given values, and labels in a column."""
    code = """
      import { some } from "./explorers/kit/fields.js";
      import { listed } from "./explorers/kit/scales.js";
      import { apart } from "./explorers/kit/plot.js";
      const field = some("a", "b", "c");
      const stops = listed([0, 0.9, 0.99, 0.999]);
      console.log(JSON.stringify([
        ["c~a", "", "a~a", "d", "a~"].map((text) => field.parse(text) ?? null),
        field.format(["c", "a"]),
        [-1, 0, 0.45, 0.9, 0.999, 2].map(stops.index),
        stops.value(2),
        apart([50, 52, 10, 99], 13, [0, 100]),
      ]));
    """
    fields, written, indices, stop, labels = json.loads(node(code))
    assert fields == [["c", "a"], [], None, None, None]
    assert written == "c~a"
    assert indices == [0, 0, 0.5, 1, 3, 3]
    assert stop == 0.99
    assert labels == [50, 63, 10, 99]


# In the browser -----------------------------------------------------------------------

PAGE = "book/optimization.html"


def figures(page: Page) -> tuple[Locator, Locator]:
    """The race on twenty points and the one on landscapes, come to life."""
    places = page.locator('.explorer[data-explorer="race"]')
    for place in places.all():
        place.locator("svg").first.wait_for()
    epochs, landscapes = places.all()
    return epochs, landscapes


def cells(place: Locator) -> dict[str, list[str]]:
    """The numbers beside the names of the methods."""
    signs = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789", "\u202f")
    return {
        row.locator("[role=rowheader]").inner_text().strip(): [
            text.translate(signs).replace(" · 10", "e")
            for text in row.locator("[role=cell]").all_inner_texts()
        ]
        for row in place.locator("[role=row]").all()[1:]
    }


def way(place: Locator, look: str) -> np.ndarray:
    """The corners of a method's line in the plane, in pixels."""
    path = place.locator(".plot").first.locator(f".line.{look}.thin").last
    text = path.get_attribute("d")
    return np.array([pair.split(",") for pair in text[1:].split("L")], float)


def assert_drawn(drawn: np.ndarray, path: np.ndarray) -> None:
    """Each corner lies where its number says, to a tenth of a pixel."""
    assert len(drawn) == len(path)
    for column, numbers in zip(drawn.T, path.T, strict=True):
        seen = np.abs(column) < 3000  # what is far away is cut
        line = np.polynomial.Polynomial.fit(numbers[seen], column[seen], 1)
        assert np.abs(line(numbers) - column)[seen].max() <= 0.11


def test_the_start_is_dragged_and_every_way_follows(visit: Visit, home: str):
    with visit(home + PAGE) as page:
        _, place = figures(page)
        place.scroll_into_view_if_needed()
        before = pixels(place)
        assert_drawn(way(place, "step"), race().path("gd"))
        pull(page, center(place, "start"), (60, 25))
        handle = place.get_by_role("slider", name="start")
        text = handle.get_attribute("aria-valuetext").replace("−", "-").strip("()")
        start = [float(value) for value in text.split(", ")]
        assert start[0] > -6.5 and start[1] < 1.5
        run = race(start=start)
        assert_drawn(way(place, "step"), run.path("gd"))
        ends = {"GD": "gd", "Nesterov": "nesterov", "Adam": "adam"}
        shown = cells(place)
        for name, key in ends.items():
            loss, arrives = shown[name]
            wanted = run.terrain().loss(run.path(key)[-1])
            assert float(loss) == pytest.approx(wanted, rel=0.051)
            assert int(arrives) == run.outcome(key)["step"]
        assert shown["AdaGrad"] == ["", ""]
        page.wait_for_url("**race-2.start=**")
        moved, address = pixels(place), page.url
        place.get_by_role("button", name="Reset").click()
        settle(page)
        assert pixels(place) == before
        page.wait_for_url(lambda address: "race-2" not in address)
    with visit(address) as page:
        _, place = figures(page)
        assert pixels(place) == moved
        assert 0 < place.locator("svg").first.bounding_box()["y"] < 900, "in sight"


def test_the_race_by_keyboard_alone(visit: Visit, served: str):
    with visit(served + PAGE) as page:
        _, place = figures(page)
        place.get_by_role("slider", name="start").press("Shift+ArrowRight")
        settle(page)
        handle = place.get_by_role("slider", name="start")
        assert handle.get_attribute("aria-valuetext") == "(−7.00, 2.00)"
        place.get_by_role("radio", name="Ravine").press("ArrowRight")
        place.get_by_role("radio", name="Rosenbrock").press("ArrowRight")
        place.get_by_role("radio", name="Saddle").press("ArrowRight")
        settle(page)
        assert handle.get_attribute("aria-valuetext") == "(2.00, 1.50)"
        place.get_by_role("checkbox", name="run Nesterov").press("Space")
        place.get_by_role("checkbox", name="run momentum").press("Space")
        settle(page)
        run = race(landscape="wells")
        step = run.outcome("momentum")["step"]
        verdict = place.locator(".verdict")
        assert verdict.inner_text() == (
            f"Momentum wins. Within 0.01 of the least loss from step {step} on. "
            "GD and Adam rest elsewhere, where the slope is 0."
        )
        assert cells(place)["GD"][1] == "rests" and cells(place)["Nesterov"] == ["", ""]
        # Ticked last, it shows its settings; μ down to 0.8, where it stays in its well.
        mu = place.get_by_role("slider", name="Memory μ")
        mu.press("ArrowLeft")
        mu.press("ArrowLeft")
        settle(page)
        assert mu.get_attribute("aria-valuetext") == "0.8"
        run = race(landscape="wells", momentum=[0.02, 0.8])
        kind = run.outcome("momentum")["kind"]
        assert cells(place)["momentum"][1] == (
            "rests" if kind == "rests" else str(run.outcome("momentum").get("step"))
        )
        place.get_by_role("radio", name="momentum").press("ArrowDown")
        place.get_by_role("radio", name="Nesterov").press("ArrowDown")
        place.get_by_role("radio", name="AdaGrad").press("ArrowDown")
        place.get_by_role("radio", name="RMSProp").press("ArrowDown")
        beta = place.get_by_role("slider", name="Memory β₂")
        assert beta.get_attribute("aria-valuetext") == "0.999"
        sliders = place.locator("input[type=range]")
        assert sliders.count() == 3
        page.wait_for_url("**race-2.shown=gd%7Emomentum%7Eadam**")


def test_a_method_that_diverges_is_named_and_nobody_need_arrive(
    visit: Visit, served: str
):
    query = "?race-2.nesterov=0.014~0.9&race-2.gd=-1&race-2.adam=1~2~3&race-2.steps=x"
    with visit(served + PAGE + query) as page:
        _, place = figures(page)
        verdict = place.locator(".verdict")
        assert verdict.inner_text().startswith("Adam wins.")
        assert verdict.inner_text().endswith("GD from 372. Nesterov diverges.")
        assert cells(place)["Nesterov"][1] == "lost"
        mark = place.locator(".ruler > span").first
        rate = place.get_by_role("slider", name="Rate ρ of Nesterov")
        assert mark.inner_text() == "limit"
        assert rate.get_attribute("aria-valuetext") == "0.014"
        for name in ("GD", "Nesterov", "Adam"):
            place.get_by_role("checkbox", name=f"run {name}").press("Space")
        settle(page)
        assert verdict.inner_text() == "Nobody runs. Tick a method."
        place.get_by_role("radio", name="Saddle").click()
        place.get_by_role("checkbox", name="run GD").check()
        handle = place.get_by_role("slider", name="start")
        handle.press("Home")
        handle.evaluate(
            """(handle, keys) => { for (const key of keys) handle.dispatchEvent(
              new KeyboardEvent("keydown", { key, bubbles: true })); }""",
            ["ArrowUp", "ArrowDown", *["ArrowUp"] * 69],
        )
        settle(page)
        assert handle.get_attribute("aria-valuetext") == "(−1.95, 1.95)"
        assert verdict.inner_text().startswith("Nobody arrives. GD rests elsewhere")


def test_a_race_plays_to_its_end_and_says_who_won(visit: Visit, served: str):
    with visit(served + PAGE) as page:
        epochs, place = figures(page)
        stop_clock(page)
        play = place.get_by_role("button", name="Play")
        play.click()
        page.clock.run_for(60 * 40)
        place.get_by_role("button", name="Pause").click()
        page.clock.run_for(100)
        words = place.locator(".verdict").inner_text()
        t = int(words.removeprefix("Step ").partition(".")[0])
        assert 35 < t < 45
        run = race()
        losses = {
            k: run.terrain().loss(run.path(k)[t]) for k in ("gd", "nesterov", "adam")
        }
        assert f"{min(losses, key=losses.get).capitalize()} is lowest" in words
        assert cells(place)["GD"][1] == "", "it has not arrived"
        assert_drawn(way(place, "step"), run.path("gd")[: t + 1])
        play.click()
        page.clock.run_for(60 * 200)
        expect(place.get_by_role("status")).to_contain_text(
            "Nesterov wins. Within 0.01"
        )
        epochs.get_by_role("button", name="Play").click()
        page.clock.run_for(500 * 4)
        epochs.get_by_role("button", name="Pause").click()
        page.clock.run_for(100)
        said = re.match(r"Epoch (\d+): SGD is", epochs.locator(".verdict").inner_text())
        t = int(said[1])
        assert 3 < t < EPOCHS
        assert [row[0] for row in cells(epochs).values()] == [str(t), str(5 * t)]
    with visit(served + PAGE, reduced_motion="reduce") as page:
        epochs, _ = figures(page)
        epochs.get_by_role("button", name="Back").click()
        epochs.get_by_role("button", name="Play").click()
        settle(page)
        assert [row[0] for row in cells(epochs).values()] == ["10", "50"]


def test_gd_races_sgd_epoch_by_epoch(visit: Visit, home: str):
    with visit(home + PAGE) as page:
        place, _ = figures(page)
        run = race(landscape="points")

        def check(run: Race) -> None:
            settle(page)
            assert_drawn(way(place, "ink"), run.path("sgd"))
            for name, row in zip(("gd", "sgd"), cells(place).values(), strict=True):
                path = run.path(name)
                assert row == [str(len(path) - 1), f"{run.points_loss(path[-1]):.4f}"]

        check(run)
        before = pixels(place)
        place.get_by_role("radio", name="Sum").check()
        check(race(landscape="points", reduction="sum"))
        assert "5 times shorter" in place.locator(".verdict").inner_text()
        rate = place.get_by_role("slider", name="Learning rate ρ")
        assert rate.get_attribute("aria-valuetext") == "0.10"
        place.get_by_role("radio", name="Mean").check()
        settle(page)
        assert rate.get_attribute("aria-valuetext") == "2.0"
        place.get_by_role("slider", name="Batch size b").press("Home")
        place.get_by_role("button", name="Shuffle anew").click()
        check(race(landscape="points", batch=1, seed=1))
        page.wait_for_url("**race.batch=1&race.seed=1**")
        shown, address = pixels(place), page.url
        place.get_by_role("button", name="Reset").click()
        settle(page)
        assert pixels(place) == before
    with visit(address) as page:
        assert pixels(figures(page)[0]) == shown


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_landscapes_and_methods_are_clean_and_none_moves_the_page(
    visit: Visit, served: str, theme: str, width: int
):
    """Axe is asked once for each landscape; sizes are looked at for every method."""
    with visit(served + PAGE, theme, width) as page:
        _, place = figures(page)
        place.scroll_into_view_if_needed()
        body = place.locator(".explorer-body")
        kept = body.bounding_box()["height"]
        for name in ("momentum", "AdaGrad", "RMSProp"):
            place.get_by_role("checkbox", name=f"run {name}").check()
        for landscape in ("Rosenbrock", "Saddle", "Two wells", "Ravine"):
            place.get_by_role("radio", name=landscape).check()
            for method in ("GD", "Adam"):
                place.get_by_role("radio", name=method, exact=True).check()
                settle(page)
                assert body.bounding_box()["height"] == kept, (landscape, method)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page, ".explorer") == []
        targets = place.locator(".board label, button, input[type=range], .target")
        for box in targets.evaluate_all(
            "all => all.map(e => e.getBoundingClientRect().toJSON())"
        ):
            assert box["width"] >= 24 and box["height"] >= 24, box
        content = place.locator(".explorer-content").bounding_box()["height"]
        assert kept - content < 24


def test_the_start_is_moved_by_touch_and_the_page_stays(visit: Visit, served: str):
    with visit(served + PAGE, width=360, has_touch=True) as page:
        _, place = figures(page)
        place.scroll_into_view_if_needed()
        x, y = center(place, "start")
        scrolled = page.evaluate("scrollY")
        touch = page.context.new_cdp_session(page)
        for kind, points in [
            ("touchStart", [{"x": x + 6, "y": y + 6}]),
            *(("touchMove", [{"x": x + 6 * i, "y": y + 8 * i}]) for i in range(2, 6)),
            ("touchEnd", []),
        ]:
            touch.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
            )
        settle(page)
        assert np.allclose(center(place, "start"), (x + 24, y + 34), atol=4)
        assert page.evaluate("scrollY") == scrolled
