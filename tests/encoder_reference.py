"""The encoder's forward pass once more, in plain NumPy and straight from the tensors of the file, to check against."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
_erf = np.vectorize(math.erf)


def embed(
    tensors: dict[str, NDArray[Any]],
    layers: int,
    heads: int,
    ids: list[int],
    prefix: str = "",
    first_place: int = 0,
    pooling: str = "mean",
) -> Floats:
    """The mean token vector, scaled to length 1, of one text (Devlin et al. 2018; Reimers and Gurevych 2019).

    Args:
        prefix: before the tensors' names.
        first_place: row of the first token in the table of positions: 2 in RoBERTa (Liu et al. 2019).
        pooling: `cls`: the first token's vector in place of the mean.
    """
    floats = {name: tensor for name, tensor in tensors.items() if tensor.dtype.kind == "f"}
    table = {name.removeprefix(prefix): tensor.astype(np.float64) for name, tensor in floats.items()}
    places = table["embeddings.position_embeddings.weight"][first_place:]
    states = table["embeddings.word_embeddings.weight"][ids]
    states = states + places[: len(ids)]
    states = _norm(table, "embeddings", states + table["embeddings.token_type_embeddings.weight"][0])
    for layer in range(layers):
        name = f"encoder.layer.{layer}"
        mixed = _attention(table, f"{name}.attention.self", heads, states)
        mixed = _dense(table, f"{name}.attention.output.dense", mixed)
        states = _norm(table, f"{name}.attention.output", states + mixed)
        wide = _dense(table, f"{name}.intermediate.dense", states)
        wide = 0.5 * wide * (1 + _erf(wide / math.sqrt(2)))
        states = _norm(table, f"{name}.output", states + _dense(table, f"{name}.output.dense", wide))
    vector: Floats = states.mean(axis=0) if pooling == "mean" else states[0]
    return vector / np.linalg.norm(vector)


def _attention(table: dict[str, Floats], prefix: str, heads: int, states: Floats) -> Floats:
    query, key, value = (_dense(table, f"{prefix}.{part}", states) for part in ("query", "key", "value"))
    size = query.shape[1] // heads
    parts = []
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        scores = np.exp(query[:, own] @ key[:, own].T / math.sqrt(size))
        parts.append(scores / scores.sum(axis=1, keepdims=True) @ value[:, own])
    return np.concatenate(parts, axis=1)


def _dense(table: dict[str, Floats], name: str, states: Floats) -> Floats:
    return states @ table[f"{name}.weight"].T + table[f"{name}.bias"]


def _norm(table: dict[str, Floats], name: str, states: Floats) -> Floats:
    centred: Floats = states - states.mean(axis=1, keepdims=True)
    deviation: Floats = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12)
    return centred / deviation * table[f"{name}.LayerNorm.weight"] + table[f"{name}.LayerNorm.bias"]
