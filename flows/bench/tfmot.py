"""The peer of the benchmark of compression: plain recipes of TensorFlow's Model Optimization Toolkit, as its guides go.

Prune to 80 %, cluster to 16 values, or train with rounding: each on its own, and then TFLite's default optimisation. In
two things we are kinder than the guides: pruning acts every few steps, where the default of 100 would leave a short
training at its first sparsity, and all train for several epochs.

It runs in a process of its own, `python -m flows.bench.tfmot SPEC`: where the toolkit is imported, each of TensorFlow's
ways to Keras that was not taken before leads to the package `tf_keras`, and layers of two Keras do not mix.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from infra.environment import configure
from infra.processes import Event, child_main

EPOCHS, BATCH = 4, 128
PRUNE, CLUSTER, QUANTISE_AWARE = "prune 80 %", "cluster 16", "quantisation-aware"
RECIPES = (PRUNE, CLUSTER, QUANTISE_AWARE)
TRUTH = "truth"
_SPARSITY, _CLUSTERS = 0.8, 16
_RATES = {PRUNE: 1e-3, CLUSTER: 1e-4, QUANTISE_AWARE: 1e-4}  # the guides have 1e-3, 1e-5 and 1e-3


class PeerSpec(BaseModel):
    """What one recipe is to do.

    Attributes:
        network: a folder with a network as the compress room writes it.
        rows: an .npz file of the model's inputs by name, and of their classes by TRUTH.
        into: the TFLite file to write.
    """

    model_config = ConfigDict(frozen=True)

    recipe: str
    network: Path
    rows: Path
    into: Path
    epochs: int = EPOCHS


def work(text: str) -> Event:
    """Write the file that a PeerSpec in JSON asks for."""
    configure()
    os.environ.pop("TF_USE_LEGACY_KERAS", None)  # which leads some of the ways elsewhere
    _take_all_ways_to_keras()
    spec = PeerSpec.model_validate_json(text)
    from tasks.compress.network_file import load_network

    with np.load(spec.rows) as arrays:
        inputs = {name: arrays[name] for name in arrays.files}
    model = _plain(load_network(spec.network).exported)
    spec.into.write_bytes(_compressed(spec, model, inputs, inputs.pop(TRUTH)))
    return {}


def _take_all_ways_to_keras() -> None:
    """Let all of them lead to the Keras that our layers are of, before the toolkit is imported."""
    import tensorflow as tf

    for one in (tf, tf.compat.v1, tf.compat.v2):
        for way in (one, one.compat.v1, one.compat.v2):
            way.keras.layers  # noqa: B018 - the first look decides


def _compressed(spec: PeerSpec, model: Any, inputs: dict[str, Any], classes: Any) -> bytes:
    import tensorflow as tf

    tf.keras.utils.set_random_seed(7)
    learner, callbacks, strip = _learner(spec.recipe, model, spec.epochs * -(-len(classes) // BATCH))
    loss = tf.keras.losses.SparseCategoricalCrossentropy()
    learner.compile(tf.keras.optimizers.Adam(_RATES[spec.recipe]), loss)
    learner.fit(inputs, classes, batch_size=BATCH, epochs=spec.epochs, callbacks=callbacks, verbose=0)
    return _tflite(strip(learner))


def _learner(recipe: str, model: Any, steps: int) -> tuple[Any, list[Any], Callable[[Any], Any]]:
    """The model that learns, callbacks of its training, and what takes the toolkit's wrappers off at its end."""
    from tensorflow_model_optimization.clustering import keras as clustering
    from tensorflow_model_optimization.sparsity import keras as sparsity

    if recipe == PRUNE:
        schedule = sparsity.PolynomialDecay(0.5, _SPARSITY, 0, steps, frequency=max(1, steps // 20))
        learner = _wrapped(model, lambda layer: sparsity.prune_low_magnitude(layer, schedule))
        return learner, [sparsity.UpdatePruningStep()], sparsity.strip_pruning
    if recipe == CLUSTER:
        init = clustering.CentroidInitialization.LINEAR
        learner = _wrapped(model, lambda layer: clustering.cluster_weights(layer, _CLUSTERS, init))
        return learner, [], clustering.strip_clustering
    return _rounding(model), [], lambda trained: trained


def _plain(model: Any) -> Any:
    """The model with Keras's own dropout, whose masks need no number of the step."""
    import tensorflow as tf

    from tasks.model.dropout import SeededDropout

    def changed(layer: Any) -> Any:
        if isinstance(layer, SeededDropout):
            return tf.keras.layers.Dropout(layer.rate, name=layer.name)
        return type(layer).from_config(layer.get_config())

    copy = tf.keras.models.clone_model(model, clone_function=changed)
    copy.set_weights(model.get_weights())
    return copy


def _wrapped(model: Any, wrap: Callable[[Any], Any]) -> Any:
    """The model with its kernels and tables wrapped; layers of ours have none, and are not known to the toolkit."""
    import tensorflow as tf

    kinds = (tf.keras.layers.Dense, tf.keras.layers.Conv2D, tf.keras.layers.Embedding)
    return tf.keras.models.clone_model(
        model, clone_function=lambda layer: wrap(layer) if isinstance(layer, kinds) else layer
    )


def _rounding(model: Any) -> Any:
    """The model with all layers rounded that follow the last one which the toolkit does not know."""
    import tensorflow as tf
    from tensorflow_model_optimization.quantization import keras as quantization

    known = tuple(
        getattr(tf.keras.layers, name) for name in ("Dense", "Conv2D", "MaxPooling2D", "Flatten", "Dropout", "Softmax")
    )
    layers, tensor = list[Any](), model.output
    while isinstance(tensor.node.layer, known):
        layers.insert(0, tensor.node.layer)
        tensor = tensor.node.keras_inputs[0]
    if isinstance(tensor.node.layer, tf.keras.layers.InputLayer):
        return quantization.quantize_model(model)
    states = inputs = tf.keras.Input(tensor.shape[1:])
    for layer in layers:
        states = layer(states)
    return tf.keras.Model(model.input, quantization.quantize_model(tf.keras.Model(inputs, states))(tensor))


def _tflite(model: Any) -> bytes:
    import tensorflow as tf

    from tasks.model.network import save_model

    with tempfile.TemporaryDirectory(prefix="lepton-bench-") as folder:
        save_model(model, Path(folder))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"])
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        content: bytes = converter.convert()
    return content


if __name__ == "__main__":
    child_main(work)
