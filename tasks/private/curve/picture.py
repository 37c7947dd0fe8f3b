"""The picture of a curve: a panel a metric, epsilon on a logarithmic axis."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.private.curve.curve import Point, UtilityCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DOTS_PER_INCH = 120
_WIDTH, _HEIGHT = 5.6, 4.4
_BLUE, _ORANGE = "#2f6db3", "#d1662b"
_PALE, _FAINT = 0.16, 0.45
_MARGINS = (0.06, 0.1)
_UNITS = {
    "accuracy": "accuracy, share of rows",
    "auc": "area under the ROC curve",
    "rmse": "RMSE, in units of what is predicted",
    "mae": "mean absolute error, in units of what is predicted",
}


def draw_curve(curve: UtilityCurve, file: Path) -> None:
    """Median over seeds as a line, their range as a band, each run as a dot; dashed what is reached without privacy."""
    from matplotlib.figure import Figure

    panels = len(curve.metrics)
    figure = Figure(figsize=(_WIDTH * panels + 0.6, _HEIGHT), dpi=_DOTS_PER_INCH, layout="constrained")
    for axes, metric in zip(figure.subplots(1, panels, squeeze=False).flat, curve.metrics, strict=True):
        _frame(axes, curve, metric)
        _draw_private(axes, curve, metric)
        _draw_plain(axes, curve, metric)
        axes.legend(fontsize=8, framealpha=0.9)
    figure.suptitle(_title(curve), fontsize=10, x=0.01, ha="left")
    figure.savefig(file)


def _title(curve: UtilityCurve) -> str:
    seeds = curve.points[0].runs
    band = (
        f"bands: lowest to highest of {seeds} seeds, between which the median of all seeds lies "
        f"with probability {curve.coverage:.0%}"
        if seeds > 1
        else "one seed: how far another one would lie from it is not known"
    )
    return f"{curve.recipe}: what privacy costs, on {curve.runs[0].test_rows:,} test rows\n{band}"


def _frame(axes: Axes, curve: UtilityCurve, metric: str) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

    epsilons = [point.epsilon or 0.0 for point in curve.of(metric)]
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(epsilons))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    privacy = next(run.privacy for run in curve.runs if run.privacy)
    whose = "one person" if privacy.unit == "user" else "one row"
    axes.set_xlabel(f"epsilon of {whose} at delta {privacy.delta:.1e}, logarithmic", fontsize=9)
    axes.set_ylabel(_UNITS.get(metric, metric), fontsize=9)
    axes.margins(*_MARGINS)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    axes.grid(alpha=0.2)


def _draw_private(axes: Axes, curve: UtilityCurve, metric: str) -> None:
    points = curve.of(metric)
    epsilons = [point.epsilon or 0.0 for point in points]
    lows, highs = [point.low for point in points], [point.high for point in points]
    medians = [point.median for point in points]
    axes.fill_between(epsilons, lows, highs, color=_BLUE, alpha=_PALE, linewidth=0)
    axes.vlines(epsilons, lows, highs, color=_BLUE, alpha=_FAINT, linewidth=1.2)
    private = [run for run in curve.runs if run.privacy]
    label = f"private, median of {points[0].runs} seeds" if points[0].runs > 1 else "private"
    axes.plot(epsilons, medians, "D-", color=_BLUE, markersize=5, linewidth=1.6, label=label)
    targets, values = [run.target or 0.0 for run in private], [run.metrics[metric] for run in private]
    axes.plot(targets, values, "o", color=_BLUE, markersize=4, alpha=_FAINT, mew=0, label="each training")
    for epsilon, median, high in zip(epsilons, medians, highs, strict=True):
        axes.annotate(
            f"{median:.3f}", (epsilon, high), (0, 6), textcoords="offset points", ha="center", fontsize=8, color=_BLUE
        )


def _draw_plain(axes: Axes, curve: UtilityCurve, metric: str) -> None:
    point: Point | None = curve.plain(metric)
    if point is None:
        return
    axes.axhspan(point.low, point.high, color=_ORANGE, alpha=_PALE, linewidth=0)
    label = f"without privacy, median {point.median:.3f}"
    axes.axhline(point.median, color=_ORANGE, linestyle="--", linewidth=1.4, label=label)
