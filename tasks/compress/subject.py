"""A model on its way to a smaller one: its network with what it learns from, out of a package and back into one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from infra.errors import RecipeError
from tasks.compress.chain import Method
from tasks.compress.config import DistilOptions
from tasks.compress.edits import with_copies
from tasks.compress.network_file import GRAPH, load_network, save_network
from tasks.data.references import DatasetRef
from tasks.data.tree import tree_digest
from tasks.features.files import Features, save_features
from tasks.features.tabular import TabularFeatures
from tasks.lessons.config import TrainOptions
from tasks.lessons.material import Material, prepare, read_train_rows
from tasks.lessons.mitigation.config import MitigationOptions
from tasks.lessons.mitigation.refusals import check_builder
from tasks.lessons.training import load_training, save_training
from tasks.model.network import Network
from tasks.runtime.answers import load_answers
from tasks.runtime.package import PackageManifest, read_manifest, write_manifest
from tasks.runtime.predictor import index_answers


@dataclass(frozen=True)
class Subject:
    """A model in hand.

    Attributes:
        package: where it was read from.
        network: Keras models, which a method may change or replace.
        features: how columns become arrays; a method that changes them returns others.
        material: how the model learns, and the rows of the train split, encoded by the features it was read with.
        training: how it was trained.
    """

    package: Path
    manifest: PackageManifest
    network: Network
    features: Features
    material: Material
    training: TrainOptions

    def changed(self, network: Network, features: Features | None = None) -> Subject:
        """The same with another network, and other features if it needs them."""
        return replace(self, network=network, features=features or self.features)


def read_subject(package: Path, dataset: DatasetRef, distil: DistilOptions | None = None) -> Subject:
    """The model of a package that was trained, or compressed and not yet converted, on the data set's train split.

    Args:
        distil: with its edited copies of texts among the rows to learn from.

    Raises:
        RecipeError: it was converted, does not say how it was trained, or learns no classes of texts to have copies of.
        DataError: the data set lacks what it learned from.
    """
    from tasks.compress.layers import OWN_LAYERS
    from tasks.model.tabular import raw_columns

    manifest, trained = read_manifest(package), load_training(package)
    check_builder(trained)
    training = _resumed(trained)
    rows = read_train_rows(training, dataset)
    material = prepare(training, _with_copies(training, rows, distil) if distil else rows, package)
    features = material.lesson.features
    if (package / GRAPH).exists():
        columns = raw_columns(features) if isinstance(features, TabularFeatures) else None
        network = load_network(package, OWN_LAYERS, columns)
    else:
        network = material.lesson.build()
    return Subject(package, manifest, network, features, material, trained)


def _with_copies(training: TrainOptions, rows: pa.Table, distil: DistilOptions) -> pa.Table:
    if distil.copies and training.task != "text_classification":
        raise RecipeError(
            "compress.distil.copies",
            found=f"{distil.copies} with {training.task}",
            allowed="text_classification, whose truth does not follow a text's words",
            action="Set it to 0.",
        )
    return with_copies(rows, distil, training.seed)


def write_subject(subject: Subject, method: Method, into: Path) -> None:
    """The model as a package of its own in the empty directory `into`, one `method` further."""
    from tasks.compress.quantise_aware import deployed

    deployed(subject.network).save(into / "saved_model")
    save_network(subject.network, into)
    save_features(subject.features, into)
    save_training(subject.training, into)
    done = (*subject.manifest.compression, method)
    parent = tree_digest(subject.package)
    write_manifest(into, subject.manifest.model_copy(update={"compression": done, "parent_digest": parent}))
    if subject.manifest.task == "text_retrieval":
        index_answers(into, load_answers(subject.package).answers)


def _resumed_mitigation(mitigation: MitigationOptions) -> MitigationOptions:
    """Rows go on to be weighed or drawn as they were; there is no adversary any more."""
    return MitigationOptions() if mitigation.method == "adversarial" else mitigation


def _resumed(training: TrainOptions) -> TrainOptions:
    """How a package's model learns on, by the plainest lesson of its task.

    Its adapters are merged, its head is there, and all layers move.
    """
    off = {
        "encoder": training.encoder.model_copy(
            update={"weights": "", "frozen_layers": 0, "lora": type(training.encoder.lora)()}
        ),
        "loss": training.loss.model_copy(update={"consistency": 0.0}),
        "head_start": type(training.head_start)(),
        "few_shot": type(training.few_shot)(),
        "retrieval": type(training.retrieval)(),
        "mitigation": _resumed_mitigation(training.mitigation),
        "start_from": "",
    }
    return training.model_copy(update=off)
