"""What a compressed model is to be: bounds on its size, its latency and what it may lose."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.errors import RecipeError

_BYTES: Mapping[str, float] = {"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20}
_EXAMPLE = "For example --target size=2MB,latency_ms=3,max_loss=0.005"
_SMALLEST_UNIT_OF_LOSS = 0.01  # a bound of 0 can't be missed by a multiple of itself; one point is what people count in


@dataclass(frozen=True)
class Figures:
    """What a model is measured by.

    Attributes:
        gzip_mb, size_mb: the model itself as gzip has it, and as it is, in millions of bytes.
        latency_ms: of one query, the median.
        loss: by how much the gate's primary metric is worse than the parent's; negative: it is better.
        class_loss: the largest loss of recall of a class; None: the model tells no classes.
    """

    gzip_mb: float
    size_mb: float
    latency_ms: float
    loss: float
    class_loss: float | None = None

    def objectives(self) -> tuple[float, float, float]:
        """What the Pareto front is made of; less is better."""
        return self.gzip_mb, self.latency_ms, self.loss


@dataclass(frozen=True)
class _Kind:
    """A bound that there is: of which figure, in which unit a person reads it."""

    figure: str
    unit: str = ""
    is_size: bool = False
    is_loss: bool = False


_KINDS: Mapping[str, _Kind] = {
    "size": _Kind("gzip_mb", " MB", is_size=True),
    "file_size": _Kind("size_mb", " MB", is_size=True),
    "latency_ms": _Kind("latency_ms", " ms"),
    "max_loss": _Kind("loss", is_loss=True),
    "max_class_loss": _Kind("class_loss", is_loss=True),
}


@dataclass(frozen=True)
class Target:
    """Upper bounds by name, in megabytes, milliseconds and units of the metric; none: anything will do."""

    bounds: Mapping[str, float] = field(default_factory=dict)

    def missed(self, figures: Figures) -> list[str]:
        """The bounds that are not kept, in words."""
        return [
            f"{name} {_shown(name, self._value(name, figures))} (at most {_shown(name, bound)})"
            for name, bound in self.bounds.items()
            if self._excess(name, figures) > 0
        ]

    def distance(self, figures: Figures) -> tuple[int, float]:
        """How far figures are from the target: bounds missed, then the sum of what is too much, relative to each."""
        excesses = [self._excess(name, figures) for name in self.bounds]
        return sum(excess > 0 for excess in excesses), sum(excess for excess in excesses if excess > 0)

    def _value(self, name: str, figures: Figures) -> float | None:
        value: float | None = getattr(figures, _KINDS[name].figure)
        return value

    def _excess(self, name: str, figures: Figures) -> float:
        """Relative to the bound; infinite for what was not measured."""
        value, bound = self._value(name, figures), self.bounds[name]
        if value is None or not math.isfinite(value):
            return math.inf
        unit = max(bound, _SMALLEST_UNIT_OF_LOSS) if _KINDS[name].is_loss else bound
        return (value - bound) / unit


def parse_target(text: str) -> Target:
    """Read `size=2MB,latency_ms=3,max_loss=0.005`; an empty text is a target without bounds.

    Raises:
        RecipeError: a name or a unit that there is not, a name twice, or a value that is no bound.
    """
    bounds: dict[str, float] = {}
    for part in text.split(",") if text.strip() else []:
        name, _, value = (each.strip() for each in part.partition("="))
        if name not in _KINDS or name in bounds:
            found = f"{name} twice" if name in bounds else repr(part.strip())
            raise RecipeError(
                "--target", found=found, allowed=f"NAME=VALUE of {', '.join(_KINDS)}", action=f"{_EXAMPLE}."
            )
        bounds[name] = _bound(name, value)
    return Target(bounds)


def _bound(name: str, text: str) -> float:
    kind = _KINDS[name]
    spelled = re.fullmatch(r"(?P<number>[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*(?P<unit>[A-Za-z]*)", text)
    number = float(spelled["number"]) if spelled else math.nan
    unit = spelled["unit"] if spelled else ""
    scale = _BYTES.get(unit, math.nan) / 1e6 if kind.is_size else math.nan if unit else 1.0
    bound = number * scale
    if not math.isfinite(bound) or bound < 0 or (bound == 0 and not kind.is_loss):
        least = "a number from 0" if kind.is_loss else "a number above 0"
        allowed = f"{least} with one of the units {', '.join(_BYTES)}" if kind.is_size else f"{least} without a unit"
        raise RecipeError(f"--target {name}", found=repr(text), allowed=allowed, action=f"{_EXAMPLE}.")
    return bound


def _shown(name: str, value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}{_KINDS[name].unit}"
