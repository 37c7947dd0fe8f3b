"""What a training left of each canary."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
_FEWEST = 20  # canaries of a class, for a mean of their own


def traces(before: Floats, after: Floats, targets: Any) -> Floats:
    """(m,) how much each canary's loss fell, over the mean of what it fell for canaries of the same target.

    What others teach of a target is so taken out: it comes to canaries that are in and that are out alike. Coins are
    not looked at, so that any such score is fair.

    Args:
        targets: (m,) where each has one; else all are compared with all.
    """
    fell = before - after
    if isinstance(targets, dict) or targets.ndim != 1:
        return fell
    mean = np.full(len(fell), fell.mean())
    for target in np.unique(targets):
        alike = targets == target
        if alike.sum() >= _FEWEST:
            mean[alike] = fell[alike].mean()
    return np.asarray(fell - mean)
