"""Tables of a report, as csv."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from tasks.evaluate.metrics import ClassQuality, Confusion


def write_qualities(qualities: Iterable[ClassQuality], file: Path) -> None:
    """Precision, recall, F1 and support of each class, those with most support first."""
    ordered = sorted(qualities, key=lambda quality: (-quality.support, quality.label))
    rows = [list(asdict(quality).values()) for quality in ordered]
    _write(file, ["label", "precision", "recall", "f1", "support"], rows)


def write_confusion(matrix: Confusion, file: Path) -> None:
    """One line for each true class, one column for each predicted one."""
    rows = [[name, *counts] for name, counts in zip(matrix.names, matrix.counts.tolist(), strict=True)]
    _write(file, ["truth \\ predicted", *matrix.names], rows)


def _write(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as output:
        writer = csv.writer(output)
        writer.writerow(header)
        writer.writerows([f"{cell:.6f}" if isinstance(cell, float) else cell for cell in row] for row in rows)
