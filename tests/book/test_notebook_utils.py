"""The helper: colors that everybody can tell apart, data that are checked, plots."""

import itertools
import os
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from this_book import PRESS, ROOT

from notebook_utils import (
    DataError,
    load_boston,
    load_iris,
    make_spiral,
    palette,
    plot_boundary,
    plot_classes,
    plot_iterates,
    use_book_style,
)

LINES = ["curve", "step", "good", "accent"]  # the colors of the line cycle

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
COLOR_VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def rgb(color: str) -> np.ndarray:
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def linear(srgb: np.ndarray) -> np.ndarray:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def luminance(srgb: np.ndarray) -> float:
    return float(linear(srgb) @ [0.2126, 0.7152, 0.0722])


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    bright, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def lab(color: str, vision: str) -> np.ndarray:
    """CIELAB coordinates of a color as seen with a kind of color vision."""
    seen = np.clip(COLOR_VISION[vision] @ linear(rgb(color)), 0, 1)
    to_xyz = np.array(
        [
            [0.4124, 0.3576, 0.1805],
            [0.2126, 0.7152, 0.0722],
            [0.0193, 0.1192, 0.9505],
        ]
    )
    t = to_xyz @ seen / [0.9505, 1.0, 1.089]
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def dark_theme(srgb: np.ndarray) -> np.ndarray:
    """What the website's filter for the dark theme makes of a color."""
    css = (PRESS / "website" / "static" / "book.css").read_text()
    amount, turn = re.search(
        r"filter:\s*invert\(([\d.]+)\)\s*hue-rotate\((\d+)deg\)", css
    ).groups()
    amount, angle = float(amount), np.deg2rad(float(turn))
    inverted = srgb * (1 - 2 * amount) + amount
    cos, sin = np.cos(angle), np.sin(angle)
    luma = np.array([0.213, 0.715, 0.072])
    rotate = (
        np.tile(luma, (3, 1))
        + cos * (np.eye(3) - luma)
        + sin
        * np.array(
            [[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]]
        )
    )
    return np.clip(rotate @ inverted, 0, 1)


@pytest.mark.parametrize("role", list(asdict(palette)))
def test_every_color_stands_out_in_both_themes(role):
    color = rgb(getattr(palette, role))
    assert contrast(color, rgb("#ffffff")) >= 3
    assert contrast(dark_theme(color), dark_theme(rgb("#ffffff"))) >= 3


@pytest.mark.parametrize("vision", COLOR_VISION)
def test_line_colors_are_told_apart_with_any_color_vision(vision):
    for one, other in itertools.combinations(LINES, 2):
        difference = np.linalg.norm(
            lab(getattr(palette, one), vision) - lab(getattr(palette, other), vision)
        )
        assert difference >= 15, (one, other, difference)


def test_lines_stay_apart_in_gray_print():
    use_book_style()
    cycle = list(plt.rcParams["axes.prop_cycle"])
    assert [entry["color"] for entry in cycle] == [getattr(palette, r) for r in LINES]
    assert len({entry["linestyle"] for entry in cycle}) == len(cycle)


def test_boston_is_the_table_that_the_facts_describe():
    boston = load_boston()
    assert boston.shape == (506, 7)
    assert boston.dtypes.eq(float).all()
    assert boston["RM"].sum() == pytest.approx(3180.025)
    assert boston["PRICE"].sum() == pytest.approx(11401.6)
    assert boston["TAX"].sum() == 206568
    assert (boston["PRICE"] == 50).sum() == 16


def test_iris_is_the_corrected_table():
    iris = load_iris()
    assert iris.shape == (150, 5)
    assert iris["target"].value_counts().to_dict() == {0: 50, 1: 50, 2: 50}
    assert iris["petal length (cm)"].sum() == pytest.approx(563.7)
    assert iris.iloc[34, 3] == 0.2
    assert iris.iloc[37, 1:3].tolist() == [3.6, 1.4]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("6.575,", "sixty,", "column RM, row 0: sixty is not a number between 3"),
        ("6.575,", "65.75,", "column RM, row 0: 65.75 is not a number between 3"),
        ("6.575,", ",", "column RM, row 0: nan is not a number"),
        ("6.575,", "6.575,1,", "column RM"),
        ("RM,", "ROOMS,", "has columns ROOMS, CRIM"),
    ],
)
def test_a_scrambled_cell_is_named(tmp_path, old, new, reason):
    path = tmp_path / "boston.csv"
    text = (ROOT / "data" / "boston.csv").read_text()
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DataError) as error:
        load_boston(path)
    message = str(error.value)
    assert str(path) in message
    assert reason in message
    assert "git checkout data" in message
    assert "\n" not in message


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"iris\.csv is missing"):
        load_iris(tmp_path / "iris.csv")


def run_in_shell(code: str, folder: Path) -> None:
    """Run code that has a notebook's shell, `shell`."""
    start = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
    )
    script = folder / "script.py"
    script.write_text(start + code)
    own = {"PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder)}
    own["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    done = subprocess.run(
        [sys.executable, script], env=os.environ | own, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_figure_is_laid_out_once_for_website_and_handout(tmp_path):
    """A kernel emits both; a label changed in between would move the axes."""
    code = r"""
import re
from notebook_utils import plt
fig, ax = plt.subplots()
printers = shell.display_formatter.formatters
svg, pdf = printers["image/svg+xml"], printers["application/pdf"]
width, height = re.search(r'width="(.*?)pt" height="(.*?)pt"', svg(fig)).groups()
box = re.search(rb"/MediaBox \[(.*?)\]", pdf(fig))[1]
x0, y0, x1, y1 = map(float, box.split())
assert abs(x1 - x0 - float(width)) < 1 and abs(y1 - y0 - float(height)) < 1
place, engine = ax.get_position().bounds, fig.get_layout_engine()
ax.set_ylabel("two\nlines")
pdf(fig)
assert ax.get_position().bounds == place
svg(fig)
assert ax.get_position().bounds != place
assert fig.get_layout_engine() is engine
"""
    run_in_shell(code, tmp_path)


def test_a_cell_s_figure_is_drawn_for_its_outputs_only(tmp_path):
    """Left alone, pyplot draws it as pixels, too, at the end of the cell."""
    code = r"""
from matplotlib.backends.backend_agg import FigureCanvasAgg
drawn, shown = [], []
draw = FigureCanvasAgg.draw
FigureCanvasAgg.draw = lambda canvas: drawn.append(canvas) or draw(canvas)
shell.display_pub.publish = lambda data, *rest, **more: shown.append(set(data))
shell.run_cell("from notebook_utils import plt", store_history=True)
shell.run_cell("plt.plot([1, 2]);", store_history=True)
assert shown == [{"text/plain", "image/svg+xml", "application/pdf"}], shown
assert drawn == []
"""
    run_in_shell(code, tmp_path)


def test_iterates_are_drawn_where_the_loss_is():
    _, ax = plt.subplots()
    plot_iterates(ax, np.square, [2.0, -1.0, 0.5], np.linspace(-2, 2, 9))
    curve, path, dots = ax.lines
    assert curve.get_ydata() == pytest.approx(np.linspace(-2, 2, 9) ** 2)
    assert path.get_xydata() == pytest.approx(dots.get_xydata())
    assert dots.get_xydata() == pytest.approx(
        np.array([(2.0, 4.0), (-1.0, 1.0), (0.5, 0.25)])
    )
    assert [text.get_text() for text in ax.texts] == ["$w_{0}$", "$w_{2}$"]
    plt.close("all")


def test_importing_the_helper_keeps_tensorflow_quiet():
    code = "import notebook_utils, keras; keras.ops.ones(1)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0
    assert run.stdout + run.stderr == ""


def test_importing_the_helper_keeps_triton_out_of_pytorch(tmp_path):
    (tmp_path / "triton.py").write_text("raise SystemExit('triton was loaded')")
    code = """import notebook_utils, torch
from torch.utils._triton import has_triton_package
weights = torch.nn.Linear(2, 1)
optimizer = torch.optim.Adam(weights.parameters())
weights(torch.ones(4, 2)).mean().backward()
optimizer.step()
print(has_triton_package())"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
    )
    assert (run.stdout, run.returncode) == ("False\n", 0), run.stderr


def test_classes_differ_in_marker_and_color_and_are_all_drawn():
    _, ax = plt.subplots()
    points = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    plot_classes(ax, points, np.array([0, 1, 0]), ["even", "odd"])
    even, odd = ax.collections
    assert np.array(even.get_offsets()) == pytest.approx(points[[0, 2]])
    assert np.array(odd.get_offsets()) == pytest.approx(points[[1]])
    assert even.get_paths()[0].vertices.shape != odd.get_paths()[0].vertices.shape
    assert not np.array_equal(even.get_facecolor(), odd.get_facecolor())
    assert [text.get_text() for text in ax.legend().get_texts()] == ["even", "odd"]
    plt.close("all")


def test_the_boundary_is_drawn_where_the_score_is_zero():
    _, ax = plt.subplots()
    ax.set(xlim=(-1, 1), ylim=(0, 2))
    plot_boundary(ax, lambda points: points[:, 0] + points[:, 1] - 1)
    line = ax.collections[-1].get_paths()[0].vertices
    assert len(line) > 10
    assert line.sum(axis=1) == pytest.approx(1, abs=1e-9)
    plt.close("all")


def test_the_arms_of_the_spiral_are_half_a_turn_apart():
    points, labels = make_spiral(arm=50, noise=0)
    assert points.shape == (100, 2) and labels.tolist() == [0] * 50 + [1] * 50
    assert points[50:] == pytest.approx(-points[:50])
    assert np.hypot(*points[:50].T) == pytest.approx(np.linspace(0.1, 1, 50))
    noisy, _ = make_spiral(arm=5000, noise=0.05)
    assert np.std(noisy - make_spiral(5000, 0)[0]) == pytest.approx(0.05, rel=0.03)
    assert np.array_equal(make_spiral()[0], make_spiral()[0])
    assert not np.array_equal(make_spiral()[0], make_spiral(seed=1)[0])


def test_no_line_separates_the_arms_of_the_spiral():
    points, labels = make_spiral()
    best = 0.0
    for angle in np.linspace(0, np.pi, 181):
        along = points @ [np.cos(angle), np.sin(angle)]
        for cut in along:
            share = np.mean((along >= cut) == labels)
            best = max(best, share, 1 - share)
    assert best < 0.75
