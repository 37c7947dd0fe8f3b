"""One private step: the noise on the sum, and what rows that are no numbers do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from tasks.dp.clipping import first_norms, noise_scales
from tasks.dp.noise import standard_noise
from tasks.dp.randomness import Randomness
from tasks.dp.sampling import parts
from tests.dp.lines import BATCH, private_trainer
from tests.fit.lines import examples, points

SEED = np.array([1, 2], np.int32)
SGD = {"name": "sgd", "learning_rate": 1.0, "schedule": "constant", "warmup_share": 0.0, "weight_decay": 0.0}
"""By which the weights move by the noisy gradient itself."""


def moved(trainer: Any, take: Any) -> np.ndarray:
    """By how much all weights moved in `take`, down the gradient, as one vector."""
    before = [weight.numpy() for weight in trainer.step.weights]
    take()
    return np.concatenate([(old - new.numpy()).ravel() for old, new in zip(before, trainer.step.weights, strict=True)])


def taken(trainer: Any, rows: list[int], noise: np.ndarray | None = None, clip: float = 1.0, most: int = 50) -> Any:
    norms = first_norms(clip, len(trainer.step.clip_groups))
    noise = np.zeros(sum(trainer.step.sizes), np.float32) if noise is None else noise
    sample = parts(trainer.examples, np.array(rows, np.int64), most)
    return trainer.step(sample, norms, noise_scales(norms, 2.0), noise, SEED)


def test_an_empty_sample_moves_the_weights_by_noise_alone_of_the_stated_variance() -> None:
    trainer = private_trainer(optimizer=SGD)
    drawn, size = [], sum(trainer.step.sizes)
    for step in range(300):
        noise = standard_noise(size, Randomness(3).of(step, "noise"))
        drawn.append(moved(trainer, lambda noise=noise: taken(trainer, [], noise, clip=0.5)))
    values = np.concatenate(drawn).astype(np.float64) * BATCH / (2.0 * 0.5)  # noise multiplier 2, clip norm 0.5
    low, high = stats.chi2.ppf([1e-4, 1 - 1e-4], len(values)) / len(values)
    assert low < (values**2).mean() < high
    assert abs(values.mean()) < 5 / np.sqrt(len(values))


def test_the_sum_is_divided_by_the_expected_size_whatever_the_size() -> None:
    few, doubled = private_trainer(optimizer=SGD, dropout=0.0), private_trainer(optimizer=SGD, dropout=0.0)
    once = moved(few, lambda: taken(few, [4]))
    twice = moved(doubled, lambda: taken(doubled, [4, 4]))
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-4, atol=1e-7)
    assert np.linalg.norm(once) == pytest.approx(np.linalg.norm(once * BATCH) / BATCH)


def test_no_row_moves_the_weights_by_more_than_the_clip_norm() -> None:
    where, labels = points()
    far = examples(1000 * where, labels)
    for clipping in ("flat", "per_layer"):
        trainer = private_trainer(learned=far, optimizer=SGD, clipping=clipping)
        by_one = moved(trainer, lambda trainer=trainer: taken(trainer, [2], clip=0.7))
        assert np.linalg.norm(by_one) * BATCH <= 0.7 * (1 + 1e-4)


def test_in_parts_it_is_the_same_step() -> None:
    whole, split = private_trainer(optimizer=SGD, dropout=0.0), private_trainer(optimizer=SGD, dropout=0.0)
    rows = list(range(9))
    one, other = moved(whole, lambda: taken(whole, rows)), moved(split, lambda: taken(split, rows, most=4))
    np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-6)


def test_a_row_that_is_no_number_counts_and_adds_nothing() -> None:
    where, labels = points()
    spoiled = where.copy()
    spoiled[5] = [np.nan, np.inf]
    plain = private_trainer(optimizer=SGD, dropout=0.0)
    trainer = private_trainer(learned=examples(spoiled, labels), optimizer=SGD, dropout=0.0)
    outcomes: list[Any] = []
    expected = moved(plain, lambda: taken(plain, [1, 2, 9]))
    found = moved(trainer, lambda: outcomes.append(taken(trainer, [1, 2, 5, 9])))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert (outcomes[0].rows, outcomes[0].unclear) == (4, 1)
    assert outcomes[0].unclipped.tolist() <= [3] and np.isfinite(outcomes[0].loss)


def test_dropout_hangs_on_the_seed_that_it_is_given() -> None:
    trainer = private_trainer(optimizer=SGD, dropout=0.5)
    random = np.random.default_rng(0)
    for weight in trainer.step.weights:  # a head that begins at zero sends nothing down
        weight.assign(random.normal(0, 0.3, weight.shape))
    part = next(parts(trainer.examples, np.arange(6), 6))
    norms = first_norms(1.0, 1)
    first, same, other = (
        trainer.step.clipped(part, norms, np.array(seed, np.int32))[0][0].numpy() for seed in ([1, 2], [1, 2], [1, 3])
    )
    np.testing.assert_array_equal(first, same)
    assert np.abs(first - other).max() > 1e-4
