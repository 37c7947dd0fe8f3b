"""The trained model as a package: whole, or not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tasks.data.version import read_rows
from tasks.dp.record import PrivacyRecord, save_record
from tasks.features.columns import texts
from tasks.features.files import save_features
from tasks.lessons.lesson import Lesson
from tasks.lessons.start import encoder_sizes
from tasks.lessons.training import save_training
from tasks.model.sizes import save_sizes
from tasks.runtime.draft import draft
from tasks.runtime.package import PackageManifest, write_manifest
from tasks.runtime.predictor import index_answers
from tasks.train.spec import TrainSpec


def pack(
    spec: TrainSpec,
    package: Path,
    lesson: Lesson,
    weights: list[NDArray[Any]],
    privacy: PrivacyRecord | None = None,
) -> None:
    """Write the package to `package`, by a network outside of any strategy that gets the trained `weights`.

    Args:
        privacy: what a private training has spent.
    """
    from tasks.model.lora import ADAPTER, adapted_layers, merge, save_adapter

    network = lesson.build()
    network.trained.set_weights(weights)
    if lesson.finish:
        network = lesson.finish(network)
    manifest = PackageManifest(
        task=spec.options.task,
        format="saved_model",
        labels=lesson.labels,
        heads=lesson.heads,
        dataset_digest=spec.dataset_digest,
        started_from=spec.started_from,
    )
    with draft(package) as folder:
        replace(network, exported=merge(network.exported)).save(folder / "saved_model")
        if any(adapted_layers(network.exported)):
            save_adapter(network.exported, folder / ADAPTER, spec.started_from)
        save_features(lesson.features, folder)
        save_training(spec.options, folder)
        write_manifest(folder, manifest)
        if privacy:
            save_record(privacy, folder)
        if spec.options.task.startswith("text") and spec.weights:
            save_sizes(encoder_sizes(spec.options, spec.weights), folder)
        if spec.options.task == "text_retrieval":
            rows = read_rows(spec.dataset, columns=["answer"])
            index_answers(folder, texts(rows.column("answer")), threads=len(spec.cores))
