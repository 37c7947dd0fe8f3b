"""What lessons on texts share: the encoder as the options want it, and token ids as arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.features.text import Tokens, pad
from tasks.fit.batches import Arrays, Rows
from tasks.lessons.config import TrainOptions
from tasks.lessons.start import encoder_sizes, is_package, package_weights


def learning_encoder(options: TrainOptions, start: Path) -> Any:
    """The encoder in `start`, published weights or a package, of which as much learns as the options say."""
    from tasks.model.encoder import build_encoder, freeze
    from tasks.model.names import named_weights, set_named_weights
    from tasks.model.pretrained import encoder_weights
    from tasks.model.published import open_published

    wanted, sizes = options.encoder, encoder_sizes(options, start)
    encoder = build_encoder(sizes, options.dropout, wanted.lora, options.seed, wanted.frozen_layers)
    weights = package_weights(start) if is_package(start) else encoder_weights(open_published(start))
    names = named_weights(encoder)
    set_named_weights(encoder, {name: value for name, value in weights.items() if name in names})
    if not wanted.lora.rank:
        freeze(encoder, embeddings=not wanted.train_embeddings, layers=wanted.frozen_layers)
    return encoder


def padded(tokens: Tokens, chosen: Rows) -> Arrays:
    """The token ids of chosen texts, as long as the longest of them."""
    return {**pad([tokens[row] for row in chosen])}


def lengths(tokens: Tokens) -> NDArray[np.int32]:
    """Tokens of each text."""
    return np.array([len(ids) for ids in tokens], np.int32)
