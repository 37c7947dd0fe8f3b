"""Pictures of how groups fare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.reports.fairness import Group, Protected, TradeOff, TradeOffReport
from tasks.reports.interval import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DOTS_PER_INCH = 120
_LONGEST_NAME = 28
_MOST_GROUPS = 40
_BLUE, _PALE, _GREY, _GREEN, _ORANGE = "#2f6db3", "#9dbde0", "#9aa3ad", "#3c8d5a", "#d1662b"
_RATES = ("selection_rate", "accuracy", "false_positive_rate", "false_negative_rate")


def draw_rates(protected: Protected, favourable: str, confidence: float, file: Path) -> None:
    """The rates of each group with intervals, side by side; small groups are hatched. The largest 40 are shown."""
    from matplotlib.figure import Figure

    largest = sorted(protected.groups, key=lambda group: -group.rows)[:_MOST_GROUPS]
    shown = [group for group in protected.groups if group in largest]
    figure = Figure(figsize=(11.5, max(2.6, 0.3 * len(shown) + 1.6)), layout="constrained")
    panels = figure.subplots(1, len(_RATES), sharey=True)
    for axes, rate in zip(panels, _RATES, strict=True):
        _draw_rate(axes, rate, shown)
    panels[0].set_yticks(range(len(shown)), [f"{_short(group.name)}  {group.rows}" for group in shown])
    panels[0].invert_yaxis()
    cut = "" if len(shown) == len(protected.groups) else f"; {len(shown)} of {len(protected.groups)} groups"
    small = "; hatched: too few rows to compare" if any(group.is_small for group in shown) else ""
    title = f"Rates by {protected.name}, rows behind each group; favourable: {favourable}{cut}"
    figure.suptitle(f"{title}\nlines are {confidence:.0%} intervals{small}".replace("$", r"\$"), fontsize=10)
    figure.savefig(file, dpi=_DOTS_PER_INCH)


def _draw_rate(axes: Axes, rate: str, groups: Sequence[Group]) -> None:
    for place, group in enumerate(groups):
        if rate not in group.rates:
            axes.text(0.02, place, "no row to tell", va="center", fontsize=7, color=_GREY)
            continue
        interval = group.rates[rate]
        face, hatch = ("none", "////") if group.is_small else (_PALE, "")
        axes.barh(place, interval.value, height=0.64, facecolor=face, edgecolor=_BLUE, hatch=hatch)
        axes.errorbar(interval.value, place, xerr=_reach(interval), color="black", capsize=3, linewidth=1)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.25, 0.5, 0.75], ["0", "0.25", "0.5", "0.75"])
    axes.set_title(rate.replace("_", " "), fontsize=10)
    axes.grid(axis="x", alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)


def draw_trade_off(report: TradeOffReport, file: Path) -> None:
    """Quality against disparity, a panel for each protected column; ways that nothing beats in both are joined."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.2 + 5.2 * len(report.columns), 4.6), layout="constrained")
    panels = figure.subplots(1, len(report.columns), sharey=True, squeeze=False)[0]
    for axes, column in zip(panels, report.columns, strict=True):
        _draw_ways(axes, report.ways, column, report.disparity.endswith("_ratio"))
        axes.set_xlabel(f"{report.disparity.replace('_', ' ')} by {column}")
    panels[0].set_ylabel(report.metric)
    figure.suptitle(
        f"Ways of training on the same {report.rows:,} test rows; lines are {report.confidence:.0%} intervals\n"
        "filled and joined: none is better in both; ring: chosen",
        fontsize=10,
    )
    figure.savefig(file, dpi=_DOTS_PER_INCH)


def front(points: Sequence[tuple[float, float]], more_is_fairer: bool) -> list[int]:
    """Places of the points, quality and disparity, that no other beats in one and equals in the other."""
    signed = [(quality, disparity if more_is_fairer else -disparity) for quality, disparity in points]
    return [
        place
        for place, one in enumerate(signed)
        if not any(other != one and other[0] >= one[0] and other[1] >= one[1] for other in signed)
    ]


def _draw_ways(axes: Axes, ways: Sequence[TradeOff], column: str, more_is_fairer: bool) -> None:
    disparities = [way.by_column[column] for way in ways]
    points = [(way.quality.value, disparity.value) for way, disparity in zip(ways, disparities, strict=True)]
    best = front(points, more_is_fairer)
    joined = sorted((points[place] for place in best), key=lambda point: point[1])
    axes.plot([x for _, x in joined], [y for y, _ in joined], color=_GREEN, linewidth=1, linestyle="--", zorder=1)
    for place, (way, disparity) in enumerate(zip(ways, disparities, strict=True)):
        colour = _BLUE if place in best else _GREY
        x, y = disparity.value, way.quality.value
        axes.errorbar(x, y, xerr=_reach(disparity), yerr=_reach(way.quality), color=colour, linewidth=0.8, alpha=0.6)
        axes.scatter([x], [y], s=40, edgecolors=colour, facecolors=colour if place in best else "white", zorder=3)
        if way.is_chosen:
            axes.scatter([x], [y], s=170, edgecolors=_ORANGE, facecolors="none", linewidths=1.8, zorder=2)
        axes.annotate(way.mitigation.replace("_", " "), (x, y), (6, 6), textcoords="offset points", fontsize=8)
    axes.margins(0.12)
    axes.grid(alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)


def _reach(interval: Interval) -> Any:
    """How far the bounds are from the value, as matplotlib takes it."""
    low, high = (interval.value if bound is None else bound for bound in (interval.low, interval.high))
    return [[interval.value - low], [high - interval.value]]


def _short(name: str) -> str:
    cut = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    return " ".join(cut.split()).replace("$", r"\$")
