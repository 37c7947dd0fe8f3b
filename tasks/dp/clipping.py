"""The norms to which gradients are clipped, and how they follow the data without telling of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.dp.config import AdaptiveClipOptions

Norms = NDArray[np.float32]


def clip_groups(weights: Sequence[Any], clipping: str) -> list[list[int]]:
    """Places of the weights that are clipped together: all of them, or those of each layer."""
    if clipping == "flat":
        return [list(range(len(weights)))]
    layers: dict[str, list[int]] = {}
    for place, weight in enumerate(weights):
        layers.setdefault(weight.name.rpartition("/")[0], []).append(place)
    return list(layers.values())


def first_norms(clip: float, groups: int) -> Norms:
    """(groups,) of equal size whose Euclidean length is `clip`: so far a row can move the sum of all groups."""
    return np.full(groups, clip / math.sqrt(groups), np.float32)


def noise_scales(norms: Norms, noise_multiplier: float) -> Norms:
    """Standard deviation of the noise on the sum of each group (groups,).

    Each group's is in proportion to its norm, so that scaled by it a row moves each by 1 / (z sqrt(groups)), and all
    together by 1 / z, whatever the norms.
    """
    return np.asarray(noise_multiplier * math.sqrt(len(norms)) * norms, np.float32)


def followed(
    norms: Norms,
    unclipped: NDArray[np.int64],
    rows: int,
    expected: float,
    options: AdaptiveClipOptions,
    count_noise: float,
    random: np.random.Generator,
) -> Norms:
    """The norms after a step, by a noisy share of the rows that were not clipped (Andrew et al. 2021, algorithm 1).

    A row counts 1/2 in each group where it is unclipped, else -1/2. Over several groups it moves the counts by
    sqrt(groups) / 2, so each has sqrt(groups) times the noise.

    Args:
        unclipped: rows of the step by group (groups,).
        rows: that the step had.
        expected: that a step has on average.
        count_noise: standard deviation of the noise on the count of a single group.
    """
    noise = count_noise * math.sqrt(len(norms)) * random.standard_normal(len(norms))
    share = 0.5 + (unclipped - rows / 2 + noise) / expected
    return np.asarray(norms * np.exp(-options.learning_rate * (share - options.quantile)), np.float32)
