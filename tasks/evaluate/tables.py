"""Tables of a report, as csv."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from tasks.evaluate.metrics import ClassQuality, Confusion
from tasks.reports.fairness import FairnessReport, TradeOffReport, told
from tasks.reports.interval import Interval
from tasks.reports.robustness import RobustnessReport
from tasks.reports.slices import Slice


def write_qualities(qualities: Iterable[ClassQuality], file: Path) -> None:
    """Precision, recall, F1 and support of each class, those with most support first."""
    ordered = sorted(qualities, key=lambda quality: (-quality.support, quality.label))
    rows = [list(asdict(quality).values()) for quality in ordered]
    _write(file, ["label", "precision", "recall", "f1", "support"], rows)


def write_confusion(matrix: Confusion, file: Path) -> None:
    """One line for each true class, one column for each predicted one."""
    rows = [[name, *counts] for name, counts in zip(matrix.names, matrix.counts.tolist(), strict=True)]
    _write(file, ["truth \\ predicted", *matrix.names], rows)


def write_slices(slices: Iterable[Slice], file: Path) -> None:
    """Quality of each slice, in the order given."""
    header = ["slice", "found", "rows", "metric", "low", "high", "other_rows", "p_value", "small"]
    rows = [
        [each.name, each.found, each.rows, *_bounds(each.metric), each.rest, each.p_value, each.is_small]
        for each in slices
    ]
    _write(file, header, rows)


def write_disturbances(report: RobustnessReport, file: Path) -> None:
    """Quality of disturbed rows, after that of the rows as they are."""
    rows = [[each.name, each.strength, *_bounds(each.metric), each.flipped] for each in report.disturbances]
    _write(file, ["disturbance", "strength", "metric", "low", "high", "flipped"], [_clean(report), *rows])


def write_rates(report: FairnessReport, file: Path) -> None:
    """Rates of each group, one a line."""
    rows = [
        [protected.name, group.name, group.rows, group.is_small, rate, *_bounds(interval)]
        for protected in report.protected
        for group in protected.groups
        for rate, interval in group.rates.items()
    ]
    _write(file, ["protected", "group", "rows", "small", "rate", "value", "low", "high"], rows)


def write_disparities(report: FairnessReport, file: Path) -> None:
    """Disparities by protected column, one a line, with what they say."""
    rows = [
        [protected.name, name, *_bounds(interval), told(name, interval)]
        for protected in report.protected
        for name, interval in protected.disparities.items()
    ]
    _write(file, ["protected", "disparity", "value", "low", "high", "in words"], rows)


def write_trade_off(report: TradeOffReport, file: Path) -> None:
    """Quality and disparities of each way of training, one a line."""
    header = ["mitigation", "chosen", report.metric, "low", "high", report.disparity, "low", "high"]
    by_column = [f"{report.disparity} by {column}" for column in report.columns]
    rows = [
        [way.mitigation, way.is_chosen, *_bounds(way.quality), *_bounds(way.disparity)]
        + [str(way.by_column[column]) for column in report.columns]
        for way in report.ways
    ]
    _write(file, [*header, *by_column], rows)


def _clean(report: RobustnessReport) -> list[object]:
    return ["none", "", *_bounds(report.clean), 0.0]


def _bounds(interval: Interval) -> tuple[float, float | None, float | None]:
    return interval.value, interval.low, interval.high


def _write(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as output:
        writer = csv.writer(output)
        writer.writerow(header)
        writer.writerows([f"{cell:.6f}" if isinstance(cell, float) else cell for cell in row] for row in rows)
