"""What a teacher gives for the rows that a student learns from: computed once, and then a part of their targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from infra.errors import RecipeError
from infra.progress import Progress, report
from tasks.compress.subject import Subject
from tasks.features.heads import Head
from tasks.features.text import WRONG
from tasks.fit.batches import Array, Arrays, Examples, Rows

TRUTH, TAUGHT = "/truth", "/taught/"
"""Names of targets: of a truth that has none, and before those of what the teacher gives. No head's name has a `/`."""
ONLY, QUESTION, ANSWER = "", "question", "answer"
"""Names of what a teacher gives who has no heads."""
_TEXTS, _ROWS = 64, 1024  # computed at once
Given = Callable[[Rows], Arrays]


def taught(subject: Subject, teacher: Subject) -> Examples:
    """The subject's rows to learn from, with what the teacher gives for each among their targets.

    The teacher reads rows by its own tokeniser, for the student's may know fewer words.

    Raises:
        RecipeError: the teacher was trained on other rows, or tells something else.
    """
    _check(subject, teacher)
    own, given = subject.material.learned, _given(subject, teacher)

    def targets(chosen: Rows) -> Arrays:
        truth = own.targets(chosen)
        named = truth if isinstance(truth, dict) else {TRUTH: truth}
        return {**named, **{TAUGHT + name: array for name, array in given(chosen).items()}}

    return replace(own, targets=targets)


def parted(targets: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The targets that the lesson knows, and what the teacher gives, by name."""
    truth = {name: value for name, value in targets.items() if not name.startswith(TAUGHT)}
    given = {name.removeprefix(TAUGHT): value for name, value in targets.items() if name.startswith(TAUGHT)}
    return truth.get(TRUTH, truth), given


def _given(subject: Subject, teacher: Subject) -> Given:
    outputs = _row_outputs(teacher)
    heads = {head.output: head for head in teacher.material.lesson.heads}
    tags = {name: _aligned(subject, teacher, name, rows) for name, rows in outputs.items() if _is_tags(heads, name)}

    def given(chosen: Rows) -> Arrays:
        stacked = {name: np.stack([outputs[name][row] for row in chosen]) for name in outputs if name not in tags}
        return {**stacked, **{name: _padded([rows[row] for row in chosen]) for name, rows in tags.items()}}

    return given


def _is_tags(heads: Mapping[str, Head], name: str) -> bool:
    return name in heads and heads[name].kind == "tagging"


def _aligned(subject: Subject, teacher: Subject, name: str, outputs: Sequence[Array]) -> list[Array]:
    """What a teacher gives for a text's words, (t, tags) over the student's tokens: NaN where no word begins.

    Words are those that have a tag; each text has the same ones, in the same order, for both.
    """
    found: list[Array] = []
    for row, values in enumerate(outputs):
        own, theirs = (_truth(each.material.learned, row, name) for each in (subject, teacher))
        words = min(np.count_nonzero(own >= 0), np.count_nonzero(theirs >= 0))  # long texts are cut
        aligned = np.full((len(own), values.shape[1]), np.nan, np.float32)
        aligned[np.flatnonzero(own >= 0)[:words]] = values[np.flatnonzero(theirs >= 0)[:words]]
        found.append(aligned)
    return found


def _truth(examples: Examples, row: int, name: str) -> NDArray[np.int32]:
    targets: Any = examples.targets(np.array([row]))
    return np.asarray(targets[name][0])


def _padded(rows: Sequence[Array]) -> Array:
    stacked = np.full((len(rows), max(map(len, rows)), rows[0].shape[1]), np.nan, np.float32)
    for place, row in enumerate(rows):
        stacked[place, : len(row)] = row
    return stacked


def _row_outputs(teacher: Subject) -> dict[str, list[Array]]:
    """Without dropout, by name one array a row; of tags the tokens of the row alone."""
    learned, model = teacher.material.learned, _without_wrong_answers(teacher.network.trained)
    found: dict[str, list[Array]] = {}
    for rows, outputs in _batches(learned, model):
        for name, values in _named(outputs).items():
            kept = found.setdefault(name, [np.zeros(0)] * len(learned))
            for row, value in zip(rows.tolist(), values, strict=True):
                kept[row] = value
    return found


def _batches(examples: Examples, model: Any) -> Iterator[tuple[Rows, Any]]:
    """Texts run together with texts of like length: the cost of a batch is that of its longest text."""
    names = [tensor.name for tensor in model.inputs]
    inputs = examples.inputs(np.arange(1))
    signature = [{name: tf.TensorSpec([None] * inputs[name].ndim, inputs[name].dtype) for name in names}]
    run = tf.function(lambda arrays: model(arrays, training=False), input_signature=signature)
    rows, lengths = np.arange(len(examples)), examples.lengths
    order = rows if lengths is None else np.argsort(lengths, kind="stable")
    size = _ROWS if lengths is None else _TEXTS
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        arrays = examples.inputs(chosen)
        outputs = run({name: tf.constant(arrays[name]) for name in names})
        yield chosen, tf.nest.map_structure(lambda tensor: tensor.numpy(), outputs)
        report(Progress("compress", min(start + size, len(order)), len(order), "what the teacher says"))


def _without_wrong_answers(model: Any) -> Any:
    """Of a retriever the questions' and the answers' part: hard negatives teach nothing that these don't."""
    if not isinstance(model.output, list):
        return model
    inputs = {tensor.name: tensor for tensor in model.inputs if not tensor.name.startswith(WRONG)}
    return tf.keras.Model(inputs, model.output[:2])


def _named(outputs: Any) -> dict[str, Any]:
    if isinstance(outputs, dict):
        return outputs
    return dict(zip((QUESTION, ANSWER), outputs, strict=True)) if isinstance(outputs, list) else {ONLY: outputs}


def _check(subject: Subject, teacher: Subject) -> None:
    told = [(each.manifest.task, each.manifest.labels, each.manifest.heads) for each in (subject, teacher)]
    if told[0] != told[1]:
        raise _refused("one that tells something else", "what the student is to tell")
    if not np.array_equal(_ids(subject), _ids(teacher)):
        raise _refused("one of other train rows", "the student's train rows, in their order")


def _ids(subject: Subject) -> Array:
    ids = subject.material.learned.ids
    return np.arange(len(subject.material.learned)) if ids is None else ids


def _refused(found: str, allowed: str) -> RecipeError:
    return RecipeError(
        "teacher of distil", found=found, allowed=allowed, action="Name the model that the chain began with."
    )
