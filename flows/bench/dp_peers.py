"""TensorFlow Privacy's ways to a private step, as its guides go: a Keras model, and an optimiser of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flows.bench.dp_subjects import Subject

if TYPE_CHECKING:
    from tasks.fit.batches import Arrays

CLIP, NOISE = 1.0, 1.0
REGISTRY, SINGLE, VECTORISED = "DPModel with registry", "DPModel", "vectorised optimizer"
Take = Callable[["Arrays", Any], Any]
"""From a batch's inputs and targets to a step."""
Make = Callable[[Subject, bool], tuple[Any, Take]]
"""From a subject, and whether its step is to be without noise at rate 1, to the weights and what moves them."""


def makers() -> Mapping[str, Make]:
    """The peers by name."""
    return {
        REGISTRY: lambda subject, is_bare: _model(subject, is_bare, has_registry=True),
        SINGLE: lambda subject, is_bare: _model(subject, is_bare, has_registry=False),
        VECTORISED: _vectorised,
    }


def _model(subject: Subject, is_bare: bool, has_registry: bool) -> tuple[Any, Take]:
    import tensorflow as tf
    from tensorflow_privacy.privacy.fast_gradient_clipping import layer_registry
    from tensorflow_privacy.privacy.keras_models.dp_keras_model import DPModel

    network = subject.build().trained
    model = DPModel(
        l2_norm_clip=CLIP,
        noise_multiplier=0.0 if is_bare else NOISE,
        use_xla=False,  # with it convolutions were slower
        layer_registry=layer_registry.make_default_layer_registry() if has_registry else None,
        inputs=network.input,
        outputs=network.output,
    )
    optimizer = tf.keras.optimizers.SGD(1.0) if is_bare else tf.keras.optimizers.AdamW(1e-3)
    model.compile(optimizer, tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model.trainable_variables, model.train_on_batch


def _vectorised(subject: Subject, is_bare: bool) -> tuple[Any, Take]:
    import tensorflow as tf
    from tensorflow_privacy.privacy.optimizers.dp_optimizer_keras_vectorized import (
        VectorizedDPKerasAdamOptimizer,
        VectorizedDPKerasSGDOptimizer,
    )

    kind, rate = (VectorizedDPKerasSGDOptimizer, 1.0) if is_bare else (VectorizedDPKerasAdamOptimizer, 1e-3)
    model = subject.build().trained
    optimizer = kind(l2_norm_clip=CLIP, noise_multiplier=0.0 if is_bare else NOISE, learning_rate=rate)
    losses = tf.keras.losses.Reduction.NONE
    model.compile(optimizer, tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=losses))
    return model.trainable_variables, model.train_on_batch
