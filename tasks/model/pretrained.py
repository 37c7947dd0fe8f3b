"""Weights out of a safetensors file into the encoder's layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from infra.errors import MachineError
from tasks.model.encoder import EncoderConfig, build_encoder, read_config

WEIGHTS = "model.safetensors"
Arrays = dict[str, NDArray[np.float32]]


def pretrained_encoder(folder: Path, dropout: float = 0.0) -> Any:
    """The encoder with the weights in `folder`.

    Raises:
        MachineError: they are not there, cut off, or of another model.
    """
    try:
        config = read_config(folder)
        encoder = build_encoder(config, dropout)
        values = layer_weights(config, load_file(folder / WEIGHTS))
        for name, weights in values.items():
            encoder.get_layer(name).set_weights(weights)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise MachineError(
            f"pretrained weights in {folder}",
            found=f"{type(error).__name__}: {error}",
            allowed=f"config.json and {WEIGHTS} of a BERT-style encoder",
            action="Delete the folder; the next run fetches it again.",
        ) from error
    return encoder


def layer_weights(config: EncoderConfig, tensors: Arrays) -> dict[str, list[NDArray[np.float32]]]:
    """For each layer of the encoder its weights in order. Dense kernels are transposed, (in, out) here.

    Only one segment type is used, so its vector is added to every position's.
    """
    embeddings = "embeddings.{}_embeddings.weight"
    places = tensors[embeddings.format("position")] + tensors[embeddings.format("token_type")][0]
    values = {
        "embeddings": [tensors[embeddings.format("word")], places],
        "embeddings_norm": _norm(tensors, "embeddings"),
    }
    for layer in range(config.num_hidden_layers):
        prefix = f"encoder.layer.{layer}"
        attention = f"{prefix}.attention"
        projections = [_dense(tensors, f"{attention}.self.{part}") for part in ("query", "key", "value")]
        kernels, biases = zip(*projections, strict=True)
        values[f"layer{layer}_attention_projection"] = [np.concatenate(kernels, axis=1), np.concatenate(biases)]
        values[f"layer{layer}_attention_output"] = _dense(tensors, f"{attention}.output.dense")
        values[f"layer{layer}_attention_norm"] = _norm(tensors, f"{attention}.output")
        values[f"layer{layer}_forward_wide"] = _dense(tensors, f"{prefix}.intermediate.dense")
        values[f"layer{layer}_forward_output"] = _dense(tensors, f"{prefix}.output.dense")
        values[f"layer{layer}_forward_norm"] = _norm(tensors, f"{prefix}.output")
    return values


def _dense(tensors: Arrays, name: str) -> list[NDArray[np.float32]]:
    return [tensors[f"{name}.weight"].T, tensors[f"{name}.bias"]]


def _norm(tensors: Arrays, name: str) -> list[NDArray[np.float32]]:
    return [tensors[f"{name}.LayerNorm.weight"], tensors[f"{name}.LayerNorm.bias"]]
