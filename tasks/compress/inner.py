"""What goes on in two encoders, for a student whose layers learn from its teacher's (TinyBERT, Jiao et al. 2020)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from infra.errors import RecipeError
from tasks.compress.subject import Subject
from tasks.features.text import TextFeatures
from tasks.fit.losses import Loss
from tasks.model.encoder import TEXT_INPUTS
from tasks.model.layers import SelfAttention
from tasks.model.network import Network

OUTPUTS = "outputs"
_MASK, _STATES, _SCORES = "mask", "states", "scores"
_TAUGHT = "taught_"
_STATE = re.compile(r"(?:layer(\d+)_forward|embeddings)_norm$")


class AttentionScores(tf.keras.layers.Layer):  # type: ignore[misc]
    """How much each token asks for each other, before the softmax: (b, t, 3 * size) to (b, heads, t, t)."""

    def __init__(self, heads: int, **options: Any) -> None:
        super().__init__(**options)
        self.heads = heads

    def call(self, projected: Any) -> Any:
        """Products of queries and keys, over the root of their size."""
        query, key, _ = (self._split(part) for part in tf.split(projected, 3, axis=-1))
        return tf.matmul(query, key, transpose_b=True) * query.shape[-1] ** -0.5

    def _split(self, part: Any) -> Any:
        shape = tf.shape(part)
        size = part.shape[-1] // self.heads
        return tf.transpose(tf.reshape(part, (shape[0], shape[1], self.heads, size)), (0, 2, 1, 3))


class Held(tf.keras.layers.Layer):  # type: ignore[misc]
    """A model that a layer calls and does not own: its weights are nobody's here, and it has no dropout.

    Args:
        token_ids: the model's own id of each id that comes in; none: they are the same.
    """

    def __init__(self, model: Any, token_ids: NDArray[np.int32] | None = None, **options: Any) -> None:
        super().__init__(trainable=False, **options)
        self._model: Callable[[Any], Any] = lambda inputs: model(inputs, training=False)  # Keras finds no weights here
        self.token_ids = token_ids

    def call(self, inputs: Any) -> Any:
        """What the model gives."""
        if self.token_ids is None:
            return self._model(inputs)
        ids, mask = TEXT_INPUTS
        return self._model({ids: tf.gather(self.token_ids, inputs[ids]), mask: inputs[mask]})


@dataclass
class _Seen:
    """What inner layers give, lowest first: the embeddings' states, then each layer's."""

    states: dict[int, Any] = field(default_factory=dict)
    scores: dict[int, Any] = field(default_factory=dict)

    def note(self, layer: Any, inputs: Any, outputs: Any) -> None:
        """A call of a layer; of several the first counts, which is that of the question."""
        if found := _STATE.match(layer.name):
            self.states.setdefault(int(found[1]) + 1 if found[1] else 0, outputs)
        if isinstance(layer, SelfAttention):
            self.scores.setdefault(len(self.scores), AttentionScores(layer.heads)(tf.nest.flatten(inputs)[0]))

    def named(self) -> dict[str, list[Any]]:
        """By kind, in the order of layers."""
        states = [self.states[number] for number in sorted(self.states)]
        return {_STATES: states, _SCORES: list(self.scores.values())}


def beside(network: Network, subject: Subject, teacher: Subject) -> Network:
    """The network, whose training gives, beside its OUTPUTS, what the layers of both give. It shares its weights.

    A teacher's layers are spread evenly over the student's, from the embeddings to the last.

    Raises:
        RecipeError: one of the two has no encoder.
    """
    model, own, theirs = network.trained, _Seen(), _layers_of(teacher.network.trained)
    outputs = _opened(model, {id(tensor): tensor for tensor in model.inputs}, own)
    if not own.scores or theirs is None:
        raise RecipeError(
            "distil.hidden, distil.attention",
            found=f"a model of {subject.manifest.task}, which has no layers of an encoder",
            allowed="models of texts",
            action="Leave both at 0; distil.logits is for all models.",
        )
    texts = {name: model.input[name] for name in TEXT_INPUTS}
    taught = Held(theirs, _token_ids(subject.features, teacher.features), name="teacher")(texts)
    layers = {**own.named(), **{_TAUGHT + name: _spread(taught[name], own.named()[name], name) for name in taught}}
    layers[_STATES] = _projected(layers[_STATES], layers[_TAUGHT + _STATES])
    trained = tf.keras.Model(model.input, {OUTPUTS: outputs, _MASK: texts[TEXT_INPUTS[1]], **layers})
    return replace(network, trained=trained)


def with_layers(loss: Loss, hidden: float, attention: float) -> Loss:
    """`loss`, and the mean squared differences of states and of attention scores between tokens of one text.

    Both are means over layers; scores are means over heads first where student and teacher have not equally many.
    """

    def combined(outputs: Any, targets: Any, weights: Any, total: Any) -> Any:
        tokens = tf.cast(outputs[_MASK], weights.dtype)
        tokens /= tf.reduce_sum(tokens, axis=1, keepdims=True)
        pairs = tokens[:, :, None] * tokens[:, None, :]
        states = [tf.reduce_mean(tf.square(one - other), -1) * tokens for one, other in _both(outputs, _STATES)]
        scores = [_score_difference(one, other) * pairs[:, None] for one, other in _both(outputs, _SCORES)]
        parts = [(hidden, states), (attention, scores)]
        inner = [share * _row_mean(layers, weights, total) for share, layers in parts if share]
        return tf.add_n([loss(outputs[OUTPUTS], targets, weights, total), *inner])

    return combined


def _both(outputs: Any, name: str) -> Any:
    return zip(outputs[name], outputs[_TAUGHT + name], strict=True)


def _score_difference(own: Any, theirs: Any) -> Any:
    if own.shape[1] != theirs.shape[1]:
        own, theirs = (tf.reduce_mean(scores, axis=1, keepdims=True) for scores in (own, theirs))
    return tf.square(own - theirs) / own.shape[1]


def _row_mean(layers: Sequence[Any], weights: Any, total: Any) -> Any:
    """The mean over rows of each row's sum, and over layers."""
    rows = [tf.reduce_sum(layer, axis=range(1, len(layer.shape))) for layer in layers]
    return tf.reduce_sum(tf.add_n(rows) * weights) / total / len(layers)


def _spread(theirs: Sequence[Any], own: Sequence[Any], name: str) -> list[Any]:
    """For each of the student's layers the teacher's at the same height; the embeddings, of states, below them."""
    below = 1 if name == _STATES else 0
    count, most = len(own) - below, len(theirs) - below
    heights = [round(number * most / count) for number in range(1, count + 1)]
    return [*theirs[:below], *(theirs[below + height - 1] for height in heights)]


def _projected(own: Sequence[Any], theirs: Sequence[Any]) -> list[Any]:
    """States in the teacher's size, by one map for all layers, which learns with them and is dropped after."""
    if own[0].shape[-1] == theirs[0].shape[-1]:
        return list(own)
    projection = tf.keras.layers.Dense(theirs[0].shape[-1], use_bias=False, name="to_the_teachers_size")
    return [projection(states) for states in own]


def _layers_of(model: Any) -> Any:
    """A model from texts to what the layers of its encoder give; None where it has none."""
    if not isinstance(model.input, dict) or not set(TEXT_INPUTS) <= set(model.input):
        return None
    seen = _Seen()
    _opened(model, {id(tensor): tensor for tensor in model.inputs}, seen)
    return tf.keras.Model({name: model.input[name] for name in TEXT_INPUTS}, seen.named()) if seen.scores else None


def _token_ids(own: Any, theirs: Any) -> NDArray[np.int32] | None:
    """The teacher's id of each of the student's tokens, which are its own or some of them."""
    if not isinstance(own, TextFeatures) or not isinstance(theirs, TextFeatures):
        return None
    tokenizer, known = own.tokenizer, theirs.tokenizer.get_vocab()
    names = [tokenizer.id_to_token(number) or "" for number in range(tokenizer.get_vocab_size())]
    ids = np.array([known.get(name, 0) for name in names], np.int32)
    return None if np.array_equal(ids, np.arange(len(known))) else ids


def _opened(model: Any, known: dict[int, Any], seen: _Seen) -> Any:
    """What a model gives for tensors, `known` by the id of its own inputs; notes what layers within its models give."""

    def new(tensor: Any) -> Any:
        if id(tensor) not in known:
            node = tensor.node
            args, kwargs = tf.nest.map_structure(
                lambda value: new(value) if hasattr(value, "_keras_history") else value,
                (node.call_args, node.call_kwargs),
            )
            outputs = _called(node.layer, args, kwargs, seen)
            for one, other in zip(tf.nest.flatten(node.outputs), tf.nest.flatten(outputs), strict=True):
                known[id(one)] = other
        return known[id(tensor)]

    return tf.nest.map_structure(new, model.output)


def _called(layer: Any, args: Any, kwargs: Any, seen: _Seen) -> Any:
    if isinstance(layer, tf.keras.Model):
        inputs = zip(tf.nest.flatten(layer.input), tf.nest.flatten(args), strict=True)
        return _opened(layer, {id(own): given for own, given in inputs}, seen)
    outputs = layer(*args, **kwargs)
    seen.note(layer, args, outputs)
    return outputs
