"""Values with their intervals, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.reports.interval import Interval

_DOTS_PER_INCH = 120
_COLOURS = ("#2f6db3", "#c8642b")
_GREY = "#8a929c"
_LONGEST = 64


@dataclass(frozen=True)
class Dot:
    """One line of a picture; `is_other` tells which of two kinds it is of."""

    name: str
    interval: Interval
    is_other: bool = False


def draw_dots(
    dots: Sequence[Dot],
    middle: float,
    file: Path,
    *,
    title: str,
    measure: str,
    kinds: tuple[str, str],
    middle_name: str,
) -> None:
    """Dots on their intervals, from top to bottom, and a line at `middle`; a dot without an interval is hollow."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, max(2.6, 0.3 * len(dots) + 1.5)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(middle, color=_GREY, linestyle="--", linewidth=1, label=f"{middle_name}: {middle:.3g}")
    for is_other, kind in enumerate(kinds):
        own = [(place, each.interval) for place, each in enumerate(dots) if each.is_other == bool(is_other)]
        for place, interval in own:
            face = "white"
            if interval.low is not None and interval.high is not None:
                axes.plot([interval.low, interval.high], [place, place], color=_COLOURS[is_other], linewidth=2)
                face = _COLOURS[is_other]
            axes.plot([interval.value], [place], "o", color=_COLOURS[is_other], markerfacecolor=face)
        if own:
            axes.plot([], [], "o-", color=_COLOURS[is_other], label=kind)
    axes.set_yticks(range(len(dots)), [_short(each.name) for each in dots], fontsize=9)
    axes.set_ylim(len(dots) - 0.5, -0.5)
    axes.set_xlabel(measure)
    axes.set_title(title)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    figure.savefig(file, dpi=_DOTS_PER_INCH)


def _short(name: str) -> str:
    """A name as an axis can show it. A dollar sign would begin a formula."""
    cut = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 19]}…{name[-18:]}"
    return cut.replace("$", r"\$")
