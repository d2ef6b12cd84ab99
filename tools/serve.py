"""Serve the website on this machine; rebuild and reload it on save (`make serve`)."""

import subprocess
import sys
from pathlib import Path

import livereload
from cli import Parser

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
WATCHED = [
    "book/*.md",
    "book/_static/*",
    "data/*.csv",
    "explorers/**/*",
    "_ext/*",
    "_templates/**/*",
    "_config.yml",
    "_toc.yml",
    "notebook_utils.py",
    "references.bib",
]


class Server(livereload.Server):
    """A reloading server whose script the pages' content security policy admits."""

    def get_web_handlers(self, script):
        return super().get_web_handlers(b'<script src="/livereload.js"></script>')


def rebuild() -> int:
    return subprocess.call([sys.executable, str(ROOT / "tools" / "build.py"), "site"])


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1")
    port = parser.parse_args().port
    if rebuild() and not SITE.exists():
        sys.exit(1)
    server = Server()
    for pattern in WATCHED:
        server.watch(str(ROOT / pattern), rebuild)
    print(f"the book is at http://127.0.0.1:{port}/ (stop with Ctrl-C)", flush=True)
    try:
        server.serve(root=str(SITE), host="127.0.0.1", port=port, debug=False)
    except OSError as error:
        sys.exit(
            f"error: port {port} cannot be opened ({error.strerror}); "
            "run: make serve PORT=8001"
        )


if __name__ == "__main__":
    main()
