"""What a command takes: seconds, processor time, memory."""

import contextlib
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil


def children_memory(ignored: set[psutil.Process]) -> float:
    """Megabytes that the processes below this one hold in memory, added up.

    One that has just been forked, and is not yet the program that it will be, shares
    the memory of this one and is not counted.
    """
    own = psutil.Process()
    total, command = 0, own.cmdline()
    for process in set(own.children(recursive=True)) - ignored:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.cmdline() != command:
                total += process.memory_info().rss
    return total / 1e6


def children_seconds() -> float:
    """Seconds that ended children of this process, and theirs, have computed."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measured(action: Callable[[], object]) -> dict[str, float]:
    """Run an action that starts processes, and watch them.

    Returns
    -------
    seconds : on the clock; other work on the machine makes them more
    computing : seconds that the processes computed, which other work changes little
    MB : the most that they held in memory at one time, looked at ten times a second
    """
    others = set(psutil.Process().children(recursive=True))
    before, start, peak = children_seconds(), time.monotonic(), 0.0
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(action)
        while not job.done():
            peak = max(peak, children_memory(others))
            time.sleep(0.1)
    job.result()
    return {
        "seconds": round(time.monotonic() - start, 1),
        "computing": round(children_seconds() - before, 1),
        "MB": round(peak),
    }
