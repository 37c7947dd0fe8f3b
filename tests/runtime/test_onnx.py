from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from infra.errors import TrainingError
from tasks.options import Task
from tasks.runtime.onnx import OnnxModel
from tasks.runtime.predictor import load
from tests.packages import TASKS, inputs

pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")
Package = Callable[[Task], Path]


@pytest.fixture(scope="module")
def exported(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Package:
    from tasks.compress.exports.onnx import to_onnx

    made: dict[Task, Path] = {}

    def get(task: Task) -> Path:
        if task not in made:
            made[task] = tmp_path_factory.mktemp("onnx") / "model.onnx"
            made[task].write_bytes(to_onnx(package(task) / "saved_model"))
        return made[task]

    return get


@pytest.mark.parametrize("task", TASKS)
def test_names_and_outputs_are_those_of_the_saved_model(package: Package, exported: Package, task: Task) -> None:
    parent, child = load(package(task)), OnnxModel(exported(task), threads=1)
    for count in (1, 7):
        arrays = parent.features.encode(inputs(task, count))
        before, after = parent.model.named_outputs(arrays), child.named_outputs(arrays)
        assert before.keys() == after.keys()
        for name, values in before.items():
            assert after[name].shape == values.shape
            assert after[name] == pytest.approx(values, abs=1e-5)


def test_any_number_of_texts_of_any_length(exported: Package) -> None:
    model = OnnxModel(exported("text_classification"), threads=1)
    for rows, length in ((1, 3), (4, 3), (2, 16)):
        ids = np.full((rows, length), 5, np.int32)
        assert model.outputs({"input_ids": ids, "attention_mask": np.ones_like(ids)}).shape == (rows, 3)


def test_a_second_export_has_the_same_bytes(package: Package, exported: Package) -> None:
    from tasks.compress.exports.onnx import to_onnx

    assert to_onnx(package("text_heads") / "saved_model") == exported("text_heads").read_bytes()


def test_an_operation_that_onnx_lacks_is_named(tmp_path: Path) -> None:
    import tensorflow as tf

    from tasks.compress.exports.onnx import to_onnx
    from tasks.model.network import save_model

    x = tf.keras.Input((8,), name="x")
    save_model(tf.keras.Model(x, tf.keras.layers.Lambda(tf.math.erfinv)(x)), tmp_path / "saved_model")
    with pytest.raises(TrainingError, match=r"to ONNX: found operations Erfinv; allowed: operations of ONNX"):
        to_onnx(tmp_path / "saved_model")
