"""A SavedModel as TFLite, by TFLite's built-in operations alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from infra.errors import TrainingError
from tasks.compress.canonical import canonical
from tasks.compress.dense import join_dense

Weights = Literal["float32", "float16", "dynamic_range"]
"""As they are; halves that the runtime widens once; or TFLite's own int8, of one scale a matrix."""


def to_tflite(saved_model: Path, weights: Weights = "float32") -> bytes:
    """Convert what the signature `serving_default` gives.

    Raises:
        TrainingError: the model needs an operation that TFLite lacks.
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=["serving_default"])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if weights != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if weights == "float16":
        converter.target_spec.supported_types = [tf.float16]
    try:
        content: bytes = converter.convert()
    except Exception as error:  # the converter's errors have no common class
        needed = re.search(r"(?:TF Select|Custom) ops: (.+)", str(error))
        raise TrainingError(
            f"conversion of {saved_model} to TFLite",
            found=f"operations {needed[1]}" if needed else str(error).strip().splitlines()[0],
            allowed="TFLite's built-in operations",
            action="Build the model's layers of other operations.",
        ) from error
    return canonical(join_dense(content))
