"""Tables and pictures of a model's answers, by their kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tasks.evaluate import pictures, tables
from tasks.evaluate.heads import HeadAnswers, ToldClasses, ToldLabels, ToldNumbers, ToldTags
from tasks.evaluate.metrics import ClassQuality, Confusion
from tasks.evaluate.scored import Classes, Heads, Numbers, Ranked, Retrieved, Scored
from tasks.features.heads import Head


@dataclass(frozen=True)
class Sheets:
    """Where the files of one output go, and how much a picture shows."""

    into: Path
    max_shown: int
    prefix: str = ""

    def file(self, name: str) -> Path:
        """A file of this output."""
        return self.into / (f"{self.prefix}_{name}" if self.prefix else name)


def draw(scored: Scored, into: Path, max_classes_shown: int) -> None:
    """Write what shows where the metrics come from into the directory `into`."""
    sheets = Sheets(into, max_classes_shown)
    match scored:
        case Heads():
            for head in scored.heads:
                _head(head, scored.answers[head.output], Sheets(into, max_classes_shown, head.output))
        case Ranked():
            pictures.draw_ranks(
                np.array([own[0] for own in scored.ranks]), sheets.file("ranks.png"), "first right item", "users"
            )
        case Retrieved():
            pictures.draw_ranks(scored.ranks, sheets.file("ranks.png"))
        case Numbers():
            pictures.draw_ratings(scored.told, scored.truth, sheets.file("ratings.png"))
        case Classes():
            _confusion(scored.answers.confusion(np.arange(len(scored.merits))), sheets)


def _head(head: Head, answers: HeadAnswers, sheets: Sheets) -> None:
    everywhere = np.arange(int(answers.known.sum()))
    match answers:
        case ToldClasses():
            _confusion(answers.answers.confusion(everywhere), sheets)
        case ToldLabels():
            _per_class(answers.counts(everywhere), sheets, "rows")
        case ToldTags():
            _per_class(answers.counts(everywhere), sheets, "spans")
        case ToldNumbers():
            pictures.draw_ratings(answers.told, answers.truth, sheets.file("numbers.png"), head.column)


def _confusion(matrix: Confusion, sheets: Sheets) -> None:
    tables.write_confusion(matrix, sheets.file("confusion.csv"))
    pictures.draw_confusion(matrix, sheets.file("confusion.png"), sheets.max_shown)
    _per_class(matrix.per_class(), sheets, "rows")


def _per_class(qualities: Sequence[ClassQuality], sheets: Sheets, unit: str) -> None:
    tables.write_qualities(qualities, sheets.file("per_class.csv"))
    pictures.draw_per_class(qualities, sheets.file("per_class.png"), sheets.max_shown, unit)
