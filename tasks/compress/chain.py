"""Which methods there are, and in which order they make sense."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Method = Literal[
    "prune_vocabulary",
    "drop_layers",
    "prune_heads",
    "prune_neurons",
    "factorise",
    "fold_tables",
    "fine_tune",
    "distil",
    "prune",
    "prune_2_of_4",
    "cluster",
    "quantise_aware",
    "float32",
    "float16",
    "dynamic_range",
    "full_int8",
    "int8",
]
SHAPING: tuple[Method, ...] = (
    "prune_vocabulary",
    "drop_layers",
    "prune_heads",
    "prune_neurons",
    "factorise",
    "fold_tables",
)
"""They change which weights there are."""
TRAINING: tuple[Method, ...] = ("fine_tune", "distil")
"""They move weights; what was done before stays: zeros, shared values, rounding."""
MARKING: tuple[Method, ...] = ("prune", "prune_2_of_4", "cluster", "quantise_aware")
"""They change what values weights have, each in its turn: zeros, then shared values, then rounding."""
CONVERTING: tuple[Method, ...] = ("float32", "float16", "dynamic_range", "full_int8", "int8")
"""They end a chain, with a TFLite file."""
_ONCE = (*SHAPING, *MARKING, *CONVERTING)


def check_order(steps: Sequence[Method]) -> None:
    """Refuse a chain that makes no sense.

    Raises:
        ValueError: it says which step, and why.
    """
    for place, step in enumerate(steps):
        before = steps[:place]
        if step in _ONCE and step in before:
            raise ValueError(f"steps: found {step} twice; once is enough")
        for earlier in before:
            if reason := _conflict(earlier, step):
                raise ValueError(f"steps: found {earlier} before {step}; {reason}")


def _conflict(earlier: Method, later: Method) -> str:
    """Why a step can't follow another one; empty where it can."""
    if earlier in CONVERTING:
        return f"{earlier} writes a TFLite file, which ends a chain"
    if earlier in MARKING and later in SHAPING:
        return f"{later} changes which weights there are, and {earlier} is made for those of before; put it first"
    if {earlier, later} == {"prune", "prune_2_of_4"}:
        return "both choose which weights are zero; take one of them"
    if earlier in MARKING and later in MARKING and MARKING.index(earlier) > MARKING.index(later):
        return f"{later} would undo what {earlier} did; put it first"
    if earlier == "quantise_aware" and later in ("float32", "float16"):
        return f"{later} keeps no int8, which the weights were trained for; take int8 or full_int8"
    return ""
