"""Labels as texts and as numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from infra.errors import DataError
from tasks.features.columns import texts

UNKNOWN = -1


def fit_labels(column: pa.ChunkedArray, name: str = "label") -> tuple[str, ...]:
    """The distinct labels of the column `name`, sorted. Their places are the columns of a classifier's output.

    Raises:
        DataError: there are fewer than two.
    """
    labels = tuple(sorted(set(texts(pc.drop_null(column)))))
    if len(labels) < 2:
        raise DataError(
            f"column {name} of the train split",
            found=f"only {labels[0]!r}" if labels else "no label",
            allowed="two classes or more",
            action="Add rows of another class, or name the right column.",
        )
    return labels


def declared_labels(column: pa.ChunkedArray, declared: Sequence[str], name: str = "label") -> tuple[str, ...]:
    """The declared labels, sorted, whether rows have them or not.

    Raises:
        DataError: rows have others, or none.
    """
    others = sorted(set(texts(column)) - set(declared))
    if others:
        raise DataError(
            f"column {name} of the train split",
            found=", ".join(repr(label) for label in others[:5]) + (" and others" if len(others) > 5 else ""),
            allowed=f"the declared classes {', '.join(declared)}",
            action="Declare all classes in train.privacy.classes, or drop rows of others by a cleaning rule.",
        )
    return tuple(sorted(declared))


def encode_labels(column: pa.ChunkedArray, labels: Sequence[str]) -> NDArray[np.int32]:
    """The place of each value in `labels`; UNKNOWN where it has none."""
    places = {label: place for place, label in enumerate(labels)}
    return np.array([places.get(text, UNKNOWN) for text in texts(column)], np.int32)
