"""Learning against an adversary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.fit.checkpoints import Checkpoints
from tests.fit.lines import Killed, kill_after, network

ROWS, EPOCHS = 240, 6


def adversary(strength: float = 1.0, constraint: Any = "demographic_parity") -> Any:
    from tasks.fit.adversary import Adversary

    return Adversary(2, 1, constraint, strength)


def leaking() -> tuple[Any, Any, Any]:
    """Points whose second number is the group, and a label that goes mostly by the first and in part by the group."""
    random = np.random.default_rng(3)
    groups = (np.arange(ROWS) % 2).astype(np.int32)
    where = np.stack([random.normal(size=ROWS), groups * 2 - 1], axis=1).astype(np.float32)
    labels = (where[:, 0] + 0.8 * where[:, 1] + 0.3 * random.normal(size=ROWS) > 0).astype(np.int32)
    return where, labels, groups


def trainer(rival: Any = None, accumulate: int = 1) -> Any:
    from tasks.fit.adversary import GROUPS, LABELS, of_labels
    from tasks.fit.batches import Batches, Examples
    from tasks.fit.config import OptimizerOptions
    from tasks.fit.loop import FitPlan, Trainer
    from tasks.fit.losses import cross_entropy

    where, labels, groups = leaking()
    learned = Examples(
        lambda rows: {LABELS: labels[rows], GROUPS: groups[rows]}, lambda rows: {"numeric": where[rows]}, ROWS
    )
    plan = FitPlan(EPOCHS, OptimizerOptions(learning_rate=0.03, accumulate_steps=accumulate), 5, 7)
    return Trainer(network(), of_labels(cross_entropy()), Batches(learned, 24, 7), plan, None, rival)


def apart(model: Any) -> tuple[float, float]:
    """Accuracy, and how far the groups' shares of favourable answers are apart."""
    where, labels, groups = leaking()
    told = np.asarray(model(where)).argmax(axis=1)
    return float((told == labels).mean()), float(abs(told[groups == 0].mean() - told[groups == 1].mean()))


def test_gradients_are_projected_by_hand() -> None:
    import tensorflow as tf

    rival = adversary(strength=0.5)
    none = [tf.zeros_like(weight) for weight in rival.weights]
    own = [tf.ones_like(weight) for weight in rival.weights]

    first, second, *rest = rival.opposed(
        [tf.constant([3.0, 1.0]), tf.constant([[2.0]]), *none], [tf.constant([0.0, 2.0]), tf.constant([[0.0]]), *own]
    )

    # g = (3, 1, 2), h = (0, 2, 0): the projection of g on h is (0, 1, 0), and half of h is (0, 1, 0)
    assert first.numpy().tolist() == [3.0, -1.0]
    assert second.numpy().tolist() == [[2.0]]
    assert [part.numpy().tolist() for part in rest] == [part.numpy().tolist() for part in own]


def test_an_adversary_that_learned_nothing_leaves_gradients_alone() -> None:
    import tensorflow as tf

    rival = adversary()
    none = [tf.zeros_like(weight) for weight in rival.weights]

    first, *_ = rival.opposed([tf.constant([3.0, 1.0]), *none], [tf.constant([0.0, 0.0]), *none])

    assert first.numpy().tolist() == [3.0, 1.0]


@pytest.mark.parametrize("constraint", ["demographic_parity", "equalized_odds"])
def test_its_loss_is_the_cross_entropy_of_groups_by_what_the_constraint_lets_it_see(constraint: str) -> None:
    rival = adversary(constraint=constraint)
    rival.kernel.assign(np.arange(rival.kernel.shape[0] * 2, dtype=np.float32).reshape(-1, 2))
    rival.scale.assign(1.0)
    logits, labels, groups = np.array([[0.0, 1.0], [2.0, 0.0]], np.float32), np.array([1, 0]), np.array([0, 1])
    weights = np.array([1.0, 3.0], np.float32)

    found = float(rival.loss(logits, {"labels": labels, "groups": groups}, weights, 2.0))

    told = 1 / (1 + np.exp(-2 * np.array([1.0, -2.0])))
    seen = np.stack([told, told * labels, labels], axis=1)[:, : rival.kernel.shape[0]]
    scores = seen @ rival.kernel.numpy()
    losses = np.log(np.exp(scores).sum(axis=1)) - scores[[0, 1], groups]
    assert found == pytest.approx(float(losses @ weights / 2), rel=1e-5)


def test_where_the_group_leaks_the_model_stops_telling_by_it() -> None:
    plain, fair = trainer(), trainer(adversary())

    plain.fit()
    fair.fit()

    (right, far), (less_right, less_far) = apart(plain.model), apart(fair.model)
    assert far > 0.3 and less_far < far / 2
    assert right - less_right < 0.25


def test_a_resumed_training_equals_an_undisturbed_one_bit_for_bit_and_so_does_its_adversary(tmp_path: Path) -> None:
    rival, second = adversary(), adversary()
    undisturbed = trainer(rival, accumulate=2)
    undisturbed.fit()

    with pytest.raises(Killed):
        trainer(adversary(), accumulate=2).fit(Checkpoints(tmp_path, "me"), on_step=kill_after(17))
    resumed = trainer(second, accumulate=2)
    seen: list[int] = []
    resumed.fit(Checkpoints(tmp_path, "me"), on_step=lambda report: seen.append(report.step))

    assert seen[0] == 16
    assert np.abs(rival.kernel.numpy()).max() > 0
    for made, expected in zip(
        [*resumed.model.weights, *second.weights], [*undisturbed.model.weights, *rival.weights], strict=True
    ):
        np.testing.assert_array_equal(made.numpy(), expected.numpy())
