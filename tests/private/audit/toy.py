"""Four hundred plain rows beside canaries that each have a feature of their own, and a private training of them.

A feature that no other row has makes a gradient that is orthogonal to all others' ("Dirac" canaries, Steinke et al.
2023): what the training keeps of a canary lies in weights that it shares with nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks.dp.accounting.mechanisms import PrivateTraining
from tasks.dp.config import PrivacyOptions
from tasks.dp.plan import PrivatePlan
from tasks.dp.trainer import PrivateTrainer
from tasks.fit.batches import Examples
from tasks.fit.config import OptimizerOptions
from tasks.fit.loop import FitPlan
from tasks.fit.losses import cross_entropy
from tasks.model.network import Network
from tasks.private.audit.answers import answers
from tasks.private.audit.part import part

PLAIN, CANARIES, WIDTH = 400, 2000, 8
RATE, STEPS, DELTA = 0.05, 200, 1e-5


@dataclass(frozen=True)
class Toy:
    """All rows, canaries behind the plain ones, and the coins of the canaries."""

    examples: Examples
    included: NDArray[np.bool_]

    @property
    def learned(self) -> NDArray[np.int64]:
        """Places of the rows that are learned from."""
        return np.concatenate([np.arange(PLAIN), PLAIN + np.flatnonzero(self.included)])

    @property
    def learned_canaries(self) -> NDArray[np.int64]:
        """Numbers, among the rows that are learned from, of those that are canaries."""
        return np.arange(PLAIN, len(self.learned))

    def scores(self, trainer: PrivateTrainer) -> NDArray[np.float64]:
        """How small the loss of each canary is after the training; all are alike before it."""
        places = PLAIN + np.arange(CANARIES)
        return -answers(trainer.model, cross_entropy(), part(self.examples, places)).losses


def make_toy(scale: float, seed: int = 3) -> Toy:
    """Canaries whose feature has the value `scale`, about the length of their gradient before it is clipped."""
    random = np.random.default_rng(seed)
    plain = np.zeros((PLAIN, WIDTH + CANARIES), np.float32)
    plain[:, :WIDTH] = random.normal(size=(PLAIN, WIDTH))
    marked = np.zeros((CANARIES, WIDTH + CANARIES), np.float32)
    marked[np.arange(CANARIES), WIDTH + np.arange(CANARIES)] = scale
    rows = np.concatenate([plain, marked])
    labels = np.concatenate([plain[:, 0] > 0, random.random(CANARIES) < 0.5]).astype(np.int32)
    examples = Examples(
        targets=lambda chosen: labels[chosen], inputs=lambda chosen: {"columns": rows[chosen]}, rows=len(rows)
    )
    return Toy(examples, random.random(CANARIES) < 0.5)


def make_trainer(toy: Toy, noise: float) -> PrivateTrainer:
    """The trainer of the product, seeded so that a test says the same each time."""
    inputs = tf.keras.Input((WIDTH + CANARIES,), name="columns")
    model = tf.keras.Model({"columns": inputs}, tf.keras.layers.Dense(2, kernel_initializer="zeros")(inputs))
    optimizer = OptimizerOptions(
        name="sgd", learning_rate=1e-3, weight_decay=0.0, schedule="constant", warmup_share=0.0
    )
    rows = len(toy.learned)
    return PrivateTrainer(
        Network(model, model),
        cross_entropy(),
        part(toy.examples, toy.learned),
        FitPlan(epochs=round(RATE * STEPS), optimizer=optimizer, checkpoint_steps=0, seed=5),
        PrivatePlan(PrivateTraining(RATE, STEPS, noise), DELTA, rows, rows, RATE * rows),
        PrivacyOptions(noise_multiplier=noise, preprocessing="public", seeded_noise=True),
    )
