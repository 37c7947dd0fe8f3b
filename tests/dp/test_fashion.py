"""What privacy costs on images: all of Fashion-MNIST at epsilon 3."""

from __future__ import annotations

import logging

import pytest

from tests.dp.fashion import accuracy, read, trainer

log = logging.getLogger(__name__)
EPSILON, DELTA, EPOCHS, BATCH, CLIP = 3.0, 1e-5, 40, 8192, 0.1
SGD = {
    "name": "sgd",
    "learning_rate": 16.0,
    "momentum": 0.9,
    "schedule": "constant",
    "warmup_share": 0.0,
    "weight_decay": 0.0,
}
"""Batch, clip norm, rate and momentum are those of Tramèr and Boneh 2021: none was chosen by these test images."""


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_a_linear_model_on_scattering_features_at_epsilon_3() -> None:
    test, learned = read("t10k"), read("train")
    assert (len(learned), len(test)) == (60_000, 10_000)
    made = trainer(learned, EPOCHS, BATCH, SGD, target_epsilon=EPSILON, delta=DELTA, clip=CLIP)

    made.fit()

    record, right = made.record("fashion-mnist"), accuracy(made.model, test)
    log.info("accuracy %.4f: %s", right, record.model_dump_json(exclude={"not_covered"}))
    assert (record.rows, record.mechanism.steps, record.delta, record.seeded_noise) == (60_000, 293, 1e-5, False)
    assert 2.9 < record.epsilon <= 3.0 < record.epsilon_rdp
    assert made.summary()["unclear_rows"] == 0
    assert right >= 0.88
