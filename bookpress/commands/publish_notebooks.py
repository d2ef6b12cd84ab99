"""Put the built notebooks on a branch of their own (`make publish-notebooks`).

Colab opens notebooks from GitHub only. The branch holds the latest ones and nothing
else, in one commit: what was there before is of no use to anybody and would only grow.
Python and git are enough for it; nothing is installed.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

BRANCH = "notebooks"


def publish(root: Path, remote: str = "origin") -> str:
    """Push the notebooks of the built website; return what was done.

    Parameters
    ----------
    root : the book's top folder, a git repository with a built website
    remote : where to push to

    Raises
    ------
    SystemExit : there are no notebooks, or git refuses; the message is one line
    """
    folder = root / "_build" / "html" / "notebooks"
    notebooks = sorted(path.name for path in folder.glob("*.ipynb"))
    if not notebooks:
        sys.exit("error: there are no notebooks to publish; run: make site")

    def git(*words: str, **environment: str) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            sys.exit(f"error: git {words[0]}: {' '.join(done.stderr.split())}")
        return done.stdout.strip()

    source, date, name, mail = git(
        "show", "--no-patch", "--format=%h%n%cI%n%an%n%ae", "HEAD"
    ).split("\n")
    with tempfile.TemporaryDirectory() as place:
        index = {"GIT_INDEX_FILE": f"{place}/index", "GIT_WORK_TREE": str(folder)}
        index["GIT_DIR"] = git("rev-parse", "--absolute-git-dir")
        git("add", "--force", *notebooks, **index)
        tree = git("write-tree", **index)
    who = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", name), ("EMAIL", mail), ("DATE", date))
    }
    commit = git("commit-tree", tree, "-m", f"The notebooks of {source}", **who)
    git("push", "--quiet", "--force", remote, f"{commit}:refs/heads/{BRANCH}")
    return f"{len(notebooks)} notebooks are on the branch {BRANCH} of {remote}"


if __name__ == "__main__":
    print(publish(Path.cwd()))
