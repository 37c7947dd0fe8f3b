"""What the audit is for: it holds nothing against the trainer as it is, and finds out each way to break it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tasks.dp import trainer as trainer_module
from tasks.dp.gradients.clipped import Clipped, ClippedGradients
from tasks.dp.trainer import PrivateTrainer
from tasks.private.audit.one_run import audit
from tests.private.audit.toy import DELTA, RATE, Toy, make_toy, make_trainer

NOISE, EPSILON = 2.85, 1.0  # for EPSILON and a little less
LITTLE_NOISE, LARGE_EPSILON = 0.81, 8.0


class Unclipped(ClippedGradients):
    """Forgets what it is for."""

    def __call__(self, inputs: Any, targets: Any, mask: Any, clips: Any) -> Clipped:
        return super().__call__(inputs, targets, mask, tf.fill(tf.shape(clips), tf.float32.max))


@pytest.fixture(scope="module")
def toy() -> Toy:
    return make_toy(scale=20.0)


def bound(toy: Toy, trainer: PrivateTrainer) -> float:
    """What the audit proves of a training that claims to have spent EPSILON at most."""
    trainer.fit()
    return audit(toy.scores(trainer), toy.included, DELTA, 0.95).epsilon_lower


def test_the_trainer_keeps_what_it_claims(toy: Toy) -> None:
    trainer = make_trainer(toy, NOISE)

    assert bound(toy, trainer) <= EPSILON
    assert 0.9 * EPSILON < trainer.spent().pld <= EPSILON


@pytest.mark.slow
def test_the_auditor_is_not_blind(toy: Toy) -> None:
    """With less noise, and a larger claim, the same trainer has the audit prove what the claim above would deny."""
    trainer = make_trainer(toy, LITTLE_NOISE)

    assert EPSILON < bound(toy, trainer) <= LARGE_EPSILON
    assert trainer.spent().pld <= LARGE_EPSILON


def test_no_noise(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "standard_noise", lambda size, _: np.zeros(size, np.float32))

    assert bound(toy, make_trainer(toy, NOISE)) > 3 * EPSILON


def test_no_clipping(toy: Toy) -> None:
    """Noise is that of the clip norm, and gradients are as long as they are."""
    broken = make_trainer(toy, NOISE)
    sound = broken.step.gradients
    broken.step.gradients = Unclipped(sound.model, sound.weights, sound.loss, sound.groups)

    assert bound(toy, broken) > 2 * EPSILON


def test_one_batch_again_and_again(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows are in it, and they are in every step, while the claim counts on a sample of its own for each."""
    batch = np.flatnonzero(np.random.default_rng(1).random(len(toy.learned)) < RATE)
    monkeypatch.setattr(trainer_module, "poisson_sample", lambda *_: batch)

    assert bound(toy, make_trainer(toy, NOISE)) > 1.5 * EPSILON


@pytest.mark.slow
def test_some_rows_in_every_batch(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "poisson_sample", lambda *_: toy.learned_canaries[:300])

    assert bound(toy, make_trainer(toy, NOISE)) > 1.5 * EPSILON
