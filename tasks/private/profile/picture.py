"""The picture of a profile: a panel a column, with what the noise may have done to each number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.dp.statistics.bounds import Bounds
from tasks.private.profile.profile import Profile, Statistic
from tasks.private.profile.request import Request

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DOTS_PER_INCH = 120
_WIDTH, _HEIGHT, _HEAD = 9.6, 2.7, 0.6
_BLUE, _PALE, _ORANGE, _GREY = "#2f6db3", "#c3d3e6", "#d1662b", "#59636e"
_ERROR_BARS = {"ecolor": _GREY, "elinewidth": 1.0, "capsize": 2.5}
_BAR = 0.68
_LONGEST = 28


def draw_profile(profile: Profile, request: Request, file: Path) -> None:
    """Histograms with quantiles and mean, and categories by their counts, two panels a row, as PNG."""
    from matplotlib.figure import Figure

    panels = [name for name in request.columns if any(each.column == name for each in profile.statistics)]
    height = -(-max(len(panels), 1) // 2)
    figure = Figure(figsize=(_WIDTH, _HEAD + _HEIGHT * height), dpi=_DOTS_PER_INCH, layout="constrained")
    places = list(figure.subplots(height, 2, squeeze=False).flat)
    for name, axes in zip(panels, places, strict=False):
        _frame(axes, name)
        if name in request.bounds:
            _draw_numbers(axes, profile, name, request.bounds[name])
        else:
            _draw_categories(axes, profile.of(name, "top" if name in request.top else "categories"))
    for axes in places[len(panels) :]:
        axes.set_axis_off()
    figure.suptitle(_title(profile), fontsize=9.5, x=0.01, ha="left")
    figure.savefig(file)


def _title(profile: Profile) -> str:
    delta = f", delta {profile.delta:g}" if profile.delta else ""
    rows = f"{profile.statistics[0].values[0].value:,.0f} {profile.split or 'train and test'} rows"
    spent = f"{profile.mechanism.capitalize()} noise, epsilon {profile.epsilon:g}{delta} of a {profile.unit}"
    marks = "box: the middle half of the rows, its line: from 0.05 to 0.95, diamond: mean"
    return f"about {rows}; {spent}\ngrey: where a count lies without the noise, 95 of 100 times; {marks}"


def _frame(axes: Axes, name: str) -> None:
    axes.set_title(name, fontsize=9.5, loc="left", fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def _draw_numbers(axes: Axes, profile: Profile, name: str, bounds: Bounds) -> None:
    bars = profile.of(name, "histogram").values
    edges = bounds.edges(len(bars))
    counts, below, above = _bars(profile.of(name, "histogram"))
    centres, width = (edges[:-1] + edges[1:]) / 2, edges[1] - edges[0]
    axes.bar(centres, counts, width * 0.96, color=_PALE, yerr=(below, above), error_kw=_ERROR_BARS)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylabel("rows", fontsize=8)
    top = axes.get_ylim()[1]
    axes.set_ylim(top=top * 1.22)
    _draw_quantiles(axes, profile.of(name, "quantiles"), top * 1.13)
    axes.plot(profile.of(name, "mean").values[0].value, top * 1.13, "D", color=_ORANGE, markersize=5, zorder=4)


def _draw_quantiles(axes: Axes, statistic: Statistic, height: float) -> None:
    """A box with whiskers: the middle half of the rows, the median, and the outer quantiles; the mean is a diamond."""
    low, first, median, third, high = (value.value for value in statistic.values)
    axes.plot([low, high], [height, height], color=_BLUE, linewidth=1.2, solid_capstyle="butt")
    axes.plot([first, third], [height, height], color=_BLUE, linewidth=6, solid_capstyle="butt")
    axes.plot([median], [height], "|", color="white", markersize=6, markeredgewidth=1.6, zorder=3)


def _draw_categories(axes: Axes, statistic: Statistic) -> None:
    counts, below, above = _bars(statistic)
    names = [_short(value.name) for value in statistic.values]
    places = range(len(names))
    axes.barh(places, counts, _BAR, color=_PALE, xerr=(below, above), error_kw=_ERROR_BARS)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("rows", fontsize=8)
    if not names:
        axes.text(0.5, 0.5, "no category has rows enough to show", transform=axes.transAxes, ha="center", fontsize=8)


def _bars(statistic: Statistic) -> tuple[Sequence[float], Sequence[float], Sequence[float]]:
    """Heights, and how far the noise may have moved them; no bar goes below 0."""
    heights = [max(value.value, 0.0) for value in statistic.values]
    below = [height - min(max(value.low, 0.0), height) for height, value in zip(heights, statistic.values, strict=True)]
    above = [max(value.high - height, 0.0) for height, value in zip(heights, statistic.values, strict=True)]
    return heights, below, above


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
