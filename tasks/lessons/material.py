"""What each task needs to be learned: features, examples, a network and a loss, from a data set version."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from infra.errors import DataError, NotFoundError
from tasks.data.references import Reference
from tasks.data.split import validation_rows
from tasks.data.version import open_version, read_rows
from tasks.dp.persons import bounded, count_persons
from tasks.features.weights import check_weight_column, row_weights, weighed_rows
from tasks.lessons.config import TrainOptions
from tasks.lessons.lesson import Lesson, Release

if TYPE_CHECKING:
    from tasks.fit.batches import Examples

IDENTITY_COLUMNS = ("row_id", "key")


@dataclass(frozen=True)
class Material:
    """A lesson with its rows.

    Attributes:
        learned: the rows that weights learn from.
        validation: rows that are only measured; none where the options keep none back.
        persons: whose rows are learned from; as many as rows, but where the unit of privacy is a user.
    """

    lesson: Lesson
    learned: Examples
    validation: Examples | None
    persons: int


def read_train_rows(options: TrainOptions, dataset: Reference) -> pa.Table:
    """What the task reads of the train split, in the order of `row_id`, which it has too, with `key`.

    Raises:
        DataError: a column is not there, or the weights are no numbers.
    """
    columns = [*options.learned_columns, *([options.privacy.user] if options.privacy.user else [])]
    there = open_version(dataset).manifest.columns
    absent = [name for name in columns if name not in there]
    if absent:
        raise DataError(
            "columns to learn from",
            found=f"no {', '.join(absent)}",
            allowed=", ".join(there),
            action="Let a cleaning rule add it, or correct train.heads, train.numeric, train.categorical, "
            "train.mitigation.protected and train.privacy.user.",
        )
    if options.weight:
        check_weight_column(options.weight, there)
        columns.append(options.weight)
    return read_rows(dataset, "train", list(dict.fromkeys([*IDENTITY_COLUMNS, *columns])))


def prepare(options: TrainOptions, rows: pa.Table, weights: Path | None, release: Release | None = None) -> Material:
    """The lesson that `options` describe, fitted on the rows of the train split that are not for validation.

    Args:
        release: where preprocessing is spent for, gives the features.

    Raises:
        DataError: there is too little to learn from, or nothing to measure on.
    """
    if options.weight:
        rows = weighed_rows(rows, options.weight)
    is_held = validation_rows(rows["key"], options.validation_share)
    learned, held = learned_rows(options, rows), rows.filter(is_held)
    if learned.num_rows < 2:
        raise DataError(
            "train split",
            found=f"{learned.num_rows} rows",
            allowed="two rows or more",
            action="Give more rows, or loosen the cleaning rules.",
        )
    if options.validation_share and not held.num_rows:
        raise DataError(
            "train.validation_share",
            found=f"{options.validation_share} of {rows.num_rows} rows, which holds none back",
            allowed="a share of the keys in which there are rows",
            action="Give more rows, or raise it; at 0 nothing is held back or measured.",
        )
    lesson = _lesson(options, learned, weights, release)
    material = Material(
        lesson=lesson,
        learned=_examples(lesson, options, learned),
        validation=_examples(lesson, options, held) if held.num_rows else None,
        persons=person_count(options, learned),
    )
    if not options.mitigation.is_on:
        return material
    from tasks.lessons.mitigation.mitigated import mitigated

    found, examples = mitigated(lesson, material.learned, options, learned, held)
    return replace(material, lesson=found, learned=examples)


def learned_rows(options: TrainOptions, rows: pa.Table) -> pa.Table:
    """The rows of the train split to learn from: those that are not held back, and of one person not too many.

    Raises:
        DataError: it is to be private for persons, and rows don't say whose they are.
    """
    learned = rows.filter(pc.invert(validation_rows(rows["key"], options.validation_share)))
    privacy = options.privacy
    return bounded(learned, privacy.user, privacy.rows_per_user, options.seed) if privacy.user else learned


def person_count(options: TrainOptions, learned: pa.Table) -> int:
    """Whose rows are learned from; each row is one's own, but where the unit of privacy is a user."""
    return count_persons(learned, options.privacy.user) if options.privacy.user else learned.num_rows


def _examples(lesson: Lesson, options: TrainOptions, rows: pa.Table) -> Examples:
    examples = lesson.examples(rows)
    if examples.ids is None:
        examples = replace(examples, ids=rows["row_id"].to_numpy())
    return replace(examples, weights=row_weights(rows, options.weight)) if options.weight else examples


def _lesson(options: TrainOptions, rows: pa.Table, weights: Path | None, release: Release | None) -> Lesson:
    match options.task:
        case "text_classification":
            if options.few_shot.enabled:
                from tasks.lessons.few_shot import lesson_of_few

                return lesson_of_few(options, rows, _needed(weights))
            from tasks.lessons.classification import lesson_of_texts

            return lesson_of_texts(options, rows, _needed(weights))
        case "text_heads":
            from tasks.lessons.heads import lesson_of_heads

            return lesson_of_heads(options, rows, _needed(weights))
        case "text_retrieval":
            from tasks.lessons.retrieval import lesson_of_pairs

            return lesson_of_pairs(options, _needed(weights))
        case "tabular_classification":
            from tasks.lessons.classification import lesson_of_columns

            return lesson_of_columns(options, rows, weights, release)
        case "rating_prediction":
            from tasks.lessons.ratings import lesson_of_ratings

            return lesson_of_ratings(options, rows, weights)
        case "item_ranking":
            from tasks.lessons.ranking import lesson_of_rankings

            return lesson_of_rankings(options, rows, weights)


def _needed(weights: Path | None) -> Path:
    if weights is None:
        raise NotFoundError(
            "pretrained weights", found="no folder", allowed="a folder for a text task", action="Fetch the weights."
        )
    return weights
