"""What models say of rows that were learned from and rows that were not, for attacks to tell them apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from tasks.features.columns import numbers
from tasks.features.labels import encode_labels
from tasks.fit.batches import Examples
from tasks.lessons.lesson import Lesson
from tasks.model.network import Network
from tasks.options import Task
from tasks.private.audit.answers import Answers, answers
from tasks.private.audit.part import part
from tasks.runtime.predictor import load

PACKAGED: tuple[Task, ...] = ("text_classification", "tabular_classification", "rating_prediction")
"""Tasks whose package tells enough to compute a row's loss."""
_TINY = 1e-12


def answers_of_package(package: Path, rows: pa.Table, threads: int = 1) -> Answers:
    """What the model in a package says of each row of a table, those aside whose class it does not know.

    Of classes outputs are logarithms of their probabilities; the loss is the cross-entropy, or of a rating the squared
    difference.
    """
    predictor = load(package, threads)
    told = predictor.row_outputs(rows).astype(np.float64)
    if predictor.manifest.task == "rating_prediction":
        return Answers((told.reshape(-1) - numbers(rows["rating"])) ** 2, np.zeros((len(told), 0)))
    classes = encode_labels(rows["label"], predictor.manifest.labels)
    known, logs = classes >= 0, np.log(np.maximum(told, _TINY))
    return Answers(-logs[np.arange(len(logs)), classes][known], logs[known])


def answers_of_network(network: Network, lesson: Lesson, examples: Examples) -> Answers:
    """The same of a network and encoded rows."""
    targets = examples.targets(np.arange(len(examples)))
    known = np.arange(len(examples))
    if not isinstance(targets, dict) and targets.dtype.kind == "i":
        known = np.flatnonzero(targets.astype(np.int64) >= 0)
    return answers(network.trained, lesson.loss, part(examples, known))
