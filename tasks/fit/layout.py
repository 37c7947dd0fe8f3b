"""How a worker's part of a batch is filled up, so that XLA, which compiles every shape anew, meets few of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf

from tasks.fit.batches import Array, Batches, Slice, Targets
from tasks.fit.config import SpeedOptions
from tasks.model.encoder import TEXT_INPUTS

LENGTH_MULTIPLE = 8
PAYING_STEPS = 250
"""Steps of one shape from which compiling may pay: it takes half a minute for a MiniLM."""
LONGEST_STRETCH = 1.5
UNKNOWN = -1  # a token's target that no loss counts
_PAYING = {"auto": PAYING_STEPS, "on": 1}
ONLY = ""  # the name of targets that are one array


@dataclass(frozen=True)
class Layout:
    """Shapes that compiled steps have.

    Attributes:
        multiple: rows of a worker are filled up to a multiple of it, by rows of weight 0.
        lengths: what token arrays are filled up to, by their length as a multiple of `LENGTH_MULTIPLE`; others stay,
            and are not compiled.
        open_inputs: names of the inputs whose second axis is a text's length.
        open_targets: the same of the targets.
    """

    multiple: int = 1
    lengths: Mapping[int, int] = field(default_factory=dict)
    open_inputs: frozenset[str] = frozenset()
    open_targets: frozenset[str] = frozenset()

    def compiled(self, part: Slice) -> int | None:
        """The length that the texts of a part are filled up to; None if it is not compiled for."""
        return self.lengths.get(_rounded(part.longest))

    def lengthened(self, part: Slice) -> Slice:
        """The part with its texts filled up: by padding, which the mask leaves out, and by targets that don't count."""
        length = self.compiled(part)
        if length is None:
            return part
        inputs = {
            name: _padded(array, length, 0) if name in self.open_inputs else array
            for name, array in part.inputs.items()
        }
        return replace(part, inputs=inputs, targets=self._long_targets(part.targets, length))

    def _long_targets(self, targets: Targets, length: int) -> Targets:
        if not isinstance(targets, dict):
            return _padded(targets, length, UNKNOWN) if ONLY in self.open_targets else targets
        return {
            name: _padded(array, length, UNKNOWN) if name in self.open_targets else array
            for name, array in targets.items()
        }


def open_names(tensors: Any) -> frozenset[str]:
    """Of a model's inputs or outputs those with a text's length for their second axis."""
    named = tensors if isinstance(tensors, dict) else {ONLY: tensors} if hasattr(tensors, "shape") else {}
    return frozenset(name for name, one in named.items() if len(one.shape) > 1 and one.shape[1] is None)


def plan_layout(batches: Batches, model: Any, speed: SpeedOptions, epochs: int, multiple: int) -> Layout:
    """The layout for a model on these batches: without lengths where nothing is to be compiled by XLA.

    `auto` compiles for texts on a GPU, where a length comes often enough. On a processor it never does: oneDNN's
    products make up for what XLA saves. A step of MiniLM on 32 texts of 16 tokens took 0.406 s of one AMD EPYC core
    without XLA and 0.407 s with it, after 28 s of compiling. Pairs of texts are never compiled for: each of the two
    has lengths of its own, so that there would be too many shapes.
    """
    open_inputs = open_names(model.input)
    xla = "off" if speed.precision != "float32" else speed.xla
    pays = xla == "on" or (bool(open_inputs) and has_gpu())
    if xla == "off" or not pays or len(open_inputs) > len(TEXT_INPUTS):
        return Layout(multiple)
    steps = range(batches.steps_per_epoch)
    lengths = Counter(batches.longest(batches.rows(step)) for step in steps)
    of_all = Counter({length: epochs * count for length, count in lengths.items()})
    return Layout(multiple, compiled_lengths(of_all, _PAYING[xla]), open_inputs, open_names(model.output))


def has_gpu() -> bool:
    """Whether TensorFlow finds one here."""
    return bool(tf.config.list_physical_devices("GPU"))


def compiled_lengths(lengths: Counter[int], paying_steps: int) -> dict[int, int]:
    """To which length texts of each length are filled up, where that is worth compiling for.

    Lengths are rounded up to a multiple of `LENGTH_MULTIPLE`. Those with too few steps are joined to the next longer
    ones, unless that is mostly padding; what still has too few is left out.

    Args:
        lengths: how many steps have texts of each length.
    """
    rounded: Counter[int] = Counter()
    for length, steps in lengths.items():
        rounded[_rounded(length)] += steps
    found: dict[int, int] = {}
    waiting: list[int] = []
    for length in sorted(rounded):
        waiting = [*(short for short in waiting if length <= LONGEST_STRETCH * short), length]
        if sum(rounded[short] for short in waiting) >= paying_steps:
            found |= dict.fromkeys(waiting, length)
            waiting = []
    return found


def _rounded(length: int) -> int:
    return -(-length // LENGTH_MULTIPLE) * LENGTH_MULTIPLE


def _padded(array: Array, length: int, value: int) -> Array:
    missing = length - array.shape[1]
    widths = [(0, 0), (0, missing), *[(0, 0)] * (array.ndim - 2)]
    return np.pad(array, widths, constant_values=value) if missing else array
