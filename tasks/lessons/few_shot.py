"""Classes of texts from few rows of each: SetFit (Tunstall et al. 2022).

First the encoder learns from pairs of texts, of one class or of two; then a logistic regression learns the classes from
its embeddings, and becomes the head of the classifier. Few rows make many pairs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.features.columns import texts
from tasks.features.labels import encode_labels, fit_labels
from tasks.features.text import SECOND, text_features
from tasks.fit.batches import Arrays, Examples, Rows
from tasks.fit.losses import contrastive, squared_error
from tasks.fit.quality import reciprocal_rank, root_mean_square
from tasks.lessons.config import TrainOptions
from tasks.lessons.lesson import Lesson
from tasks.lessons.texts import learning_encoder, lengths, padded
from tasks.model.network import Network

Places = NDArray[np.int64]


def lesson_of_few(options: TrainOptions, rows: pa.Table, weights: Path) -> Lesson:
    """Pairs of the rows to learn from; validation too is on pairs, of the rows held back."""
    labels = fit_labels(rows["label"])
    features = text_features(weights, options.encoder.max_tokens)
    is_cosine = options.few_shot.loss == "cosine"

    def examples(table: pa.Table) -> Examples:
        tokens, classes = features.tokens(texts(table["text"])), encode_labels(table["label"], labels)
        first, second = draw_pairs(classes, options.few_shot.pairs, options.seed, with_others=is_cosine)
        alike = (classes[first] == classes[second]).astype(np.float32)
        long = lengths(tokens)

        def inputs(chosen: Rows) -> Arrays:
            other = {SECOND + name: array for name, array in padded(tokens, second[chosen]).items()}
            return {**padded(tokens, first[chosen]), **other}

        return Examples(
            targets=lambda chosen: (alike if is_cosine else classes[first])[chosen],
            inputs=inputs,
            rows=len(first),
            lengths=np.maximum(long[first], long[second]),
            ids=table["row_id"].to_numpy()[first],
        )

    def build() -> Network:
        from tasks.model.pairs import build_pairs

        return build_pairs(learning_encoder(options, weights), len(labels), is_cosine)

    def finish(network: Network) -> Network:
        from tasks.lessons.head_start import encoder_vectors, logistic_head

        tokens, classes = features.tokens(texts(rows["text"])), encode_labels(rows["label"], labels)
        singles = Examples(
            lambda chosen: classes[chosen], lambda chosen: padded(tokens, chosen), len(tokens), lengths(tokens)
        )
        head = logistic_head(encoder_vectors(network, singles), classes, 1 / options.few_shot.regularization)
        network.exported.get_layer("logits").set_weights(head)
        return network

    loss = squared_error if is_cosine else contrastive(options.loss.temperature)
    quality = root_mean_square if is_cosine else reciprocal_rank
    return Lesson(features, labels, examples, loss, build, quality, finish=finish)


def draw_pairs(classes: NDArray[np.int32], count: int, seed: int, with_others: bool) -> tuple[Places, Places]:
    """For each row `count` others of its class and, `with_others`, as many of other classes: the first, the second.

    A row that is alone in its class is paired with itself: dropout tells the two apart (SimCSE, Gao et al. 2021).
    """
    random = np.random.default_rng([seed, len(classes)])
    told = np.unique(classes).tolist()
    alike = {one: np.flatnonzero(classes == one) for one in told}
    unlike = {one: np.flatnonzero(classes != one) for one in told}
    firsts, seconds = list[int](), list[int]()
    for _ in range(count):
        for row, own in enumerate(classes.tolist()):
            twins = alike[own][alike[own] != row]
            drawn = [random.choice(twins) if len(twins) else row]
            if with_others and len(unlike[own]):
                drawn.append(random.choice(unlike[own]))
            firsts += [row] * len(drawn)
            seconds += drawn
    return np.array(firsts), np.array(seconds)
