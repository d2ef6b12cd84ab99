"""Repeat the experiments behind the book's claims, and record what they give.

make claims                     those that are new, or whose code has changed
make claims ONLY=mlp            of one file, or one by its name, mlp.dead_units
make claims ALL=1               every one
"""

import contextlib
import importlib
import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bookpress.checks import claims
from bookpress.commands.cli import Parser
from bookpress.execution.kernel import KERNEL_ENVIRONMENT
from bookpress.execution.uses import PROVIDERS, used_by
from bookpress.progress import say, telling
from bookpress.workers import workers

MEMORY = 1.5  # GB that an experiment may take


def main() -> None:
    parser = Parser("make claims", description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", metavar="NAME")
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    root = Path.cwd()
    try:
        sys.exit(repeat(root, options.only, options.all))
    except ValueError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        for process in multiprocessing.active_children():
            process.kill()
        sys.exit("stopped; what was done is in the record")


def repeat(root: Path, only: str = "", everything: bool = False) -> int:
    """Run experiments side by side; keep each result as soon as it is there.

    Parameters
    ----------
    root : the book's top folder
    only : the name of an experiment or of a file of them; all if empty
    everything : whether to run those, too, whose record is up to date

    Returns
    -------
    1 if an experiment failed, else 0

    Raises
    ------
    ValueError : nothing has that name, or the record is damaged
    """
    known, record = claims.experiments(root), claims.read_record(root)
    meant = [name for name in known if only in ("", name, name.partition(".")[0])]
    if not known:
        raise ValueError(f"{root / claims.FOLDER} holds no experiment")
    if not meant:
        raise ValueError(
            f"no experiment in {claims.FOLDER}/ is called {only}; there are "
            + ", ".join(known)
        )
    stale = claims.outdated(root, record)
    todo = [name for name in meant if everything or name in stale]
    claims.write_record(root, {n: e for n, e in record.items() if n in known})
    if not todo:
        say(f"{len(meant)} claims: the record is up to date")
        return 0
    failed, os.environ["PYTHONPATH"] = 0, os.pathsep.join([str(root), *sys.path[1:]])
    os.environ.update(KERNEL_ENVIRONMENT)  # before a process imports NumPy
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers(MEMORY), spawn, alone) as pool:
        jobs = {pool.submit(outcomes_of, name): name for name in todo}
        with telling(lambda: f"{sum(not job.done() for job in jobs)} claims to go"):
            for job in as_completed(jobs):
                name = jobs[job]
                try:
                    found, seconds = job.result()
                    result = claims.result_of(claims.outcomes(found))
                except Exception as error:
                    reason = " ".join(str(error).split())
                    say(f"error: {name} stopped: {type(error).__name__}: {reason}")
                    failed = 1
                    continue
                record = claims.read_record(root)
                record[name] = entry(root, known[name], result, seconds)
                claims.write_record(root, record)
                say(line(name, record[name]))
    return failed


def alone() -> None:
    """In a process for experiments: Ctrl+C and what libraries tell are not for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def outcomes_of(name: str) -> tuple[list, float]:
    """Run an experiment's draws here; return its outcomes and the seconds taken."""
    module, _, function = name.partition(".")
    experiment = getattr(importlib.import_module(f"{claims.FOLDER}.{module}"), function)
    claims.clear()
    start = time.monotonic()
    found = [plain(experiment(draw)) for draw in range(experiment.draws)]
    return found, time.monotonic() - start + claims.owed()


def plain(outcome: object) -> object:
    """An outcome in Python's own types, which need no library on the other side."""
    if isinstance(outcome, tuple):
        holds, measured = outcome
        return bool(holds), float(measured)
    return bool(outcome)


def entry(
    root: Path, experiment: claims.Experiment, result: claims.Result, seconds: float
) -> dict:
    """What the record keeps of an experiment."""
    told = {"claim": experiment.promise, "held": result.held, "draws": result.draws}
    for name in ("median", "low", "high", "mean", "error"):
        if (value := getattr(result, name)) is not None:
            told[name] = float(f"{value:.6g}")
    return told | {
        "seconds": round(seconds, 1),
        "versions": versions(experiment.code, root),
        "key": claims.keys(root)[experiment.id],
    }


def versions(code: str, root: Path) -> dict[str, str]:
    """Versions of Python and of the packages that an experiment uses."""
    found = {"python": ".".join(map(str, sys.version_info[:2]))}
    for module in sorted(used_by([code], root).packages):
        for package in PROVIDERS.get(module, [module]):
            with contextlib.suppress(PackageNotFoundError):
                found[package] = version(package).partition("+")[0]
    return found


def line(name: str, found: dict) -> str:
    spread = ""
    if "median" in found:
        spread = "   median {median:.4g} ({low:.4g} to {high:.4g})".format(**found)
    return (
        f"{name}: {found['held']} of {found['draws']} draws{spread}"
        f"   {found['seconds']:.0f} s"
    )


if __name__ == "__main__":
    main()
