"""Typeset the handout from what Sphinx wrote, with as many passes as it needs.

Nothing runs when the sources are those of the last good PDF. A PDF with a missing
glyph, an undefined reference or a line that sticks out is not published.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from bookpress import progress, stale
from bookpress.commands.install import package_names

PASSES = 5
SOURCES = {".tex", ".sty", ".lua", ".cls", ".ist", ".py", ".pdf", ".png", ".jpg"}
# What a pass writes and the next one reads
STATE = (".aux", ".toc", ".out", ".idx", ".ind")
OVERFULL = 1.0  # points

ENVIRONMENT = {
    # Dates come from here, and no line of the log is broken.
    "SOURCE_DATE_EPOCH": "0",
    "FORCE_SOURCE_DATE": "1",
    "max_print_line": "10000",
    "error_line": "254",
    "half_error_line": "238",
}


class HandoutError(SystemExit):
    """The handout was not made; the message is one line, printed if nobody catches."""

    def __init__(self, message: str) -> None:
        super().__init__(f"error: {message}")


def build_pdf(source: Path, out: Path) -> Path:
    """Typeset a file that Sphinx's LaTeX builder wrote.

    Parameters
    ----------
    source : the .tex file; passes write beside it
    out : the PDF to publish; replaced only by a good one

    Returns
    -------
    out

    Raises
    ------
    HandoutError : LaTeX is missing or failed, or its log shows a defect
    """
    source, out = Path(source), Path(out)
    latex_dir = source.parent
    if not source.is_file():
        raise HandoutError(
            f"{source} is missing: Sphinx has not written it; run: make pdf"
        )
    made = source.with_suffix(".pdf")
    stamp = latex_dir / "handout.key"
    paths = [p for p in sorted(latex_dir.iterdir()) if p.suffix in SOURCES]
    key = stale.digest_of_files([p for p in paths if p != made], latex_dir)
    if out.is_file() and stamp.is_file() and stamp.read_text() == key:
        return out
    stamp.unlink(missing_ok=True)
    typeset(source)
    check_log(source)
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f"{out.name}.new")
    shutil.copyfile(made, fresh)
    os.replace(fresh, out)
    stamp.write_text(key)
    return out


def typeset(source: Path) -> None:
    """Run LuaLaTeX until references and contents stand still."""
    if shutil.which("lualatex") is None:
        raise HandoutError(
            "lualatex is not installed; run: sudo apt-get install "
            + " ".join(debian_packages(source))
        )
    for path in map(source.with_suffix, STATE):
        path.unlink(missing_ok=True)  # the PDF depends on the sources alone
    state, pages = None, 0
    for number in range(1, PASSES + 1):
        pages = run_pass(source, number, pages)
        sort_index(source)
        before, state = state, read_state(source)
        if state == before:
            return
    raise HandoutError(
        f"page numbers in {source} still move after {PASSES} passes; "
        "look for a reference that changes the page it stands on"
    )


def run_pass(source: Path, number: int, pages: int) -> int:
    """Run LuaLaTeX once, and tell how far it is; return the number of pages.

    Parameters
    ----------
    source : the .tex file
    number : which pass it is
    pages : how many pages the pass before has made, 0 if there was none
    """
    command = ["lualatex", "--interaction=nonstopmode", "--halt-on-error", source.name]
    name = source.parent.name
    done = 0

    def what() -> str:
        of = f" of {pages}" if pages else ""
        return f"typesetting {name}: pass {number}, page {done}{of}"

    with (
        progress.telling(what),
        subprocess.Popen(
            command,
            cwd=source.parent,
            env=os.environ | ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf8",
            errors="replace",
        ) as process,
    ):
        for line in process.stdout:
            done += len(re.findall(r"\[\d+", line))
            if whole := re.match(r"Output written on .*\((\d+) page", line):
                done = int(whole[1])
    if process.returncode:
        raise HandoutError(failure(source, process.returncode))
    progress.say(f"typeset {name}: pass {number}, {done} pages")
    return done


def sort_index(source: Path) -> None:
    """Turn the entries that a pass has written into the index that the next one reads.

    Raises
    ------
    HandoutError : makeindex is missing or did not understand an entry
    """
    entries, log = source.with_suffix(".idx"), source.with_suffix(".ilg")
    if not entries.is_file() or not entries.stat().st_size:
        return
    # One spelling for each word; in some places LaTeX writes a space into this macro.
    text = re.sub(r"\\sphinxhyphen ?\{\}", "-", entries.read_text())
    entries.write_text(text)
    command = ["makeindex", "-q", "-s", "python.ist", entries.name]  # Sphinx's style
    try:
        subprocess.run(command, cwd=source.parent, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise HandoutError(
            f"the index was not made: {error}; run: sudo apt-get install "
            + " ".join(debian_packages(source))
        ) from None
    wrong = re.search(
        r"^!! .*?line = (\d+)\):\s*-- (.+)", log.read_text(errors="replace"), re.M
    )
    if wrong:
        entry = text.splitlines()[int(wrong[1]) - 1]
        raise HandoutError(f"the index has a defect: {wrong[2]} in {entry}; see {log}")


def read_state(source: Path) -> list[bytes]:
    paths = [source.with_suffix(suffix) for suffix in STATE]
    return [path.read_bytes() if path.is_file() else b"" for path in paths]


def debian_packages(source: Path) -> list[str]:
    """What `apt.txt` of the book names; `source` lies in its folder `_build`."""
    root = next(p.parent for p in source.resolve().parents if p.name == "_build")
    return package_names(root / "apt.txt")


def failure(source: Path, code: int) -> str:
    """Say in one line what LaTeX stopped at."""
    log = source.with_suffix(".log")
    text = log.read_text(errors="replace") if log.is_file() else ""
    missing = [what for what, _ in defects(text) if what.startswith("Missing char")]
    if missing:  # an error, but none that starts like one
        place = re.findall(r"^l\.(\d+)", text, re.M)
        where = offending(source, int(place[-1])) if place else ""
        return f"the handout has a defect: {missing[0]}{where}; see {log}"
    error = re.search(r"^! *(.+)", text, re.M)
    if error is None:
        return f"LuaLaTeX ended with exit status {code} and no message; see {log}"
    reason = error[1].strip().rstrip(".")
    if re.search(r"(File `|font \").*(not found|cannot be found)", reason):
        reason += "; run: sudo apt-get install " + " ".join(debian_packages(source))
    place = re.search(r"^l\.(\d+)", text[error.end() :], re.M)
    where = offending(source, int(place[1])) if place else ""
    return f"LuaLaTeX stopped: {reason}{where}; see {log}"


def check_log(source: Path) -> None:
    """Raise for the first defect that the log of the last pass shows."""
    log = source.with_suffix(".log")
    found = defects(log.read_text(errors="replace"))
    if found:
        what, line = found[0]
        where = offending(source, line) if line else ""
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise HandoutError(f"the handout has a defect: {what}{where}{more}; see {log}")


def defects(log: str) -> list[tuple[str, int | None]]:
    """List what a reader would stumble over: (what, line in the .tex or None)."""
    found = []
    for line in log.splitlines():
        place = re.search(r"(?:input line|at lines?) (\d+)", line)
        number = int(place[1]) if place else None
        overfull = re.match(r"Overfull \\([hv])box \(([\d.]+)pt too", line)
        if overfull and float(overfull[2]) > OVERFULL:
            way = "wide" if overfull[1] == "h" else "high"
            found.append((f"something is {overfull[2]} pt too {way}", number))
        elif unknown := re.match(
            r"LaTeX Warning: (?:Hyper )?(reference|citation) [`'](.+?)'.* undefined",
            line,
            re.I,
        ):
            found.append((f"{unknown[1].lower()} {unknown[2]} is undefined", number))
        elif unknown := re.match(r".*name\{(.+?)\} has been referenced but", line):
            found.append((f"link target {unknown[1]} is undefined", number))
        elif line.startswith(("Missing character:", "! Missing character:")):
            what = line.removeprefix("! ").rstrip(".!")
            found.append((re.sub(r"in font .*", "in the font", what), number))
        elif "multiply defined" in line and "Label `" in line:
            found.append((line.removeprefix("LaTeX Warning: ").rstrip("."), number))
    return found


def offending(source: Path, line: int) -> str:
    lines = source.read_text(errors="replace").splitlines()
    text = plain(lines[line - 1].strip()) if 0 < line <= len(lines) else ""
    shown = text if len(text) <= 80 else text[:77] + "..."
    return f" at {source.name}:{line}: {shown}"


# Characters that Pygments writes as macros, \\PYGZus{} for an underscore
PYGMENTS = {
    **{"bs": "\\", "us": "_", "ob": "{", "cb": "}", "ca": "^", "am": "&", "lt": "<"},
    **{"gt": ">", "sh": "#", "pc": "%", "dl": "$", "hy": "-", "sq": "'", "dq": '"'},
    **{"ti": "~", "at": "@", "lb": "[", "rb": "]"},
}


def plain(line: str) -> str:
    """Undo the markup of a highlighted line of code."""
    line = re.sub(r"\\PYGZ(\w\w)\{\}", r"\0\1\0", line)
    line = re.sub(r"\\PYG\{[^{}]*\}\{([^{}]*)\}", r"\1", line)
    return re.sub("\0(..)\0", lambda match: PYGMENTS.get(match[1], "?"), line)
