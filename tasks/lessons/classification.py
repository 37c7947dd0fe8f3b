"""One class of several for each row, told from a text or from columns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from infra.errors import RecipeError
from tasks.features.columns import texts
from tasks.features.labels import declared_labels, encode_labels, fit_labels
from tasks.features.tabular import TabularFeatures, fit_tabular
from tasks.features.text import text_features
from tasks.fit.batches import Examples
from tasks.fit.consistency import consistent
from tasks.fit.losses import build_loss
from tasks.fit.quality import accuracy
from tasks.lessons.config import TrainOptions
from tasks.lessons.lesson import Lesson, Release
from tasks.lessons.start import carry_all, carry_head, start_features
from tasks.lessons.texts import learning_encoder, lengths, padded
from tasks.model.network import Network


def lesson_of_texts(options: TrainOptions, rows: pa.Table, weights: Path) -> Lesson:
    """The class of a text, by an encoder with a head."""
    labels = fit_labels(rows["label"])
    features = text_features(weights, options.encoder.max_tokens)

    def examples(table: pa.Table) -> Examples:
        tokens = features.tokens(texts(table["text"]))
        classes = encode_labels(table["label"], labels)
        return Examples(
            targets=lambda chosen: classes[chosen],
            inputs=lambda chosen: padded(tokens, chosen),
            rows=len(tokens),
            lengths=lengths(tokens),
        )

    def build() -> Network:
        from tasks.model.classifier import build_classifier

        encoder, two_views = learning_encoder(options, weights), options.loss.consistency > 0
        network = build_classifier(encoder, len(labels), options.dropout, two_views)
        carry_head(network, weights, labels)
        return network

    def prime(network: Network, learned: Examples) -> None:
        from tasks.lessons.head_start import start_head

        start_head(network, learned, 1 / options.head_start.regularization)

    loss = build_loss(options.task, options.loss)
    if options.loss.consistency:
        loss = consistent(loss, options.loss.consistency)
    return Lesson(
        features, labels, examples, loss, build, accuracy, prime=prime if options.head_start.enabled else None
    )


def lesson_of_columns(
    options: TrainOptions, rows: pa.Table, start: Path | None = None, release: Release | None = None
) -> Lesson:
    """The class of a row of numbers and categories, by dense layers.

    Raises:
        DataError: there are fewer than two classes, or others than were declared.
    """
    declared = options.privacy.classes
    labels = declared_labels(rows["label"], declared) if declared else fit_labels(rows["label"])
    features = _tabular_features(options, rows, start, release)

    def examples(table: pa.Table) -> Examples:
        arrays, classes = features.encode(table), encode_labels(table["label"], labels)
        return Examples(
            targets=lambda chosen: classes[chosen],
            inputs=lambda chosen: {name: array[chosen] for name, array in arrays.items()},
            rows=table.num_rows,
        )

    def build() -> Network:
        from tasks.model.tabular import build_tabular, raw_columns

        shape = (options.hidden_units, options.dropout, options.seed, options.numeric_encoding)
        network = replace(build_tabular(features, len(labels), *shape), columns=raw_columns(features))
        if start is not None:
            carry_all(network, labels, start, "train.hidden_units, train.numeric_encoding")
        return network

    return Lesson(features, labels, examples, build_loss(options.task, options.loss), build, accuracy)


def _tabular_features(
    options: TrainOptions, rows: pa.Table, start: Path | None, release: Release | None
) -> TabularFeatures:
    if start is None and options.privacy.preprocessing == "spent":
        if release is None:
            raise RecipeError(
                "train.privacy.preprocessing",
                found="spent, and nothing to keep what is spent for",
                allowed="public, but where a recipe's model is trained",
                action="Set it to public.",
            )
        return release(rows)
    fitted = fit_tabular(rows, options.numeric, options.categorical, options.rare_rows)
    return start_features(start, fitted) if start is not None else fitted
