"""Pack the website and what its notebooks need into one zip (`make bundle`).

Unpacked, it is the website, which opens from the disk, with the handouts; the folder
`notebooks/` also holds what the notebooks import and read, and `requirements.txt` says
what to install for them. The same files give the same bytes.
"""

import hashlib
import sys
import zipfile
from pathlib import Path

from bookpress.commands.locks import entries
from bookpress.notebooks.downloads import FILES, FOLDER, zipped
from bookpress.requirements import requirement_lines, requirements
from bookpress.settings import settings

README = """\
{title}

Read   Open index.html in a browser. It works without a network, search included.
Print  The handouts are in handouts/.
Teach  The decks are in slides/, one for each chapter; begin with slides/intro.html.
Run    The chapters are notebooks, in notebooks/, beside the helper, the data and the
       interactive figures that they use. You need Python 3.11, 3.12 or 3.13 and, this
       one time, a network:

           python3 -m venv environment
           environment/bin/pip install -r requirements.txt
           environment/bin/jupyter lab notebooks

       A double-click opens a notebook. (On Windows the two programs are
       environment\\Scripts\\pip and environment\\Scripts\\jupyter.)

{license} The terms are in LICENSE-TEXT and LICENSE-CODE.
"""


def write(root: Path) -> list[Path]:
    """Write the zip and its checksum beside the website.

    Parameters
    ----------
    root : the book's top folder, with a built website

    Returns
    -------
    the two files
    """
    site = root / "_build" / "html"
    if not site.is_dir():
        sys.exit("error: there is no website to pack; run: make bundle")
    name = settings(root).file_name
    content = zipped({f"{name}/{path}": data for path, data in files(root).items()})
    target = root / "_build" / f"{name}.zip"
    digest = hashlib.sha256(content).hexdigest()
    checksum = target.with_name(f"{target.name}.sha256")
    target.write_bytes(content)
    checksum.write_text(f"{digest}  {target.name}\n")
    return [target, checksum]


def files(root: Path) -> dict[str, bytes]:
    """What the bundle holds, by path."""
    site = root / "_build" / "html"
    found = {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in site.rglob("*")
        if path.is_file()
    }
    with zipfile.ZipFile(site / FOLDER / FILES) as archive:
        found |= {f"{FOLDER}/{name}": archive.read(name) for name in archive.namelist()}
    for name in ("LICENSE-TEXT", "LICENSE-CODE"):
        found[name] = (root / name).read_bytes()
    book = settings(root)
    readme = README.format(title=book.title, license=book.sphinx("handout_license", ""))
    found["README.txt"] = readme.encode()
    code = "\n".join(path.read_text("utf8") for path in (site / FOLDER).glob("*.py"))
    found["requirements.txt"] = required(code, root).encode()
    found["constraints.txt"] = pinned(root).encode()
    return found


def required(code: str, root: Path) -> str:
    """The lines of requirements.txt that running the chapters needs."""
    lines = [line for found in requirements(code, root).values() for line in found]
    lines.append(requirement_lines(root)["jupyterlab"])
    head = "# What the notebooks need, in the versions that the book was made with."
    return "\n".join([head, "-c constraints.txt", *sorted(set(lines)), ""])


def pinned(root: Path) -> str:
    """The lock without hashes, which differ between the builds of one version."""
    lock = (root / "requirements.lock").read_text(encoding="utf8")
    lines = [entry.splitlines()[0].rstrip("\\ ") for entry in entries(lock)]
    return "".join(f"{line}\n" for line in lines)
