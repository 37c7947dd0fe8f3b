"""Clipped sums of the models that recipes train, against one example at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.dp.gradients.naive import assert_as_naive

FEW = settings(max_examples=2, database=None, phases=[Phase.generate])  # each one is compiled
SEEDS = st.integers(0, 2**16)


def scatter(model: Any, seed: int, spread: float = 0.3) -> None:
    """Heads and adapters begin at zero, which would hide what lies below them."""
    random = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign_add(random.normal(0, spread, variable.shape))


def texts(random: np.random.Generator, rows: int, longest: int = 6) -> dict[str, Any]:
    """Token ids with repeats, and padding."""
    lengths = random.integers(2, longest + 1, rows)
    mask = (np.arange(longest) < lengths[:, None]).astype(np.int32)
    return {"input_ids": random.integers(1, 8, (rows, longest)).astype(np.int32) * mask, "attention_mask": mask}


@FEW
@given(SEEDS, st.lists(st.integers(1, 6), min_size=0, max_size=2), st.booleans())
def test_a_network_of_numbers_and_categories(seed: int, hidden: list[int], per_layer: bool) -> None:
    from tasks.features.tabular import fit_tabular
    from tasks.fit.losses import cross_entropy
    from tasks.model.tabular import build_tabular

    random = np.random.default_rng(seed)
    rows = pa.table({"x": random.normal(size=40), "y": random.normal(size=40), "c": random.choice(list("abc"), 40)})
    features = fit_tabular(rows, ["x", "y"], ["c"])
    model = build_tabular(features, 3, hidden, dropout=0.3, seed=seed).trained
    scatter(model, seed)
    groups = [[place] for place in range(len(model.trainable_variables))] if per_layer else None
    few = features.encode(rows.slice(0, 6))

    assert_as_naive(model, cross_entropy(), few, random.integers(0, 3, 6).astype(np.int32), groups)


@FEW
@given(SEEDS, st.integers(1, 3), st.integers(8, 11))
def test_convolutions(seed: int, channels: int, size: int) -> None:
    from tasks.fit.losses import focal
    from tasks.model.convolution import build_cnn

    random = np.random.default_rng(seed)
    model = build_cnn((size, size - 1, channels), 3, filters=(3, 4), units=5, seed=seed).trained
    scatter(model, seed)
    images = random.uniform(size=(5, size, size - 1, channels)).astype(np.float32)

    assert_as_naive(model, focal(2.0), {"images": images}, random.integers(0, 3, 5).astype(np.int32))


def interactions(seed: int) -> tuple[Any, dict[str, Any]]:
    from tasks.features.interactions import fit_interactions

    random = np.random.default_rng(seed)
    rows = pa.table(
        {
            "user": [f"u{number}" for number in random.integers(0, 5, 30)],
            "item": [f"i{number}" for number in random.integers(0, 7, 30)],
            "rating": random.uniform(1, 5, 30),
        }
    )
    features = fit_interactions(rows)
    return features, features.encode(rows.slice(0, 6))


def test_factors_and_their_biases() -> None:
    from tasks.fit.losses import squared_error
    from tasks.model.factorization import build_factorization

    features, inputs = interactions(5)
    model = build_factorization(features, 3, seed=1).trained
    scatter(model, 2)
    ratings = np.random.default_rng(3).uniform(1, 5, 6).astype(np.float32)

    assert_as_naive(model, squared_error, inputs, ratings)


def test_a_ranker_whose_tables_are_used_for_several_items_of_an_example() -> None:
    from tasks.fit.losses import pairwise_ranking
    from tasks.model.ranker import build_ranker

    features, inputs = interactions(5)
    model = build_ranker(features, 3, 4, np.array([1, 2, 9]), seed=1).trained
    scatter(model, 2)

    assert_as_naive(model, pairwise_ranking(), inputs, np.zeros(6, np.int32))


@pytest.fixture(scope="module")
def one_layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of an encoder with a single layer, which is compiled sooner."""
    from tests.text_encoder import write_encoder

    folder = tmp_path_factory.mktemp("one-layer")
    write_encoder(folder, num_hidden_layers=1)
    return folder


def body_of(folder: Path, dropout: float, **options: Any) -> Any:
    from tasks.model.config import EncoderOptions
    from tasks.model.encoder import freeze
    from tasks.model.pretrained import pretrained_encoder

    asked = EncoderOptions.model_validate(options)
    encoder = pretrained_encoder(folder, dropout, asked, seed=1)
    if not asked.lora.rank:
        freeze(encoder, embeddings=not asked.train_embeddings, layers=asked.frozen_layers)
    return encoder


BODIES: dict[str, dict[str, Any]] = {
    "frozen": {"frozen_layers": 2},
    "upper layer": {"frozen_layers": 1},
    "all": {"train_embeddings": True},
    "adapters": {"lora": {"rank": 2, "alpha": 3, "targets": ["query", "value", "attention_output", "forward"]}},
}


@pytest.mark.parametrize("body", ["all", "adapters"])
def test_a_text_classifier(one_layer: Path, body: str) -> None:
    check_classifier(one_layer, body, 0.2)


@pytest.mark.slow
@pytest.mark.parametrize("body", list(BODIES))
@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_a_text_classifier_of_two_layers(encoder: Path, body: str, dropout: float) -> None:
    check_classifier(encoder, body, dropout)


def check_classifier(folder: Path, body: str, dropout: float) -> None:
    from tasks.fit.losses import cross_entropy
    from tasks.model.classifier import build_classifier

    model = build_classifier(body_of(folder, dropout, **BODIES[body]), 3, dropout).trained
    scatter(model, 1)
    random = np.random.default_rng(2)

    assert_as_naive(model, cross_entropy(0.1), texts(random, 5), random.integers(0, 3, 5).astype(np.int32))


@pytest.mark.slow
def test_two_views_of_a_text(one_layer: Path) -> None:
    from tasks.fit.consistency import consistent
    from tasks.fit.losses import cross_entropy
    from tasks.model.classifier import build_classifier

    model = build_classifier(body_of(one_layer, 0.2), 3, 0.2, two_views=True).trained
    scatter(model, 1)
    random = np.random.default_rng(2)

    loss = consistent(cross_entropy(), 0.5)
    assert_as_naive(model, loss, texts(random, 5), random.integers(0, 3, 5).astype(np.int32))


def test_several_heads_with_tags_and_missing_truths(one_layer: Path) -> None:
    from tasks.features.heads import Head
    from tasks.fit.config import LossOptions
    from tasks.fit.head_losses import weighed_sum, where_known
    from tasks.fit.losses import build_loss
    from tasks.model.heads import build_heads

    random = np.random.default_rng(3)
    heads = [
        Head(column="tags", kind="tagging", output="tags", labels=("O", "B-a", "B-b")),
        Head(column="class", kind="classification", output="class", labels=("a", "b")),
        Head(column="number", kind="regression", output="number"),
    ]
    model = build_heads(body_of(one_layer, 0.0, frozen_layers=1), heads, 0.0).trained
    scatter(model, 1)
    losses = {head.output: where_known(head.kind, build_loss(head.kind, LossOptions()), 2.0) for head in heads}
    targets = {
        "tags": random.integers(-1, 3, (5, 6)).astype(np.int32),
        "class": np.array([0, -1, 1, 1, 0], np.int32),
        "number": np.array([0.3, np.nan, -1.0, 2.0, 0.0], np.float32),
    }

    assert_as_naive(model, weighed_sum(losses, {"tags": 1.0, "class": 0.5, "number": 2.0}), texts(random, 5), targets)


@pytest.mark.slow
def test_pairs_of_texts_seen_by_one_encoder(one_layer: Path) -> None:
    from tasks.features.text import SECOND
    from tasks.fit.losses import squared_error
    from tasks.model.pairs import build_pairs

    random = np.random.default_rng(4)
    model = build_pairs(body_of(one_layer, 0.1, train_embeddings=True), 2, as_cosine=True).trained
    scatter(model, 1, 0.8)
    inputs = {**texts(random, 5), **{SECOND + name: array for name, array in texts(random, 5, 9).items()}}

    assert_as_naive(model, squared_error, inputs, random.integers(0, 2, 5).astype(np.float32))
