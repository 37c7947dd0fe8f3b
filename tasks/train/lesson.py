"""How one task is learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from tasks.features.files import Features

if TYPE_CHECKING:
    from tasks.fit.batches import Examples
    from tasks.fit.losses import Loss
    from tasks.model.network import Network


@dataclass(frozen=True)
class Lesson:
    """How one task is learned, with what was fitted on the rows to learn from.

    Attributes:
        examples: the rows of a table as the network takes them.
        build: makes the network; to be called within the strategy's scope.
    """

    features: Features
    labels: tuple[str, ...]
    examples: Callable[[pa.Table], Examples]
    loss: Loss
    build: Callable[[], Network]
