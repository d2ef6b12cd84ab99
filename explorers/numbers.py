"""Random numbers that JavaScript draws, too: `numbers.js` in NumPy."""

import numpy as np


def uniforms(seed: int, count: int) -> np.ndarray:
    """Numbers between 0 and 1 from the generator Mulberry32; shape (count,)."""
    a = (seed + 0x6D2B79F5 * np.arange(1, count + 1, dtype=np.uint64)).astype(np.uint32)
    t = (a ^ (a >> np.uint32(15))) * (a | np.uint32(1))
    t ^= t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61))
    return ((t ^ (t >> np.uint32(14))) + 0.5) / 2**32
