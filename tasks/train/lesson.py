"""What each task needs to be learned: features, examples, a network and a loss, from a data set version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from infra.errors import DataError, NotFoundError
from tasks.data.references import Reference
from tasks.data.version import open_version, read_rows
from tasks.features.columns import numbers, texts
from tasks.features.files import Features
from tasks.features.interactions import fit_interactions
from tasks.features.labels import encode_labels, fit_labels
from tasks.features.tabular import fit_tabular
from tasks.features.text import ANSWER, Tokens, pad, text_features
from tasks.features.weights import check_weight_column, row_weights, weighed_rows
from tasks.options import LEARNED_COLUMNS
from tasks.train.config import TrainOptions
from tasks.train.spec import TrainSpec

if TYPE_CHECKING:
    from tasks.fit.batches import Arrays, Examples, Rows
    from tasks.fit.losses import Loss
    from tasks.model.network import Network


@dataclass(frozen=True)
class Lesson:
    """One task over one train split.

    Attributes:
        build: makes the network; to be called within the strategy's scope.
    """

    features: Features
    labels: tuple[str, ...]
    examples: Examples
    loss: Loss
    build: Callable[[], Network]


def read_train_rows(spec: TrainSpec) -> pa.Table:
    """What the task reads of the train split, in the order of `row_id`.

    Raises:
        DataError: a column is not there, or the weights are no numbers.
    """
    options, dataset = spec.options, Reference(path=spec.dataset_path, digest=spec.dataset_digest)
    columns = [*LEARNED_COLUMNS[options.task], *options.numeric, *options.categorical]
    there = open_version(dataset).manifest.columns
    absent = [name for name in columns if name not in there]
    if absent:
        raise DataError(
            "columns to learn from",
            found=f"no {', '.join(absent)}",
            allowed=", ".join(there),
            action="Let a cleaning rule add it, or correct train.numeric and train.categorical.",
        )
    if options.weight:
        check_weight_column(options.weight, there)
        columns.append(options.weight)
    return read_rows(dataset, "train", list(dict.fromkeys(columns)))


def prepare(options: TrainOptions, rows: pa.Table, weights: Path | None) -> Lesson:
    """The lesson that `options` describe, over the rows of the train split.

    Raises:
        DataError: there is too little to learn from.
    """
    if options.weight:
        rows = weighed_rows(rows, options.weight)
    if rows.num_rows < 2:
        raise DataError(
            "train split",
            found=f"{rows.num_rows} rows",
            allowed="two rows or more",
            action="Give more rows, or loosen the cleaning rules.",
        )
    lesson = _lesson(options, rows, weights)
    if not options.weight:
        return lesson
    return replace(lesson, examples=replace(lesson.examples, weights=row_weights(rows, options.weight)))


def _lesson(options: TrainOptions, rows: pa.Table, weights: Path | None) -> Lesson:
    match options.task:
        case "text_classification":
            return _text_classification(options, rows, _needed(weights))
        case "text_retrieval":
            return _text_retrieval(options, rows, _needed(weights))
        case "tabular_classification":
            return _tabular_classification(options, rows)
        case "rating_prediction":
            return _rating_prediction(options, rows)


def _text_classification(options: TrainOptions, rows: pa.Table, weights: Path) -> Lesson:
    from tasks.fit.batches import Examples
    from tasks.fit.losses import cross_entropy

    labels = fit_labels(rows.column("label"))
    features = text_features(weights, options.max_tokens)
    tokens = features.tokens(texts(rows.column("text")))

    def build() -> Network:
        from tasks.model.classifier import build_classifier

        return build_classifier(_encoder(options, weights), len(labels), options.dropout)

    examples = Examples(
        targets=encode_labels(rows.column("label"), labels),
        inputs=lambda chosen: _padded(tokens, chosen),
        lengths=_lengths(tokens),
    )
    return Lesson(features, labels, examples, cross_entropy(options.label_smoothing), build)


def _text_retrieval(options: TrainOptions, rows: pa.Table, weights: Path) -> Lesson:
    from tasks.fit.batches import Examples
    from tasks.fit.losses import contrastive

    features = text_features(weights, options.max_tokens)
    answers = texts(rows.column("answer"))
    numbered = {answer: number for number, answer in enumerate(dict.fromkeys(answers))}
    asked, answered = features.tokens(texts(rows.column("text"))), features.tokens(answers)

    def inputs(chosen: Rows) -> Arrays:
        pair = {ANSWER + name: array for name, array in _padded(answered, chosen).items()}
        return {**_padded(asked, chosen), **pair}

    def build() -> Network:
        from tasks.model.retriever import build_retriever

        return build_retriever(_encoder(options, weights))

    examples = Examples(
        targets=np.array([numbered[answer] for answer in answers], np.int32),
        inputs=inputs,
        lengths=_lengths(asked) + _lengths(answered),
    )
    return Lesson(features, (), examples, contrastive(options.temperature), build)


def _tabular_classification(options: TrainOptions, rows: pa.Table) -> Lesson:
    from tasks.fit.batches import Examples
    from tasks.fit.losses import cross_entropy

    labels = fit_labels(rows.column("label"))
    features = fit_tabular(rows, options.numeric, options.categorical, options.rare_rows)
    arrays = features.encode(rows)

    def build() -> Network:
        from tasks.model.tabular import build_tabular, raw_columns

        shape = (options.hidden_units, options.dropout, options.seed, options.numeric_encoding)
        return replace(build_tabular(features, len(labels), *shape), columns=raw_columns(features))

    examples = Examples(
        targets=encode_labels(rows.column("label"), labels),
        inputs=lambda chosen: {name: array[chosen] for name, array in arrays.items()},
    )
    return Lesson(features, labels, examples, cross_entropy(options.label_smoothing), build)


def _rating_prediction(options: TrainOptions, rows: pa.Table) -> Lesson:
    from tasks.fit.batches import Examples
    from tasks.fit.losses import squared_error

    features = fit_interactions(rows)
    arrays = features.encode(rows)

    def build() -> Network:
        from tasks.model.factorization import build_factorization

        return build_factorization(features, options.embedding_size, options.seed)

    examples = Examples(
        targets=numbers(rows.column("rating")).astype(np.float32),
        inputs=lambda chosen: {name: array[chosen] for name, array in arrays.items()},
    )
    return Lesson(features, (), examples, squared_error, build)


def _encoder(options: TrainOptions, folder: Path) -> object:
    from tasks.model.encoder import freeze
    from tasks.model.pretrained import pretrained_encoder

    encoder = pretrained_encoder(folder, options.dropout)
    freeze(encoder, embeddings=not options.train_embeddings, layers=options.frozen_layers)
    return encoder


def _needed(weights: Path | None) -> Path:
    if weights is None:
        raise NotFoundError(
            "pretrained weights", found="no folder", allowed="a folder for a text task", action="Fetch the weights."
        )
    return weights


def _padded(tokens: Tokens, chosen: Rows) -> Arrays:
    return {**pad([tokens[row] for row in chosen])}


def _lengths(tokens: Tokens) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array([len(ids) for ids in tokens], np.int32)
