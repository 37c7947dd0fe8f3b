"""The trained model as a package: whole, or not there."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from tasks.data.references import Reference
from tasks.data.version import read_rows
from tasks.features.columns import texts
from tasks.features.files import save_features
from tasks.runtime.draft import draft
from tasks.runtime.package import PackageManifest, write_manifest
from tasks.runtime.predictor import index_answers
from tasks.train.lesson import Lesson
from tasks.train.spec import TrainSpec


def pack(spec: TrainSpec, lesson: Lesson, weights: list[NDArray[Any]]) -> None:
    """Write the package, by a network outside of any strategy that gets the trained `weights`."""
    network = lesson.build()
    network.trained.set_weights(weights)
    manifest = PackageManifest(
        task=spec.options.task, format="saved_model", labels=lesson.labels, dataset_digest=spec.dataset_digest
    )
    with draft(spec.package) as folder:
        network.save(folder / "saved_model")
        save_features(lesson.features, folder)
        write_manifest(folder, manifest)
        if spec.options.task == "text_retrieval":
            rows = read_rows(Reference(path=spec.dataset_path, digest=spec.dataset_digest), columns=["answer"])
            index_answers(folder, texts(rows.column("answer")), threads=len(spec.cores))
