"""Several things told of a text, or of each of its words, by heads on one encoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.features.columns import signature_names, texts
from tasks.features.heads import MISSING, Head, class_truth, fit_head, label_truth, number_truth, tag_truth
from tasks.features.text import TextFeatures, Tokens, text_features
from tasks.features.words import NO_TOKEN, Places
from tasks.fit.batches import Array, Arrays, Examples, Rows
from tasks.fit.head_losses import weighed_sum, where_known
from tasks.fit.head_quality import quality_of_heads
from tasks.fit.losses import Loss, build_loss
from tasks.lessons.config import HeadOptions, TrainOptions
from tasks.lessons.lesson import Lesson
from tasks.lessons.start import carry_head, start_scale
from tasks.lessons.texts import learning_encoder, lengths, padded
from tasks.model.network import Network
from tasks.options import HeadKind


def lesson_of_heads(options: TrainOptions, rows: pa.Table, weights: Path) -> Lesson:
    """A head for each of `options.heads`; rows without a truth for one of them teach the others."""
    features = text_features(weights, options.encoder.max_tokens)
    outputs = signature_names([head.column for head in options.heads])
    fitted = [fit_head(head.column, head.kind, outputs[head.column], rows, features.column) for head in options.heads]
    heads = [start_scale(weights, head) for head in fitted]
    losses = {outputs[head.column]: _loss(head, rows) for head in options.heads}
    shares = {outputs[head.column]: head.weight for head in options.heads}

    def build() -> Network:
        from tasks.model.heads import build_heads

        network = build_heads(learning_encoder(options, weights), heads, options.dropout)
        carry_head(network, weights, heads=heads)
        return network

    return Lesson(
        features=features,
        labels=(),
        heads=tuple(heads),
        examples=lambda table: _examples(features, heads, table),
        loss=weighed_sum(losses, shares),
        build=build,
        quality=quality_of_heads(heads, losses),
    )


def _examples(features: TextFeatures, heads: Sequence[Head], table: pa.Table) -> Examples:
    tokens, firsts = features.word_tokens(texts(table[features.column]))
    tags, truth = dict[str, list[Places]](), Arrays()
    for head in heads:
        if head.kind == "tagging":
            tags[head.output] = _token_tags(head, table, features.column, tokens, firsts)
        else:
            truth[head.output] = _ROW_TRUTH[head.kind](head, table)

    def targets(chosen: Rows) -> Arrays:
        longest = max((len(tokens[row]) for row in chosen), default=0)
        stacked = {name: _stacked(rows, chosen, longest) for name, rows in tags.items()}
        return {**stacked, **{name: array[chosen] for name, array in truth.items()}}

    return Examples(targets, lambda chosen: padded(tokens, chosen), len(tokens), lengths(tokens))


def _token_tags(head: Head, table: pa.Table, text: str, tokens: Tokens, firsts: Sequence[Places]) -> list[Places]:
    """For each token the place of its word's tag if it is the word's first; else, and without a truth, MISSING."""
    found = []
    for tags, ids, first in zip(tag_truth(head, table, text), tokens, firsts, strict=True):
        targets = np.full(len(ids), MISSING, np.int32)
        if tags is not None:
            targets[first[first != NO_TOKEN]] = tags[first != NO_TOKEN]
        found.append(targets)
    return found


def _stacked(truth: Sequence[Places], chosen: Rows, longest: int) -> Array:
    stacked = np.full((len(chosen), longest), MISSING, np.int32)
    for place, row in enumerate(chosen):
        stacked[place, : len(truth[row])] = truth[row]
    return stacked


def _loss(asked: HeadOptions, rows: pa.Table) -> Loss:
    loss = build_loss(asked.kind, asked.loss)
    if asked.kind != "tagging":
        return where_known(asked.kind, loss)
    words = pc.mean(pc.count_substring_regex(rows[asked.column], r"\S+")).as_py()
    return where_known("tagging", loss, words)


_ROW_TRUTH: Mapping[HeadKind, Callable[[Head, pa.Table], Array]] = {
    "classification": class_truth,
    "multi_label": label_truth,
    "regression": number_truth,
}
