"""Weights that become zero: the smallest of each matrix, or two of each four."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.compress.config import PruneOptions, TuneOptions
from tasks.compress.marks import Values, Zeros
from tasks.compress.matrices import usable_matrices
from tasks.compress.subject import Subject
from tasks.compress.surgery import rebuilt
from tasks.compress.tuning import tune

_CHOICES = 32  # of weights to be zero, while sparsity rises: each sorts all weights
_GROUP, _LEFT = 4, 2


def prune(subject: Subject, options: PruneOptions) -> Subject:
    """The subject with a share of each matrix at zero (Zhu and Gupta 2017), and trained meanwhile and after.

    Raises:
        RecipeError: it has no matrices.
        TrainingError: a weight or the loss is not a number.
    """
    network = rebuilt(subject.network)
    zeros = Zeros(usable_matrices(subject, network, "prune"))

    def choose(share: float) -> None:
        zeros.choose(lambda values: largest(values, share))

    def before_step(step: int, total: int) -> None:
        if is_choice(step, total, options):
            choose(sparsity_at(step, total, options))

    tune(subject, network, options.tuning, [zeros], before_step=before_step)
    choose(options.sparsity)  # there may have been no step; else these are the same
    return subject.changed(network)


def prune_2_of_4(subject: Subject, options: TuneOptions) -> Subject:
    """The subject with two zeros in each four weights of an output that follow each other, and trained after.

    So GPUs compute sparse products of dense layers and convolutions at twice the rate (Mishra et al. 2021).

    Raises:
        RecipeError: it has no dense layers or convolutions.
        TrainingError: a weight or the loss is not a number.
    """
    network = rebuilt(subject.network)
    zeros = Zeros(usable_matrices(subject, network, "prune_2_of_4", kernels_only=True))
    zeros.choose(two_of_four)
    tune(subject, network, options, [zeros])
    return subject.changed(network)


def largest(values: Values, sparsity: float) -> NDArray[np.bool_]:
    """True for all but that share of the values, the smallest by size; one is always left."""
    gone = min(values.size - 1, round(sparsity * values.size))
    kept = np.ones(values.size, np.bool_)
    if gone > 0:
        kept[np.argpartition(np.abs(values).reshape(-1), gone - 1)[:gone]] = False
    return kept.reshape(values.shape)


def two_of_four(values: Values) -> NDArray[np.bool_]:
    """True for the two largest of each four inputs of an output, from the first input on; a rest counts zeros to four.

    Args:
        values: (..., in, out).
    """
    inputs = values.shape[-2]
    sizes = np.moveaxis(np.abs(values), -2, -1)
    padded = np.pad(sizes, [(0, 0)] * (sizes.ndim - 1) + [(0, -inputs % _GROUP)])
    groups = padded.reshape(*padded.shape[:-1], -1, _GROUP)
    kept = np.zeros(groups.shape, np.bool_)
    np.put_along_axis(kept, np.argsort(-groups, axis=-1, kind="stable")[..., :_LEFT], values=True, axis=-1)
    return np.moveaxis(kept.reshape(padded.shape)[..., :inputs], -1, -2)


def sparsity_at(step: int, total: int, options: PruneOptions) -> float:
    """The share of zeros in step number `step` of `total`, from 0.

    It rises by Zhu and Gupta's cubic (equation 1, from no zeros) over the first half of the training, and is full
    in the first step of one that has but two.
    """
    if options.schedule == "constant":
        return options.sparsity
    left = 1.0 - min(1.0, (step + 1) / _rise(total))
    return options.sparsity * (1.0 - left**3)


def is_choice(step: int, total: int, options: PruneOptions) -> bool:
    """Whether it is chosen anew before this step which weights are zero."""
    if options.schedule == "constant":
        return step == 0
    done, rise = step + 1, _rise(total)
    return done == rise or (done < rise and done % max(1, rise // _CHOICES) == 0)


def _rise(total: int) -> int:
    return max(1, total // 2)
