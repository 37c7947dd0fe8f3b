"""Whether augmentation helps where rows are few: 77 kinds of questions to a bank, with 5 or 10 train rows of each.

`docs/augmenting.md` has the figures, which `pytest -m slow -s tests/augment/test_gain.py` prints.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from numpy.typing import NDArray
from pyarrow import csv

from tasks.augment.augment import augment
from tasks.augment.config import AugmentOptions
from tasks.data.version import read_rows
from tests.packages import make_dataset

Texts = Callable[[list[str]], Any]
SEEDS = range(5)
COPIES = 3  # new rows for each row, in every variant
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "nothing": [],
    "each row repeated": [],
    "synonyms": [{"method": "synonyms", "copies": COPIES}],
    "swap": [{"method": "swap", "copies": COPIES}],
    "delete": [{"method": "delete", "copies": COPIES}],
    "one of each": [{"method": method} for method in ("synonyms", "swap", "delete")],
}


@pytest.fixture(scope="module")
def embedded() -> Texts:
    """Unit embeddings by the pretrained encoder, each text's once."""
    from tasks.features.text import pad, text_features
    from tasks.model.pretrained import pretrained_encoder
    from tasks.model.retriever import build_retriever
    from tasks.model.weights import weights
    from tasks.runtime.arrays import run_in_batches

    folder, known = weights(), dict[str, NDArray[np.float32]]()
    features, encoder = text_features(folder, max_tokens=64), build_retriever(pretrained_encoder(folder)).exported

    def embed(texts: list[str]) -> Any:
        new = sorted(set(texts) - known.keys())
        if new:
            outputs = run_in_batches(lambda batch: encoder(batch).numpy(), pad(features.tokens(new)))
            known.update(zip(new, outputs, strict=True))
        return np.stack([known[text] for text in texts])

    return embed


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("rows_a_class", [5, 10])
@pytest.mark.parametrize("features", ["tfidf", "embeddings"])
def test_gain(
    rows_a_class: int,
    features: str,
    shared_data: Path,
    tmp_path: Path,
    embedded: Texts,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = csv.read_csv(shared_data / "banking77" / "banking77.csv.gz").select(["text", "intent", "split"])
    test = table.filter(pc.equal(table["split"], "test"))
    train = table.filter(pc.equal(table["split"], "train"))
    scores: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for seed in SEEDS:
        chosen = train.take(_few(train["intent"].to_pylist(), rows_a_class, seed))
        rows = pa.concat_tables([test, chosen]).select(["text", "intent"]).rename_columns(["text", "label"])
        dataset = make_dataset(rows, tmp_path / f"{seed}", test.num_rows)
        for name, methods in VARIANTS.items():
            options = AugmentOptions.model_validate({"methods": methods, "seed": seed})
            made = augment(options, dataset, tmp_path / f"{seed}-made") if methods else dataset
            times = 1 + COPIES if name == "each row repeated" else 1
            rows_of = pa.concat_tables([read_rows(made, "train")] * times)
            scores[name].append(_accuracy(rows_of, read_rows(made, "test"), embedded if features != "tfidf" else None))
    with capsys.disabled():
        sys.stdout.write(f"\n{features}, {rows_a_class} rows a class\n{_table(scores)}\n")
    means = {name: np.mean(found) for name, found in scores.items()}
    assert min(means.values()) > means["nothing"] - 0.03  # a wrong label now and then would cost more
    if features == "tfidf":
        assert means["swap"] > means["each row repeated"]


def _table(scores: dict[str, list[float]]) -> str:
    """Mean and standard deviation over the seeds, and the gain with each."""
    lines = []
    for name, found in scores.items():
        gains = " ".join(f"{100 * (one - base):+.1f}" for one, base in zip(found, scores["nothing"], strict=True))
        lines.append(f"  {name:18} {100 * np.mean(found):.1f} {100 * np.std(found):.1f}  {gains}")
    return "\n".join(lines)


def _few(labels: list[str], count: int, seed: int) -> pa.Array:
    """Places of `count` rows of each class."""
    random, places = np.random.default_rng(seed), np.array(labels)
    picked = [random.permutation(np.flatnonzero(places == label))[:count] for label in sorted(set(labels))]
    return pa.array(np.concatenate(picked))


def _accuracy(train: pa.Table, test: pa.Table, embedded: Texts | None) -> float:
    """Of logistic regression, on embeddings or on words and pairs of words weighed by TF-IDF."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    if embedded is None:
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit(train["text"].to_pylist())
        embedded = vectorizer.transform
    model = LogisticRegression(C=10, max_iter=500).fit(embedded(train["text"].to_pylist()), train["label"].to_pylist())
    return float(model.score(embedded(test["text"].to_pylist()), test["label"].to_pylist()))
