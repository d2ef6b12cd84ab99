"""What holds for every explorer: its name, state, print and colors."""

import base64
import importlib
import json
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import traitlets
from colors import contrast, dark_theme, rgb

from explorers import bundle
from explorers.base import Explorer
from explorers.descent import Descent
from notebook_utils import load_boston, palette

ROOT = Path(__file__).resolve().parents[2]


WEIGHTS = [(8, 1, 3, 3), (8,), (16, 8, 3, 3), (16,), (10, 784), (10,)]
SIGNS = "\n ,abc"  # of a writer
LAYERS = {"qkv": (12, 4), "out": (4, 4), "up": (8, 4), "down": (4, 8)}
NORMS = [f"{name}.{kind}" for name in ("norm1", "norm2") for kind in ("weight", "bias")]
WRITER = {"embedding.weight": np.eye(6, 4), "positions": np.zeros((9, 4))}
for layer_, shape_ in LAYERS.items():
    WRITER[f"blocks.0.{layer_}.weight"] = np.ones(shape_)
    WRITER[f"blocks.0.{layer_}.bias"] = np.zeros(shape_[0])
WRITER |= {f"blocks.0.{name}": np.ones(4) for name in NORMS}
WRITER |= {"norm.weight": np.ones(4), "norm.bias": np.zeros(4)}
WRITER |= {"readout.weight": np.ones((6, 4)), "readout.bias": np.zeros(6)}

# For those that are made of data.
DATA = {
    "ahead": (
        np.arange(400) % 130,
        (np.full((132, 12), 0.01), np.zeros(12)),
        np.ones(12),
        [np.full(shape, 0.01) for shape in [(16, 132), (16,), (36, 16), (36,)]],
        (60.0, 40.0),
        (250, 320),
    ),
    "descent": load_boston()[["RM", "PRICE"]].to_numpy().T,
    "kernel": (np.arange(64, dtype=np.uint8).reshape(8, 8),),
    "network": (
        [np.full(shape, 0.01) for shape in WEIGHTS],
        np.arange(2 * 784).reshape(2, 28, 28).astype(np.uint8),
        [9, 0],
    ),
    "race": (np.zeros((20, 2)), np.arange(20) % 2),
    "teach": (
        np.arange(9 * 1024).reshape(9, 32, 32).astype(np.uint8),
        np.arange(9) % 3,
        ["one", "two", "three"],
        {"x": np.arange(18.0).reshape(9, 2) ** 2, "y": np.eye(9)},
    ),
    "writer": (WRITER, SIGNS),
}


def classes() -> list[type[Explorer]]:
    for name in bundle.names():
        importlib.import_module(f"explorers.{name}")
    return Explorer.__subclasses__()


@pytest.fixture(scope="module")
def shown() -> list[tuple[Explorer, dict]]:
    """One of each kind, as the chapters make them, and what it shows to a notebook."""
    explorers = [kind(*DATA.get(kind.name(), ())) for kind in classes()]
    return [(explorer, explorer._repr_mimebundle_()[0]) for explorer in explorers]


def test_each_class_has_the_module_of_its_name():
    assert bundle.names() == sorted(kind.name() for kind in classes())
    for name in bundle.names():
        text = (ROOT / "explorers" / name / f"{name}.js").read_text()
        assert f'name: "{name}"' in text


def test_state_is_plain_and_survives_the_page(shown):
    for explorer, bundle_ in shown:
        (state,) = re.findall(
            r'<script type="application/json">(.*?)</script>', bundle_["text/html"]
        )
        assert json.loads(state) == explorer.state()
        assert explorer.state()
        assert explorer.words in bundle_["text/plain"]
        assert "application/vnd.jupyter.widget-view+json" in bundle_


def test_the_printed_frame_is_vector_and_the_same_every_time(shown):
    for explorer, bundle_ in shown:
        first = base64.b64decode(bundle_["application/pdf"])
        assert first == explorer._print_pdf()
        assert first.startswith(b"%PDF")
        assert b"/Subtype /Image" not in first
        assert b"/Type3" not in first


def test_state_cannot_end_the_element_that_holds_it():
    class Odd(Descent):
        text = traitlets.Unicode("</script><b>").tag(sync=True)

        @classmethod
        def name(cls):
            return "descent"

    page = Odd(*DATA["descent"])._page_html()
    assert page.count("</script>") == 1
    assert page.endswith("</script></div>")


def test_colors_are_the_palette_s_and_what_the_dark_filter_makes_of_it():
    css = (ROOT / "explorers" / "kit" / "kit.css").read_text()
    light, dark = re.findall(r"\{\n((?: +--.*\n)+)", css)[:2]
    for role, color in asdict(palette).items():
        assert f"--{role}: {color};" in light
        (shown,) = re.findall(rf"--{role}: (#\w+);", dark)
        assert np.allclose(rgb(shown), dark_theme(rgb(color)), atol=1 / 255), role


def test_words_and_edges_stand_out_from_what_is_behind_them():
    css = (ROOT / "explorers" / "kit" / "kit.css").read_text()
    for theme in re.findall(r"\{\n((?: +--.*\n)+)", css)[:2]:
        color = {
            name: rgb(value) for name, value in re.findall(r"--(\w+): (#\w+)", theme)
        }
        for text, ground in [("ink", "paper"), ("ink", "soft"), ("quiet", "paper")]:
            assert contrast(color[text], color[ground]) >= 4.5
        assert contrast(color["paper"], color["curve"]) >= 4.5
        assert contrast(color["border"], color["paper"]) >= 3
