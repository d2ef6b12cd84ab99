"""Colors as they are seen: contrast, kinds of color vision, the dark theme."""

import re

import numpy as np
from this_book import PRESS

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
COLOR_VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def rgb(color: str) -> np.ndarray:
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def linear(srgb: np.ndarray) -> np.ndarray:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def luminance(srgb: np.ndarray) -> float:
    return float(linear(srgb) @ [0.2126, 0.7152, 0.0722])


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    bright, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def lab(color: str, vision: str) -> np.ndarray:
    """CIELAB coordinates of a color as seen with a kind of color vision."""
    seen = np.clip(COLOR_VISION[vision] @ linear(rgb(color)), 0, 1)
    to_xyz = np.array(
        [
            [0.4124, 0.3576, 0.1805],
            [0.2126, 0.7152, 0.0722],
            [0.0193, 0.1192, 0.9505],
        ]
    )
    t = to_xyz @ seen / [0.9505, 1.0, 1.089]
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def dark_theme(srgb: np.ndarray) -> np.ndarray:
    """What the website's filter for the dark theme makes of a color."""
    css = (PRESS / "website" / "static" / "book.css").read_text()
    amount, turn = re.search(
        r"filter:\s*invert\(([\d.]+)\)\s*hue-rotate\((\d+)deg\)", css
    ).groups()
    amount, angle = float(amount), np.deg2rad(float(turn))
    inverted = srgb * (1 - 2 * amount) + amount
    cos, sin = np.cos(angle), np.sin(angle)
    luma = np.array([0.213, 0.715, 0.072])
    rotate = (
        np.tile(luma, (3, 1))
        + cos * (np.eye(3) - luma)
        + sin
        * np.array(
            [[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]]
        )
    )
    return np.clip(rotate @ inverted, 0, 1)
