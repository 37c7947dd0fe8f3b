"""A SavedModel as TFLite, by TFLite's built-in operations alone."""

from __future__ import annotations

import re
from pathlib import Path

from infra.errors import TrainingError


def to_tflite(saved_model: Path) -> bytes:
    """Convert without quantising."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=["serving_default"])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
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
    return content
