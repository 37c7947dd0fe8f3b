from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infra.errors import TrainingError
from tasks.compress.flatbuffer import quantise_weights
from tasks.compress.tflite import to_tflite
from tasks.options import Task
from tasks.runtime.tflite import TfliteModel
from tests.compress.contents import constants, operators
from tests.packages import TASKS

Package = Callable[[Task], Path]
# Dense weights are (out, in). Tables: words by 32, users by 32, items by 32. The logits are too small.
INT8_SHAPES = {
    "text_classification": [(32, 32), (32, 64), (40, 32), (64, 32), (96, 32)],
    "text_heads": [(32, 32), (32, 64), (40, 32), (64, 32), (96, 32)],
    "text_retrieval": [(32, 32), (32, 64), (40, 32), (64, 32), (96, 32)],
    "tabular_classification": [(32, 64), (64, 37)],
    "rating_prediction": [(40, 32), (58, 32)],
}


def keras_tflite(model: Any, folder: Path) -> bytes:
    from tasks.model.network import save_model

    save_model(model, folder)
    return to_tflite(folder)


def run(content: bytes, folder: Path, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    (folder / "model.tflite").write_bytes(content)
    return TfliteModel(folder / "model.tflite", threads=1).outputs({"x": values})


@pytest.mark.parametrize("task", TASKS)
def test_large_weights_are_int8_tables_included(package: Package, task: Task) -> None:
    content, _ = quantise_weights(to_tflite(package(task) / "saved_model"))
    assert constants(content, np.int8) == INT8_SHAPES[task]
    large = [shape for shape in constants(content, np.float32) if np.prod(shape) >= 1024]
    assert large == ([(32, 32)] if task.startswith("text") else [])  # the positions, which are sliced
    assert not {name for name in operators(content) if name.startswith("Flex")}


def test_the_file_shrinks_and_says_what_is_int8(tmp_path: Path) -> None:
    import tensorflow as tf

    layer = tf.keras.layers.Dense(512)
    inputs = tf.keras.Input((256,), name="x")
    content = keras_tflite(tf.keras.Model(inputs, layer(inputs)), tmp_path / "saved_model")
    small, share = quantise_weights(content)
    assert share == pytest.approx(256 * 512 / (256 * 512 + 512))  # the scales are float
    assert 3.8 < len(content) / len(small) < 4.0


@pytest.mark.parametrize("activation", [None, "relu", "relu6"])
@pytest.mark.parametrize("bias", [True, False])
def test_a_column_of_large_weights_costs_the_others_nothing(tmp_path: Path, activation: str | None, bias: bool) -> None:
    import tensorflow as tf

    random = np.random.default_rng(3)
    kernel = random.normal(0, 0.05, (64, 32)).astype(np.float32)
    kernel[:, 5] *= 1000
    offsets = [random.normal(0, 2, 32).astype(np.float32)] if bias else []
    layer = tf.keras.layers.Dense(32, activation=activation, use_bias=bias)
    inputs = tf.keras.Input((64,), name="x")
    model = tf.keras.Model(inputs, layer(inputs))
    layer.set_weights([kernel, *offsets])
    content = keras_tflite(model, tmp_path / "saved_model")

    values = random.normal(0, 1, (50, 64)).astype(np.float32)
    exact = model(values).numpy()
    error = np.abs(run(quantise_weights(content)[0], tmp_path, values) - exact).max(axis=0)
    spread = np.abs(kernel).sum(axis=0)
    assert (error < 0.02 * spread).all()  # about 1/127 of each column's own weights, twice


def test_a_column_of_zeros_stays_zero(tmp_path: Path) -> None:
    import tensorflow as tf

    layer = tf.keras.layers.Dense(64)
    inputs = tf.keras.Input((32,), name="x")
    model = tf.keras.Model(inputs, layer(inputs))
    kernel = np.ones((32, 64), np.float32)
    kernel[:, 3] = 0
    layer.set_weights([kernel, np.zeros(64, np.float32)])
    content = quantise_weights(keras_tflite(model, tmp_path / "saved_model"))[0]
    outputs = run(content, tmp_path, np.ones((1, 32), np.float32))
    assert outputs[0, 3] == 0
    assert np.delete(outputs[0], 3) == pytest.approx(np.full(63, 32.0), rel=0.01)


def test_batch_and_length_stay_free(package: Package, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(
        quantise_weights(to_tflite(package("text_classification") / "saved_model"))[0]
    )
    model = TfliteModel(tmp_path / "model.tflite", threads=1)
    for rows, length in ((1, 3), (4, 3), (2, 16), (1, 3)):
        ids = np.full((rows, length), 5, np.int32)
        assert model.outputs({"input_ids": ids, "attention_mask": np.ones_like(ids)}).shape == (rows, 3)


def test_padding_changes_nothing(package: Package, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(
        quantise_weights(to_tflite(package("text_classification") / "saved_model"))[0]
    )
    model = TfliteModel(tmp_path / "model.tflite", threads=1)
    ids = np.array([[2, 7, 8, 3]], np.int32)
    padded = np.pad(ids, ((0, 0), (0, 9)))
    alone = model.outputs({"input_ids": ids, "attention_mask": np.ones_like(ids)})
    beside = model.outputs({"input_ids": padded, "attention_mask": (padded > 0).astype(np.int32)})
    assert np.isfinite(alone).all()
    assert beside == pytest.approx(alone, abs=1e-5)


def test_the_same_model_gives_the_same_bytes(package: Package) -> None:
    saved = package("tabular_classification") / "saved_model"
    assert quantise_weights(to_tflite(saved)) == quantise_weights(to_tflite(saved))


def test_an_operation_that_tflite_lacks_is_named(tmp_path: Path) -> None:
    import tensorflow as tf

    inputs = tf.keras.Input((8,), name="x")
    model = tf.keras.Model(inputs, tf.keras.layers.Lambda(tf.math.erfinv)(inputs))
    with pytest.raises(TrainingError, match=r"found operations Erfinv; allowed: TFLite's built-in operations"):
        keras_tflite(model, tmp_path / "saved_model")
