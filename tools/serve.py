"""Serve the website on this machine; rebuild and reload it on save (`make serve`)."""

import logging
import subprocess
import sys
from pathlib import Path

import livereload
import tornado.web
from cli import Parser
from livereload.handlers import LiveReloadHandler, LiveReloadJSHandler
from livereload.server import LiveScriptInjector

ROOT = Path(__file__).resolve().parent.parent
WATCHED = [
    "book/*.md",
    "book/_static/*",
    "data/*.csv",
    "explorers/*.*",
    "explorers/[a-z]*/*",  # not what is built from them
    "_ext/*",
    "_templates/**/*",
    "_config.yml",
    "_toc.yml",
    "notebook_utils.py",
    "references.bib",
]


class Server(livereload.Server):
    """A reloading server whose script the pages' content security policy admits.

    The library writes its script into the page; here the page names it instead.
    """

    def application(self, port: int, host: str, **options) -> None:
        class Injector(LiveScriptInjector):
            script = b'<script src="/livereload.js"></script>'

        LiveReloadHandler.watcher = self.watcher
        LiveReloadHandler.live_css = True
        handlers = [
            ("/livereload", LiveReloadHandler),
            ("/livereload.js", LiveReloadJSHandler),
            *self.get_web_handlers(Injector.script),
        ]
        application = tornado.web.Application(handlers, transforms=[Injector])
        application.listen(port, address=host)
        print(f"the book is at http://{host}:{port}/ (stop with Ctrl-C)", flush=True)


def rebuild(root: Path) -> int:
    command = [sys.executable, str(ROOT / "tools" / "build.py"), "site"]
    return subprocess.call([*command, "--root", str(root)])


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1")
    parser.add_argument("--root", type=Path, default=ROOT, help="the book's top folder")
    arguments = parser.parse_args()
    port, root = arguments.port, arguments.root.resolve()
    site = root / "_build" / "html"
    if rebuild(root) and not site.exists():
        sys.exit(1)
    server = Server()
    logging.disable(logging.INFO)
    for pattern in WATCHED:
        server.watch(str(root / pattern), lambda: rebuild(root))
    try:
        server.serve(root=str(site), host="127.0.0.1", port=port)
    except OSError as error:
        sys.exit(
            f"error: port {port} cannot be opened ({error.strerror}); "
            "run: make serve PORT=8001"
        )


if __name__ == "__main__":
    main()
