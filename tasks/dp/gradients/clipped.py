"""Sums of clipped gradients of single examples, by one forward and one backward pass (Bu et al. 2022)."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from infra.errors import RecipeError
from tasks.dp.gradients.by_example import by_example
from tasks.dp.gradients.layers import LINEAR, Rows, Weighed, rule_of
from tasks.dp.gradients.recording import Call, recorded
from tasks.dp.gradients.terms import Formed, Kept, Term, keep
from tasks.fit.losses import Loss
from tasks.model.views import TwoViews

log = logging.getLogger(__name__)


class Clipped(NamedTuple):  # which a tf.function may return
    """What a batch of b examples gives.

    Attributes:
        sums: for each weight the sum over examples of the clipped gradients, of the weight's shape.
        losses: (b,), each example's own.
        norms: (b, groups), of each example's gradient before it is clipped; infinite where it is no number, and
            0 for padding.
    """

    sums: list[Any]
    losses: Any
    norms: Any


class ClippedGradients:
    """The gradient of each example scaled down to length `clip` at most, and all added up.

    The model's layers are watched while it is called: so it must only be called in the making of a `tf.function`, or
    by one thread at a time. Dropout draws as in a plain step, in a `dropout_seed` around the call.

    Args:
        model: a Keras functional model.
        weights: those that learn.
        loss: a sum over examples, linear in its weights; with a total of 1 it is the sum of the examples' losses.
        groups: places of `weights` that are clipped together, each place once; all together where there are none.

    Raises:
        RecipeError: a layer mixes examples, or a weight belongs to no layer.
    """

    def __init__(
        self, model: Any, weights: Sequence[Any], loss: Loss, groups: Sequence[Sequence[int]] | None = None
    ) -> None:
        self.model, self.weights, self.loss = model, list(weights), loss
        self.groups = [list(group) for group in groups] if groups else [list(range(len(self.weights)))]
        if sorted(place for group in self.groups for place in group) != list(range(len(self.weights))):
            raise ValueError(f"groups: {self.groups} do not have each of {len(self.weights)} weights once")
        layers = list(model._flatten_layers(include_self=False))
        refuse(layers)
        self.has_views = any(isinstance(layer, TwoViews) for layer in layers)
        self.layers = _learning_layers(layers, self.weights)

    def __call__(self, inputs: Any, targets: Any, mask: Any, clips: Any) -> Clipped:
        """Of one batch.

        Args:
            inputs, targets: as the model and the loss take them, (b, ...) each.
            mask: (b,), 1, or 0 for padding, which adds nothing.
            clips: (groups,), above 0.
        """
        kept, losses = self._kept(inputs, targets, tf.shape(mask)[0])
        squares = [tf.add_n([kept[place].squares for place in group]) for group in self.groups]
        norms = tf.sqrt(tf.stack(squares, 1))
        is_finite = tf.math.is_finite(losses) & tf.reduce_all(tf.math.is_finite(norms), 1)
        norms = tf.where(is_finite[:, None], norms, float("inf"))
        factors = mask[:, None] * clips / tf.maximum(norms, clips)  # 1 up to the clip, 0 where infinite
        return Clipped(self._sums(kept, factors, is_finite), losses, tf.where(mask[:, None] > 0, norms, 0.0))

    def _kept(self, inputs: Any, targets: Any, examples: Any) -> tuple[list[Kept], Any]:
        """For each weight what its gradients leave; and the losses, which are the gradients of the rows' weights."""
        counts = tf.ones([examples])
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(counts)
            with recorded(self.layers, LINEAR, tape) as calls:
                outputs = self.model(self._shaped(inputs), training=True)
            loss = self.loss(outputs, targets, counts, 1.0)
        losses, *gradients = tape.gradient(loss, [counts, *[call.output for call in calls]])
        terms = self._terms(calls, gradients, Rows(examples, self.has_views))
        return [self._keep(weight, terms[id(weight)], examples) for weight in self.weights], losses

    def _shaped(self, inputs: Any) -> Any:
        """With what the model says of their shapes: how to compute a norm is chosen by sizes."""
        known = self.model.input
        if not isinstance(inputs, dict) or not isinstance(known, dict):
            return inputs
        return {name: tf.ensure_shape(tensor, known[name].shape) for name, tensor in inputs.items() if name in known}

    def _terms(self, calls: Sequence[Call], gradients: Sequence[Any], rows: Rows) -> dict[int, list[Term]]:
        learning, terms = {id(weight) for weight in self.weights}, defaultdict[int, list[Term]](list)
        for call, gradient in zip(calls, gradients, strict=True):
            if gradient is not None:  # the loss looks at it
                for weight, term in self._found(call, tf.convert_to_tensor(gradient), rows, learning):
                    terms[id(weight)].append(_as_float32(term))
        return terms

    @staticmethod
    def _found(call: Call, gradient: Any, rows: Rows, learning: set[int]) -> Weighed:
        own = [weight for weight in _own_weights(call.layer) if id(weight) in learning]
        rule = None if call.options.get("mask") is not None else rule_of(call.layer)  # no rule knows of masks
        found = rule(call, gradient, rows) if rule else by_example(call, gradient, rows, own)
        return [(weight, term) for weight, term in found if id(weight) in learning]

    @staticmethod
    def _keep(weight: Any, terms: Sequence[Term], examples: Any) -> Kept:
        shape = weight.shape.as_list()
        return keep(terms or [Formed(tf.zeros([examples, *shape]))], shape)

    def _sums(self, kept: Sequence[Kept], factors: Any, is_finite: Any) -> list[Any]:
        """In the rare case of an example that is no number its tensors are set to zero: 0 times NaN is NaN."""
        tensors = [one.tensors for one in kept]
        clean = tf.cond(
            tf.reduce_all(is_finite),
            lambda: tf.nest.map_structure(tf.identity, tensors),
            lambda: tf.nest.map_structure(lambda tensor: _without(tensor, is_finite), tensors),
        )
        group_of = {place: number for number, group in enumerate(self.groups) for place in group}
        return [
            one.total(factors[:, group_of[place]], *own)
            for place, (one, own) in enumerate(zip(kept, clean, strict=True))
        ]


def refuse(layers: Sequence[Any]) -> None:
    """Refuse layers that let the examples of a batch change each other's gradients, and those that can't be watched.

    Raises:
        RecipeError: there is one.
    """
    mixing = (tf.keras.layers.BatchNormalization, tf.keras.layers.experimental.SyncBatchNormalization)
    for layer in layers:
        if isinstance(layer, mixing) and layer.trainable:  # held still, it goes by what it has seen before
            raise RecipeError(
                f"layer {layer.name}",
                found=f"{type(layer).__name__}, which mixes the examples of a batch",
                allowed="layers that look at each example alone",
                action="Take tf.keras.layers.GroupNormalization in its place, or hold it still.",
            )
        if isinstance(layer, tf.keras.layers.RNN):
            raise RecipeError(
                f"layer {layer.name}",
                found=f"{type(layer).__name__}, whose steps are a loop",
                allowed="layers that see all of an example at once",
                action="Take convolutions or attention in its place.",
            )


def _learning_layers(layers: Sequence[Any], weights: Sequence[Any]) -> list[Any]:
    """The layers that the weights belong to.

    Raises:
        RecipeError: one belongs to none.
    """
    learning = {id(weight) for weight in weights}
    found = [layer for layer in layers if any(id(own) in learning for own in _own_weights(layer))]
    there = {id(own) for layer in found for own in _own_weights(layer)}
    for weight in weights:
        if id(weight) not in there:
            raise RecipeError(
                f"weight {weight.name}",
                found="no layer of the model that it belongs to",
                allowed="weights of layers, made by add_weight",
                action="Hold it still, or put it in a layer.",
            )
    slow = [layer.name for layer in found if rule_of(layer) is None]
    if slow:
        log.warning("gradients of %s are computed one example at a time, which is slow", ", ".join(slow))
    return found


def _own_weights(layer: Any) -> list[Any]:
    """Those that are the layer's own, and not of layers within it."""
    return [*layer._trainable_weights, *layer._non_trainable_weights]


def _as_float32(term: Term) -> Term:
    """Of a model in half precision: norms and sums need more."""
    tensors = {name: _wide(tensor) for name, tensor in vars(term).items()}
    return type(term)(**tensors)


def _wide(tensor: Any) -> Any:
    return tf.cast(tensor, tf.float32) if tensor.dtype.is_floating else tensor


def _without(tensor: Any, is_finite: Any) -> Any:
    aside = tf.reshape(is_finite, [-1] + [1] * (len(tensor.shape) - 1))
    return tf.where(aside, tensor, tf.zeros_like(tensor))
