"""Published weights into the encoder's layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from tasks.model.config import EncoderOptions
from tasks.model.encoder import build_encoder
from tasks.model.names import Named, set_named_weights
from tasks.model.published import WEIGHTS, Published, open_published

_DENSE = {
    "attention_output": "attention.output.dense",
    "forward_wide": "intermediate.dense",
    "forward_output": "output.dense",
}
_NORMS = {"attention_norm": "attention.output", "forward_norm": "output"}


def pretrained_encoder(folder: Path, dropout: float = 0.0, options: EncoderOptions | None = None, seed: int = 0) -> Any:
    """The encoder with the weights in `folder`.

    Args:
        options: how it pools, and where it has adapters; by default it means and has none.
        seed: of the adapters.

    Raises:
        SourceError: they are not there, cut off, or of another kind of model.
    """
    published, options = open_published(folder), options or EncoderOptions()
    encoder = build_encoder(published.sizes(options.pooling), dropout, options.lora, seed, options.frozen_layers)
    set_named_weights(encoder, encoder_weights(published))
    return encoder


def encoder_weights(published: Published) -> Named:
    """The weights by the names that they have in our encoder. Dense kernels are transposed, (in, out) here.

    Only one segment type is used, so its vector is added to every position's.
    """
    content = load_file(published.folder / WEIGHTS)
    tensors = {name: content[spelled].astype(np.float32) for name, spelled in published.names.items()}
    first = published.config.first_position
    places = tensors["embeddings.position_embeddings.weight"][first:]
    weights = {
        "embeddings/words": tensors["embeddings.word_embeddings.weight"],
        "embeddings/places": places + tensors["embeddings.token_type_embeddings.weight"][0],
        **_norm(tensors, "embeddings_norm", "embeddings"),
    }
    for layer in range(published.config.num_hidden_layers):
        weights |= _layer(tensors, f"layer{layer}", f"encoder.layer.{layer}")
    return weights


def _layer(tensors: Named, ours: str, theirs: str) -> Named:
    parts = [_dense(tensors, part, f"{theirs}.attention.self.{part}") for part in ("query", "key", "value")]
    kernels, biases = zip(*(part.values() for part in parts), strict=True)
    weights: Named = {
        f"{ours}_attention_projection/kernel": np.concatenate(kernels, axis=1),
        f"{ours}_attention_projection/bias": np.concatenate(biases),
    }
    for name, module in _DENSE.items():
        weights |= _dense(tensors, f"{ours}_{name}", f"{theirs}.{module}")
    for name, module in _NORMS.items():
        weights |= _norm(tensors, f"{ours}_{name}", f"{theirs}.{module}")
    return weights


def _dense(tensors: Named, ours: str, theirs: str) -> dict[str, NDArray[Any]]:
    return {f"{ours}/kernel": tensors[f"{theirs}.weight"].T, f"{ours}/bias": tensors[f"{theirs}.bias"]}


def _norm(tensors: Named, ours: str, theirs: str) -> Named:
    parts = {"gamma": "weight", "beta": "bias"}
    return {f"{ours}/{name}": tensors[f"{theirs}.LayerNorm.{part}"] for name, part in parts.items()}
