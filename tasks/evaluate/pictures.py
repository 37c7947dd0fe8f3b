"""Pictures of a report, as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate.metrics import ClassQuality, Confusion, Numbers
from tasks.reports.quality import CalibrationReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DOTS_PER_INCH = 120
_LONGEST_NAME = 28
_BLUE, _GREY = "#2f6db3", "#b8bec6"
_FEW_VALUES = 20
_POWER = 0.4  # of shares as colours: below 1, so that 2 % stand apart from none
_RANK_BINS = ((1, 1), (2, 2), (3, 3), (4, 5), (6, 10), (11, 50), (51, None))


def draw_confusion(matrix: Confusion, file: Path, max_shown: int) -> None:
    """Counts in cells, coloured by their share of the true class's rows."""
    shown = telling_classes(matrix, max_shown)
    seen = int(np.sum(matrix.counts.sum(axis=0) + matrix.counts.sum(axis=1) > 0))
    counts = matrix.counts[np.ix_(shown, shown)]
    shares = counts / np.maximum(matrix.counts[shown].sum(axis=1, keepdims=True), 1)
    side = max(4.0, 0.32 * len(shown) + 1.0)
    figure, axes = _canvas(side + 2.0, side + 1.0)
    image = axes.imshow(shares**_POWER, cmap="Blues", vmin=0, vmax=1)
    _write_counts(axes, counts, shares)
    names = [_short(matrix.names[place]) for place in shown]
    axes.set_xticks(range(len(names)), names, rotation=90 if len(names) > 6 or max(map(len, names)) > 12 else 0)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(_title("Rows by true and predicted class", len(shown), seen, "most rows and errors"))
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02, label="share of the true class")
    marks = (0.0, 0.02, 0.1, 0.25, 0.5, 1.0)
    bar.set_ticks([mark**_POWER for mark in marks], labels=[f"{mark:.0%}" for mark in marks])
    _save(figure, file)


def draw_per_class(qualities: Sequence[ClassQuality], file: Path, max_shown: int, unit: str = "rows") -> None:
    """F1 of each class that the test split has, the worst on top; `unit` is what its support counts."""
    present = sorted((q for q in qualities if q.support), key=lambda quality: (quality.f1, -quality.support))
    shown = present[:max_shown]
    figure, axes = _canvas(7.0, max(2.5, 0.26 * len(shown) + 1.2))
    places = range(len(shown))
    axes.barh(places, [quality.f1 for quality in shown], color=_BLUE)
    for place, quality in enumerate(shown):
        axes.text(1.02, place, f"{quality.f1:.2f}   {quality.support} {unit}", va="center", fontsize=8)
    axes.set_yticks(places, [_short(quality.label) for quality in shown])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("F1")
    axes.set_title(_title("F1 by class", len(shown), len(present), "lowest F1"))
    _frame(axes)
    _save(figure, file)


def draw_ranks(ranks: NDArray[np.float64], file: Path, what: str = "true answer", whose: str = "questions") -> None:
    """How far down the list what is sought stands."""
    names = [_range(low, high) for low, high in _RANK_BINS]
    counts = [int(np.sum((ranks >= low) & (ranks <= (high or np.finfo(float).max)))) for low, high in _RANK_BINS]
    unknown = int(np.isinf(ranks).sum())
    if unknown:
        names, counts = [*names, "not\nknown"], [*counts, unknown]
    figure, axes = _canvas(7.0, 3.8)
    axes.bar(names, counts, color=[_BLUE] * len(_RANK_BINS) + [_GREY] * (len(names) - len(_RANK_BINS)))
    for place, count in enumerate(counts):
        axes.text(place, count, f"{count}\n{count / len(ranks):.0%}", ha="center", va="bottom", fontsize=8)
    axes.set_ylim(0, max(counts) * 1.2)
    axes.set_xlabel(f"rank of the {what}")
    axes.set_ylabel(whose)
    axes.set_title(f"Where the {what} stands")
    _frame(axes)
    _save(figure, file)


def draw_ratings(predicted: Numbers, truth: Numbers, file: Path, what: str = "rating") -> None:
    """Predicted against true numbers: a box for each true value where these are few, else how dense they lie."""
    values = np.unique(truth)
    ends = [min(predicted.min(), truth.min()), max(predicted.max(), truth.max())]
    margin = 0.08 * max(ends[1] - ends[0], 1.0)
    figure, axes = _canvas(5.6, 5.0)
    axes.plot(ends, ends, color=_GREY, linestyle="--", label="predicted = true")
    if len(values) <= _FEW_VALUES:
        width = 0.6 * (float(np.diff(values).min()) if len(values) > 1 else 1.0)
        groups = [predicted[truth == value] for value in values]
        axes.boxplot(groups, positions=values, widths=width, sym=".", manage_ticks=False)
        axes.set_xticks(values, [f"{value:g}\n{len(group)}" for value, group in zip(values, groups, strict=True)])
        axes.set_xlabel(f"true {what}, and how many rows have it")
    else:
        cells = axes.hexbin(truth, predicted, gridsize=40, bins="log", cmap="Blues", mincnt=1)
        figure.colorbar(cells, ax=axes, label="rows")
        axes.set_xlabel(f"true {what}")
    axes.set_xlim(ends[0] - margin, ends[1] + margin)
    axes.set_ylim(ends[0] - margin, ends[1] + margin)
    axes.set_ylabel(f"predicted {what}")
    axes.set_title(f"Predicted against true {what}")
    axes.legend(loc="upper left", fontsize=8)
    _frame(axes)
    _save(figure, file)


def draw_reliability(report: CalibrationReport, file: Path) -> None:
    """The reliability diagram: what each bin's probabilities promise and what holds, above how many rows it has."""
    figure, (above, below) = _canvas(5.4, 6.0, rows=2, height_ratios=[3, 1])
    held = [each.accuracy for each in report.bins]
    promised, shares = [each.confidence for each in report.bins], [each.value for each in held]
    spread = [[each.value - (each.low or 0) for each in held], [(each.high or 0) - each.value for each in held]]
    above.plot([0, 1], [0, 1], color=_GREY, linestyle="--", label="promised = held")
    above.errorbar(promised, shares, yerr=np.array(spread), color=_BLUE, marker="o", markersize=4, capsize=2)
    above.set_ylabel("share that is right")
    above.set_title(
        f"Calibration: expected error {report.expected_error}\nlargest {report.largest_error:.3g}, "
        f"Brier score {report.brier:.3g}; bars are {report.confidence:.0%} intervals"
    )
    above.legend(loc="upper left", fontsize=8)
    middles, width = [(each.low + each.high) / 2 for each in report.bins], report.bins[0].high - report.bins[0].low
    below.bar(middles, [each.rows for each in report.bins], width=0.9 * width, color=_BLUE)
    below.set_ylabel("rows")
    below.set_xlabel("probability of the class told")
    for axes in (above, below):
        axes.set_xlim(0, 1)
        _frame(axes)
    above.set_ylim(0, 1.02)
    _save(figure, file)


def telling_classes(matrix: Confusion, max_shown: int) -> list[int]:
    """The places of the classes to show, in order: all, or those with most rows and, above all, most errors."""
    counts = matrix.counts
    rows, errors = counts.sum(axis=1), counts.sum(axis=1) + counts.sum(axis=0) - 2 * np.diag(counts)
    seen = [place for place in range(len(rows)) if rows[place] or errors[place]]
    # One error weighs as much as the rows of an average class, so classes without errors come last.
    weight = rows + errors * max(1.0, float(rows.mean()))
    return sorted(sorted(seen, key=lambda place: -weight[place])[:max_shown])


def _write_counts(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if shares[row, column] > 0.3 else "black"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=7, color=colour)


def _canvas(
    width: float, height: float, rows: int = 1, height_ratios: Sequence[float] | None = None
) -> tuple[Figure, Any]:
    """A figure of its own, without pyplot's global state and windows."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, height_ratios=height_ratios)


def _save(figure: Figure, file: Path) -> None:
    figure.savefig(file, dpi=_DOTS_PER_INCH)


def _frame(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _title(subject: str, shown: int, total: int, which: str) -> str:
    return subject if shown == total else f"{subject}\n{shown} of {total} classes, those with the {which}"


def _short(name: str) -> str:
    """A name as an axis can show it. A dollar sign would begin a formula."""
    cut = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    return (" ".join(cut.split()) or "(empty)").replace("$", r"\$")


def _range(low: int, high: int | None) -> str:
    if high is None:
        return f"{low}+"
    return str(low) if low == high else f"{low} to {high}"
