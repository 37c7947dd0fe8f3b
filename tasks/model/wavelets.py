"""Morlet wavelets and the Gaussian below them, which a scattering transform is made of (Bruna and Mallat 2013)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

WIDTH = 0.8
"""Standard deviation of the finest envelope along its wave, in pixels."""
FREQUENCY = 3 * math.pi / 4
"""Of the finest wave, in radians a pixel."""
_PERIODS = range(-2, 3)


def morlet_bank(height: int, width: int, scale: int, angles: int) -> NDArray[np.float64]:
    """Fourier transforms of wavelets on a periodic grid (angles, height, width), of waves in so many directions.

    A wavelet is a wave below a Gaussian, less so much of the Gaussian that its mean is 0; so the transform is real.
    Along its crests the Gaussian is wider by angles / 4. Widths and frequency are those of ScatNet and Kymatio
    (Andreux et al. 2020).

    Args:
        scale: 0 is the finest; each further one is twice as wide and half as fast.
    """
    width_along, frequency = WIDTH * 2**scale, FREQUENCY / 2**scale
    turns = [math.pi * number / angles for number in range(angles)]
    waves, envelopes = (
        np.stack([_gaussian(height, width, turn, width_along, angles / 4, centre) for turn in turns])
        for centre in (frequency, 0.0)
    )
    return waves - envelopes * (waves[:, :1, :1] / envelopes[:, :1, :1])


def _gaussian(
    height: int, width: int, turn: float, width_along: float, ratio: float, centre: float
) -> NDArray[np.float64]:
    """A Gaussian envelope's transform, moved by the frequency `centre` in direction `turn`.

    On a grid it repeats every 2 pi, and what reaches over from its neighbours is added.
    """
    total = np.zeros((height, width))
    for up in _PERIODS:
        for aside in _PERIODS:
            y = 2 * np.pi * (np.fft.fftfreq(height)[:, None] + up)
            x = 2 * np.pi * (np.fft.fftfreq(width) + aside)
            along, across = x * math.cos(turn) + y * math.sin(turn) - centre, y * math.cos(turn) - x * math.sin(turn)
            total += np.exp(-(width_along**2) / 2 * (along**2 + (ratio * across) ** 2))
    return total


def cell_means(cells: int, scale: int, step: int, margin: int) -> NDArray[np.float32]:
    """Weights by which each cell of 2^scale pixels averages around its middle (cells, places); each row sums to 1.

    They are a Gaussian's of the width of the coarsest wavelet.

    Args:
        step: pixels between two places that are averaged over.
        margin: pixels before the first cell, and after the last one.
    """
    side = 2**scale
    places = np.arange(0, cells * side + 2 * margin, step)
    middles = margin + side * np.arange(cells) + (side - 1) / 2
    weights = np.exp(-0.5 * ((places - middles[:, None]) / (WIDTH * side / 2)) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)
