"""Files that hold code are found, by their content where their names say nothing; a model's own files hold none."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.processes import run_child
from tasks.options import Task


class Planted:
    """What a pickle runs when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("true",)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What a scan says of a folder of bad files."""
    import tensorflow as tf

    class Reader(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec((), tf.string)])
        def read(self, name: Any) -> Any:
            return tf.io.read_file(name)

    folder = tmp_path_factory.mktemp("bad")
    for name in ("planted.pkl", "vocabulary.txt", "weights"):
        (folder / name).write_bytes(pickle.dumps(Planted()))
    (folder / "words.txt").write_text("one\ntwo\n")
    tf.saved_model.save(Reader(), str(folder / "reader"))
    network = tf.keras.Sequential([tf.keras.layers.Input((2,)), tf.keras.layers.Lambda(lambda x: 2 * x)])
    network.save(folder / "lambda.keras")
    converter = tf.lite.TFLiteConverter.from_concrete_functions([Reader().read.get_concrete_function()])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    (folder / "reader.tflite").write_bytes(converter.convert())
    (folder / "torn.pb").write_bytes(b"no protocol buffer")
    told: dict[str, list[str]] = run_child("tasks.register.scan", str(folder), folder.with_suffix(".log"))
    return told


@pytest.mark.parametrize(
    "what",
    [
        "posix.system in planted.pkl",
        "posix.system in vocabulary.txt",
        "posix.system in weights",
        "Tensorflow.ReadFile in reader/saved_model.pb",
        "Keras.Lambda in lambda.keras:config.json",
        "TFLite.FlexReadFile in reader.tflite",
    ],
)
def test_what_holds_code_is_found(found: dict[str, list[str]], what: str) -> None:
    assert what in found["findings"]


def test_nothing_else_is_found(found: dict[str, list[str]]) -> None:
    assert len(found["findings"]) == 6


def test_what_cannot_be_read_is_told(found: dict[str, list[str]]) -> None:
    (error,) = found["errors"]
    assert error.startswith("torn.pb: ")


def test_a_package_of_lepton_holds_none(package: Callable[[Task], Path], tmp_path: Path) -> None:
    told = run_child("tasks.register.scan", str(package("tabular_classification")), tmp_path / "log")
    assert told == {"findings": [], "errors": []}
