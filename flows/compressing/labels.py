"""Names beside points of a picture, none over another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

_RING = 9.0  # points of the page around a marker that a name may not cover
_DISTANCES = (9, 20, 31, 42, 53)
_NEAREST = 4  # of the places that are tried: those that need no line
_LEADER = {"arrowstyle": "-", "linewidth": 0.5, "color": "#9aa3ad"}
_FONT = 8


def place_labels(axes: Axes, points: Sequence[tuple[float, float, str]]) -> None:
    """Write each name where there is room, as near as there is: above, below, right or left of its point.

    They come after the picture has its final scales, since what overlaps is told in pixels. Where one stands further
    off, a thin line leads to its point.

    Args:
        points: x and y in data units, and the name.
    """
    taken: list[Bbox] = [_around(axes, x, y) for x, y, _ in points]
    for x, y, name in points:
        tried = [_write(axes, x, y, name, offset) for offset in _offsets()]
        boxes = [text.get_window_extent() for text in tried]
        overlaps = [_overlap(axes, box, taken) for box in boxes]
        best = min(range(len(tried)), key=overlaps.__getitem__)
        taken.append(boxes[best])
        for text in (*tried[:best], *tried[best + 1 :]):
            text.remove()
        if best >= _NEAREST:
            axes.annotate("", (x, y), _offsets()[best], textcoords="offset points", arrowprops=_LEADER)


def _offsets() -> list[tuple[int, int]]:
    """The nearest first."""
    return [offset for far in _DISTANCES for offset in ((0, far), (0, -far), (far, 0), (-far, 0))]


def _write(axes: Axes, x: float, y: float, name: str, offset: tuple[int, int]) -> Any:
    right, up = offset
    return axes.annotate(
        name,
        (x, y),
        xytext=offset,
        textcoords="offset points",
        ha="left" if right > 0 else "right" if right < 0 else "center",
        va="bottom" if up > 0 else "top" if up < 0 else "center",
        fontsize=_FONT,
    )


def _around(axes: Axes, x: float, y: float) -> Bbox:
    from matplotlib.transforms import Bbox

    across, up = axes.transData.transform((x, y))
    half = _RING * axes.figure.dpi / 72 / 2  # a point of the page is a 72nd of an inch
    return Bbox([[across - half, up - half], [across + half, up + half]])


def _overlap(axes: Axes, box: Bbox, taken: Sequence[Bbox]) -> float:
    """Pixels of a name that would lie over something, or outside of the panel."""
    from matplotlib.transforms import Bbox

    covered = sum(common.width * common.height for other in taken if (common := Bbox.intersection(box, other)))
    inside = Bbox.intersection(box, axes.bbox)
    return covered + box.width * box.height - (inside.width * inside.height if inside else 0.0)
