"""What a training begins from: the published weights of an encoder, or the package of a model that was trained before.

Of a package its encoder is taken always, and its head where the labels are the same.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import RecipeError
from tasks.data.references import Reference
from tasks.data.tree import tree_digest
from tasks.features.tabular import TabularFeatures
from tasks.lessons.config import TrainOptions
from tasks.model.published import open_published
from tasks.model.sizes import ENCODER, EncoderConfig, load_sizes
from tasks.options import Task
from tasks.runtime.package import MANIFEST, PackageManifest, broken_package, model_path, read_manifest

if TYPE_CHECKING:
    from tasks.features.heads import Head
    from tasks.model.names import Named
    from tasks.model.network import Network

log = logging.getLogger(__name__)


class StartRef(Reference):
    """A folder of published weights or a model package. `uri` is how a person names it."""

    uri: str


def is_package(start: Path) -> bool:
    """Whether it is a model package; else it is a folder of published weights."""
    return (start / MANIFEST).exists()


def start_digest(start: Path) -> str:
    """SHA-256 of what a training begins from."""
    return tree_digest(start) if is_package(start) else open_published(start).digest()


def check_package(task: Task, package: Path, uri: str, float_parent: str = "") -> None:
    """Refuse a package that a training of `task` can't go on from.

    Args:
        float_parent: the model that a compressed one was made from, if it is known.

    Raises:
        NotFoundError: there is no package.
        RecipeError: it was compressed, or is of another kind of task.
        SourceError: it is broken, or keeps no sizes of its encoder.
    """
    manifest = read_manifest(package)
    if manifest.format != "saved_model":
        found = f"{uri}, whose weights were compressed to {manifest.format} and can't learn"
        raise refused(found, float_parent or "the float model that it was made from")
    if manifest.compression:
        found = f"{uri}, whose network is no longer what a recipe builds, after {', '.join(manifest.compression)}"
        raise refused(found, float_parent or "the model that it was made from")
    same_kind = manifest.task.startswith("text") and task.startswith("text")
    if not same_kind and manifest.task != task:
        raise refused(f"{uri}, a model of task {manifest.task}", f"a model for train.task {task}")
    if same_kind and not (package / ENCODER).exists():
        raise broken_package(package, ENCODER, FileNotFoundError("it is not there"))


def encoder_sizes(options: TrainOptions, start: Path) -> EncoderConfig:
    """The sizes of the encoder that a training begins with.

    Raises:
        RecipeError: the options do not fit it.
        SourceError: the weights can't be used.
    """
    asked = options.encoder
    sizes = load_sizes(start) if is_package(start) else open_published(start).sizes(asked.pooling)
    if sizes.pooling != asked.pooling:
        raise RecipeError(
            "train.encoder.pooling",
            found=asked.pooling,
            allowed=f"{sizes.pooling}, as in the model that is started from",
            action="Change it, or start from another model.",
        )
    if asked.max_tokens > sizes.max_position_embeddings:
        raise RecipeError(
            "train.encoder.max_tokens",
            found=str(asked.max_tokens),
            allowed=f"up to {sizes.max_position_embeddings}, the positions of the encoder",
            action="Cut texts to fewer tokens.",
        )
    layers = sizes.num_hidden_layers
    if asked.frozen_layers > layers or (asked.lora.rank and asked.frozen_layers == layers):
        raise RecipeError(
            "train.encoder.frozen_layers",
            found=f"{asked.frozen_layers}{' with adapters' if asked.lora.rank else ''}",
            allowed=f"up to {layers - 1 if asked.lora.rank else layers} of the encoder's {layers} layers",
            action="Freeze fewer.",
        )
    return sizes


@lru_cache(maxsize=1)
def package_weights(package: Path) -> Named:
    """The weights of the model in a package, by name."""
    from tasks.model.names import saved_weights

    return saved_weights(model_path(package, read_manifest(package)))


def carry_head(network: Network, start: Path, labels: Sequence[str] = (), heads: Sequence[Head] = ()) -> None:
    """Give each head of a network the weights it had in the package it starts from, if it tells the same labels."""
    from tasks.model.names import set_named_weights

    if not is_package(start):
        return
    layers = _head_layers(read_manifest(start), tuple(labels), heads)
    if not layers:
        return
    weights = package_weights(start)
    parts = [(new, old, part) for new, old in layers.items() for part in ("kernel", "bias")]
    set_named_weights(network.trained, {f"{new}/{part}": weights[f"{old}/{part}"] for new, old, part in parts})


def _head_layers(parent: PackageManifest, labels: tuple[str, ...], heads: Sequence[Head]) -> dict[str, str]:
    """The layer of each head that can be carried over, and what the parent calls it; others are new, and the log so."""
    if not heads:
        if labels == parent.labels:
            return {"logits": "logits"}
        log.info("the head is new: its labels are not those of the model started from, %s", ", ".join(parent.labels))
        return {}
    places = {_told_by(head): place for place, head in enumerate(parent.heads)}
    layers = {}
    for place, head in enumerate(heads):
        if _told_by(head) in places:
            layers[f"head{place}_logits"] = f"head{places[_told_by(head)]}_logits"
        else:
            log.info("the head of %s is new: the model started from does not tell the same of it", head.column)
    return layers


def _told_by(head: Head) -> tuple[str, str, tuple[str, ...]]:
    return head.column, head.kind, head.labels


def start_scale(start: Path, head: Head) -> Head:
    """A head that tells a number, with the scale that the parent's has: its weights mean nothing on another one."""
    for old in read_manifest(start).heads if is_package(start) and head.kind == "regression" else ():
        if _told_by(old) == _told_by(head):
            return head.model_copy(update={"mean": old.mean, "deviation": old.deviation})
    return head


def carry_all(network: Network, labels: Sequence[str], start: Path, option: str) -> None:
    """Give a network the weights of the package it starts from; its head only where labels are the same.

    Args:
        option: what decides the sizes, to be named in an error.

    Raises:
        RecipeError: the model in the package has other sizes.
    """
    from tasks.model.names import named_weights, set_named_weights

    if not is_package(start):
        return
    weights, same_labels = package_weights(start), tuple(labels) == read_manifest(start).labels
    names = [name for name in named_weights(network.trained) if same_labels or not name.startswith("logits/")]
    try:
        set_named_weights(network.trained, {name: weights[name] for name in names})
    except (KeyError, ValueError) as error:
        raise RecipeError(
            option,
            found=f"{error} in {start}",
            allowed="the sizes of the model that is started from",
            action="Set it as it was there, or start anew.",
        ) from None


def start_features(start: Path, fitted: TabularFeatures) -> TabularFeatures:
    """The features of the package that training starts from: its weights mean nothing on features fitted anew.

    Raises:
        RecipeError: it reads other columns than those of `fitted`.
    """
    from tasks.features.files import load_features

    features = load_features(start)
    if not isinstance(features, TabularFeatures) or features.columns != fitted.columns:
        there = ", ".join(f"{name} ({kind})" for name, kind in features.columns.items())
        asked = ", ".join(f"{name} ({kind})" for name, kind in fitted.columns.items())
        raise refused(f"{start}, which reads {there}", f"a model that reads {asked}")
    return features


def refused(found: str, allowed: str) -> RecipeError:
    """The error for a model that a training can't go on from."""
    return RecipeError("train.start_from", found=found, allowed=allowed, action="Start from another model.")
