"""Serve the website on this machine; rebuild and reload it on save (`make serve`)."""

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import livereload
import tornado.web
from livereload.handlers import LiveReloadHandler, LiveReloadJSHandler
from livereload.server import LiveScriptInjector
from livereload.watcher import Watcher

from bookpress.commands.cli import Parser
from bookpress.stale import MADE


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


def watch(watcher: Watcher, root: Path, changed: Callable[[], object]) -> None:
    """Call `changed` after an edit in a book, whatever the file, unless it is made."""
    watcher.ignore_dirs(*MADE, ".venv")  # not even walked
    top = len(str(root))
    watcher.watch(str(root), changed, ignore=lambda path: "/." in path[top:])


def rebuild(root: Path) -> int:
    command = [sys.executable, "-m", "bookpress.commands.book", "site"]
    return subprocess.call([*command, "--root", str(root)])


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1")
    parser.add_argument(
        "--root", type=Path, default=Path(), help="the book's top folder"
    )
    arguments = parser.parse_args()
    port, root = arguments.port, arguments.root.resolve()
    site = root / "_build" / "html"
    if rebuild(root) and not site.exists():
        sys.exit(1)
    server = Server()
    logging.disable(logging.INFO)
    watch(server.watcher, root, lambda: rebuild(root))
    try:
        server.serve(root=str(site), host="127.0.0.1", port=port)
    except OSError as error:
        sys.exit(
            f"error: port {port} cannot be opened ({error.strerror}); "
            "run: make serve PORT=8001"
        )


if __name__ == "__main__":
    main()
