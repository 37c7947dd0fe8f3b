"""The next rows to ask people about, out of a data set version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from infra.errors import NotFoundError, RecipeError
from tasks.data.references import DatasetRef
from tasks.data.version import Version, open_version
from tasks.label.classifier import Places, input_columns, predict_rest
from tasks.label.config import LabelOptions
from tasks.label.consensus import find_consensus
from tasks.label.query import Strategy, most_diverse, most_doubtful
from tasks.label.rows import ITEM, LABEL, check_label, one_of_each, sample
from tasks.label.store import Answer, LabelStore, Question

Side = Literal["train", "test"]
_UNKNOWN = -1


@dataclass(frozen=True)
class Choice:
    """The questions, and how they were chosen: another way than asked for where there is nothing yet to doubt."""

    questions: tuple[Question, ...]
    strategy: Strategy


def choose(
    dataset: DatasetRef, options: LabelOptions, store: LabelStore, count: int, strategy: Strategy, side: Side
) -> Choice:
    """Choose rows without a label that nobody was asked about.

    Raises:
        RecipeError: the version has no labels as texts, or no such column as the recipe names.
        NotFoundError: there is no such row.
    """
    version = open_version(dataset)
    check_label(version)
    inputs = shown_columns(version, options)
    pool = _pool(version, inputs, options, store, side)
    if not pool.num_rows:
        raise NotFoundError(
            f"{side} rows to ask about",
            found="none without a label that nobody was asked about",
            allowed=f"an unlabelled {side} row",
            action="`lepton label suspects` asks about labels that look wrong.",
        )
    if strategy in ("margin", "entropy"):
        labelled = _labelled(version, inputs, options, store.answers())
        labels = sorted(set(labelled[LABEL].to_pylist()))
        if labelled.num_rows >= options.questions.cold_labels and len(labels) > 1:
            return _doubtful(pool, labelled, inputs, labels, count, strategy, options.seed)
        strategy = "diverse"
    places = np.arange(min(count, pool.num_rows))  # the pool is in the order of hashes
    if strategy == "diverse":
        places = most_diverse(pool.select(inputs), count, options.seed)
    return Choice(_questions(pool.take(pa.array(places)), [""] * len(places)), strategy)


def shown_columns(version: Version, options: LabelOptions) -> list[str]:
    """The columns that people see and the classifier reads.

    Raises:
        RecipeError: the recipe names one that there is not.
    """
    names = version.manifest.columns
    strange = [name for name in options.questions.columns if name not in names]
    if strange:
        raise RecipeError(
            "label.questions.columns", found=", ".join(strange), allowed=", ".join(names), action="Name some of these."
        )
    return input_columns(list(names), options.questions.columns)


def _pool(version: Version, inputs: Sequence[str], options: LabelOptions, store: LabelStore, side: Side) -> pa.Table:
    row_ids, items = store.asked()
    asked = pa.array(sorted(row_ids), pa.string())

    def keep(batch: pa.Table) -> pa.Array:
        is_free = pc.and_(pc.is_null(batch[LABEL]), pc.equal(batch["split"], side))
        return pc.and_(is_free, pc.invert(pc.is_in(batch["row_id"], asked)))

    columns = ["row_id", "split", LABEL, *inputs]
    return one_of_each(sample(version, columns, keep, options.questions.candidates + len(items)), items)


def _labelled(version: Version, inputs: Sequence[str], options: LabelOptions, answers: Sequence[Answer]) -> pa.Table:
    """Train rows with a label of their source or of people."""
    agreed = find_consensus(answers, options.people).labels
    known = pa.array(sorted(agreed), pa.string())

    def keep(batch: pa.Table) -> pa.Array:
        has_label = pc.or_(pc.is_valid(batch[LABEL]), pc.is_in(batch[ITEM], known))
        return pc.and_(has_label, pc.equal(batch["split"], "train"))

    rows = sample(version, ["row_id", "split", LABEL, *inputs], keep, options.questions.candidates)
    labels = [
        agreed[item].label if item in agreed else given
        for item, given in zip(rows[ITEM].to_pylist(), rows[LABEL].to_pylist(), strict=True)
    ]
    return rows.set_column(rows.column_names.index(LABEL), LABEL, pa.array(labels, pa.string()))


def _doubtful(
    pool: pa.Table,
    labelled: pa.Table,
    inputs: list[str],
    labels: list[str],
    count: int,
    strategy: Literal["margin", "entropy"],
    seed: int,
) -> Choice:
    rows = pa.concat_tables([labelled.select(inputs), pool.select(inputs)])
    known: Places = np.full(rows.num_rows, _UNKNOWN)
    known[: labelled.num_rows] = pc.index_in(labelled[LABEL], pa.array(labels)).to_numpy()
    probabilities = predict_rest(rows, known, len(labels), seed)[labelled.num_rows :]
    places = most_doubtful(probabilities, count, strategy)
    suggested = [labels[place] for place in probabilities[places].argmax(axis=1)]
    return Choice(_questions(pool.take(pa.array(places)), suggested), strategy)


def _questions(rows: pa.Table, suggested: Sequence[str]) -> tuple[Question, ...]:
    triples = zip(rows["row_id"].to_pylist(), rows[ITEM].to_pylist(), suggested, strict=True)
    return tuple(Question(*triple) for triple in triples)
