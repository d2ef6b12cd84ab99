"""The zip with the website and all that its notebooks need."""

import hashlib
import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest
from this_book import CHAPTERS, NAME, ROOT, file_name

from bookpress.notebooks.bundle import write

pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def bundle(site, tmp_path_factory) -> Path:
    """The bundle, unpacked."""
    archive, _ = write(ROOT)
    folder = tmp_path_factory.mktemp("on a plane")
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)
    return folder / NAME


def test_two_bundles_are_the_same_bytes_and_the_checksum_is_theirs(bundle, site):
    archive, checksum = (
        ROOT / "_build" / f"{NAME}.zip{kind}" for kind in ("", ".sha256")
    )
    before = archive.read_bytes()
    os.utime(site / "index.html")
    write(ROOT)
    assert archive.read_bytes() == before
    digest = hashlib.sha256(before).hexdigest()
    assert checksum.read_text() == f"{digest}  {archive.name}\n"


def test_the_bundle_holds_the_website_and_what_its_notebooks_need(bundle, site):
    for path in site.rglob("*"):
        if path.is_file():
            copy = bundle / path.relative_to(site)
            assert copy.read_bytes() == path.read_bytes(), path.name
    for name in ("notebook_utils.py", "data/iris.csv", "explorers/_built/kit.css"):
        assert (bundle / "notebooks" / name).is_file()
    readme = (bundle / "README.txt").read_text()
    named = ("index.html", "notebooks", "slides", "requirements.txt", "LICENSE-TEXT")
    for name in named:
        assert name in readme and (bundle / name).exists()


def test_the_bundle_requires_what_chapters_import_and_no_tools(bundle):
    pinned = (ROOT / "requirements.txt").read_text().splitlines()
    lines = (bundle / "requirements.txt").read_text().splitlines()
    lines = [line for line in lines if line[0] not in "#-"]
    names = {re.match(r"[\w-]+", line)[0] for line in lines}
    assert {"numpy", "keras", "torch", "anywidget", "jupyterlab"} <= names
    assert not names & {"jupyter-book", "pytest", "playwright", "ruff", "jupytext"}
    assert set(lines) <= set(pinned)
    lock = (ROOT / "requirements.lock").read_text()
    for line in (bundle / "constraints.txt").read_text().splitlines():
        assert f"\n{line} \\\n" in f"\n{lock}", line


@pytest.mark.thorough
def test_the_website_s_tests_pass_in_the_bundle(bundle):
    command = [
        sys.executable,
        "-m",
        "pytest",
        "tests/website/test_website.py",
        "-q",
        "-x",
    ]
    result = subprocess.run(
        [*command, "-m", "not thorough"],
        cwd=ROOT,
        env={**os.environ, "BOOK_SITE": str(bundle)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout


@pytest.fixture(scope="module")
def environment(bundle, tmp_path_factory) -> Path:
    """A fresh environment, made as the bundle's README says."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "pip", "install", "--quiet", "-r", "requirements.txt"]
    result = subprocess.run(pip, cwd=bundle, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.mark.thorough
@pytest.mark.parametrize("name", [file_name(page) for page in CHAPTERS])
def test_each_notebook_runs_in_an_environment_made_from_the_bundle(
    bundle, environment, name
):
    foreign = {"PYTHONPATH", "JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "VIRTUAL_ENV"}
    clean = {key: value for key, value in os.environ.items() if key not in foreign}
    file = bundle / "notebooks" / f"{name}.ipynb"
    result = subprocess.run(
        [environment / "bin" / "jupyter", "execute", "--inplace", file],
        env={**clean, "JUPYTER_DATA_DIR": str(environment / "data of the user")},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    cells = nbformat.read(file, as_version=4).cells
    first, *others = [cell for cell in cells if cell.cell_type == "code"]
    assert first.outputs[0].text == "All packages are there.\n"
    outputs = [output for cell in others for output in cell.outputs]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    shown = {kind for output in outputs for kind in output.get("data", {})}
    assert shown & {"image/svg+xml", "application/vnd.jupyter.widget-view+json"}
