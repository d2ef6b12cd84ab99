"""The set-up says in one line what is missing, why, and what to run."""

import os
import subprocess
import sys

import pytest
from this_book import ROOT

from bookpress.commands import install


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A folder with lock files, in place of the project's."""
    root = tmp_path / "a book"
    root.mkdir()
    names = ["requirements.lock", "requirements-cuda.lock"]
    for name in [*names, "pyproject.toml", "package-lock.json"]:
        (root / name).write_text("torch==2.13.0 \\\n    --hash=sha256:00\n")
    monkeypatch.setattr(install, "ROOT", root)
    return root


def stops(capsys, action, *words: str) -> None:
    with pytest.raises(SystemExit) as stop:
        action()
    message = str(stop.value.code)
    assert message.startswith("error: ")
    assert "\n" not in message
    for word in words:
        assert word in message


def test_another_python_is_refused_with_the_versions_that_serve(monkeypatch, capsys):
    monkeypatch.setattr(install, "SUPPORTED", [(3, 99)])
    monkeypatch.setattr(sys, "argv", ["install.py"])
    version = "{}.{}".format(*sys.version_info)
    stops(capsys, install.main, f"Python {version}", "3.11, 3.12 or 3.13", "make ")


def test_whoever_is_not_root_is_told_what_to_install(root, monkeypatch, capsys):
    (root / "apt.txt").write_text("# comment\nno-such-package-1\nno-such-package-2\n")
    monkeypatch.setattr(install.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(
        install.subprocess,
        "run",
        lambda *args, **options: subprocess.CompletedProcess(args, 1, "", ""),
    )
    stops(
        capsys,
        lambda: install.install_debian_packages(["apt.txt"]),
        "sudo apt-get install -y --no-install-recommends no-such-package-1 no-such",
    )


def test_present_packages_ask_for_nothing(root, monkeypatch):
    (root / "apt.txt").write_text("bash\n")
    monkeypatch.setattr(install, "run", lambda *args: pytest.fail("installs"))
    monkeypatch.setattr(install.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(
        install.subprocess,
        "run",
        lambda *args, **options: subprocess.CompletedProcess(
            args, 0, "install ok installed bash\n", ""
        ),
    )
    install.install_debian_packages(["apt.txt"])


def test_without_a_network_one_line_names_the_log(root, monkeypatch, capsys):
    pip = [sys.executable, "-m", "pip", "install", "--no-deps"]
    monkeypatch.setattr(install, "PYTHON", sys.executable)
    for name in ("PIP_NO_INDEX", "PIP_CONFIG_FILE", "PIP_FIND_LINKS"):
        monkeypatch.setenv(name, {"PIP_NO_INDEX": "1"}.get(name, os.devnull))
    stops(
        capsys,
        lambda: install.install_torch(pip, "check the network"),
        "downloading torch failed",
        "check the network",
        "bootstrap.log",
    )
    log = (root / "_build" / "bootstrap.log").read_text()
    assert "No matching distribution" in log


def test_a_step_runs_once_for_a_key_and_again_after_a_failure(tmp_path):
    stamp, runs = tmp_path / "stamp", []
    for key in ("a", "a", "b"):
        install.step("name", stamp, key, lambda: runs.append(1))
    assert len(runs) == 2
    with pytest.raises(ZeroDivisionError):
        install.step("name", stamp, "c", lambda: 1 / 0)
    install.step("name", stamp, "b", lambda: runs.append(1))
    assert len(runs) == 3


def test_every_package_in_the_locks_has_a_hash_and_no_local_version():
    names = ["requirements.lock", "requirements-cuda.lock", "tests/requirements.lock"]
    for name in names:
        entries = (ROOT / name).read_text().split("\n")
        packages = [line for line in entries if line and line[0] not in " #"]
        assert packages
        for line in packages:
            assert line.endswith("\\"), line
            assert "==" in line
            assert "+" not in line.split(" ")[0]


@pytest.mark.parametrize("name", ["requirements", "tests/requirements"])
def test_readable_pins_and_lock_name_the_same_versions(name):
    lock = (ROOT / f"{name}.lock").read_text()
    for line in (ROOT / f"{name}.txt").read_text().splitlines():
        pin = line.partition(";")[0].strip()
        if pin and not pin.startswith(("#", "-e")):
            assert f"\n{pin.lower()} " in lock, pin


def test_packages_of_the_tests_that_cannot_be_installed_are_told(
    root, monkeypatch, capsys
):
    monkeypatch.setattr(install, "TEST_PACKAGES", root / "_build" / "test-packages")
    monkeypatch.setattr(install.subprocess, "call", lambda *args, **options: 1)
    stops(
        capsys,
        install.install_test_packages,
        "installing the packages of tests/requirements.lock failed",
        "check the network",
        str(root / "_build" / "bootstrap.log"),
    )
