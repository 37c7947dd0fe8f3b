"""Structured pruning: attention heads, neurons and filters that are worth least are taken out of the network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from infra.errors import RecipeError
from tasks.compress.config import UnitOptions
from tasks.compress.importance import Worth, worth
from tasks.compress.narrowing import Removal, without
from tasks.compress.subject import Subject
from tasks.compress.units import Units, heads, neurons


def prune_heads(subject: Subject, options: UnitOptions) -> Subject:
    """The subject with fewer attention heads in each layer of its encoder.

    Raises:
        RecipeError: it has no layer with several heads, or so small a share is none of them.
    """
    return _pruned(subject, "heads", "attention heads", heads(subject.network), options)


def prune_neurons(subject: Subject, options: UnitOptions) -> Subject:
    """The subject with fewer neurons in each dense layer, and fewer filters in each convolution, that others follow.

    Raises:
        RecipeError: it has no such layer, or so small a share is none of them.
    """
    return _pruned(subject, "neurons", "hidden neurons or filters", neurons(subject.network), options)


def least(values: Worth, share: float, multiple: int = 1) -> NDArray[np.bool_]:
    """Which units go: that share of them, the lowest first, but never the last, and a multiple of so many stay."""
    count = len(values)
    left = max(1, count - round(share * count))
    left = min(count, -(-left // multiple) * multiple)
    gone = np.zeros(count, np.bool_)
    gone[np.argsort(values, kind="stable")[: count - left]] = True
    return gone


def _pruned(subject: Subject, option: str, kind: str, layers: Sequence[Units], options: UnitOptions) -> Subject:
    several = [units for units in layers if units.count > 1]
    if not several:
        raise RecipeError(
            f"compress.steps: prune_{option}",
            found=f"a model of {subject.manifest.task} with {'one' if layers else 'none'} of {kind} a layer",
            allowed=f"a model with several {kind} in a layer that another layer weighs",
            action="Leave the step out.",
        )
    gone = [least(values, options.share, options.multiple) for values in worth(subject, several, options)]
    if not any(mask.any() for mask in gone):
        counts = ", ".join(str(units.count) for units in several)
        raise RecipeError(
            f"compress.{option}",
            found=f"share {options.share} and multiple {options.multiple}, by which none of {counts} {kind} go",
            allowed="a share of one or more of a layer, and a multiple below its size",
            action="Raise the share or lower the multiple, or leave the step out.",
        )
    removals = [Removal(units, mask) for units, mask in zip(several, gone, strict=True)]
    return subject.changed(without(subject.network, removals))
