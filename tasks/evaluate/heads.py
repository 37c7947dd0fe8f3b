"""Quality of a text model with several heads, each by its kind, with tables and pictures of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from infra.errors import DataError
from tasks.evaluate import metrics, pictures, tables
from tasks.evaluate.metrics import ClassQuality
from tasks.features.columns import numbers, texts
from tasks.features.heads import Head, joined
from tasks.features.spans import SpanCounts, count_spans, total
from tasks.features.truth import label_sets, tag_lists
from tasks.fit.head_quality import label_figures, number_figures
from tasks.runtime.arrays import Floats
from tasks.runtime.heads import HeadOutputs, told_class, told_labels, told_tags
from tasks.runtime.predictor import Predictor

Right = NDArray[np.bool_]


@dataclass(frozen=True)
class Report:
    """Where the files of one head go, how much a picture shows, and the column of the texts."""

    into: Path
    prefix: str
    max_shown: int
    text: str

    def file(self, name: str) -> Path:
        """A file of this head."""
        return self.into / f"{self.prefix}_{name}"


@dataclass(frozen=True)
class Measured:
    """What was found of one head: its figures, and which rows it was right about; all, of numbers."""

    figures: dict[str, float]
    right: Right


def measure_heads(predictor: Predictor, rows: pa.Table, into: Path, max_shown: int) -> dict[str, float]:
    """Figures of all heads, named as `joined` does, and of all together.

    `frame_accuracy` is the share of rows with no error of any head (of intents and slots: the semantic frame
    accuracy). Rows where a head's truth is missing do not count for it, and not for `frame_accuracy`.

    Raises:
        TrainingError: the model gives something that is not a number.
        DataError: a column of truth is empty, or its tags do not fit the words.
    """
    outputs = predictor.head_outputs(rows)
    figures: dict[str, dict[str, float]] = {}
    known, right = (np.ones(rows.num_rows, np.bool_) for _ in range(2))
    (text,) = predictor.features.columns
    for head in predictor.manifest.heads:
        there = rows.column(head.column).is_valid().to_numpy()
        measured = _measure(head, outputs, rows, there, Report(into, head.output, max_shown, text))
        figures[head.output] = measured.figures
        known &= there
        right[there] &= measured.right
    together = {"frame_accuracy": float(right[known].mean())} if len(figures) > 1 and known.any() else {}
    return {**joined(figures), **together}


def _measure(head: Head, outputs: HeadOutputs, rows: pa.Table, there: Right, report: Report) -> Measured:
    if not there.any():
        raise DataError(
            f"column {head.column} of the test split",
            found="no value",
            allowed="one row or more with the truth",
            action="Give test rows that have it, or leave the head out of train.heads.",
        )
    own = [row for row, known in zip(outputs[head.column], there, strict=True) if known]
    metrics.check_outputs(own)
    chosen = rows.filter(pa.array(there))
    match head.kind:
        case "classification":
            return _classes(head, own, chosen, report)
        case "multi_label":
            return _labels(head, own, chosen, report)
        case "regression":
            return _numbers(head, own, chosen, report)
        case "tagging":
            return _tags(head, own, chosen, report)


def _classes(head: Head, outputs: Sequence[Floats], rows: pa.Table, report: Report) -> Measured:
    truth, told = texts(rows.column(head.column)), [told_class(head, row) for row in outputs]
    matrix = metrics.confusion(truth, told, head.labels)
    tables.write_confusion(matrix, report.file("confusion.csv"))
    pictures.draw_confusion(matrix, report.file("confusion.png"), report.max_shown)
    _show(matrix.per_class(), report, "rows")
    return Measured(metrics.classification_metrics(np.stack(outputs), truth, head.labels), np.equal(truth, told))


def _labels(head: Head, outputs: Sequence[Floats], rows: pa.Table, report: Report) -> Measured:
    truth = [labels or frozenset() for labels in label_sets(rows, head.column)]
    told = [frozenset(told_labels(head, row)) for row in outputs]
    unknown = sorted(frozenset().union(*truth) - set(head.labels))
    names = [*head.labels, *unknown]
    there, said = (np.array([[name in row for name in names] for row in side], np.bool_) for side in (truth, told))
    counts = zip(there.sum(axis=0), said.sum(axis=0), (there & said).sum(axis=0), strict=True)
    _show([_quality(name, SpanCounts(*map(int, of))) for name, of in zip(names, counts, strict=True)], report, "rows")
    right = np.array([a == b for a, b in zip(truth, told, strict=True)], np.bool_)
    missed = float(sum(bool(labels & set(unknown)) for labels in truth))
    return Measured({**label_figures(there, said), "exact_match": float(right.mean()), "unknown_labels": missed}, right)


def _numbers(head: Head, outputs: Sequence[Floats], rows: pa.Table, report: Report) -> Measured:
    told, truth = np.array(outputs, np.float64), numbers(rows.column(head.column))
    pictures.draw_ratings(told, truth, report.file("numbers.png"), head.column)
    return Measured(number_figures(told, truth), np.ones(len(told), np.bool_))


def _tags(head: Head, outputs: Sequence[Floats], rows: pa.Table, report: Report) -> Measured:
    truth = [tags or [] for tags in tag_lists(rows, head.column, report.text)]
    told = [told_tags(head, row) for row in outputs]
    counts = count_spans(truth, told)
    _show([_quality(name, of) for name, of in counts.items()], report, "spans")
    spans = total(counts.values())
    words = [pair for row in zip(truth, told, strict=True) for pair in zip(*row, strict=True)]
    figures = {
        "span_f1": spans.f1,
        "span_precision": spans.precision,
        "span_recall": spans.recall,
        "tag_accuracy": float(np.mean([a == b for a, b in words])) if words else 1.0,
        "unknown_tags": float(sum(tag not in head.labels for tag, _ in words)),
    }
    return Measured(figures, np.array([a == b for a, b in zip(truth, told, strict=True)], np.bool_))


def _show(qualities: Sequence[ClassQuality], report: Report, unit: str) -> None:
    tables.write_qualities(qualities, report.file("per_class.csv"))
    pictures.draw_per_class(qualities, report.file("per_class.png"), report.max_shown, unit)


def _quality(name: str, counts: SpanCounts) -> ClassQuality:
    return ClassQuality(name, counts.precision, counts.recall, counts.f1, counts.true)
