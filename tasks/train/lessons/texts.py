"""What lessons on texts share: the encoder as the options want it, and token ids as arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.features.text import Tokens, pad
from tasks.fit.batches import Arrays, Rows
from tasks.train.config import TrainOptions


def learning_encoder(options: TrainOptions, folder: Path) -> Any:
    """The encoder in `folder`, of which as much learns as the options say."""
    from tasks.model.encoder import freeze
    from tasks.model.pretrained import pretrained_encoder

    encoder = pretrained_encoder(folder, options.dropout)
    freeze(encoder, embeddings=not options.encoder.train_embeddings, layers=options.encoder.frozen_layers)
    return encoder


def padded(tokens: Tokens, chosen: Rows) -> Arrays:
    """The token ids of chosen texts, as long as the longest of them."""
    return {**pad([tokens[row] for row in chosen])}


def lengths(tokens: Tokens) -> NDArray[np.int32]:
    """Tokens of each text."""
    return np.array([len(ids) for ids in tokens], np.int32)
