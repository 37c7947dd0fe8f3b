"""What rows can be parted by: the values of a column, ranges of its numbers, or several of these crossed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.features.columns import MISSING, numbers, texts

Codes = NDArray[np.int64]
NOWHERE = -1  # the code of a row that no part has
PARTS = 4  # of a column of numbers: quarters
FEW_VALUES = 12  # numbers with so many are taken one by one
MOST_VALUES = 50  # of a column; the rarer ones are one part together


@dataclass(frozen=True)
class Attribute:
    """One way to part n rows.

    Attributes:
        names: of each part its condition in words.
        codes: n places in `names`, or NOWHERE.
    """

    names: tuple[str, ...]
    codes: Codes


def attribute(name: str, values: pa.ChunkedArray) -> Attribute:
    """A column: by quarters if it has many different numbers, else by value."""
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return by_value(name, texts(values))
    found = numbers(values)
    return by_value(name, texts(values)) if len(np.unique(found)) <= FEW_VALUES else by_range(name, found)


def by_value(name: str, values: Sequence[str]) -> Attribute:
    """A part for each value, the most frequent ones first where they are many."""
    counts = Counter(values)
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    kept = sorted(ordered[:MOST_VALUES])
    rest = len(ordered) > len(kept)
    places = {value: place for place, value in enumerate(kept)}
    codes = np.array([places.get(value, len(kept)) for value in values], np.int64)
    names = [f"{name} missing" if value == MISSING else f"{name} = {value}" for value in kept]
    return Attribute((*names, *([f"{name} of {len(ordered) - len(kept)} other values"] if rest else [])), codes)


def by_range(name: str, values: NDArray[np.float64]) -> Attribute:
    """Quarters of the rows; a number that more than a quarter of them share is a part of its own."""
    known = ~np.isnan(values)
    distinct, counts = np.unique(values[known], return_counts=True)
    common = distinct[counts > known.sum() / PARTS]
    codes = np.full(len(values), NOWHERE, np.int64)
    names: list[str] = []
    for value in common:
        codes[values == value] = len(names)
        names.append(f"{name} = {value:.6g}")
    others = known & ~np.isin(values, common)
    edges = np.unique(np.quantile(values[others], np.arange(1, PARTS) / PARTS)) if others.any() else np.zeros(0)
    part = np.searchsorted(edges, values, side="left")
    for place in np.unique(part[others]):
        chosen = others & (part == place)
        codes[chosen] = len(names)
        names.append(_range(name, float(values[chosen].min()), float(values[chosen].max()), common.tolist()))
    if not known.all():
        codes[~known] = len(names)
        names.append(f"{name} missing")
    return Attribute(tuple(names), codes)


def crossed(attributes: Sequence[Attribute]) -> Attribute:
    """The parts that rows are in when they are parted by each of several, those without rows left out."""
    codes = np.stack([each.codes for each in attributes], axis=1)
    whole = (codes != NOWHERE).all(axis=1)
    cells, inverse = np.unique(codes[whole], axis=0, return_inverse=True)
    names = [
        " and ".join(each.names[code] for each, code in zip(attributes, cell, strict=True)) for cell in cells.tolist()
    ]
    joint = np.full(len(codes), NOWHERE, np.int64)
    joint[whole] = inverse.reshape(-1)
    return Attribute(tuple(names), joint)


def _range(name: str, low: float, high: float, common: Sequence[float]) -> str:
    inside = " and ".join(f"{value:.6g}" for value in common if low < value < high)
    told = f"{name} = {low:.6g}" if low == high else f"{name} {low:.6g} to {high:.6g}"
    return f"{told} but not {inside}" if inside else told
