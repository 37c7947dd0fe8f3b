"""The picture of a search: size and latency against quality, the Pareto front, and what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flows.compressing.labels import place_labels
from flows.compressing.plan import PARENT
from flows.compressing.summary import ChildSummary, CompressSummary
from flows.compressing.target import Target

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DOTS_PER_INCH = 120
_INCHES = (11.5, 5.2)
_MARGIN = 0.12
_BLUE, _ORANGE, _GREY, _GREEN = "#2f6db3", "#d1662b", "#9aa3ad", "#3c8d5a"


class _Panel(NamedTuple):
    """One of the two sides: a figure by its metric, and the bound that lies on it."""

    metric: str
    label: str
    bound: str


_PANELS = (
    _Panel("gzip_mb", "size by gzip, MB", "size"),
    _Panel("latency_p50_ms", "median latency of a query, ms", "latency_ms"),
)


def draw_front(summary: CompressSummary, target: Target, file: Path) -> None:
    """Draw all measured models as PNG. Those of the front are filled, the picked one has a ring, bounds are dashed."""
    from matplotlib.figure import Figure

    all_models = (summary.parent, *summary.children)
    models = [each for each in all_models if each.state == "measured" and each.value is not None]
    figure = Figure(figsize=_INCHES, dpi=_DOTS_PER_INCH, layout="constrained")
    for axes, panel in zip(figure.subplots(1, 2, sharey=True), _PANELS, strict=True):
        _frame(axes, panel.label)
        _draw(axes, panel, models, summary.picked)
        _draw_bounds(axes, panel, target, summary)
    figure.axes[0].set_ylabel(summary.metric)
    figure.suptitle(_title(summary), fontsize=10)
    figure.draw_without_rendering()
    for axes, panel in zip(figure.axes, _PANELS, strict=True):
        place_labels(axes, [(each.metrics[panel.metric], each.value or 0.0, each.name) for each in models])
    figure.savefig(file)


def _title(summary: CompressSummary) -> str:
    asked = f"asked for {summary.target}" if summary.target else "no bounds asked for"
    found = (
        f"picked {summary.picked}"
        if summary.met
        else f"none is, {summary.picked or 'and none was measured'} is closest"
    )
    return (
        f"{summary.model} and its children: {asked}; {found}\nfilled: no other is as good in everything; ring: picked"
    )


def _frame(axes: Axes, label: str) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(label)
    axes.margins(_MARGIN)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.2)


def _draw(axes: Axes, panel: _Panel, models: Sequence[ChildSummary], picked: str) -> None:
    for each in models:
        place = ([each.metrics[panel.metric]], [each.value or 0.0])
        colour = _ORANGE if each.name == PARENT else _BLUE if each.on_front else _GREY
        fill = colour if each.on_front else "none"
        marker = "D" if each.name == PARENT else "o"
        axes.scatter(*place, s=52, marker=marker, edgecolors=colour, facecolors=fill, zorder=3)
        if each.name == picked:
            axes.scatter(*place, s=230, edgecolors=_GREEN, facecolors="none", linewidths=1.8, zorder=2)


def _draw_bounds(axes: Axes, panel: _Panel, target: Target, summary: CompressSummary) -> None:
    style: dict[str, Any] = {"color": _GREEN, "linestyle": "--", "linewidth": 1.0, "alpha": 0.8}
    if (bound := target.bounds.get(panel.bound)) is not None:
        axes.axvline(bound, **style)
    if (lost := target.bounds.get("max_loss")) is not None and summary.parent.value is not None:
        axes.axhline(summary.parent.value + (-lost if summary.higher_is_better else lost), **style)
