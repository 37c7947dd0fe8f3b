"""Several things learned of a text at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from infra.errors import DataError
from tasks.features.heads import MISSING
from tasks.features.labels import UNKNOWN
from tasks.fit.batches import Batches
from tasks.lessons.config import TrainOptions
from tasks.lessons.material import Material, prepare, read_train_rows
from tasks.runtime.package import read_manifest
from tasks.runtime.predictor import load
from tasks.train.packing import pack
from tests.packages import identified, make_dataset
from tests.train.one_process import spec_of, train_here

KINDS = {"label": "classification", "topics": "multi_label", "grade": "regression", "tags": "tagging"}


def options(*columns: str, **changes: Any) -> TrainOptions:
    heads = [{"column": column, "kind": KINDS[column]} for column in columns or KINDS]
    how = {"task": "text_heads", "encoder": {"max_tokens": 6}, "dropout": 0.0, "batch_size": 8}
    return TrainOptions.model_validate({"heads": heads, **how, **changes})


def texts() -> pa.Table:
    """`c` is a city, `d` begins a day; texts with `c` are of the label `go`."""
    rows = {
        "text": ["a c b", "b", "d d c a b a", "", "b a", "c"],
        "label": ["go", "stay", "go", "stay", None, "go"],
        "topics": ["x;y", "", "y", "y", "x", None],
        "grade": [3.0, 1.0, None, 0.0, 2.0, 1.0],
        "tags": ["O B-city O", "O", "B-day I-day B-city O O O", "", None, "B-city"],
    }
    return identified(pa.table(rows))


def prepared(encoder: Path, *columns: str, **changes: Any) -> Material:
    return prepare(options(*columns, **changes), texts(), encoder)


def test_targets_of_every_kind(encoder: Path) -> None:
    material = prepared(encoder)
    targets = material.learned.targets(np.array([0, 2, 4]))
    assert isinstance(targets, dict)

    assert [head.labels for head in material.lesson.heads] == [
        ("go", "stay"),
        ("x", "y"),
        (),
        ("O", "B-city", "B-day", "I-day"),
    ]
    assert targets["label"].tolist() == [0, 0, MISSING]
    assert targets["topics"].tolist() == [[1, 1], [0, 1], [1, 0]]
    assert np.isnan(targets["grade"]).tolist() == [False, True, False]
    none = MISSING  # begin, end, padding, and the two words behind the cut
    assert targets["tags"].tolist() == [
        [none, 0, 1, 0, none, none],
        [none, 2, 3, 1, 0, none],
        [none, none, none, none, none, none],
    ]
    inputs = material.learned.inputs(np.array([0, 2, 4]))
    assert inputs["input_ids"].shape == targets["tags"].shape


def test_a_label_that_the_learned_rows_lack_is_measured_as_wrong(encoder: Path) -> None:
    lesson = prepared(encoder).lesson
    later = pa.table({**texts().slice(0, 1).to_pydict(), "label": ["fly"], "tags": ["O B-town O"]})
    targets = lesson.examples(later).targets(np.array([0]))
    assert isinstance(targets, dict)

    assert targets["label"].tolist() == [UNKNOWN]
    assert targets["tags"].tolist() == [[MISSING, 0, UNKNOWN, 0, MISSING]]


def test_all_heads_learn_together(encoder: Path) -> None:
    import tensorflow as tf

    material = prepared(encoder)
    lesson, batch = material.lesson, Batches(material.learned, 8, 1).slice(0)
    model, optimizer = lesson.build().trained, tf.keras.optimizers.Adam(0.01)

    @tf.function
    def step() -> Any:
        with tf.GradientTape() as tape:
            loss = lesson.loss(model(batch.inputs), batch.targets, batch.weights, float(batch.total))
        learned = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, learned), learned, strict=True))
        return loss

    losses = [float(step()) for _ in range(300)]

    assert losses[-1] < 0.2 * losses[0]
    outputs = {name: output.numpy() for name, output in model(batch.inputs).items()}
    figures = lesson.quality([(outputs, batch.targets, batch.weights)])
    assert min(figures[name] for name in ("accuracy", "micro_f1", "r2")) > 0.9
    assert figures["span_f1"] > 0.6
    now = float(lesson.loss(outputs, batch.targets, batch.weights, float(batch.total)))
    assert sum(figures[f"{column}_loss"] for column in KINDS) == pytest.approx(now, rel=1e-5)


def test_a_weight_makes_a_head_count_more(encoder: Path) -> None:
    heads = [{"column": "label", "kind": "classification", "weight": 3.0}, {"column": "grade", "kind": "regression"}]
    plain, weighed = prepared(encoder, "label", "grade"), prepared(encoder, heads=heads)
    batch = Batches(plain.learned, 8, 1).slice(0)
    outputs = {"label": np.zeros((6, 2), np.float32), "grade": np.zeros(6, np.float32)}

    losses = [
        float(one.lesson.loss(outputs, batch.targets, batch.weights, float(batch.total))) for one in (plain, weighed)
    ]

    assert losses[1] - losses[0] == pytest.approx(2 * 5 / 6 * np.log(2), rel=1e-5)  # five of six rows have a label


@pytest.mark.parametrize(
    ("column", "values", "text"),
    [
        ("label", ["go"] * 6, r"column label of the train split: found only 'go'; allowed: two classes"),
        ("tags", ["O B-city"] + [None] * 5, r"column tags: found 2 tags for 3 words in row '0{12}'"),
        ("tags", ["O X-city O"] + [None] * 5, r"column tags: found the tag 'X-city' in row '0{12}'"),
        ("tags", ["O O O"] + [None] * 5, r"column tags of the train split: found no span"),
    ],
)
def test_what_can_not_be_learned_from(encoder: Path, column: str, values: list[str | None], text: str) -> None:
    rows = texts()
    rows = rows.set_column(rows.column_names.index(column), column, pa.array(values, pa.string()))

    with pytest.raises(DataError, match=text):
        prepare(options(), rows, encoder)


def test_a_column_that_the_data_lacks(tmp_path: Path) -> None:
    dataset = make_dataset(texts().drop_columns(["row_id", "key", "tags"]), tmp_path / "data", test_rows=1)
    spec = spec_of(options(), dataset, None, tmp_path)

    with pytest.raises(DataError, match=r"columns to learn from: found no tags; allowed: .*correct train\.heads"):
        read_train_rows(spec.options, spec.dataset)


def test_columns_follow_from_the_heads() -> None:
    assert options("tags", "label").learned_columns == ("text", "tags", "label")
    with pytest.raises(ValidationError, match=r"heads: found the column text twice"):
        TrainOptions.model_validate({"task": "text_heads", "heads": [{"column": "text", "kind": "tagging"}]})


def test_what_was_trained_predicts_from_its_package(encoder: Path, tmp_path: Path) -> None:
    dataset = make_dataset(texts().drop_columns(["row_id", "key"]), tmp_path / "data", test_rows=0)
    asked = options(epochs=3, optimizer={"head_learning_rate": 0.1})
    trained = train_here(asked, dataset, encoder, tmp_path)

    pack(
        spec_of(asked, dataset, encoder, tmp_path),
        tmp_path / "package",
        trained.lesson,
        trained.network.trained.get_weights(),
    )

    assert read_manifest(tmp_path / "package").heads == trained.lesson.heads
    predictor = load(tmp_path / "package")
    assert predictor.predict(texts()).column_names[:4] == ["label", "label_score", "topics", "topics_score"]
    outputs = predictor.head_outputs(texts().slice(0, 1))
    (row,) = trained.network.exported(trained.lesson.examples(texts()).inputs(np.array([0])))["tags"].numpy()
    np.testing.assert_allclose(outputs["tags"][0], row[1:4], atol=1e-5)  # three words, behind the begin
