"""What heads tell, and what a package with several heads does with odd texts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import SourceError
from tasks.features.files import save_features
from tasks.features.tabular import fit_tabular
from tasks.options import Task
from tasks.register.signature import output_columns
from tasks.runtime.heads import decode_heads, told_tags
from tasks.runtime.package import read_manifest
from tasks.runtime.predictor import load
from tasks.runtime.pyfunc import _load_pyfunc
from tests.packages import HEADS, inputs

Package = Callable[[Task], Path]


def test_what_is_told_and_how_sure_it_is() -> None:
    outputs: dict[str, list[Any]] = {
        "label": [np.array(row, np.float32) for row in ([0.2, 0.7, 0.1], [0.5, 0.3, 0.2])],
        "topics": [np.array(row, np.float32) for row in ([0.9, 0.4, 0.8], [0.1, 0.2, 0.3])],
        "urgency": [np.float32(1.5), np.float32(-2.0)],
        "tags": [
            np.array([[0.9, 0.1, 0, 0], [0.2, 0.1, 0.1, 0.6], [0, 0, 0, 0]], np.float32),
            np.zeros((0, 4), np.float32),
        ],
    }

    rows = decode_heads(HEADS, outputs).to_pylist()

    assert [row["label"] for row in rows] == ["flight", "fare"]
    assert [row["topics"] for row in rows] == ["cheap;late", ""]
    assert [row["urgency"] for row in rows] == [1.5, -2.0]
    assert [row["tags"] for row in rows] == ["O I-city O", ""]  # the last word was cut off; no word, no tag
    scores = [[row[f"{name}_score"] for name in ("label", "topics", "tags")] for row in rows]
    assert scores[0] == pytest.approx([0.7, 0.6, 0.0])
    assert scores[1] == pytest.approx([0.5, 0.7, 1.0])


def test_a_word_without_a_token_is_outside() -> None:
    (tags,) = (head for head in HEADS if head.kind == "tagging")
    begins = np.eye(1, tags.width, tags.labels.index("I-city") - 1, np.float32)[0] * 0.8 + 0.05
    nothing = np.zeros(tags.width, np.float32)

    assert told_tags(tags, np.array([begins, nothing, begins]))[1] == "O"


def test_every_word_gets_a_tag(package: Package) -> None:
    long = " ".join(["boston"] * 40)  # of which 14 fit into 16 tokens
    rows = pa.table({"text": ["", " \n ", "show  boston", "zzz", None, long]})

    predictions = load(package("text_heads")).predict(rows)

    tags = [row.split() for row in predictions["tags"].to_pylist()]
    assert [len(row) for row in tags] == [0, 0, 2, 1, 0, 40]
    assert tags[5][14:] == ["O"] * 26
    scores = predictions["tags_score"].to_pylist()
    assert (scores[0], scores[5]) == (1.0, 0.0)


def test_a_text_is_tagged_alike_beside_longer_ones(package: Package) -> None:
    rows, predictor = inputs("text_heads"), load(package("text_heads"))
    together, alone = predictor.head_outputs(rows), predictor.head_outputs(rows.slice(7, 1))

    for head in HEADS:
        np.testing.assert_allclose(together[head.column][7], alone[head.column][0], atol=1e-5)


def test_the_signature_has_the_columns_of_predictions(package: Package) -> None:
    folder, rows = package("text_heads"), inputs("text_heads", 3)
    frame = _load_pyfunc(str(folder)).predict(rows.to_pandas())
    kinds = {"string": object, "double": np.dtype(float)}

    assert {name: kinds[kind] for name, kind in output_columns(read_manifest(folder)).items()} == dict(frame.dtypes)


def test_heads_on_features_that_are_no_texts_are_a_broken_package(package: Package, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(package("text_heads"), tmp_path / "copy"))
    save_features(fit_tabular(pa.table({"age": [1.0, 2.0]}), ["age"], []), folder)

    with pytest.raises(
        SourceError, match=r"found features\.json that can't be loaded \(heads need features of texts\)"
    ):
        load(folder)


def test_a_manifest_without_heads_is_of_a_model_with_one_output(package: Package) -> None:
    manifest = json.loads((package("text_classification") / "manifest.json").read_text())
    del manifest["heads"]  # as of packages written before there were heads

    assert type(read_manifest(package("text_classification"))).model_validate(manifest).heads == ()
