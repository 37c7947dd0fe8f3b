"""One private step, compiled: the rows' clipped gradients, noise on their sum, and the move of the weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks.dp.clipping import Norms
from tasks.dp.gradients.clipped import ClippedGradients
from tasks.fit.batches import Slice
from tasks.fit.losses import Loss
from tasks.fit.optimizer import WeightGroup
from tasks.fit.step import tensors_of
from tasks.model.dropout import dropout_seed


@dataclass(frozen=True)
class PrivateOutcome:
    """What a step found. All but `gradient_norm` is exact, and so no part of what is private.

    Attributes:
        loss: sum over the rows whose loss and gradient were numbers.
        rows: that were sampled.
        unclear: those whose loss or gradient was no number, and counted as zero.
        unclipped: rows whose gradient was not longer than the clip norm, by clip group (groups,).
        gradient_norm: Euclidean length of the noisy gradient that moved the weights.
    """

    loss: float
    rows: int
    unclear: int
    unclipped: NDArray[np.int64]
    gradient_norm: float

    @property
    def clipped_share(self) -> float:
        """Of the rows, in the mean over groups, whose gradient was longer than the clip norm."""
        return 1.0 - float(self.unclipped.mean()) / self.rows if self.rows else 0.0


class PrivateStep:
    """Moves the weights of a model by a noisy sum of clipped gradients.

    Args:
        clip_groups: places of the weights that are clipped together.
        expected: rows that a step has on average; the sum is divided by it, and not by how many there are.
        example: a part of a batch, whose types all others have; sizes may differ.

    Raises:
        RecipeError: a layer mixes the rows of a batch, or has no gradient of a single row.
    """

    def __init__(
        self,
        model: Any,
        loss: Loss,
        groups: Sequence[WeightGroup],
        clip_groups: Sequence[Sequence[int]],
        expected: float,
        example: Slice,
    ) -> None:
        self.groups, self.clip_groups, self.expected = groups, clip_groups, expected
        self.weights = [weight for group in groups for weight in group.weights]
        self.sizes = [int(np.prod(weight.shape)) for weight in self.weights]
        self.gradients = ClippedGradients(model, self.weights, loss, clip_groups)
        self.zeros = [tf.zeros_like(weight) for weight in self.weights]
        inputs, targets, mask, *_ = tf.nest.map_structure(_open, tensors_of(example, 0))
        norms, seed = tf.TensorSpec([len(clip_groups)]), tf.TensorSpec([2], tf.int32)
        part = [inputs, targets, mask, norms, seed]
        ending = [[tf.TensorSpec(zero.shape) for zero in self.zeros], tf.TensorSpec([sum(self.sizes)]), norms]
        self._compiled = tf.function(self._sums, input_signature=part, autograph=False)
        self._end = tf.function(self._ended, input_signature=[*part, *ending], autograph=False)
        self._move = tf.function(self._moved, input_signature=ending, autograph=False)

    def __call__(
        self, parts: Iterable[Slice], norms: Norms, scales: Norms, noise: NDArray[np.float32], seed: NDArray[np.int32]
    ) -> PrivateOutcome:
        """Take a step on the parts of a sample, of which there may be none: noise alone moves the weights then.

        Args:
            norms, scales: to which each group is clipped, and the standard deviation of its noise (groups,).
            noise: standard normal numbers, one for each number of all weights.
            seed: of dropout (2,), which nobody must know: masks go by a row's place in the sample, so who knew them
                could tell how many rows are before it.
        """
        sums, ending = self.zeros, (tf.constant(noise), tf.constant(scales))
        loss, rows, unclear, unclipped, norm = 0.0, 0, 0, np.zeros(len(norms), np.int64), None
        for number, (part, is_last) in enumerate(_with_last(parts)):
            own_seed = seed + np.array([number, 0], np.int32)
            if is_last:  # a sample is mostly one part: one call of a compiled function costs less than two
                *counts, norm = self._end(*_arguments(part, norms, own_seed), sums, *ending)
            else:
                more, *counts = self.clipped(part, norms, own_seed)
                sums = [one + other for one, other in zip(sums, more, strict=True)]
            loss, rows, unclear = loss + float(counts[0]), rows + part.total, unclear + int(counts[1])
            unclipped = unclipped + counts[2].numpy()
        norm = self._move(sums, *ending) if norm is None else norm
        return PrivateOutcome(loss, rows, unclear, unclipped, float(norm))

    def clipped(self, part: Slice, norms: Norms, seed: NDArray[np.int32]) -> Any:
        """Of a part the sums of clipped gradients, the sum of losses, and how many rows were unclear and unclipped."""
        return self._compiled(*_arguments(part, norms, seed))

    def _sums(self, inputs: Any, targets: Any, mask: Any, norms: Any, seed: Any) -> Any:
        with dropout_seed(seed):
            clipped = self.gradients(inputs, targets, mask, norms)
        is_clear = tf.reduce_all(tf.math.is_finite(clipped.norms), axis=1)
        loss = tf.reduce_sum(tf.where(is_clear, clipped.losses, tf.zeros_like(clipped.losses)))
        unclear = tf.math.count_nonzero(~is_clear)
        return clipped.sums, loss, unclear, tf.math.count_nonzero(clipped.norms <= norms, axis=0)

    def _ended(self, inputs: Any, targets: Any, mask: Any, norms: Any, seed: Any, before: Any, *ending: Any) -> Any:
        """The last part, and the move by the sums of it and of those before."""
        sums, *counts = self._sums(inputs, targets, mask, norms, seed)
        return *counts, self._moved([one + other for one, other in zip(before, sums, strict=True)], *ending)

    def _moved(self, sums: Any, noise: Any, scales: Any) -> Any:
        """All weights are one vector for the noise: many small operations cost more than a large one."""
        vector = tf.concat([tf.reshape(total, [-1]) for total in sums], 0)
        vector = (vector + self._spread(scales) * noise) / self.expected
        parts = zip(tf.split(vector, self.sizes), self.weights, strict=True)
        pairs = iter([(tf.reshape(part, weight.shape), weight) for part, weight in parts])
        for group in self.groups:
            own = [next(pairs) for _ in group.weights]
            group.optimizer.apply_gradients(own, skip_gradients_aggregation=True)
        return tf.norm(vector)

    def _spread(self, scales: Any) -> Any:
        """(groups,) to one for each number of all weights, or to a single one."""
        if len(self.clip_groups) == 1:
            return scales
        group_of = {place: number for number, places in enumerate(self.clip_groups) for place in places}
        return tf.concat([tf.fill([size], scales[group_of[place]]) for place, size in enumerate(self.sizes)], 0)


def _arguments(part: Slice, norms: Norms, seed: NDArray[np.int32]) -> tuple[Any, ...]:
    inputs, targets, mask, *_ = tensors_of(part, 0)
    return inputs, targets, mask, tf.constant(norms), tf.constant(seed)


def _with_last(parts: Iterable[Slice]) -> Iterator[tuple[Slice, bool]]:
    """Each part, and whether it is the last; no more than two are held at a time."""
    following = iter(parts)
    part = next(following, None)
    while part is not None:
        after = next(following, None)
        yield part, after is None
        part = after


def _open(tensor: Any) -> Any:
    """A specification open in rows and lengths, so that the step is traced once."""
    return tf.TensorSpec([None] * len(tensor.shape), tensor.dtype)
