"""How many processes may work at a time, by cores and by memory.

    python -m bookpress.workers 3.5

prints it for processes that take up to so many gigabytes each.
"""

import os
import sys

import psutil


def workers(gigabytes: float) -> int:
    """As many as there are cores, if the memory that is free holds so many; at least 1.

    Parameters
    ----------
    gigabytes : what one process takes at its worst
    """
    room = psutil.virtual_memory().available / 1e9
    return max(1, min(os.cpu_count() or 1, int(room / gigabytes)))


if __name__ == "__main__":
    print(workers(float(sys.argv[1])))
