"""How one task is learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from tasks.features.files import Features
from tasks.features.heads import Head
from tasks.features.tabular import TabularFeatures

if TYPE_CHECKING:
    from tasks.fit.adversary import Adversary
    from tasks.fit.batches import Examples
    from tasks.fit.losses import Loss
    from tasks.fit.quality import Quality
    from tasks.model.network import Network

Release = Callable[[pa.Table], TabularFeatures]
"""What gives the features of rows where they are spent for."""


@dataclass(frozen=True)
class Lesson:
    """How one task is learned, with what was fitted on the rows to learn from.

    Attributes:
        examples: the rows of a table as the network takes them.
        build: makes the network; to be called within the strategy's scope.
        heads: of a model with several, what each tells.
        prime: gives the network a better beginning on what it is to learn; called before the first step only.
        finish: fits what does not learn by steps, once the rest has learned, and gives the network to export; a
            function of the network's weights.
        rival: makes who works against the network while it learns; to be called within the strategy's scope.
        quality: how good the outputs of the trained network are, on rows that are not learned from.
    """

    features: Features
    labels: tuple[str, ...]
    examples: Callable[[pa.Table], Examples]
    loss: Loss
    build: Callable[[], Network]
    quality: Quality
    heads: tuple[Head, ...] = ()
    prime: Callable[[Network, Examples], None] | None = None
    finish: Callable[[Network], Network] | None = None
    rival: Callable[[], Adversary] | None = None
