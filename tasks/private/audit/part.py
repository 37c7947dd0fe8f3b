"""Some of the rows of a training as a training of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tasks.fit.batches import Arrays, Examples, Rows, Targets


def part(examples: Examples, places: NDArray[np.int64]) -> Examples:
    """The rows at `places`, as they were encoded with all the others."""

    def inputs(chosen: Rows) -> Arrays:
        return examples.inputs(places[chosen])

    def targets(chosen: Rows) -> Targets:
        return examples.targets(places[chosen])

    return replace(
        examples,
        inputs=inputs,
        targets=targets,
        rows=len(places),
        lengths=None if examples.lengths is None else examples.lengths[places],
        weights=None if examples.weights is None else examples.weights[places],
        ids=None if examples.ids is None else examples.ids[places],
    )
