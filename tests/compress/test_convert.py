from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infra.errors import DataError, TrainingError
from tasks.compress.calibration import calibration_batches
from tasks.compress.canonical import canonical
from tasks.compress.chain import Method
from tasks.compress.config import CompressOptions
from tasks.compress.convert import convert
from tasks.compress.dense import join_dense
from tasks.compress.integers import quantise_activations
from tasks.compress.tflite import to_tflite
from tasks.data.references import DatasetRef
from tasks.options import Task
from tasks.runtime.arrays import Arrays
from tasks.runtime.package import PackageManifest, write_manifest
from tasks.runtime.predictor import load
from tasks.runtime.tflite import TfliteModel
from tests.compress.contents import constants, interpreter, operators
from tests.packages import TASKS, inputs, make_dataset

Package = Callable[[Task], Path]
KINDS: tuple[Method, ...] = ("float32", "float16", "dynamic_range", "full_int8", "int8")


def run(content: bytes, arrays: Arrays) -> np.ndarray[Any, Any]:
    import tensorflow as tf

    outputs: np.ndarray[Any, Any] = tf.lite.Interpreter(model_content=content).get_signature_runner()(**arrays)[
        "output"
    ]
    return outputs


def keras_tflite(model: Any, folder: Path) -> bytes:
    from tasks.model.network import save_model

    save_model(model, folder)
    return to_tflite(folder)


@pytest.fixture
def dataset(tmp_path: Path) -> Callable[[Task], DatasetRef]:
    return lambda task: make_dataset(inputs(task), tmp_path / "data", test_rows=8)


def converted(method: Method, package: Path, dataset: DatasetRef) -> bytes:
    return convert(method, package, dataset, CompressOptions()).content


@pytest.mark.parametrize("method", KINDS)
@pytest.mark.parametrize("task", TASKS)
def test_outputs_are_near_the_float_models(
    package: Package, dataset: Callable[[Task], DatasetRef], task: Task, method: Method, tmp_path: Path
) -> None:
    (tmp_path / "model.tflite").write_bytes(converted(method, package(task), dataset(task)))
    parent, child = load(package(task)), TfliteModel(tmp_path / "model.tflite", threads=1)
    arrays = parent.features.encode(inputs(task))
    before, after = parent.model.named_outputs(arrays), child.named_outputs(arrays)
    tolerance = {"float32": 1e-5, "float16": 5e-3}.get(method, 0.12)
    assert before.keys() == after.keys()
    for name, values in before.items():
        assert np.abs(after[name] - values).max() < tolerance


def test_float16_keeps_halves(package: Package, dataset: Callable[[Task], DatasetRef]) -> None:
    task: Task = "tabular_classification"
    content = converted("float16", package(task), dataset(task))
    assert (64, 37) in constants(content, np.float16)
    assert not [shape for shape in constants(content, np.float32) if len(shape) == 2 and np.prod(shape) > 1024]
    assert len(content) < 0.75 * len(converted("float32", package(task), dataset(task)))


def test_dynamic_range_has_int8_weights_and_float_activations(
    package: Package, dataset: Callable[[Task], DatasetRef]
) -> None:
    task: Task = "text_classification"
    content = converted("dynamic_range", package(task), dataset(task))
    assert (96, 32) in constants(content, np.int8)
    assert "QUANTIZE" not in operators(content)


@pytest.mark.parametrize("task", ["text_classification", "tabular_classification"])
def test_full_int8_computes_dense_layers_in_int8(
    package: Package, dataset: Callable[[Task], DatasetRef], task: Task
) -> None:
    model = interpreter(converted("full_int8", package(task), dataset(task)))
    kinds = {one["index"]: one["dtype"] for one in model.get_tensor_details()}
    dense = [each for each in model._get_ops_details() if each["op_name"] == "FULLY_CONNECTED"]
    assert dense
    for layer in dense:
        assert {kinds[layer["inputs"][0]], kinds[layer["inputs"][1]], kinds[layer["outputs"][0]]} == {np.int8}
    assert {one["dtype"] for one in model.get_output_details()} == {np.float32}


def test_full_int8_is_right_beside_padding(package: Package, dataset: Callable[[Task], DatasetRef]) -> None:
    """Calibration saw none: what attention adds to keep padding out stays float."""
    task: Task = "text_classification"
    content = converted("full_int8", package(task), dataset(task))
    ids = np.array([[2, 7, 8, 3]], np.int32)
    padded = np.pad(ids, ((0, 0), (0, 9)))
    alone = run(content, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
    beside = run(content, {"input_ids": padded, "attention_mask": (padded > 0).astype(np.int32)})
    assert beside == pytest.approx(alone, abs=1e-3)


def test_balanced_channels_lose_less_where_a_few_are_large(tmp_path: Path) -> None:
    """One input is 100 times the others, one output's weights are; each alone would take all of the 256 steps."""
    import tensorflow as tf

    random = np.random.default_rng(5)
    kernel = random.normal(0, 0.2, (64, 32)).astype(np.float32)
    kernel[3] /= 100
    kernel[:, 5] *= 50
    inputs = tf.keras.Input((64,), name="x")
    layer = tf.keras.layers.Dense(32)
    model = tf.keras.Model(inputs, layer(inputs))
    layer.set_weights([kernel, np.zeros(32, np.float32)])
    values = random.normal(0, 1, (64, 64)).astype(np.float32)
    values[:, 3] *= 100
    content = keras_tflite(model, tmp_path)
    exact = model(values).numpy()
    errors = {
        is_balanced: np.delete(
            np.abs(run(quantise_activations(content, [{"x": values}], balanced=is_balanced), {"x": values}) - exact),
            5,
            axis=1,
        ).mean()
        for is_balanced in (True, False)
    }
    assert errors[True] < 0.3 * errors[False]


def test_convolutions_are_int8_from_image_to_logits(tmp_path: Path) -> None:
    from tasks.model.convolution import build_cnn

    network = build_cnn((8, 8, 1), classes=3, filters=(4, 8), units=32, seed=1)
    random = np.random.default_rng(2)
    network.exported.set_weights([random.normal(0, 0.3, weight.shape) for weight in network.exported.get_weights()])
    network.save(tmp_path / "saved_model")
    images = {"images": random.random((32, 8, 8, 1), np.float32)}
    content = quantise_activations(to_tflite(tmp_path / "saved_model"), [images])
    model = interpreter(content)
    kinds = {one["index"]: one["dtype"] for one in model.get_tensor_details()}
    for each in model._get_ops_details():
        if each["op_name"] in ("CONV_2D", "MAX_POOL_2D", "FULLY_CONNECTED"):
            assert kinds[each["outputs"][0]] == np.int8
    assert run(content, images) == pytest.approx(network.exported(images).numpy(), abs=0.1)


def test_calibration_is_on_train_rows_without_padding(package: Package, dataset: Callable[[Task], DatasetRef]) -> None:
    batches = calibration_batches(package("text_classification"), dataset("text_classification"), rows=16)
    assert sum(len(batch["input_ids"]) for batch in batches) == 16
    assert all(batch["attention_mask"].all() for batch in batches)
    assert len({batch["input_ids"].shape[1] for batch in batches}) == len(batches)


def test_no_train_rows_to_calibrate_on(package: Package, tmp_path: Path) -> None:
    empty = make_dataset(inputs("tabular_classification", 4), tmp_path, test_rows=4)
    with pytest.raises(DataError, match=r"calibration of full_int8: found no train row; allowed: one row or more"):
        converted("full_int8", package("tabular_classification"), empty)


def test_activations_that_are_no_numbers(tmp_path: Path) -> None:
    import tensorflow as tf

    inputs = tf.keras.Input((4,), name="x")
    layer = tf.keras.layers.Dense(2)
    content = keras_tflite(tf.keras.Model(inputs, layer(inputs)), tmp_path)
    values = np.full((2, 4), np.inf, np.float32)
    with pytest.raises(
        TrainingError, match=r"calibration of full_int8: found \d+ activations whose range is not finite"
    ):
        quantise_activations(content, [{"x": values}])


@pytest.mark.parametrize("activation", [None, "relu", "gelu"])
def test_a_dense_layer_on_texts_is_one_operation(tmp_path: Path, activation: str | None) -> None:
    import tensorflow as tf

    x = tf.keras.Input((None, 8), name="x")
    layer = tf.keras.layers.Dense(6, activation=activation, bias_initializer="ones")
    model = tf.keras.Model(x, layer(x))
    content = keras_tflite(model, tmp_path)
    values = np.random.default_rng(0).normal(0, 1, (2, 5, 8)).astype(np.float32)
    assert operators(content) == Counter({"FULLY_CONNECTED": 1, **({"GELU": 1} if activation == "gelu" else {})})
    assert run(content, {"x": values}) == pytest.approx(model(values).numpy(), abs=1e-5)
    assert canonical(join_dense(content)) == content


@pytest.mark.parametrize("method", KINDS)
def test_the_same_weights_give_the_same_bytes(
    package: Package, dataset: Callable[[Task], DatasetRef], method: Method
) -> None:
    ref = dataset("text_classification")
    once, again = (converted(method, package("text_classification"), ref) for _ in range(2))
    assert once == again
    assert canonical(once) == once


def test_another_process_gives_the_same_bytes(
    package: Package, dataset: Callable[[Task], DatasetRef], tmp_path: Path
) -> None:
    """And another Keras: layers made before count up the names of those in the model."""
    task: Task = "tabular_classification"
    ref, other, file = dataset(task), tmp_path / "other", tmp_path / "content"
    other.mkdir()
    code = (
        "import sys; from pathlib import Path; import tensorflow as tf\n"
        "from tests.packages import make_package; from tasks.compress.convert import convert\n"
        "from tasks.compress.config import CompressOptions; from tasks.data.references import DatasetRef\n"
        "[tf.keras.layers.Dense(3)(tf.keras.Input((2,))) for _ in range(4)]\n"
        f"package = make_package({task!r}, Path({str(other)!r}))\n"
        f"ref = DatasetRef.model_validate_json({ref.model_dump_json()!r})\n"
        f"Path({str(file)!r}).write_bytes(convert('full_int8', package, ref, CompressOptions()).content)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
    assert file.read_bytes() == converted("full_int8", package(task), ref)


def test_a_model_trained_for_int8_is_not_balanced(
    package: Package, dataset: Callable[[Task], DatasetRef], tmp_path: Path
) -> None:
    task: Task = "tabular_classification"
    ref = dataset(task)
    plain = converted("full_int8", package(task), ref)
    for file in ("features.json", "saved_model"):
        (tmp_path / file).symlink_to(package(task) / file)
    labels = ("no", "yes")
    manifest = PackageManifest(
        task=task, format="saved_model", labels=labels, dataset_digest="d", compression=("quantise_aware",)
    )
    write_manifest(tmp_path, manifest)
    assert operators(converted("full_int8", tmp_path, ref))["MUL"] < operators(plain)["MUL"]
