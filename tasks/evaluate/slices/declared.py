"""Slices that a recipe names: all of them are shown, also those that are too small to conclude from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate.merits import mean_interval
from tasks.evaluate.slices.attributes import Attribute
from tasks.evaluate.slices.significance import Values, adjusted, joined, p_values, total
from tasks.reports.slices import Slice


def declared_slices(
    attributes: Sequence[Attribute], merits: Values, of_shares: bool, minimum_rows: int, confidence: float
) -> list[Slice]:
    """Every part of every attribute that has rows, measured on all of them.

    Those that have enough rows, and leave as many out, are tested together; each interval is for its slice alone.
    """
    masks = {
        name: each.codes == part for each in attributes for part, name in enumerate(each.names) if part in each.codes
    }
    p = _p_values(list(masks.values()), merits, of_shares, minimum_rows)
    return [
        Slice(
            name=name,
            found="recipe",
            rows=int(mask.sum()),
            metric=mean_interval(merits[mask], of_shares, confidence),
            rest=float(merits[~mask].mean() if not mask.all() else merits.mean()),
            p_value=value,
            is_small=int(mask.sum()) < minimum_rows,
        )
        for (name, mask), value in zip(masks.items(), p, strict=True)
    ]


def _p_values(
    masks: Sequence[NDArray[np.bool_]], merits: Values, of_shares: bool, minimum_rows: int
) -> list[float | None]:
    """Adjusted for one another; None for what is not tested."""
    whole, own = total(merits), joined([total(merits[mask]) for mask in masks])
    rest = own.rest(whole)
    tested = (own.counts >= minimum_rows) & (rest.counts >= minimum_rows)
    p = p_values(own.take(tested), rest.take(tested), of_shares)
    found = iter(adjusted(p, len(p)).tolist())
    return [next(found) if each else None for each in tested.tolist()]
