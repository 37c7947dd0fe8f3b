"""What the heads of a text model told of rows, each by its kind, and how good that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from infra.errors import DataError
from tasks.evaluate import metrics
from tasks.evaluate.classes import ClassAnswers
from tasks.evaluate.metrics import ClassQuality, Places
from tasks.features.columns import numbers, texts
from tasks.features.heads import Head, joined
from tasks.features.spans import SpanCounts, count_spans, total
from tasks.features.truth import label_sets, tag_lists
from tasks.fit.head_quality import label_figures, number_figures
from tasks.runtime.arrays import Floats
from tasks.runtime.heads import HeadOutputs, told_labels, told_tags
from tasks.runtime.predictor import Predictor

Right = NDArray[np.bool_]


@dataclass(frozen=True)
class ToldClasses:
    """One class a row."""

    known: Right
    answers: ClassAnswers

    @property
    def right(self) -> Right:
        """See HeadAnswers."""
        return self.answers.right

    def figures(self, places: Places) -> dict[str, float]:
        """See HeadAnswers."""
        return self.answers.figures(places)


@dataclass(frozen=True)
class ToldLabels:
    """Several labels a row: `there` and `said` are known rows by names, of which the first are the head's labels."""

    known: Right
    names: tuple[str, ...]
    labels: int
    there: Right
    said: Right

    @property
    def right(self) -> Right:
        """See HeadAnswers."""
        right: Right = (self.there == self.said).all(axis=1)
        return right

    def counts(self, places: Places) -> list[ClassQuality]:
        """Quality by label."""
        there, said = self.there[places], self.said[places]
        columns = zip(there.sum(axis=0), said.sum(axis=0), (there & said).sum(axis=0), strict=True)
        return [_quality(name, SpanCounts(*map(int, of))) for name, of in zip(self.names, columns, strict=True)]

    def figures(self, places: Places) -> dict[str, float]:
        """See HeadAnswers."""
        there, said = self.there[places], self.said[places]
        missed = float(there[:, self.labels :].any(axis=1).sum())
        exact = float((there == said).all(axis=1).mean())
        return {**label_figures(there, said), "exact_match": exact, "unknown_labels": missed}


@dataclass(frozen=True)
class ToldNumbers:
    """A number a row."""

    known: Right
    told: NDArray[np.float64]
    truth: NDArray[np.float64]

    @property
    def right(self) -> Right:
        """See HeadAnswers."""
        return np.ones(len(self.told), np.bool_)

    def figures(self, places: Places) -> dict[str, float]:
        """See HeadAnswers."""
        figures = number_figures(self.told[places], self.truth[places])
        return {**figures, "mse": figures["rmse"] ** 2}


@dataclass(frozen=True)
class ToldTags:
    """A tag for each word of a row."""

    known: Right
    labels: tuple[str, ...]
    told: Sequence[Sequence[str]]
    truth: Sequence[Sequence[str]]

    @property
    def right(self) -> Right:
        """See HeadAnswers."""
        return np.array([list(a) == list(b) for a, b in zip(self.truth, self.told, strict=True)], np.bool_)

    @cached_property
    def row_counts(self) -> NDArray[np.int64]:
        """Known rows by five: spans there, told and right; words; words with the right tag."""
        rows = []
        for truth, told in zip(self.truth, self.told, strict=True):
            spans = total(count_spans([truth], [told]).values())
            rows.append((*spans, len(truth), sum(a == b for a, b in zip(truth, told, strict=True))))
        return np.array(rows, np.int64).reshape(-1, 5)

    @cached_property
    def unknown(self) -> Places:
        """Tags of each known row that the head can't tell."""
        return np.array([sum(tag not in self.labels for tag in row) for row in self.truth], np.int64)

    def counts(self, places: Places) -> list[ClassQuality]:
        """Quality by name of span."""
        counts = count_spans([self.truth[place] for place in places], [self.told[place] for place in places])
        return [_quality(name, of) for name, of in counts.items()]

    def figures(self, places: Places) -> dict[str, float]:
        """See HeadAnswers; spans over all names together."""
        *spans, words, right = self.row_counts[places].sum(axis=0).tolist()
        counts = SpanCounts(*spans)
        return {
            "span_f1": counts.f1,
            "span_precision": counts.precision,
            "span_recall": counts.recall,
            "tag_accuracy": right / words if words else 1.0,
            "unknown_tags": float(self.unknown[places].sum()),
        }


HeadAnswers = ToldClasses | ToldLabels | ToldNumbers | ToldTags
"""What one head told of the rows that have its truth.

`known` says which of all rows these are. `right` has a value for each of them: whether the head was right about it; all
are, of numbers. `figures` gives metrics of those at some places, counted among the known.
"""


def head_answers(predictor: Predictor, rows: pa.Table) -> dict[str, HeadAnswers]:
    """Have the model answer; by each head's output.

    Raises:
        TrainingError: the model gives something that is not a number.
        DataError: a column of truth is empty, or its tags do not fit the words.
    """
    outputs = predictor.head_outputs(rows)
    (text,) = predictor.features.columns
    return {head.output: _answers(head, outputs, rows, text) for head in predictor.manifest.heads}


def head_figures(heads: Sequence[Head], answers: Mapping[str, HeadAnswers], places: Places) -> dict[str, float]:
    """Figures of all heads at `places`, named as `joined` does, and of all together.

    `frame_accuracy` is the share of rows with no error of any head (of intents and slots: the semantic frame
    accuracy). Rows where a head's truth is missing do not count for it, and not for `frame_accuracy`. A head without
    any truth at `places` has no figures.
    """
    figures = {}
    for head in heads:
        own = answers[head.output]
        asked = (np.cumsum(own.known) - 1)[places[own.known[places]]]
        if len(asked):
            figures[head.output] = own.figures(asked)
    whole = np.logical_and.reduce([own.known for own in answers.values()])
    asked = places[whole[places]]
    together = {"frame_accuracy": float(is_right(answers)[asked].mean())} if len(heads) > 1 and len(asked) else {}
    return {**joined(figures), **together}


def is_right(answers: Mapping[str, HeadAnswers]) -> Right:
    """Of each row whether no head whose truth it has was wrong."""
    right = np.ones(len(next(iter(answers.values())).known), np.bool_)
    for own in answers.values():
        right[own.known] &= own.right
    return right


def _answers(head: Head, outputs: HeadOutputs, rows: pa.Table, text: str) -> HeadAnswers:
    known = rows.column(head.column).is_valid().to_numpy()
    if not known.any():
        raise DataError(
            f"column {head.column} of the test split",
            found="no value",
            allowed="one row or more with the truth",
            action="Give test rows that have it, or leave the head out of train.heads.",
        )
    own = [row for row, there in zip(outputs[head.column], known, strict=True) if there]
    metrics.check_outputs(own)
    chosen = rows.filter(pa.array(known))
    match head.kind:
        case "classification":
            truth = texts(chosen.column(head.column))
            return ToldClasses(known, ClassAnswers(head.labels, np.stack(own), truth))
        case "multi_label":
            return _labels(head, own, chosen, known)
        case "regression":
            return ToldNumbers(known, np.array(own, np.float64), numbers(chosen.column(head.column)))
        case "tagging":
            true_tags = [tags or [] for tags in tag_lists(chosen, head.column, text)]
            return ToldTags(known, head.labels, [told_tags(head, row) for row in own], true_tags)


def _labels(head: Head, outputs: Sequence[Floats], rows: pa.Table, known: Right) -> ToldLabels:
    truth = [labels or frozenset() for labels in label_sets(rows, head.column)]
    told = [frozenset(told_labels(head, row)) for row in outputs]
    names = (*head.labels, *sorted(frozenset[Any]().union(*truth) - set(head.labels)))
    there, said = (np.array([[name in row for name in names] for row in side], np.bool_) for side in (truth, told))
    return ToldLabels(known, names, len(head.labels), there, said)


def _quality(name: str, counts: SpanCounts) -> ClassQuality:
    return ClassQuality(name, counts.precision, counts.recall, counts.f1, counts.true)
