"""Clip norms, and how they follow a quantile."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.dp.clipping import clip_groups, first_norms, followed, noise_scales
from tasks.dp.config import AdaptiveClipOptions
from tasks.dp.randomness import Randomness

NAMES = (
    "hidden0/kernel:0",
    "hidden0/bias:0",
    "encoder/layer1/query/kernel:0",
    "encoder/layer1/query/bias:0",
    "logits/kernel:0",
)
WEIGHTS = [SimpleNamespace(name=name) for name in NAMES]


def test_flat_is_one_group_and_per_layer_has_one_each() -> None:
    assert clip_groups(WEIGHTS, "flat") == [[0, 1, 2, 3, 4]]
    assert clip_groups(WEIGHTS, "per_layer") == [[0, 1], [2, 3], [4]]


@given(st.integers(1, 30), st.floats(0.01, 100), st.floats(0.1, 20), st.integers(0, 2**32))
def test_a_row_moves_all_groups_by_no_more_than_the_noise_is_said_to_hide(
    groups: int, clip: float, multiplier: float, seed: int
) -> None:
    norms = first_norms(clip, groups)
    assert np.linalg.norm(norms) == pytest.approx(clip, rel=1e-5)
    moved = (norms * np.random.default_rng(seed).uniform(0.1, 10, groups)).astype(np.float32)  # as adaptive ones are
    for each in (norms, moved):
        scales = noise_scales(each, multiplier)
        assert np.linalg.norm(each / scales) == pytest.approx(1 / multiplier, rel=1e-5)
    assert noise_scales(norms, multiplier) == pytest.approx(multiplier * clip, rel=1e-5)


def test_the_norm_follows_the_quantile_by_hand() -> None:
    options = AdaptiveClipOptions(quantile=0.5, learning_rate=0.2)
    random = Randomness(1).of(0, "count")
    # 10 rows of 10 expected, 8 of them unclipped: a share of 0.8, 0.3 too many; without noise
    norms = followed(np.array([2.0], np.float32), np.array([8]), 10, 10.0, options, 0.0, random)
    assert norms == pytest.approx(2.0 * np.exp(-0.2 * 0.3))
    none = followed(np.array([2.0], np.float32), np.array([0]), 0, 10.0, options, 0.0, random)
    assert none == pytest.approx(2.0), "a step without rows says nothing"


def test_the_count_has_the_noise_that_is_accounted_for() -> None:
    options = AdaptiveClipOptions(quantile=0.5, learning_rate=1.0)
    for groups in (1, 4):
        logs = np.array(
            [
                np.log(
                    followed(
                        np.ones(groups, np.float32),
                        np.full(groups, 5),
                        10,
                        10.0,
                        options,
                        3.0,
                        Randomness(2).of(step, "count"),
                    )
                )
                for step in range(3000)
            ]
        )
        # by 3 on the count of a single group, sqrt(groups) times as much on each of several, over 10 rows expected
        assert logs.std() == pytest.approx(0.3 * np.sqrt(groups), rel=0.05)


def test_it_finds_the_quantile_of_norms() -> None:
    options, norms = AdaptiveClipOptions(quantile=0.7), np.array([50.0], np.float32)
    random = np.random.default_rng(3)
    for step in range(300):
        lengths = random.exponential(1.0, 200)
        unclipped = np.array([(lengths <= norms[0]).sum()])
        norms = followed(norms, unclipped, 200, 200.0, options, 10.0, Randomness(4).of(step, "count"))
    assert (1 - np.exp(-norms[0])) == pytest.approx(0.7, abs=0.1)
