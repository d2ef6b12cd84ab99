"""Binder's files are what repo2docker takes: they install, build and start."""

import importlib.metadata
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from this_book import PRESS, ROOT

from bookpress.commands import install, locks
from bookpress.execution.kernel import KERNEL_ENVIRONMENT
from explorers import bundle

LAB = PRESS.relative_to(ROOT) / "notebooks" / "lab"
BINDER = ROOT / "binder"
PINS = re.findall(
    r"^([\w.-]+)==([^\s;]+)", (BINDER / "requirements.txt").read_text(), flags=re.M
)
# What builds the book or tests it, and is not needed to run a chapter.
TOOLS = {"jupyter-book", "sphinx", "playwright", "pytest", "ruff", "uv", "livereload"}


def test_the_folder_holds_what_is_needed_and_no_more():
    """Without it repo2docker would take apt.txt of the top folder, a TeX of 2 GB."""
    files = {file.name for file in BINDER.iterdir()}
    assert files == {"requirements.txt", "runtime.txt", "postBuild", "start"}
    name, _, version = (BINDER / "runtime.txt").read_text().strip().partition("-")
    assert name == "python"
    assert tuple(map(int, version.split("."))) in install.SUPPORTED


def test_each_package_has_the_locked_version():
    locked = (ROOT / "requirements.lock").read_text()
    assert len(PINS) > 100
    assert [pin for pin in PINS if "\n{}=={} ".format(*pin) not in locked] == []


def test_the_packages_are_those_of_the_chapters_and_of_jupyterlab():
    names = {name for name, _ in PINS}
    text = (ROOT / "requirements.txt").read_text()
    wanted = {re.match(r"[\w-]+", pin)[0] for pin in locks.pins(text, locks.RUNNING)}
    assert {"keras", "torch", "anywidget", "jupytext"} <= wanted
    assert wanted | {locks.BUNDLING} <= names
    assert not names & TOOLS
    assert not any(
        locks.CUDA.match(name) or locks.UNWANTED.match(name) for name in names
    )


def test_each_package_finds_what_it_needs_in_the_list():
    names = {name for name, _ in PINS}
    missing = {
        f"{name} needs {needed.name}"
        for name in names
        for needed in requirements_of(name)
        if needed.name.lower().replace("_", "-") not in names
    }
    assert missing == set()


def requirements_of(name: str) -> list[Requirement]:
    """What an installed package needs here, extras and CUDA's libraries aside."""
    try:
        lines = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # for another system
        return []
    found = [Requirement(line) for line in lines]
    return [
        needed
        for needed in found
        if (not needed.marker or needed.marker.evaluate())
        and not locks.CUDA.match(needed.name)
        and not locks.UNWANTED.match(needed.name)
    ]


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_the_scripts_are_programs(name):
    assert os.access(BINDER / name, os.X_OK)
    subprocess.run(["bash", "-n", BINDER / name], check=True)


def test_start_adds_the_settings_and_the_book_s_threads_and_hands_over(tmp_path):
    book = tmp_path / "a book"
    for name in ("binder", LAB):
        shutil.copytree(ROOT / name, book / name)
    code = (
        "import os, sys; from jupyter_core.paths import jupyter_config_path as paths;"
        "from jupyter_core.paths import jupyter_path as share;"
        "print(*sys.argv[1:], *paths(), *share('labextensions'), sep='\\n');"
        "print(*os.environ.items(), sep='\\n')"
    )
    printed = subprocess.run(
        [book / "binder" / "start", sys.executable, "-c", code, "an argument"],
        env={"PATH": os.environ["PATH"], "JUPYTER_CONFIG_PATH": "/of/the/hub"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert printed[:2] == ["an argument", str(book / LAB)]
    assert "/of/the/hub" in printed
    assert str(book / LAB / "labextensions") in printed
    threads = {k: v for k, v in KERNEL_ENVIRONMENT.items() if "THREADS" in k}
    assert len(threads) == 3
    assert {str(pair) for pair in threads.items()} <= set(printed)
    assert Path(printed[1], "labconfig", "default_setting_overrides.json").is_file()


def test_after_post_build_explorers_need_no_node(tmp_path):
    """All but the download: `npm ci` is played by a link to the packages here."""
    book = tmp_path / "a book"
    for name in ("binder", "bookpress", "explorers"):
        built = shutil.ignore_patterns("_built", "__pycache__")
        shutil.copytree(ROOT / name, book / name, ignore=built)
    shutil.copy(ROOT / "package-lock.json", book)
    played = tmp_path / "python"
    python, packages = map(shlex.quote, [sys.executable, str(ROOT / "node_modules")])
    played.write_text(
        "#!/bin/sh\n"
        f'case "$2" in *npm*) exec ln -s {packages} node_modules;; esac\n'
        f'exec {python} "$@"\n'
    )
    played.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run([book / "binder" / "postBuild"], env=environment, check=True)
    assert not (book / "node_modules").exists()
    assert (ROOT / "node_modules" / "esbuild").is_dir()
    code = (
        "from explorers import bundle; print(bundle.FOLDER); bundle.style()\n"
        "for name in bundle.names(): print(name, len(bundle.widget_module(name)))"
    )
    folder, *modules = subprocess.run(
        [sys.executable, "-c", code],
        cwd=book,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert folder == str(book / "explorers")
    sizes = {name: int(size) for name, size in map(str.split, modules)}
    assert sorted(sizes) == bundle.names()
    assert min(sizes.values()) > 10_000
