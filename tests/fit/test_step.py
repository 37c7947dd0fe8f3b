"""One step: in parts, compiled by XLA, clipped, scaled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tasks.fit.config import OptimizerOptions, SpeedOptions
from tests.fit.lines import examples, points, trainer


@pytest.mark.parametrize("parts", [2, 3])
def test_a_batch_in_parts_equals_the_whole_one(parts: int) -> None:
    whole = trainer()
    in_parts = trainer(optimizer={"accumulate_steps": parts})  # 8 rows, or 2, are no multiple of 3

    assert in_parts.fit() == pytest.approx(whole.fit(), abs=1e-5)
    for weight, expected in zip(in_parts.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_allclose(weight, expected, atol=1e-5)


def test_parts_count_rows_by_their_weight() -> None:
    weights = np.linspace(0.5, 1.5, 50).astype(np.float32)
    learned = examples(*points(), weights=weights)
    whole, in_parts = (
        trainer(dropout=0.0, learned=learned, epochs=1, optimizer={"accumulate_steps": parts}) for parts in (1, 4)
    )

    assert in_parts.fit() == pytest.approx(whole.fit(), abs=1e-5)


def test_xla_learns_the_same() -> None:
    plain, compiled = (trainer(speed=SpeedOptions(xla=choice)) for choice in ("off", "on"))
    calls = compiled.step.plain.experimental_get_tracing_count

    assert compiled.fit() == pytest.approx(plain.fit(), abs=1e-5)
    assert compiled.layout.lengths == {0: 0}
    assert calls() == 0  # every step went through the compiled one


@pytest.mark.parametrize(("clip_norm", "longest"), [(0.0, 50.0), (1.0, 1.0)])
def test_gradients_are_clipped_or_not(clip_norm: float, longest: float) -> None:
    """With SGD at rate 1 the weights move by the clipped gradient itself."""
    import tensorflow as tf

    from tasks.fit.losses import Loss, cross_entropy

    def steep(outputs: Any, targets: Any, weights: Any, total: Any) -> Any:
        entropy: Loss = cross_entropy()
        return 50.0 * entropy(outputs, targets, weights, total)

    sgd = {"name": "sgd", "learning_rate": 1.0, "weight_decay": 0.0, "schedule": "constant", "warmup_share": 0.0}
    made = trainer(dropout=0.0, loss=steep, optimizer={**sgd, "clip_norm": clip_norm})
    before = [weight.numpy() for weight in made.step.weights]

    outcome = made.step(made._part(0), 0)

    gone = [weight.numpy() - old for weight, old in zip(made.step.weights, before, strict=True)]
    length = float(tf.linalg.global_norm(gone))
    assert outcome.gradient_norm > 1.0
    assert length == pytest.approx(min(outcome.gradient_norm, longest), rel=1e-4)


def test_a_scaled_step_learns_the_same_and_one_with_numbers_too_large_is_left_out() -> None:
    import tensorflow as tf

    from tasks.fit.losses import cross_entropy
    from tasks.fit.optimizer import weight_groups
    from tasks.fit.step import Step
    from tests.fit.lines import network

    plain = trainer(dropout=0.0, epochs=1)
    made = network(dropout=0.0)
    options = OptimizerOptions(learning_rate=0.05)
    groups = weight_groups(made, options, plain.total, "float16")
    worth = tf.Variable(1.0)

    def loss(outputs: Any, targets: Any, weights: Any, total: Any) -> Any:
        return worth * cross_entropy()(outputs, targets, weights, total)

    step = Step(made.trained, loss, groups, options, 7, plain._part(0))
    losses = [step(plain._part(number), number).loss for number in range(7)]
    seen: list[float] = []
    plain.fit(on_step=lambda report: seen.append(report.loss))
    assert losses == pytest.approx(seen, abs=1e-5)

    scale, before = float(groups[0].optimizer.loss_scale), made.trained.get_weights()
    worth.assign(1e36)
    assert not np.isfinite(step(plain._part(0), 7).gradient_norm)
    for weight, old in zip(made.trained.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)
    assert float(groups[0].optimizer.loss_scale) == scale / 2
