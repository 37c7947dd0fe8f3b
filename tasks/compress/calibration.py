"""Which rows full int8 learns from, and how large activations are on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from infra.errors import DataError, TrainingError
from tasks.data.references import DatasetRef
from tasks.data.version import read_rows
from tasks.features.files import load_features
from tasks.runtime.arrays import MASK, Arrays


def calibration_batches(package: Path, dataset: DatasetRef, rows: int) -> list[Arrays]:
    """Train rows, spread evenly, as a package's model takes them. Texts of equal length are a batch: none is padded.

    Padding must not be seen: what attention adds to keep it out would stretch the range of the scores to where int8
    tells none of them apart.

    Raises:
        DataError: there is no train row.
    """
    train = read_rows(dataset, "train")
    if train.num_rows == 0:
        raise DataError(
            "calibration of full_int8",
            found="no train row",
            allowed="one row or more, on which activations are measured",
            action="Lower ingest.test_share, or convert to int8, which needs none.",
        )
    places = np.unique(np.linspace(0, train.num_rows, rows, endpoint=False).astype(np.int64))
    return list(_batches(load_features(package).encode(train.take(places))))


def _batches(arrays: Arrays) -> Iterator[Arrays]:
    if MASK not in arrays:
        yield arrays
        return
    lengths = arrays[MASK].sum(axis=1)
    for length in np.unique(lengths):
        yield {name: array[lengths == length][:, :length] for name, array in arrays.items()}


def calibrated(content: bytes, batches: Sequence[Arrays]) -> bytes:
    """A float TFLite model with the range of each activation in it, as TFLite's quantiser wants it.

    Raises:
        TrainingError: an activation is not a number.
    """
    import tensorflow as tf
    from tensorflow.lite.python.optimize.calibrator import Calibrator

    runner = tf.lite.Interpreter(model_content=content).get_signature_runner()
    names = {detail["index"]: name for name, detail in runner.get_input_details().items()}
    # Not by `Calibrator.calibrate`, which sets the shapes once: texts differ in length.
    calibrator = Calibrator(content)._calibrator
    for batch in batches:
        inputs = [batch[names[place]] for place in sorted(names)]
        calibrator.Prepare([list(values.shape) for values in inputs])
        calibrator.FeedTensor(inputs)
    result = bytes(calibrator.Calibrate())
    _check_ranges(result)
    return result


def _check_ranges(content: bytes) -> None:
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    ranges = [tensor.quantization for graph in model.subgraphs for tensor in graph.tensors if tensor.quantization]
    wrong = sum(
        not np.isfinite([*each.min, *each.max]).all()
        for each in ranges
        if each.min is not None and each.max is not None
    )
    if wrong:
        raise TrainingError(
            "calibration of full_int8",
            found=f"{wrong} activations whose range is not finite",
            allowed="finite numbers",
            action="Train again with a lower learning rate.",
        )
