"""A network that tells the group of a row from what the model says of it, and whom the model learns to fool.

Zhang, Lemoine and Mitchell, Mitigating unwanted biases with adversarial learning, 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import tensorflow as tf

LABELS, GROUPS = "labels", "groups"
LEARNING_RATE = 0.01
"""Of the adversary, whose few weights must keep up with the model's."""


class Adversary:
    """Predicts the group by a linear layer on s = sigmoid((1 + |c|) z), z being the log odds of the favourable label.

    For demographic parity it sees s alone; for equalized odds s, s y and y, where y is 1 in rows whose label is the
    favourable one. The paper's for UCI Adult sees s, s y and s (1 - y), which is the same without y: it then has no
    other way to tell what the label alone says of the group than by s, and the model would learn to hide its label.
    Must be made within the scope of the strategy that the model was made in.

    Args:
        groups: how many there are.
        favourable: the place of the favourable label among the classes.
        strength: the paper's alpha, how much of the adversary's gradient is taken off.

    Attributes:
        weights: what it learns.
    """

    def __init__(
        self,
        groups: int,
        favourable: int,
        constraint: Literal["demographic_parity", "equalized_odds"],
        strength: float,
    ) -> None:
        self.favourable, self.strength = favourable, strength
        self.sees_labels = constraint == "equalized_odds"
        width = 3 if self.sees_labels else 1
        self.scale = tf.Variable(0.0, name="adversary/scale")
        self.kernel = tf.Variable(tf.zeros((width, groups)), name="adversary/kernel")
        self.bias = tf.Variable(tf.zeros(groups), name="adversary/bias")

    @property
    def weights(self) -> tuple[Any, ...]:
        """Its variables."""
        return self.scale, self.kernel, self.bias

    def loss(self, logits: Any, targets: Any, weights: Any, total: Any) -> Any:
        """This worker's share of the mean cross-entropy of the groups; `targets` holds LABELS and GROUPS (b,)."""
        told = tf.sigmoid((1.0 + tf.abs(self.scale)) * _log_odds(logits, self.favourable))
        has_it = tf.cast(targets[LABELS] == self.favourable, told.dtype)
        seen = [told, told * has_it, has_it] if self.sees_labels else [told]
        guesses = tf.matmul(tf.stack(seen, axis=1), self.kernel) + self.bias
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets[GROUPS], guesses)
        return tf.reduce_sum(losses * weights) / total

    def opposed(self, gradients: Sequence[Any], against: Sequence[Any]) -> list[Any]:
        """Gradients by which the model learns and fools, and the adversary learns.

        For the model's weights g - proj_h g - alpha h, with g of the model's loss and h of the adversary's: no step on
        the way to a better model helps the adversary.

        Args:
            gradients: of the model's loss, by the model's weights and then the adversary's, which it does not know.
            against: of the adversary's loss, by the same.
        """
        count = len(gradients) - len(self.weights)
        helping = against[:count]
        square = tf.add_n([tf.reduce_sum(tf.square(part)) for part in helping])
        along = tf.add_n([tf.reduce_sum(one * other) for one, other in zip(gradients, helping, strict=False)])
        share = tf.math.divide_no_nan(along, square) + self.strength
        return [one - share * other for one, other in zip(gradients, helping, strict=False)] + list(against[count:])


def of_labels(loss: Callable[..., Any]) -> Callable[..., Any]:
    """A loss of labels for targets that hold groups too, or don't."""

    def of(outputs: Any, targets: Any, weights: Any, total: Any) -> Any:
        return loss(outputs, targets[LABELS] if isinstance(targets, dict) else targets, weights, total)

    return of


def _log_odds(logits: Any, favourable: int) -> Any:
    """Logits (b, classes) to the log odds (b,) of one class against all others."""
    others = tf.concat([logits[:, :favourable], logits[:, favourable + 1 :]], axis=1)
    return logits[:, favourable] - tf.reduce_logsumexp(others, axis=1)
