"""Subjects that no training made: real lessons on few rows, with networks of seeded random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.compress.subject import Subject
from tasks.lessons.config import TrainOptions
from tasks.lessons.material import prepare
from tasks.model.network import Network
from tasks.runtime.package import PackageManifest
from tests.packages import identified, inputs
from tests.text_encoder import write_encoder

ENCODER = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 24}


def text_rows(count: int = 60) -> pa.Table:
    """Letters, with one of three labels."""
    random = np.random.default_rng(3)
    texts = [" ".join(random.choice(list("abcd"), random.integers(1, 9))) for _ in range(count)]
    return pa.table({"text": texts, "label": random.choice(["x", "y", "z"], count).tolist()})


def text_subject(folder: Path, rows: pa.Table | None = None, **encoder: Any) -> Subject:
    """A classifier of texts on an encoder of the given sizes."""
    write_encoder(folder / "weights", **{**ENCODER, **encoder})
    options = TrainOptions(task="text_classification", dropout=0.1, encoder={"max_tokens": 16})
    return subject_of(options, text_rows() if rows is None else rows, folder / "weights")


def tabular_subject(hidden_units: list[int], rows: int = 200) -> Subject:
    """A classifier of rows by their age and job."""
    from tests.train.conftest import people, tabular

    return subject_of(tabular(hidden_units=hidden_units), people(rows), None)


def rating_subject() -> Subject:
    """Ratings by matrix factorisation."""
    rows = inputs("rating_prediction", 300)
    ratings = pa.array(np.linspace(1, 5, rows.num_rows))
    options = TrainOptions(task="rating_prediction", embedding_size=8)
    return subject_of(options, rows.append_column("rating", ratings), None)


def subject_of(options: TrainOptions, rows: pa.Table, weights: Path | None) -> Subject:
    """What learns by `options`, before it has; a head that began at zero has weights too."""
    material = prepare(options, identified(rows), weights)
    network = material.lesson.build()
    random = np.random.default_rng(5)
    for weight in network.trained.weights:
        if not np.any(weight.numpy()):
            weight.assign(random.normal(0, 0.3, weight.shape))
    manifest = PackageManifest(
        task=options.task, format="saved_model", labels=material.lesson.labels, dataset_digest="d"
    )
    return Subject(weights or Path(), manifest, network, material.lesson.features, material, options)


def outputs(subject: Subject, network: Network, rows: int = 32) -> Any:
    """What a network gives for the first rows that the subject learned from."""
    arrays = subject.material.learned.inputs(np.arange(rows))
    return network.exported(arrays, training=False).numpy()


def parameters(network: Network) -> int:
    """How many numbers the exported model has."""
    return sum(int(np.prod(weight.shape)) for weight in network.exported.weights)
