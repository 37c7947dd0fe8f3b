"""What a step's result is kept under. That it is found again, the integration tests show."""

from __future__ import annotations

from tasks.data.references import DatasetRef, SourceRef
from tasks.ingest.config import ColumnContract, IngestOptions
from tasks.ingest.steps import ingest
from tasks.lessons.config import TrainOptions
from tasks.step import step_key
from tasks.train.steps import train

DATASET = DatasetRef(path="/a", digest="ab", rows_in=3, rows_out=3, quarantined=0)
OPTIONS = TrainOptions(task="text_classification")


def test_the_same_call_has_the_same_key() -> None:
    assert step_key(train, "news", OPTIONS, DATASET) == step_key(train, "news", OPTIONS, DATASET)
    assert step_key(train, "news", OPTIONS, DATASET) == step_key(train, name="news", options=OPTIONS, dataset=DATASET)


def test_each_argument_counts() -> None:
    key = step_key(train, "news", OPTIONS, DATASET)
    assert step_key(train, "support", OPTIONS, DATASET) != key
    assert step_key(train, "news", OPTIONS.model_copy(update={"epochs": 9}), DATASET) != key
    assert step_key(train, "news", OPTIONS, DATASET.model_copy(update={"digest": "cd"})) != key


def test_where_a_reference_lies_does_not() -> None:
    moved = DATASET.model_copy(update={"path": "/elsewhere"})
    assert step_key(train, "news", OPTIONS, moved) == step_key(train, "news", OPTIONS, DATASET)


def test_a_source_counts_by_what_its_files_hold() -> None:
    options = IngestOptions(path="x.csv", contract=[ColumnContract(name="text")])
    source = SourceRef(files=("/a/x.csv",), digests=("ab",), format="csv")
    key = step_key(ingest, "news", options, source)
    assert step_key(ingest, "news", options, source.model_copy(update={"files": ("/b/x.csv",)})) == key
    assert step_key(ingest, "news", options, source.model_copy(update={"digests": ("cd",)})) != key
