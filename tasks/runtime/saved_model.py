"""Models in TensorFlow's own format."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from tasks.runtime.arrays import Arrays, Floats

logger = logging.getLogger(__name__)


class SavedModel:
    """The serving signature of a SavedModel."""

    def __init__(self, folder: Path, threads: int) -> None:
        import tensorflow as tf

        pin_threads(threads)
        self._owner: Any = tf.saved_model.load(str(folder))  # the signature alone does not keep its variables alive
        self._signature: Any = self._owner.signatures["serving_default"]

    def outputs(self, arrays: Arrays) -> Floats:
        """The output of one batch of any size and length, of a model that has one."""
        return self.named_outputs(arrays)["output"]

    def named_outputs(self, arrays: Arrays) -> dict[str, Floats]:
        """All outputs of one batch of any size and length."""
        import tensorflow as tf

        tensors = {name: tf.constant(array) for name, array in arrays.items()}
        return {name: tensor.numpy() for name, tensor in self._signature(**tensors).items()}


def pin_threads(threads: int) -> None:
    """Limit TensorFlow to so many threads. They belong to the process, so what ran first in it decides."""
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        logger.warning(
            "TensorFlow runs in this process already; it keeps its threads instead of %d",
            threads,
        )
