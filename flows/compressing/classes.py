"""What compression costs the class that it costs most."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SMALLEST = 10
"""Classes with fewer test rows are judged together: of two rows one is half of the recall."""


@dataclass(frozen=True)
class ClassLoss:
    """How much recall a class lost: parent less child.

    Attributes:
        label: the class, or how many small ones stand together; of several heads with the head's name before it.
        rows: test rows of the class.
    """

    label: str
    loss: float
    rows: int

    def __str__(self) -> str:
        return f"{self.label} ({self.rows} rows)"


def worst_class(parent: Path, child: Path) -> ClassLoss | None:
    """The largest loss between two reports of an evaluation on the same rows; None: they tell no classes."""
    losses = [loss for file in sorted(parent.glob("*per_class.csv")) for loss in _losses(file, child / file.name)]
    return max(losses, key=lambda each: (each.loss, each.rows), default=None)


def _losses(parent: Path, child: Path) -> Iterator[ClassLoss]:
    head = parent.stem.removesuffix("per_class").rstrip("_")
    before, after = _recalls(parent), _recalls(child)
    prefix = f"{head}: " if head else ""
    small = [label for label, (_, rows) in before.items() if 0 < rows < SMALLEST]
    for label, (recall, rows) in before.items():
        if rows >= SMALLEST:
            yield ClassLoss(f"{prefix}{label}", recall - after[label][0], rows)
    if small:
        rows = sum(before[label][1] for label in small)
        lost = sum((before[label][0] - after[label][0]) * before[label][1] for label in small)
        yield ClassLoss(f"{prefix}{len(small)} classes of fewer than {SMALLEST} rows", lost / rows, rows)


def _recalls(file: Path) -> dict[str, tuple[float, int]]:
    """Recall and rows by class."""
    with file.open(newline="", encoding="utf-8") as content:
        return {row["label"]: (float(row["recall"]), int(row["support"])) for row in csv.DictReader(content)}
