"""Models in TFLite's format, by its interpreter with XNNPACK."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from tasks.runtime.arrays import Arrays, Floats


class TfliteModel:
    """One interpreter. It keeps the memory of the last shape, so calls of one shape after another are cheapest."""

    def __init__(self, file: Path, threads: int) -> None:
        import tensorflow as tf

        self._interpreter = tf.lite.Interpreter(model_path=str(file), num_threads=threads)
        self._signature: Any = self._interpreter.get_signature_runner()
        self._lock = threading.Lock()  # an interpreter's tensors belong to one call at a time

    def outputs(self, arrays: Arrays) -> Floats:
        """The output of one batch of any size and length, of a model that has one."""
        return self.named_outputs(arrays)["output"]

    def named_outputs(self, arrays: Arrays) -> dict[str, Floats]:
        """All outputs of one batch of any size and length."""
        with self._lock:
            results: dict[str, Floats] = self._signature(**arrays)
        return results
