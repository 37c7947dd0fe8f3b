"""What each head of a text model tells, and the truth about it as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import chain
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from infra.errors import DataError
from tasks.features.columns import column, numbers
from tasks.features.decoding import Places, Scores, always_continues, best_tags
from tasks.features.labels import UNKNOWN, encode_labels, fit_labels
from tasks.features.spans import OUTSIDE
from tasks.features.truth import label_sets, tag_lists
from tasks.options import HeadKind

MISSING = -2
"""The class of a row whose truth is missing: it neither teaches nor is counted. A label not known is UNKNOWN."""
Figure = TypeVar("Figure")


class Head(BaseModel):
    """One head, by what the train split held.

    Attributes:
        column: the column of the truth, and of the prediction.
        output: what the model's signatures call its output.
        labels: classes, labels or tags in the order of the output, `O` the first tag; none of a number.
        mean, deviation: of a number in the train split; the network learns it standardised.
        continues: whether `I-` always goes on with a span in the train split, and so is told only where it does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    kind: HeadKind
    output: str
    labels: tuple[str, ...] = ()
    mean: float = 0.0
    deviation: float = 1.0
    continues: bool = False

    @property
    def width(self) -> int:
        """Numbers in the output: for a row, or where it gives tags for a token."""
        return len(self.labels) or 1


def fit_head(name: str, kind: HeadKind, output: str, rows: pa.Table, text: str = "text") -> Head:
    """Learn from the train split what the column `name` holds.

    Raises:
        DataError: the same in all rows, or what is not of its kind.
    """
    head = Head(column=name, kind=kind, output=output)
    match kind:
        case "classification":
            return head.model_copy(update={"labels": fit_labels(column(rows, name), name)})
        case "regression":
            return head.model_copy(update=_scale(rows, name))
        case "multi_label":
            found = set(chain.from_iterable(labels for labels in label_sets(rows, name) if labels))
            return head.model_copy(update={"labels": _sorted(name, found, "no label")})
        case "tagging":
            lists = [tags for tags in tag_lists(rows, name, text) if tags]
            labels = (OUTSIDE, *_sorted(name, set(chain.from_iterable(lists)) - {OUTSIDE}, "no span"))
            return head.model_copy(update={"labels": labels, "continues": always_continues(lists)})


def class_truth(head: Head, rows: pa.Table) -> NDArray[np.int32]:
    """The place of each row's class (n,); UNKNOWN where the train split lacks it, MISSING where there is none."""
    values = column(rows, head.column)
    places = encode_labels(values, head.labels)
    return np.where(values.is_null().to_numpy(), np.int32(MISSING), places)


def label_truth(head: Head, rows: pa.Table) -> NDArray[np.float32]:
    """Which labels each row has (n, labels), 1 or 0; MISSING throughout a row whose truth is missing."""
    truth = np.full((rows.num_rows, head.width), MISSING, np.float32)
    for row, labels in enumerate(label_sets(rows, head.column)):
        if labels is not None:
            truth[row] = [label in labels for label in head.labels]
    return truth


def number_truth(head: Head, rows: pa.Table) -> NDArray[np.float32]:
    """The number of each row (n,), standardised; NaN where it is missing."""
    scaled = (numbers(column(rows, head.column)) - head.mean) / head.deviation
    return np.asarray(scaled, np.float32)


def tag_truth(head: Head, rows: pa.Table, text: str) -> list[NDArray[np.int32] | None]:
    """The places of the tags of each row's words; UNKNOWN for a tag that the train split lacks; None where missing.

    Raises:
        DataError: as of `tag_lists`.
    """
    places = {tag: place for place, tag in enumerate(head.labels)}
    return [
        None if tags is None else np.array([places.get(tag, UNKNOWN) for tag in tags], np.int32)
        for tags in tag_lists(rows, head.column, text)
    ]


def told_places(head: Head, scores: Scores) -> Places:
    """The place of the tag told of each word, by logits or logarithms of probabilities (words, tags)."""
    return best_tags(head.labels, scores) if head.continues else scores.argmax(axis=1)


def joined(by_head: Mapping[str, Mapping[str, Figure]]) -> dict[str, Figure]:
    """Figures of all heads, by their outputs: plainly named where one head has such a one, else after the output."""
    counts = Counter(chain.from_iterable(by_head.values()))
    return {
        name if counts[name] == 1 else f"{head}_{name}": value
        for head, figures in by_head.items()
        for name, value in figures.items()
    }


def _scale(rows: pa.Table, name: str) -> Mapping[str, float]:
    known = numbers(pc.drop_null(column(rows, name)))
    if len(known) == 0 or known.std() == 0:
        raise _constant(name, f"only {known[0]:g}" if len(known) else "no number", "two values or more")
    return {"mean": float(known.mean()), "deviation": float(known.std())}


def _sorted(name: str, found: set[str], nothing: str) -> tuple[str, ...]:
    if not found:
        raise _constant(name, nothing, "one or more")
    return tuple(sorted(found))


def _constant(name: str, found: str, allowed: str) -> DataError:
    return DataError(
        f"column {name} of the train split",
        found=found,
        allowed=allowed,
        action="Give more rows, or leave the head out of train.heads.",
    )
