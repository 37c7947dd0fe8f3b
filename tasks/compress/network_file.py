"""A network in a folder, its graph in JSON and its weights in safetensors: models that no builder builds any more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from tasks.model import dropout, factorization, heads, layers, ranker, retriever, scattering, tabular, views
from tasks.model.names import named_weights, set_named_weights, weight_name
from tasks.model.network import Network, RawColumns

GRAPH, WEIGHTS = "network.json", "network.safetensors"
_ROOMS = (dropout, factorization, heads, layers, ranker, retriever, scattering, tabular, views)


def save_network(network: Network, folder: Path) -> None:
    """Write what `load_network` reads. Raw columns are not in it: they follow from the features."""
    from safetensors.numpy import save_file

    models = {"trained": network.trained, "exported": network.exported}
    inputs = {tensor.name: tensor for model in models.values() for tensor in model.inputs}
    whole = tf.keras.Model(inputs, {name: model.output for name, model in models.items()})
    names = {name: [tensor.name for tensor in model.inputs] for name, model in models.items()}
    head = [weight_name(weight) for weight in network.head]
    content = {"graph": json.loads(whole.to_json()), "inputs": names, "head": head}
    (folder / GRAPH).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    save_file({name: weight.numpy() for name, weight in named_weights(whole).items()}, folder / WEIGHTS)


def load_network(folder: Path, own: Sequence[type[Any]] = (), columns: RawColumns | None = None) -> Network:
    """The network that `save_network` wrote.

    Args:
        own: classes of layers that are not the model room's.
        columns: raw columns that the exported model is to take too.
    """
    from safetensors.numpy import load_file

    content = json.loads((folder / GRAPH).read_text(encoding="utf-8"))
    known = {layer.__name__: layer for layer in (*_layer_classes(), *own)}
    whole = tf.keras.models.model_from_json(json.dumps(content["graph"]), custom_objects=known)
    set_named_weights(whole, load_file(folder / WEIGHTS))
    tensors = {tensor.name: tensor for tensor in whole.inputs}
    trained, exported = (
        tf.keras.Model({each: tensors[each] for each in content["inputs"][name]}, whole.output[name])
        for name in ("trained", "exported")
    )
    weights = named_weights(whole)
    return Network(trained, exported, tuple(weights[name] for name in content["head"]), columns)


def _layer_classes() -> list[type[Any]]:
    """The layers that models are built of."""
    found = [value for room in _ROOMS for value in vars(room).values()]
    return [value for value in found if isinstance(value, type) and issubclass(value, tf.keras.layers.Layer)]
