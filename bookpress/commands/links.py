"""Ask each address on another host that the book links to (`make links`).

Broken is what gives no answer, or says that there is no such page. A host that lets no
program in tells nothing of its page, and passes.
"""

import contextlib
import io
import json
import re
import sys
from pathlib import Path

from bookpress.commands.book import call_sphinx
from bookpress.commands.cli import Parser

# How Sphinx begins the reason if the host has answered: with the status.
ANSWER = re.compile(r"\d{3} ")
REFUSAL = re.compile(r"(401|403|429) |unauthorized$")


def ask(root: Path) -> list[dict]:
    """What Sphinx says of each address: filename, lineno, uri, status, info."""
    out = root / "_build" / "links"
    answers = out / "output.json"
    answers.unlink(missing_ok=True)
    with contextlib.redirect_stderr(io.StringIO()) as complaints:
        call_sphinx(root, "linkcheck", out, out / "doctrees", {})
    if not answers.exists():
        sys.exit(f"error: Sphinx did not come to ask:\n{complaints.getvalue()}")
    found = map(json.loads, answers.read_text("utf8").splitlines())
    return [link for link in found if link["uri"].startswith("http")]


def main() -> None:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root", type=Path, default=Path(), help="the book's top folder"
    )
    links = ask(parser.parse_args().root.resolve())
    failed = [link for link in links if link["status"] in ("broken", "timeout")]
    if links == failed != [] and not any(ANSWER.match(link["info"]) for link in links):
        sys.exit(
            f"error: none of the book's {len(links)} addresses answers; "
            "make links needs a network"
        )
    broken = [link for link in failed if not REFUSAL.match(link["info"])]
    for link in broken:
        print("{filename}:{lineno}: {uri}: {info}".format(**link))
    print(f"addresses: {len(links)}, of which {len(broken)} are broken")
    if broken:
        sys.exit("error: mend or remove what is named above")


if __name__ == "__main__":
    main()
