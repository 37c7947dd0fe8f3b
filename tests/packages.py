"""Tiny packages of every task, untrained but real, and data set versions whose truth is what they predict."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.data.canonical import column_types
from tasks.data.digest import file_digest, final_digest
from tasks.data.manifest import Manifest
from tasks.data.parts import PartWriter, part_files
from tasks.data.references import DatasetRef
from tasks.data.split import KEY_DIGITS
from tasks.data.version import ROWS, writing
from tasks.features.files import Features, save_features
from tasks.features.heads import Head
from tasks.features.interactions import fit_interactions
from tasks.features.tabular import fit_tabular
from tasks.features.text import text_features
from tasks.options import Task
from tasks.runtime.package import PackageManifest, write_manifest
from tasks.runtime.predictor import index_answers

TASKS: tuple[Task, ...] = (
    "text_classification",
    "text_heads",
    "text_retrieval",
    "tabular_classification",
    "rating_prediction",
)
WORDS = ("show", "list", "me", "the", "flights", "fares", "from", "to", "boston", "denver", "on", "monday", "please")
LABELS = {"text_classification": ("fare", "flight", "other"), "tabular_classification": ("no", "yes")}
ANSWERS = ("flights to boston", "fares to denver", "monday")
HEADS = (
    Head(column="label", kind="classification", output="label", labels=LABELS["text_classification"]),
    Head(column="topics", kind="multi_label", output="topics", labels=("cheap", "early", "late")),
    Head(column="urgency", kind="regression", output="urgency", mean=3.0, deviation=0.5),
    Head(column="tags", kind="tagging", output="tags", labels=("O", "B-city", "B-day", "I-city")),
)
TRUTH = {"text_retrieval": "answer", "rating_prediction": "rating"}


def make_package(task: Task, folder: Path) -> Path:
    """A package of `task` in the empty directory `folder`, with seeded random weights."""
    features, network = _PARTS[task](folder)
    random = np.random.default_rng(7)
    weights = [random.normal(0, 0.3, weight.shape) for weight in network.exported.get_weights()]
    network.exported.set_weights(weights)
    network.save(folder / "saved_model")
    heads = HEADS if task == "text_heads" else ()
    labels = LABELS.get(task, ())
    manifest = PackageManifest(task=task, format="saved_model", labels=labels, heads=heads, dataset_digest="d")
    write_manifest(folder, manifest)
    save_features(features, folder)
    if task == "text_retrieval":
        index_answers(folder, ANSWERS)
    return folder


def inputs(task: Task, count: int = 40) -> pa.Table:
    """Rows without the truth."""
    random = np.random.default_rng(11)
    if task == "tabular_classification":
        ages, jobs = random.integers(18, 80, count), random.choice(["clerk", "cook"], count)
        return pa.table({"age": ages, "job": pa.array(jobs.tolist(), pa.string())})
    if task == "rating_prediction":
        return pa.table({"user": random.integers(1, 40, count), "item": random.integers(1, 60, count)})
    texts = [" ".join(random.choice(WORDS, random.integers(1, 9))) for _ in range(count)]
    return pa.table({"text": pa.array(texts, pa.string())})


def with_truth(task: Task, rows: pa.Table, predictions: pa.Table) -> pa.Table:
    """Rows of which the model predicts every one as it is."""
    for name in [head.column for head in HEADS] if task == "text_heads" else [TRUTH.get(task, "label")]:
        rows = rows.append_column(name, predictions.column(name))
    return rows


def make_dataset(rows: pa.Table, folder: Path, test_rows: int) -> DatasetRef:
    """A version whose first `test_rows` rows are the test split, in the order given."""
    count = rows.num_rows
    splits = pa.array(["test"] * test_rows + ["train"] * (count - test_rows), pa.string())
    table = identified(rows).add_column(2, "split", splits)
    columns = column_types(table.schema)
    with writing(folder) as draft:
        with PartWriter(draft.path / ROWS, table.schema) as parts:
            parts.write(table)
        manifest = Manifest(
            digest=final_digest(columns, map(file_digest, part_files(draft.path / ROWS))),
            columns=columns,
            rows_in=count,
            rows_out=count,
            quarantined={},
            recipe_hash="",
            code_hash="",
            engine="test",
        )
        return draft.publish(manifest)


def identified(rows: pa.Table) -> pa.Table:
    """Rows with `row_id` in the order given, and `key`."""
    numbers = range(rows.num_rows)
    keys = pa.array([hashlib.sha256(str(number).encode()).hexdigest()[:KEY_DIGITS] for number in numbers], pa.string())
    ids = pa.array([f"{number:012d}" for number in numbers], pa.string())
    return rows.add_column(0, "row_id", ids).add_column(1, "key", keys)


def write_tokenizer(folder: Path) -> Path:
    """A tokeniser that knows WORDS, written as `tokenizer.json`."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    vocabulary = {word: place for place, word in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def _encoder() -> Any:
    from tasks.model.encoder import build_encoder
    from tasks.model.sizes import EncoderConfig

    config = EncoderConfig(
        vocab_size=40,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=32,
        layer_norm_eps=1e-6,
    )
    return build_encoder(config)


def _text(folder: Path) -> Features:
    tokenizer = folder.parent / f"{folder.name}-tokenizer"
    tokenizer.mkdir(exist_ok=True)
    return text_features(write_tokenizer(tokenizer), max_tokens=16)


def _classifier(folder: Path) -> tuple[Features, Any]:
    from tasks.model.classifier import build_classifier

    return _text(folder), build_classifier(_encoder(), len(LABELS["text_classification"]), dropout=0.1)


def _heads(folder: Path) -> tuple[Features, Any]:
    from tasks.model.heads import build_heads

    return _text(folder), build_heads(_encoder(), HEADS, dropout=0.1)


def _retriever(folder: Path) -> tuple[Features, Any]:
    from tasks.model.retriever import build_retriever

    return _text(folder), build_retriever(_encoder())


def _tabular(folder: Path) -> tuple[Features, Any]:
    from tasks.model.tabular import build_tabular

    features = fit_tabular(inputs("tabular_classification"), ["age"], ["job"])
    return features, build_tabular(features, 2, hidden_units=[64, 32], dropout=0.1, seed=1)


def _factorization(folder: Path) -> tuple[Features, Any]:
    from tasks.model.factorization import build_factorization

    rows = inputs("rating_prediction", 200)
    ratings = pa.array(np.linspace(1, 5, rows.num_rows))
    features = fit_interactions(rows.append_column("rating", ratings))
    return features, build_factorization(features, 32, seed=1)


_PARTS: dict[Task, Callable[[Path], tuple[Features, Any]]] = {
    "text_classification": _classifier,
    "text_heads": _heads,
    "text_retrieval": _retriever,
    "tabular_classification": _tabular,
    "rating_prediction": _factorization,
}
