"""The picture of a training's curves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tasks.train.curves import Curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DOTS_PER_INCH = 110
_BLUE, _ORANGE, _PALE = "#2f6db3", "#d1662b", "#c3d3e6"
_COLOURS = (_ORANGE, "#3c8d5a", "#8a5ab5", "#b58a1e", "#6b7280")
_SMOOTHED_SHARE = 0.03
_WIDTH, _HEIGHT = 7.6, 2.6
_MOST_POINTS_AS_DOTS = 60


def draw_curves(curves: Curves, steps_per_epoch: int, file: Path) -> None:
    """Loss, quality on the validation rows where there are any, and learning rate, by step and epoch, as PNG."""
    from matplotlib.figure import Figure

    quality = [name for name in curves.names if name.startswith("val_") and name != "val_loss"]
    rows = 2 + bool(quality)
    figure = Figure(figsize=(_WIDTH, _HEIGHT * rows), layout="constrained")
    axes = list(figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0])
    _draw_loss(axes[0], curves)
    if quality:
        _draw_quality(axes[1], curves, quality)
    _line(axes[-1], curves, "learning_rate", _BLUE)
    axes[-1].set_ylabel("learning rate")
    axes[-1].ticklabel_format(axis="y", style="sci", scilimits=(-2, 2))
    axes[-1].set_xlabel("step")
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.grid(axis="y", alpha=0.25)
    _add_epochs(axes[0], steps_per_epoch)
    figure.savefig(file, dpi=_DOTS_PER_INCH)


def smoothed(values: NDArray[np.float64], share: float = _SMOOTHED_SHARE) -> NDArray[np.float64]:
    """Mean over a window around each place, narrower at the ends; what is not a number is left out."""
    half = int(len(values) * share / 2)
    known = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    places = np.arange(len(values))
    reach = np.minimum(np.minimum(places, places[::-1]), half)
    low, high = places - reach, places + reach + 1
    with np.errstate(invalid="ignore"):
        return np.asarray((sums[high] - sums[low]) / (counts[high] - counts[low]))


def _draw_loss(axes: Axes, curves: Curves) -> None:
    steps, values = curves.curve("loss")
    axes.plot(steps, values, color=_PALE, linewidth=0.8)
    axes.plot(steps, smoothed(np.array(values, np.float64)), color=_BLUE, label="loss, smoothed")
    if "val_loss" in curves.names:
        _line(axes, curves, "val_loss", _ORANGE)
    axes.set_ylabel("loss")
    axes.legend(frameon=False, fontsize=8)


def _draw_quality(axes: Axes, curves: Curves, names: list[str]) -> None:
    for place, name in enumerate(names):
        _line(axes, curves, name, _COLOURS[place % len(_COLOURS)])
    axes.set_ylabel("validation")
    axes.legend(frameon=False, fontsize=8)


def _line(axes: Axes, curves: Curves, name: str, colour: str) -> None:
    steps, values = curves.curve(name)
    marker = "o" if len(steps) <= _MOST_POINTS_AS_DOTS else None
    axes.plot(steps, values, color=colour, label=name, marker=marker, markersize=3)


def _add_epochs(axes: Any, steps_per_epoch: int) -> None:
    """A second scale on top."""

    def to_epochs(steps: Any) -> Any:
        return np.asarray(steps) / steps_per_epoch

    def to_steps(epochs: Any) -> Any:
        return np.asarray(epochs) * steps_per_epoch

    axes.secondary_xaxis("top", functions=(to_epochs, to_steps)).set_xlabel("epoch")
