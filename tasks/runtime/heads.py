"""What the heads of a text model give: arrays, row by row, and what they tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.features.columns import ColumnType
from tasks.features.heads import Head, told_places
from tasks.features.text import TextFeatures, pad
from tasks.features.truth import LABEL_MARK
from tasks.features.words import NO_TOKEN, Places
from tasks.runtime.arrays import Arrays, Floats, batches

HeadOutputs = Mapping[str, Sequence[Floats]]
"""By a head's column one array a row: (classes,) or (labels,) probabilities, a number, or (words, tags) probabilities.

A word that the text was cut before, or that has no token, has no probability of any tag, and so is told `O`.
"""
_LIKELY = 0.5
_SMALLEST = 1e-12  # of a probability, before its logarithm is taken


def head_outputs(
    run: Callable[[Arrays], Mapping[str, Floats]], heads: Sequence[Head], features: TextFeatures, lines: Sequence[str]
) -> HeadOutputs:
    """What a model gives for texts; `run` is the model on one batch, with an output for each head."""
    tokens, firsts = features.word_tokens(lines)
    found: dict[str, list[Floats]] = {head.column: [np.zeros(0, np.float32)] * len(lines) for head in heads}
    for rows, batch in batches(pad(tokens)):
        outputs = run(batch)
        for head in heads:
            for row, values in zip(rows.tolist(), outputs[head.output], strict=True):
                found[head.column][row] = _of_words(values, firsts[row]) if head.kind == "tagging" else values
    return found


def decode_heads(heads: Sequence[Head], outputs: HeadOutputs) -> pa.Table:
    """Predictions of all heads side by side, the columns of `head_columns`."""
    columns: dict[str, pa.Array] = {}
    for head in heads:
        told = outputs[head.column]
        if head.kind == "regression":
            columns[head.column] = pa.array([float(value) for value in told], pa.float64())
        else:
            columns[head.column] = pa.array([_text(head, row) for row in told], pa.string())
            columns[score_column(head)] = pa.array([_score(head, row) for row in told], pa.float64())
    return pa.table(columns)


def head_columns(heads: Sequence[Head]) -> dict[str, ColumnType]:
    """The columns of predictions: for each head what it tells, in the form of its truth, and how sure it is.

    That is the probability of what it is least sure of: of one class, of one label being there or not, of one tag.
    """
    columns: dict[str, ColumnType] = {}
    for head in heads:
        columns |= {head.column: "double" if head.kind == "regression" else "string"}
        columns |= {} if head.kind == "regression" else {score_column(head): "double"}
    return columns


def score_column(head: Head) -> str:
    """The name of the column beside a prediction that says how sure it is."""
    return f"{head.column}_score"


def told_tags(head: Head, words: Floats) -> list[str]:
    """The tag of each word: the most probable ones that together mark spans."""
    return [head.labels[place] for place in _places(head, words)]


def told_labels(head: Head, probabilities: Floats) -> list[str]:
    """The labels that are more likely there than not."""
    return [label for label, probability in zip(head.labels, probabilities, strict=True) if probability > _LIKELY]


def told_class(head: Head, probabilities: Floats) -> str:
    """The most probable class."""
    return head.labels[int(probabilities.argmax())]


def _text(head: Head, row: Floats) -> str:
    if head.kind == "tagging":
        return " ".join(told_tags(head, row))
    return LABEL_MARK.join(told_labels(head, row)) if head.kind == "multi_label" else told_class(head, row)


def _score(head: Head, row: Floats) -> float:
    if head.kind == "tagging":
        return float(row[np.arange(len(row)), _places(head, row)].min(initial=1.0))
    return float(np.maximum(row, 1 - row).min() if head.kind == "multi_label" else row.max())


def _places(head: Head, words: Floats) -> NDArray[np.int64]:
    is_told = words.any(axis=1, keepdims=True)
    certain = np.where(is_told, words, np.eye(1, words.shape[1], dtype=words.dtype))  # `O` is the first tag
    return told_places(head, np.log(np.maximum(certain, _SMALLEST)))


def _of_words(tokens: Floats, first: Places) -> Floats:
    """Of the values of all tokens those of the first of each word."""
    return np.where((first != NO_TOKEN)[:, None], tokens[first], np.float32(0))
