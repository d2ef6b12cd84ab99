"""The interactive figures: numbers, state, colors, and how their modules are made."""

import importlib
import json
import re
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import execution
import nbformat
import numpy as np
import pytest
import traitlets
from fixture_book import HEADER
from test_notebook_utils import contrast, dark_theme, rgb

from explorers import approximation, bundle
from explorers.approximation import Approximation
from explorers.base import Explorer
from explorers.descent import Descent
from explorers.graph import GRAPHS, Graph
from explorers.losses import Losses
from explorers.neuron import LAST, Neuron
from explorers.playground import Playground
from explorers.race import Race
from explorers.signal import Signal
from notebook_utils import load_boston, palette

ROOT = Path(__file__).resolve().parent.parent

CALL = """
import { text } from "node:stream/consumers";
const { module, name, calls } = JSON.parse(await text(process.stdin));
const call = (await import(module))[name];
const special = (key, value) => typeof value === "number" && !Number.isFinite(value)
  ? String(value) : value;
process.stdout.write(JSON.stringify(calls.map((call_) => call(...call_)), special));
"""


def in_node(file: str, name: str, *calls: list) -> list:
    """What an exported function returns for each list of arguments."""
    module = (ROOT / "explorers" / file).as_uri()
    done = subprocess.run(
        [bundle.node_program(), "--input-type=module", "--eval", CALL],
        input=json.dumps({"module": module, "name": name, "calls": calls}),
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def rooms() -> tuple[np.ndarray, np.ndarray]:
    boston = load_boston()
    return boston["RM"].to_numpy(), boston["PRICE"].to_numpy()


# Every explorer -----------------------------------------------------------------------


def classes() -> list[type[Explorer]]:
    for name in bundle.names():
        importlib.import_module(f"explorers.{name}")
    return Explorer.__subclasses__()


@pytest.fixture
def explorers(rooms) -> list[Explorer]:
    """One of each kind, as the chapters make them."""
    race = Race(np.zeros((20, 2)), np.arange(20) % 2)
    made = [Approximation(), Descent(*rooms), Graph(), Losses(), Neuron(), race]
    made += [Playground(), Signal()]
    assert {explorer.name() for explorer in made} == {kind.name() for kind in classes()}
    return made


def test_each_class_has_the_module_of_its_name():
    assert bundle.names() == sorted(kind.name() for kind in classes())
    for name in bundle.names():
        text = (ROOT / "explorers" / f"{name}.js").read_text()
        assert f'name: "{name}"' in text


def test_state_is_plain_and_survives_the_page(explorers):
    for explorer in explorers:
        bundle_, _ = explorer._repr_mimebundle_()
        (state,) = re.findall(
            r'<script type="application/json">(.*?)</script>', bundle_["text/html"]
        )
        assert json.loads(state) == explorer.state()
        assert explorer.state()
        assert explorer.words in bundle_["text/plain"]
        assert "application/vnd.jupyter.widget-view+json" in bundle_


def test_the_printed_frame_is_vector_and_the_same_every_time(explorers):
    for explorer in explorers:
        first, again = explorer._print_pdf(), explorer._print_pdf()
        assert first == again
        assert first.startswith(b"%PDF")
        assert b"/Subtype /Image" not in first
        assert b"/Type3" not in first


def test_state_cannot_end_the_element_that_holds_it(rooms):
    class Odd(Descent):
        text = traitlets.Unicode("</script><b>").tag(sync=True)

        @classmethod
        def name(cls):
            return "descent"

    page = Odd(*rooms)._page_html()
    assert page.count("</script>") == 1
    assert page.endswith("</script></div>")


def test_colors_are_the_palette_s_and_what_the_dark_filter_makes_of_it():
    css = (ROOT / "explorers" / "kit" / "kit.css").read_text()
    light, dark = re.findall(r"\{\n((?:  --.*\n)+)", css)[:2]
    for role, color in asdict(palette).items():
        assert f"--{role}: {color};" in light
        (shown,) = re.findall(rf"--{role}: (#\w+);", dark)
        assert np.allclose(rgb(shown), dark_theme(rgb(color)), atol=1 / 255), role


def test_words_and_edges_stand_out_from_what_is_behind_them():
    css = (ROOT / "explorers" / "kit" / "kit.css").read_text()
    for theme in re.findall(r"\{\n((?:  --.*\n)+)", css)[:2]:
        color = {
            name: rgb(value) for name, value in re.findall(r"--(\w+): (#\w+)", theme)
        }
        for text, ground in [("ink", "paper"), ("ink", "soft"), ("quiet", "paper")]:
            assert contrast(color[text], color[ground]) >= 4.5
        assert contrast(color["paper"], color["curve"]) >= 4.5
        assert contrast(color["border"], color["paper"]) >= 3


# How modules are made -----------------------------------------------------------------


def test_a_script_cannot_end_its_element():
    assert "</script" not in bundle.safe_in_html('a = "</script>"; b = /<\\/SCRIPT/')
    assert "<!--" not in bundle.safe_in_html('a = "<!--"')


def test_a_module_is_made_once_and_again_when_a_source_changes(tmp_path, monkeypatch):
    copy = copy_explorers(tmp_path, monkeypatch)
    runs = []
    original = bundle.run_esbuild
    monkeypatch.setattr(
        bundle, "run_esbuild", lambda *a: runs.append(1) or original(*a)
    )
    first = bundle.widget_module("descent")
    assert bundle.widget_module("descent") == first and len(runs) == 1
    source = copy / "descent.js"
    source.write_text(source.read_text().replace("Two valleys", "A pair of valleys"))
    assert "A pair of valleys" in bundle.widget_module("descent")
    assert len(runs) == 2


def test_without_node_what_is_there_is_used_else_one_line_says_what_to_do(
    tmp_path, monkeypatch
):
    copy = copy_explorers(tmp_path, monkeypatch)
    made = bundle.widget_module("descent")
    (copy.parent / "node_modules").unlink()
    assert bundle.widget_module("descent") == made
    with pytest.raises(
        bundle.BundleError, match=r"esbuild, .* run: make book$"
    ) as error:
        bundle.page_script(["descent"])
    assert "\n" not in str(error.value)


def test_an_error_in_a_module_is_one_line_with_its_place(tmp_path, monkeypatch):
    copy = copy_explorers(tmp_path, monkeypatch)
    (copy / "descent.js").write_text("export default {\n  name: ,\n};\n")
    with pytest.raises(bundle.BundleError, match=r"descent\.js:2: ") as error:
        bundle.widget_module("descent")
    assert "\n" not in str(error.value)


def copy_explorers(tmp_path: Path, monkeypatch) -> Path:
    copy = tmp_path / "a copy" / "explorers"
    shutil.copytree(
        ROOT / "explorers", copy, ignore=shutil.ignore_patterns("_built", "__pycache__")
    )
    shutil.copy(ROOT / "package-lock.json", copy.parent)
    (copy.parent / "node_modules").symlink_to(ROOT / "node_modules")
    monkeypatch.setattr(bundle, "FOLDER", copy)
    monkeypatch.setattr(bundle, "BUILT", copy / "_built")
    return copy


def test_python_of_an_explorer_is_part_of_the_outputs_key_and_javascript_is_not(
    tmp_path, monkeypatch
):
    copy = copy_explorers(tmp_path, monkeypatch)
    root = copy.parent
    (root / "data").mkdir()
    (root / "notebook_utils.py").write_text("")
    page = root / "page.md"
    page.write_text(
        HEADER + "\n```{code-cell}\nfrom explorers.descent import Descent\n```\n"
    )

    def key() -> str:
        return execution.chapter_key(execution.read_notebook(page), root)

    def touch(name: str, end: str) -> None:
        path = copy / name
        path.write_text(path.read_text() + end)

    before = key()
    for name in ("descent.js", "kit/plot.js"):
        touch(name, "\n// More.\n")
        assert key() == before
    touch("kit/kit.css", "\n/* More. */\n")
    assert key() == before
    touch("losses.py", "\n# Of another figure.\n")
    assert key() == before
    for name in ("descent.py", "base.py"):
        touch(name, "\n# More.\n")
        assert key() != before
        before = key()


def test_stored_outputs_hold_no_widget_that_died_with_its_kernel():
    data = {execution.WIDGET: {"model_id": "random"}, "text/html": "<p>"}
    notebook = nbformat.v4.new_notebook(metadata={"widgets": {"state": {}}})
    cell = nbformat.v4.new_code_cell("1")
    cell.outputs = [nbformat.v4.new_output("display_data", data)]
    notebook.cells = [cell]
    execution.drop_live_widgets(notebook)
    assert list(cell.outputs[0].data) == ["text/html"]
    assert "widgets" not in notebook.metadata


# The kit ------------------------------------------------------------------------------


def test_numbers_are_written_as_the_book_writes_them():
    assert in_node(
        "kit/format.js", "fixed", [-1234.5, 1], [-0.001, 2], [299626, 0]
    ) == [
        "−1\u202f234.5",
        "0.00",
        "299\u202f626",
    ]
    assert in_node("kit/format.js", "short", [4.942e-5, 2], [0, 3], [3.6534, 3]) == [
        "4.9 · 10⁻⁵",
        "0",
        "3.65",
    ]
    assert in_node("kit/format.js", "short", [1e-6, 2], [-186433, 3], [5.9e9, 2]) == [
        "10⁻⁶",
        "−186\u202f433",
        "5.9 · 10⁹",
    ]
    assert in_node("kit/format.js", "subscript", [10]) == ["₁₀"]


def test_an_address_gives_values_that_are_allowed_and_no_others():
    code = """
      import * as fields from "./explorers/kit/fields.js";
      const read = (field, ...texts) => texts.map((text) => field.parse(text) ?? null);
      console.log(JSON.stringify([
        read(fields.number(0, 1), "0.5", "1e-3", "2", "", "x", "NaN", "Infinity"),
        read(fields.integer(0, 9), "3", "3.5", "-1"),
        read(fields.oneOf("a", "b"), "b", "c", "__proto__"),
        read(fields.numbers(2, 0, 9), "1~2", "1", "1~x", "1~99"),
      ]));
    """
    done = subprocess.run(
        [bundle.node_program(), "--input-type=module", "--eval", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert json.loads(done.stdout) == [
        [0.5, 0.001, None, None, None, None, None],
        [3, None, None],
        ["b", None, None],
        [[1, 2], None, None, None],
    ], done.stderr


def test_a_slider_of_decades_stops_at_every_value_of_two_digits():
    code = """
      import { decades, even } from "./explorers/kit/scales.js";
      const stops = decades(-6, -4);
      const values = Array.from({ length: stops.count }, (_, i) => stops.value(i));
      const back = values.map((value) => Math.round(stops.index(value)));
      console.log(JSON.stringify([values, back, even(0, 1, 11).value(3)]));
    """
    done = subprocess.run(
        [bundle.node_program(), "--input-type=module", "--eval", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    values, back, third = json.loads(done.stdout)
    expected = [float(f"{m}e{e}") for e in (-7, -6) for m in range(10, 100)] + [1e-4]
    assert values == expected
    assert back == list(range(181))
    assert third == 0.3


def test_level_lines_lie_where_the_function_has_that_value():
    size = 41
    grid = np.linspace(-1, 1, size)
    heights = np.add.outer(2 * grid, grid)  # rows: y
    ((line,),) = in_node(
        "kit/contours.js",
        "levelLines",
        [heights.ravel().tolist(), [size, size], [-1, 1], [-1, 1], [0.5]],
    )
    points = np.array(line["rings"][0])
    inside = np.all(np.abs(points) < 0.999, axis=1)
    assert inside.sum() > 20
    assert np.allclose(points[inside] @ [1, 2], 0.5, atol=1e-9)


# Gradient descent ---------------------------------------------------------------------

RATES = {
    "boston": [1e-6, 1e-5, 2.4e-5, 2.5e-5, 4.9e-5, 5e-5, 1e-4],
    "well": [0.01, 0.02, 0.1, 0.2, 0.25, 0.28, 0.3, 0.99],
}
STARTS = {"boston": [-2.5, 0.0, 3.7, 9.5], "well": [-2.0, -0.3, 0.08, 1.2, 2.0]}


@pytest.fixture(scope="module")
def runs(rooms) -> list[Descent]:
    return [
        Descent(*rooms, loss=loss, rate=rate, start=start)
        for loss in RATES
        for rate in RATES[loss]
        for start in STARTS[loss]
    ]


def test_descent_takes_the_steps_of_numpy(runs):
    answers = in_node("descent.js", "iterates", *([run.state()] for run in runs))
    for run, answer in zip(runs, answers, strict=True):
        np.testing.assert_allclose(answer, run.iterates(), rtol=1e-9, atol=1e-9)


def test_descent_shows_the_losses_of_numpy(runs, rooms):
    """The page has three sums in place of the data; the loss is the same."""
    x, y = rooms
    code = """
      import { text } from "node:stream/consumers";
      import { iterates, lossOf } from "./explorers/descent.js";
      const states = JSON.parse(await text(process.stdin));
      console.log(JSON.stringify(states.map((state) => {
        const { value, slope, curvature } = lossOf(state);
        const path = iterates(state).slice(0, 5);
        return path.map((w) => [value(w), slope(w), curvature(w)]);
      })));
    """
    done = subprocess.run(
        [bundle.node_program(), "--input-type=module", "--eval", code],
        input=json.dumps([run.state() for run in runs]),
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    for run, rows in zip(runs, json.loads(done.stdout), strict=True):
        for w, (value, slope, curvature) in zip(run.iterates(), rows, strict=False):
            if run.loss == "boston":
                errors = w * x - y
                wanted = [errors @ errors, 2 * errors @ x, 2 * x @ x]
            else:
                wanted = [
                    np.polyval([1, 0, -2, 0.3, 1], w),
                    np.polyval([4, 0, -4, 0.3], w),
                    np.polyval([12, 0, -4], w),
                ]
            found = np.array([value, slope, curvature], dtype=float)
            np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


def test_descent_says_what_becomes_of_the_iterates(runs):
    answers = in_node("descent.js", "outcome", *([run.state()] for run in runs))
    kinds = set()
    for run, answer in zip(runs, answers, strict=True):
        wanted = run.outcome()
        assert answer["kind"] == wanted["kind"], run.state()
        if answer["kind"] != "restless":  # an orbit that may be chaotic
            assert np.isclose(answer["where"], wanted["where"], rtol=1e-9, atol=1e-9)
            assert np.isclose(answer["product"], wanted["product"], rtol=1e-9)
        kinds.add((run.loss, answer["kind"]))
    assert {kind for _, kind in kinds} == {
        "converges",
        "oscillates",
        "restless",
        "diverges",
    }


def test_on_the_parabola_the_verdict_is_the_one_of_the_factor(rooms):
    x, _ = rooms
    for rate in RATES["boston"]:
        factor = 1 - 2 * rate * x @ x
        kind = (
            "converges" if factor >= 0 else "oscillates" if factor > -1 else "diverges"
        )
        assert Descent(*rooms, rate=rate).outcome()["kind"] == kind


def test_the_double_well_is_the_one_that_the_chapter_tells_of(rooms):
    """Minima, and where the descent from 2 ends, known from elsewhere."""
    ends = {0.02: 0.960150, 0.1: -1.035579}
    for rate, end in ends.items():
        run = Descent(*rooms, loss="well", rate=rate)
        assert run.start == 2
        assert np.isclose(run.outcome()["where"], end, atol=1e-6)
    wild = Descent(*rooms, loss="well", rate=0.2)
    assert np.allclose(wild.iterates()[:4], [2, -2.86, 13.507, -1947.078], atol=1e-3)


def test_a_new_loss_brings_a_rate_that_suits_it(rooms):
    run = Descent(*rooms, rate=4e-5, start=1.0)
    run.loss = "well"
    assert (run.rate, run.start) == (0.02, 2.0)
    run.set_state({"loss": "boston", "rate": 5e-5, "start": 3.0})  # as a figure does
    assert (run.rate, run.start) == (5e-5, 3.0)


def test_traits_refuse_what_makes_no_sense(rooms):
    for wrong in [{"rate": 0.0}, {"rate": np.nan}, {"loss": "hill"}, {"steps": 31}]:
        with pytest.raises(traitlets.TraitError):
            Descent(*rooms, **wrong)


# One neuron --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def neurons() -> list[Neuron]:
    """Data sets, lines and moved points of all kinds."""
    rng = np.random.default_rng(0)
    made = [
        Neuron(data=data, activation=activation, line=line)
        for data in ("apart", "mixed", "xor")
        for activation in ("step", "sigmoid", "identity")
        for line in ([-1.0, 0.8, 0.2], [0.0, 0.0, 0.0], [0.3, -2.45, 1.1])
    ]
    for data, count in [("apart", 12), ("mixed", 12), ("xor", 4)]:
        for _ in range(20):
            points = rng.integers(-19, 40, 2 * count) / 20
            line = rng.normal(size=3).round(2)
            made.append(Neuron(data=data, points=points.tolist(), line=line.tolist()))
    made.append(Neuron(data="xor", points=[0.0, 0, 0, 0.1, 1, -0.1, 1, 0]))
    return made


def test_the_rule_takes_the_way_of_numpy(neurons):
    ways = in_node("neuron.js", "course", *([run.state()] for run in neurons))
    for run, way in zip(neurons, ways, strict=True):
        wanted = run.course()
        np.testing.assert_allclose(way["lines"], wanted["lines"], rtol=1e-9, atol=1e-9)
        assert way["culprits"] == wanted["culprits"]
        assert way["wrong"] == wanted["wrong"].tolist()
        assert way["ended"] == wanted["ended"]


def test_the_neuron_answers_as_numpy_does(neurons):
    calls = [[run.state(), run.line] for run in neurons]
    for run, found in zip(
        neurons, in_node("neuron.js", "answers", *calls), strict=True
    ):
        wanted = run.answers(np.array(run.line))
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


def test_the_rule_s_end_is_the_same_and_every_kind_of_it_is_seen(neurons):
    ends = in_node("neuron.js", "outcome", *([run.state()] for run in neurons))
    assert ends == [run.outcome() for run in neurons]
    assert {end["kind"] for end in ends} == {"stops", "circles", "never"}
    slow = Neuron(data="xor", points=[0.0, 0, 0.01, 0, 0.02, 0, 0.0, 0.01])
    slow.points = [1.0, 1.0, 1.0, 1.001, 1.001, 1.001, 1.0, 0.999]
    assert slow.outcome() == {"kind": "slow"}
    assert in_node("neuron.js", "outcome", [slow.state()]) == [{"kind": "slow"}]


def test_a_line_divides_the_points_exactly_where_some_direction_does(neurons):
    """Tried at every ten-thousandth of a radian; coordinates are multiples of 0.05."""
    angles = np.arange(0, 2 * np.pi, 1e-4)
    directions = np.array([np.cos(angles), np.sin(angles)])
    told = in_node("neuron.js", "separable", *([run.state()] for run in neurons))
    for run, answer in zip(neurons, told, strict=True):
        along = run.places() @ directions
        zeros, ones = along[run.labels() == 0], along[run.labels() == 1]
        found = np.any(zeros.max(axis=0) + 1e-9 < ones.min(axis=0))
        assert answer == run.separable() == found
    assert {True, False} == set(told)


def test_the_rule_on_xor_returns_to_the_same_four_lines():
    run = Neuron(data="xor")
    end, lines = run.outcome(), run.course()["lines"]
    assert (end["kind"], end["length"]) == ("circles", 4)
    for t in range(end["since"], LAST - 3):
        assert np.array_equal(lines[t], lines[t + 4])


def test_new_points_bring_their_own_line_unless_the_reader_has_moved_it():
    run = Neuron(steps=5)
    run.data = "xor"
    assert (run.line, run.steps) == ([1.0, 1.0, -0.5], 0)
    run.line = [0.5, 0.5, 0.5]
    run.data = "mixed"
    assert run.line == [0.5, 0.5, 0.5]


def test_a_neuron_refuses_what_makes_no_sense():
    for wrong in [
        {"line": [1.0, 2.0]},
        {"line": [1.0, 2.0, np.nan]},
        {"points": [np.inf] * 24},
        {"data": "moons"},
        {"activation": "relu"},
        {"steps": -1},
    ]:
        with pytest.raises(traitlets.TraitError):
            Neuron(**wrong)


# Universal approximation --------------------------------------------------------------

BENDS = [[0.0] * 7, [0.3, -0.2, 0.1, 0.5, -0.4, 0.0, 0.25]]


@pytest.fixture(scope="module")
def layers() -> list[Approximation]:
    return [
        Approximation(activation=activation, units=units, target=target, bends=bends)
        for activation in approximation.ACTIVATIONS
        for units in (0, 1, 2, 3, 5, 7, 11, 20, 30)
        for target in approximation.TARGETS
        for bends in BENDS
    ]


def test_approximation_says_what_numpy_says(layers):
    """Output, units and largest error equal those of lstsq, up to the last width."""
    answers = in_node("approximation.js", "network", *([run.state()] for run in layers))
    for run, answer in zip(layers, answers, strict=True):
        output = run.output()
        np.testing.assert_allclose(answer["output"], output, rtol=0, atol=1e-9)
        assert np.isclose(answer["error"], run.error(), rtol=0, atol=1e-9)
        worst = round(answer["where"] * (len(output) - 1))
        miss = abs(output - run.goal(run.grid()))[worst]
        assert np.isclose(miss, run.error(), rtol=0, atol=1e-9)
        # Sums of more than two squares can be written in many ways.
        q = run.units
        if q and (run.activation != "square" or q < 3):
            at = np.subtract.outer(run.grid(), np.arange(q) / q)
            units = approximation.ACTIVATIONS[run.activation](2 * q * at)
            shown = np.column_stack([units, np.ones(len(units))])
            shown *= [*answer["weights"], answer["bias"]]
            np.testing.assert_allclose(shown, run.contributions(), rtol=0, atol=1e-9)


def test_approximation_plots_the_errors_of_every_width():
    for activation in approximation.ACTIVATIONS:
        run = Approximation(activation=activation, bends=BENDS[1])
        (errors,) = in_node("approximation.js", "errors", [run.state()])
        wanted = [run.error(q) for q in range(approximation.LAST + 1)]
        np.testing.assert_allclose(errors, wanted, rtol=0, atol=1e-9)


def test_the_layers_are_far_from_where_rounding_would_matter():
    """Condition numbers say how many digits the promise of 1e-9 leaves in hand."""
    x = approximation.FIT
    for activation in ("sigmoid", "relu"):
        for q in range(1, approximation.LAST + 1):
            units = 2 * q * np.subtract.outer(x, np.arange(q) / q)
            columns = approximation.ACTIVATIONS[activation](units)
            columns = np.column_stack([columns, np.ones(len(x))])
            assert np.linalg.cond(columns) < 2000


def test_least_squares_is_least_and_a_parabola_is_all_that_squares_can_be():
    x = approximation.FIT
    for q in (2, 7, 30):
        run = Approximation(activation="square", units=q, bends=BENDS[1])
        parabola = np.polyval(np.polyfit(x, run.goal(x), 2), x)
        assert np.allclose(run.output(), parabola, rtol=0, atol=1e-9)
    run = Approximation(activation="relu", units=5, target="corner")
    assert run.error() < 1e-12, "a unit sits at the corner"


def test_a_bend_moves_its_point_and_none_of_the_others():
    knots = np.arange(7) / 6
    for k in range(7):
        run = Approximation(bends=np.eye(7)[k].tolist())
        moved = run.goal(knots) - Approximation().goal(knots)
        assert np.allclose(moved, np.eye(7)[k], atol=1e-12)
    with pytest.raises(traitlets.TraitError):
        Approximation(bends=[0.0])


# Losses -------------------------------------------------------------------------------


def test_losses_of_a_number_are_those_of_numpy():
    errors = [-4.0, -2.5, -1.0, -0.3, 0.0, 0.1, 1.0, 1.7, 4.0]
    for delta in (0.1, 1.0, 3.9):
        calls = [[error, delta] for error in errors]
        answers = np.array(in_node("losses.js", "ofNumber", *calls))
        wanted = Losses(delta=delta).of_number(np.array(errors))
        np.testing.assert_allclose(answers, np.moveaxis(wanted, 2, 0), atol=1e-9)


def test_losses_of_a_label_are_those_of_numpy():
    logits = np.linspace(-8, 8, 33)
    for label in (0, 1):
        calls = [[logit, label] for logit in logits.tolist()]
        answers = np.array(in_node("losses.js", "ofLabel", *calls))
        wanted = Losses(label=label).of_label(logits)
        np.testing.assert_allclose(answers, np.moveaxis(wanted, 2, 0), atol=1e-9)


def test_losses_of_classes_are_those_of_numpy():
    rng = np.random.default_rng(4)
    cases = [
        (logits.tolist(), temperature, target)
        for logits in rng.uniform(-8, 8, size=(6, 3))
        for temperature in (0.1, 1.0, 7.3)
        for target in (1, 2, 3)
    ]
    answers = in_node("losses.js", "ofClasses", *map(list, cases))
    for (logits, temperature, target), answer in zip(cases, answers, strict=True):
        run = Losses(logits=logits, temperature=temperature, target=target)
        for name, wanted in run.of_classes().items():
            np.testing.assert_allclose(answer[name], wanted, rtol=1e-9, atol=1e-9)


def test_losses_in_float32_are_those_of_numpy():
    """Infinity and the slope that has no value are the same, too."""
    logits = np.linspace(0, 30, 301)
    for clip in (1e-9, 1e-8, 1e-7, 1e-3):
        calls = [[logit, clip] for logit in logits.tolist()]
        answers = np.array(in_node("losses.js", "inFloat32", *calls), dtype=float)
        wanted = np.moveaxis(Losses(clip=clip).in_float32(logits), 2, 0)
        assert np.isinf(wanted).any() and np.isnan(wanted).any()
        np.testing.assert_allclose(answers, wanted, rtol=1e-9, atol=1e-9)


def test_slopes_of_the_losses_are_difference_quotients():
    run, h = Losses(delta=1.5), 1e-6
    at = np.array([-3.7, -1.2, -0.4, 0.7, 2.9])
    for of in (run.of_number, run.of_label, Losses(label=0).of_label):
        quotient = (of(at + h)[:, 0] - of(at - h)[:, 0]) / (2 * h)
        np.testing.assert_allclose(of(at)[:, 1], quotient, atol=1e-7)
    run = Losses(temperature=0.7, target=3)
    for k, step in enumerate(h * np.eye(3)):
        up, down = (
            Losses(logits=list(run.logits + d), temperature=0.7, target=3).of_classes()
            for d in (step, -step)
        )
        quotient = (up["loss"] - down["loss"]) / (2 * h)
        assert np.isclose(run.of_classes()["error"][k] / 0.7, quotient, atol=1e-7)


def test_float32_loses_a_wrong_answer_where_numpy_s_float32_does():
    """The first logit whose sigmoid is 1, computed in NumPy's own single precision."""
    logits = np.arange(0, 30, 0.1)
    single = logits.astype("float32")
    sigmoid = 1 / (1 + np.exp(-single))
    rounded = Losses().in_float32(logits)[1, 0]
    assert np.array_equal(np.isinf(rounded), sigmoid == 1)
    clipped, slope = Losses().in_float32(np.array([20.0]))[2, :, 0]
    assert round(clipped, 1) == 15.9 and slope == 0  # what Keras answers


def test_losses_refuse_what_makes_no_sense():
    for wrong in [
        {"view": "x"},
        {"delta": 0.0},
        {"temperature": np.nan},
        {"target": 4},
        {"logits": [1.0, 2.0]},
        {"clip": -1.0},
    ]:
        with pytest.raises(traitlets.TraitError):
            Losses(**wrong)


# Forward and backward on a graph ------------------------------------------------------


@pytest.fixture(scope="module")
def graphs() -> list[Graph]:
    """Both graphs at their defaults, at ends of what they take, and in between."""
    rng = np.random.default_rng(0)
    inputs = {
        name: [np.full(n, 10.0), np.full(n, -10.0), np.zeros(n)]
        + list(rng.uniform(-3, 3, (20, n)))
        for name, n in [("exponential", 3), ("network", 4)]
    }
    made = [Graph(example=name) for name in GRAPHS]
    for name, rows in inputs.items():
        made += [Graph(example=name, **{name: row.tolist()}) for row in rows]
    return made


def test_the_graph_on_the_page_has_the_numbers_of_python(graphs):
    answers = in_node("graph.js", "run", *([graph.state()] for graph in graphs))
    for graph, answer in zip(graphs, answers, strict=True):
        wanted = graph.run()
        for kind in ("values", "adjoints"):
            assert answer[kind] == pytest.approx(wanted[kind], rel=1e-9, abs=1e-9)
        arrows = {(a["from"], a["to"]): a for a in answer["arrows"]}
        for kind, one in [("slopes", "slope"), ("contributions", "contribution")]:
            found = {arrow: numbers[one] for arrow, numbers in arrows.items()}
            assert found == pytest.approx(wanted[kind], rel=1e-9, abs=1e-9)


def test_the_adjoints_are_those_of_pytorch(graphs):
    """Written from the formulas, and asked at every node, not at the inputs alone."""
    import torch

    for graph in graphs:
        given = [
            torch.tensor(value, dtype=torch.float64, requires_grad=True)
            for value in getattr(graph, graph.example)
        ]
        if graph.example == "exponential":
            w, x, b = given
            z = w * x
            o = z + b
            y = torch.exp(o)
            nodes = {"w": w, "x": x, "b": b, "z": z, "o": o, "y": y}
            result = y
        else:
            x, w1, w2, y = given
            o1, o2 = w1 * x, w2 * x
            a1, a2 = torch.sigmoid(o1), torch.sigmoid(o2)
            p1, p2 = w1 * a1, w2 * a2
            s = p1 + p2
            result = torch.nn.functional.mse_loss(s, y)
            nodes = {"x": x, "w1": w1, "w2": w2, "y": y, "o1": o1, "o2": o2}
            nodes |= {"a1": a1, "a2": a2, "p1": p1, "p2": p2, "s": s, "L": result}
        gradients = torch.autograd.grad(result, list(nodes.values()))
        run = graph.run()
        adjoints = {n: g.item() for n, g in zip(nodes, gradients, strict=True)}
        values = {name: value.item() for name, value in nodes.items()}
        assert run["adjoints"] == pytest.approx(adjoints, rel=1e-9, abs=1e-9)
        assert run["values"] == pytest.approx(values, rel=1e-9, abs=1e-9)


def test_the_exponential_is_the_chapter_s():
    run = Graph().run()
    shown = {name: round(value, 2) for name, value in run["adjoints"].items()}
    assert shown == {"y": 1, "o": 7.39, "z": 7.39, "b": 7.39, "x": 14.78, "w": 22.17}


def test_in_the_printed_network_rounded_contributions_add_up_to_the_rounded_sum():
    run = Graph(example="network").run()
    for name in ("x", "w1", "w2"):
        parts = [v for (u, _), v in run["contributions"].items() if u == name]
        assert len(parts) == 2
        assert np.isclose(
            sum(np.round(parts, 2)), round(run["adjoints"][name], 2), atol=1e-9
        )


def test_a_graph_refuses_inputs_that_make_no_sense():
    for wrong in [
        {"exponential": [1.0, 2.0]},
        {"network": [np.nan, 1.0, 1.0, 1.0]},
        {"network": [11.0, 1.0, 1.0, 1.0]},
        {"example": "none"},
        {"step": 21},
    ]:
        with pytest.raises(traitlets.TraitError):
            Graph(**wrong)
