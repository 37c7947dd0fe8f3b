"""The rate over time, which weights learn at which rate, and what decays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infra.errors import TrainingError
from tasks.fit.config import OptimizerOptions
from tests.text_encoder import write_encoder


@pytest.mark.parametrize(
    ("shape", "rates"),
    [
        ("linear", [0.5, 1.0, 0.8, 0.6, 0.4, 0.2]),
        ("cosine", [0.5, 1.0, 0.905, 0.655, 0.345, 0.095]),  # (1 + cos(pi * k / 5)) / 2 for k = 0 ... 4
        ("constant", [0.5, 1.0, 1.0, 1.0, 1.0, 1.0]),
    ],
)
def test_the_rate_rises_to_its_peak_and_then_falls_or_stays(shape: Any, rates: list[float]) -> None:
    from tasks.fit.schedule import WarmupSchedule

    schedule = WarmupSchedule(peak=1.0, warmup_steps=2, total_steps=6, shape=shape)

    assert [round(float(schedule(step)), 3) for step in range(6)] == rates


def test_without_warm_up_it_starts_at_the_peak() -> None:
    from tasks.fit.schedule import WarmupSchedule

    assert float(WarmupSchedule(0.5, 0, 10)(0)) == pytest.approx(0.5)


def test_kernels_decay_and_biases_and_norms_do_not() -> None:
    import tensorflow as tf

    names = ("dense/kernel", "dense/bias", "norm/gamma", "norm/beta", "user_bias/embeddings")
    variables = [tf.Variable([1.0], name=name) for name in names]

    moved(variables, 0.0, weight_decay=0.5)

    np.testing.assert_allclose([variable.numpy()[0] for variable in variables], [1 - 0.1 * 0.5, 1, 1, 1, 1])


@pytest.mark.parametrize(
    ("options", "places"),
    [
        ({"name": "sgd", "weight_decay": 0.0}, [0.8, 0.6]),  # rate 0.1 times gradient 2
        ({"name": "sgd", "momentum": 0.5, "weight_decay": 0.0}, [0.8, 0.5]),  # 0.2, then 0.2 + 0.1
        ({"name": "sgd", "weight_decay": 0.5}, [0.75, 0.5125]),  # 1 - 0.05 - 0.2, then times 0.95, less 0.2
        ({"name": "adam", "weight_decay": 0.5}, [0.9, 0.8]),  # whatever the gradient, a rate a step; no decay
        ({"name": "adamw", "weight_decay": 0.5}, [0.85, 0.7075]),
        ({"name": "rmsprop", "weight_decay": 0.0}, [0.684, 0.454]),  # 0.1 * 2 / sqrt(0.1 * 4), / sqrt(0.19 * 4)
    ],
)
def test_two_steps_of_each_by_hand(options: dict[str, Any], places: list[float]) -> None:
    import tensorflow as tf

    variable = tf.Variable([1.0], name="dense/kernel")

    found = moved([variable], 2.0, 2.0, **options)

    np.testing.assert_allclose(found, places, atol=6e-4)


def moved(variables: list[Any], *gradients: float, **options: Any) -> list[float]:
    """Where the first variable is after each of the gradients, at the constant rate 0.1."""
    import tensorflow as tf

    from tasks.fit.optimizer import build_optimizer
    from tasks.fit.schedule import WarmupSchedule

    schedule = WarmupSchedule(0.1, 0, 10, "constant")
    optimizer = build_optimizer(variables, schedule, OptimizerOptions.model_validate(options))
    places = []
    for gradient in gradients:
        optimizer.apply_gradients([(tf.fill([1], gradient), variable) for variable in variables])
        places.append(float(variables[0].numpy()[0]))
    return places


def classifier(folder: Path, *, with_embeddings: bool) -> Any:
    from tasks.model.classifier import build_classifier
    from tasks.model.encoder import freeze
    from tasks.model.pretrained import pretrained_encoder

    write_encoder(folder)
    encoder = pretrained_encoder(folder)
    freeze(encoder, embeddings=not with_embeddings, layers=0)
    return build_classifier(encoder, 2, 0.0)


def test_deeper_layers_learn_more_slowly(tmp_path: Path) -> None:
    from tasks.fit.optimizer import weight_groups

    network = classifier(tmp_path, with_embeddings=True)
    options = OptimizerOptions(learning_rate=1.0, head_learning_rate=7.0, layer_decay=0.5)

    groups = weight_groups(network, options, total_steps=10)

    assert [group.schedule.peak for group in groups] == [1.0, 0.5, 0.25, 7.0]
    first_names = [group.weights[0].name.split("_")[0].split("/")[0] for group in groups]
    assert first_names == ["layer1", "layer0", "embeddings", "logits"]
    assert sum(len(group.weights) for group in groups) == len(network.trained.trainable_variables)
    assert len(weight_groups(network, OptimizerOptions(), total_steps=10)) == 2


def test_a_model_of_which_nothing_learns_is_refused(tmp_path: Path) -> None:
    from tasks.fit.optimizer import weight_groups
    from tasks.model.network import Network

    network = classifier(tmp_path, with_embeddings=True)
    network.trained.trainable = False

    with pytest.raises(TrainingError, match="weights that learn: found none; allowed: one or more"):
        weight_groups(Network(network.trained, network.exported), OptimizerOptions(), total_steps=10)
