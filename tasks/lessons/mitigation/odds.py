"""What a classifier gives for rows to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tasks.fit.batches import Examples
    from tasks.model.network import Network

AT_ONCE = 4096


def log_odds(network: Network, examples: Examples, favourable: int) -> NDArray[np.float64]:
    """The logit of the favourable one of two labels less that of the other, (rows,): above 0 it is told."""
    logits = [
        np.asarray(network.trained(examples.inputs(rows), training=False), np.float64)
        for rows in np.split(np.arange(len(examples)), range(AT_ONCE, len(examples), AT_ONCE))
    ]
    told: NDArray[np.float64] = np.concatenate(logits)
    return told[:, favourable] - told[:, 1 - favourable]
