"""Pictures of explanations, as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.evaluate.explain.wording import faithful_words, shade
from tasks.reports.explanation import Contribution, GlobalExplanation, LocalExplanation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOTS_PER_INCH = 120
_FOR, _AGAINST, _BLUE = "#2f6db3", "#c8553d", "#2f6db3"
_MOST_BARS = 20
_LONGEST_NAME = 36
_LINE_CHARACTERS = 78


def draw_global(found: GlobalExplanation, explained: str, file: Path) -> None:
    """Parts by importance with their intervals, the most important on top."""
    shown = found.importances[:_MOST_BARS]
    figure, axes = _canvas(7.5, max(2.6, 0.3 * len(shown) + 1.7))
    values = [each.importance.value for each in shown]
    places = np.arange(len(shown))
    axes.barh(places, values, color=_BLUE)
    known = [
        (place, each.importance.low, each.importance.high)
        for place, each in enumerate(shown)
        if each.importance.low is not None
    ]
    if known:
        rows, lows, highs = zip(*known, strict=True)
        axes.hlines(rows, lows, highs, color="black", linewidth=1)
    axes.set_yticks(places, [_short(each.part) for each in shown])
    axes.invert_yaxis()
    axes.set_xlabel(f"mean size of contributions to the {explained}".replace("$", r"\$"))
    cut = ", cut by its time limit" if found.is_cut else ""
    figure.suptitle(f"{found.method}: {found.rows} rows{cut}\n{faithful_words(found.faithfulness)}", fontsize=9)
    _frame(axes)
    _save(figure, file)


def draw_local(found: LocalExplanation, file: Path) -> None:
    """One row: of columns a bar each, of a text its words on the colours of their contributions."""
    if found.is_text:
        _draw_words(found, file)
    else:
        _draw_bars(found, file)


def _draw_bars(found: LocalExplanation, file: Path) -> None:
    shown = found.contributions[:_MOST_BARS]
    figure, axes = _canvas(7.5, max(2.6, 0.32 * len(shown) + 1.7))
    places = np.arange(len(shown))
    weights = [part.weight for part in shown]
    axes.barh(places, weights, color=[_FOR if weight > 0 else _AGAINST for weight in weights])
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(places, [_short(f"{part.part} = {part.value}" if part.value else part.part) for part in shown])
    axes.invert_yaxis()
    axes.set_xlabel(f"contribution to the {found.explained}".replace("$", r"\$"))
    figure.suptitle(_title(found), fontsize=9)
    _frame(axes)
    _save(figure, file)


def _draw_words(found: LocalExplanation, file: Path) -> None:
    lines = _lines(found.contributions)
    figure, axes = _canvas(8.0, 0.34 * len(lines) + 1.2)
    axes.set_xlim(0, _LINE_CHARACTERS)
    axes.set_ylim(len(lines), -0.5)
    axes.axis("off")
    most = max((abs(part.weight) for part in found.contributions), default=0.0)
    for row, line in enumerate(lines):
        start = 0
        for part in line:
            box = {"facecolor": shade(part.weight, most), "edgecolor": "none", "pad": 1.5}
            text = part.part.replace("$", r"\$")
            axes.text(start, row, text, family="monospace", fontsize=9, va="center", bbox=box)
            start += len(part.part) + 1
    figure.suptitle(_title(found), fontsize=9)
    _save(figure, file)


def _lines(parts: Sequence[Contribution]) -> list[list[Contribution]]:
    """Words in lines that fit the picture."""
    lines: list[list[Contribution]] = [[]]
    width = 0
    for part in parts:
        if lines[-1] and width + len(part.part) > _LINE_CHARACTERS:
            lines.append([])
            width = 0
        lines[-1].append(part)
        width += len(part.part) + 1
    return lines


def _title(found: LocalExplanation) -> str:
    about = f"{found.method}: {found.explained} {found.output:.3f}, from {found.base:.3f}"
    return f"{about}\n{faithful_words(found.faithfulness)}".replace("$", r"\$")


def _canvas(width: float, height: float) -> tuple[Figure, Any]:
    """A figure of its own, without pyplot's global state and windows."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _save(figure: Figure, file: Path) -> None:
    figure.savefig(file, dpi=_DOTS_PER_INCH)


def _frame(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _short(name: str) -> str:
    cut = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    return (" ".join(cut.split()) or "(empty)").replace("$", r"\$")
