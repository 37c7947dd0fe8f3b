"""How far a compressed model is from the one it was made from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from infra.errors import TrainingError
from tasks.options import Task
from tasks.runtime.arrays import Floats


def difference(parent: Floats, child: Floats, task: Task) -> NDArray[np.float64]:
    """For each row one less the cosine of unit embeddings, else the largest absolute difference of its outputs.

    Raises:
        TrainingError: an output is not a number.
    """
    for name, outputs in (("parent", parent), ("compressed model", child)):
        if not np.isfinite(outputs).all():
            raise TrainingError(
                f"output of the {name}",
                found=f"{int((~np.isfinite(outputs)).sum())} values that are not finite",
                allowed="finite numbers",
                action="Train again with a lower learning rate.",
            )
    before, after = parent.astype(np.float64), child.astype(np.float64)
    if task == "text_retrieval":
        return np.asarray(1.0 - (before * after).sum(axis=1))
    return np.asarray(np.abs(before - after).reshape(len(before), -1).max(axis=1))
