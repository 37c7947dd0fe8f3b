"""Checks before the first step that each example's gradient is its own, and that none is left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from infra.errors import RecipeError
from tasks.dp.gradients.clipped import Clipped, ClippedGradients
from tasks.model.dropout import dropout_seed

_TOLERANCE = 1e-3  # of rounding, beside the largest of what is compared


def mixes_examples(model: Any, inputs: Any) -> bool:
    """Whether what a model in training gives for other examples changes with the first.

    Args:
        inputs: (b, ...) each, of two examples or more that differ.
    """
    others = [_outputs(model, each) for each in (inputs, with_first_changed(inputs))]
    return not _are_close(*others)


def check_gradients(gradients: ClippedGradients, inputs: Any, targets: Any) -> None:
    """Refuse a model or a loss whose clipped gradients would not hold what they promise.

    On this batch of two examples or more, what is found for all but the first must not hang on the first; and
    unclipped the sums must be the gradient of the loss, so that no use of a weight was missed. Draws no noise and
    moves nothing: call it once, with rows of any kind.

    Raises:
        RecipeError: one of them does not hold.
    """
    found = _clipped(gradients, inputs, targets)
    other = _clipped(gradients, with_first_changed(inputs), with_first_changed(targets))
    for name, ours, theirs in (("norms", found.norms, other.norms), ("losses", found.losses, other.losses)):
        if not _are_close(ours[1:], theirs[1:]):
            raise _refused(f"{name} of examples that change with another example of the batch")
    if not _are_close(found.sums, _plain(gradients, inputs, targets)):
        raise _refused("a gradient that is not the sum of those of single examples")


def with_first_changed(tensors: Any) -> Any:
    """The batch, whose first example is another: numbers are moved, and what stands for a thing is the last's."""

    def changed(tensor: Any) -> Any:
        array = np.array(tensor)
        array[0] = 1.5 * array[0] + 1.0 if array.dtype.kind == "f" else array[-1]
        return tf.constant(array)

    return tf.nest.map_structure(changed, tensors)


def _outputs(model: Any, inputs: Any) -> list[Any]:
    """Of all examples but the first."""
    count = len(tf.nest.flatten(inputs)[0])
    with dropout_seed(tf.zeros(2, tf.int32)):
        outputs = tf.nest.flatten(model(tf.nest.map_structure(tf.constant, inputs), training=True))
    views = [tf.reshape(output, (-1, count, *output.shape[1:])) for output in outputs]
    return [view[:, 1:] for view in views]


def _clipped(gradients: ClippedGradients, inputs: Any, targets: Any) -> Clipped:
    """Unclipped."""
    count = len(tf.nest.flatten(inputs)[0])
    clips = tf.fill([len(gradients.groups)], np.float32(np.finfo(np.float32).max))

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def compute(inputs: Any, targets: Any) -> Clipped:
        with dropout_seed(tf.zeros(2, tf.int32)):
            return gradients(inputs, targets, tf.ones([count]), clips)

    found: Clipped = compute(inputs, targets)
    return found


def _plain(gradients: ClippedGradients, inputs: Any, targets: Any) -> list[Any]:
    """The gradient of the sum of the losses, as TensorFlow has it."""
    count = len(tf.nest.flatten(inputs)[0])
    with tf.GradientTape() as tape, dropout_seed(tf.zeros(2, tf.int32)):
        loss = gradients.loss(gradients.model(inputs, training=True), targets, tf.ones([count]), 1.0)
    zero = tf.UnconnectedGradients.ZERO
    return [tf.convert_to_tensor(one) for one in tape.gradient(loss, gradients.weights, unconnected_gradients=zero)]


def _are_close(ours: Any, theirs: Any) -> bool:
    """Beside the largest number of each tensor; what is no number is equal to what is none."""
    pairs = zip(tf.nest.flatten(ours), tf.nest.flatten(theirs), strict=True)
    return all(_is_close(np.asarray(one), np.asarray(other)) for one, other in pairs)


def _is_close(one: Any, other: Any) -> bool:
    scale = np.abs(one[np.isfinite(one)]).max(initial=0.0)
    return bool(np.allclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE * scale, equal_nan=True))


def _refused(found: str) -> RecipeError:
    return RecipeError(
        "private training",
        found=found,
        allowed="a model and a loss that look at each example alone, with weights used in their own layers",
        action="Take another task, loss or layer.",
    )
