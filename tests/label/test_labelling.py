"""Given labels, people's and weak ones, in a new version."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from infra.errors import DataError, LeptonError, RecipeError
from tasks.data.digest import final_digest, partial_digest
from tasks.data.parts import read_parts
from tasks.data.references import DatasetRef
from tasks.data.version import open_version, read_rows
from tasks.label.answers import AnswersRef
from tasks.label.config import LabelOptions
from tasks.label.labelling import FUNCTIONS, UNLABELLED, UNSURE, label
from tasks.label.rows import ITEM, batches

Write = Callable[..., DatasetRef]
Answered = Callable[..., AnswersRef]
UP = {"name": "up", "label": "good", "words": ["up"]}
DOWN = {"name": "down", "label": "bad", "words": ["down"]}
WEAK = {"keywords": [UP, DOWN], "minimum_confidence": 0.6}
TEXTS = ["up", "down", "up again", "up and down", "still", "down", "up", "still"]
LABELS = ["bad", "bad", None, None, None, None, "bad", None]
SPLIT = ["train"] * 5 + ["train", "test", "test"]


@pytest.fixture
def clean(write: Write) -> DatasetRef:
    return write(text=TEXTS, label=LABELS, split=SPLIT)


@pytest.fixture
def run(clean: DatasetRef, answered: Answered, tmp_path: Path) -> Callable[..., DatasetRef]:
    def call(answers: AnswersRef | None = None, **options: Any) -> DatasetRef:
        full = LabelOptions.model_validate({"labels": ["bad", "good"], **options})
        return label(full, clean, answers or answered(), tmp_path / "labelled")

    return call


def found(ref: DatasetRef) -> dict[str, tuple[str, str]]:
    rows = read_rows(ref, columns=["row_id", "label", "label_source"]).to_pylist()
    return {row["row_id"]: (row["label"], row["label_source"]) for row in rows}


def refused(ref: DatasetRef) -> dict[str, str]:
    rows = [row for table in read_parts(open_version(ref).quarantine) for row in table.to_pylist()]
    return {row["row_id"]: row["refused"] for row in rows}


def item(ref: DatasetRef, row_id: str) -> str:
    rows = [row for batch in batches(open_version(ref)) for row in batch.to_pylist()]
    return next(str(row[ITEM]) for row in rows if row["row_id"] == row_id)


def test_rows_without_a_label_get_a_weak_one_or_leave(run: Callable[..., DatasetRef]) -> None:
    ref = run(weak=WEAK)
    given = {"0000": ("bad", "given"), "0001": ("bad", "given"), "0006": ("bad", "given")}
    assert found(ref) == given | {"0002": ("good", "weak"), "0005": ("bad", "weak")}
    assert refused(ref) == {"0003": UNSURE, "0004": UNLABELLED, "0007": UNLABELLED}


def test_weak_labels_replace_given_ones_of_train_rows_only_where_told(run: Callable[..., DatasetRef]) -> None:
    ref = run(weak=WEAK | {"rows": "all", "learn_from_labels": False})
    assert found(ref)["0000"] == ("good", "weak")
    assert found(ref)["0006"] == ("bad", "given")  # a test row


def test_test_rows_get_weak_labels_only_where_told(write: Write, answered: Answered, tmp_path: Path) -> None:
    dataset = write(
        text=["up", "down", "up", "x"], label=["good", "bad", None, "bad"], split=["train"] * 2 + ["test"] * 2
    )
    kept = label(LabelOptions.model_validate({"weak": WEAK}), dataset, answered(), tmp_path / "labelled")
    assert refused(kept) == {"0002": UNLABELLED}
    told = LabelOptions.model_validate({"weak": WEAK | {"label_test_rows": True}})
    assert found(label(told, dataset, answered(), tmp_path / "labelled"))["0002"] == ("good", "weak")


def test_people_are_believed_above_all(run: Callable[..., DatasetRef], clean: DatasetRef, answered: Answered) -> None:
    answers = answered(
        *((item(clean, row), row, "ann", name) for row, name in (("0000", "good"), ("0004", "good"), ("0006", "good")))
    )
    ref = run(answers, people={"use": True}, weak=WEAK | {"rows": "all"})
    people = ("good", "people")
    assert {row: found(ref)[row] for row in ("0000", "0004", "0006")} == {
        "0000": people,
        "0004": people,
        "0006": people,
    }
    assert found(ref)["0007"] == people  # a copy of row 0004
    modest = run(answers, people={"use": True, "replace_given": False}, weak=WEAK)
    assert found(modest)["0000"] == ("bad", "given")
    assert found(modest)["0004"] == people


def test_an_answer_is_known_by_row_id_where_a_rule_changed_the_text(
    run: Callable[..., DatasetRef], answered: Answered
) -> None:
    ref = run(answered(("what it was", "0004", "ann", "good")), people={"use": True}, weak=WEAK)
    assert found(ref)["0004"] == ("good", "people")


def test_answers_do_not_count_unless_the_recipe_says_so(
    run: Callable[..., DatasetRef], clean: DatasetRef, answered: Answered
) -> None:
    assert "0004" not in found(run(answered((item(clean, "0004"), "0004", "ann", "good")), weak=WEAK))


def test_the_version_is_whole(run: Callable[..., DatasetRef], clean: DatasetRef) -> None:
    ref = run(weak=WEAK)
    version = open_version(ref)
    table = read_rows(ref)
    assert version.manifest.parents == (clean.digest,)
    assert version.manifest.quarantined == {UNLABELLED: 2, UNSURE: 1}
    assert (ref.rows_in, ref.rows_out, ref.quarantined) == (8, 5, 3)
    assert version.manifest.digest == final_digest(version.manifest.columns, [partial_digest(table)])
    assert table.schema.field("label_confidence").type == pa.float64()
    confidence = dict(zip(table["row_id"].to_pylist(), table["label_confidence"].to_pylist(), strict=True))
    assert confidence["0000"] == 1.0
    assert 0.6 <= confidence["0002"] < 1.0
    assert run(weak=WEAK) == ref


def test_functions_are_measured(run: Callable[..., DatasetRef]) -> None:
    with (Path(run(weak=WEAK).path) / FUNCTIONS).open(encoding="utf-8-sig", newline="") as content:
        up, down = csv.DictReader(content)
    assert (up["function"], up["coverage"], up["overlap"], up["conflict"]) == ("up", "0.5", "0.125", "0.125")
    assert (up["known_votes"], up["known_accuracy"]) == ("1", "0.0")  # train rows only
    assert (down["known_votes"], down["known_accuracy"]) == ("1", "1.0")
    assert 0.5 < float(down["estimated_accuracy"]) < 1


def test_votes_are_counted_where_no_model_is_wanted(run: Callable[..., DatasetRef]) -> None:
    ref = run(weak=WEAK | {"combine": "majority"})
    assert found(ref)["0002"] == ("good", "weak")
    assert refused(ref)["0003"] == UNSURE  # one vote each


@pytest.mark.parametrize(
    ("columns", "options", "error", "text"),
    [
        ({"label": ["a", None, "a"]}, {}, RecipeError, r"label.labels: found a; allowed: two labels or more"),
        (
            {"label": ["a", "b", None]},
            {},
            DataError,
            r"found no test row with a label.*lepton label next RECIPE --side",
        ),
        ({"label": ["a", None, "b"]}, {}, DataError, r"labelled train rows: found only the label 'a'"),
        ({"label": ["a", "c", "b"]}, {"labels": ["a", "b"]}, DataError, r"label: found 'c'; allowed: a, b"),
        ({"label": ["a", "b", "b"], "label_source": ["x"] * 3}, {}, RecipeError, r"found a column label_source"),
        ({}, {}, RecipeError, r"ingest.contract: found no column label"),
    ],
)
def test_what_can_t_be_learned_from_is_refused_and_nothing_is_written(
    write: Write,
    answered: Answered,
    tmp_path: Path,
    columns: dict[str, Any],
    options: dict[str, Any],
    error: type[LeptonError],
    text: str,
) -> None:
    dataset = write(text=["x", "y", "z"], split=["train", "train", "test"], **columns)
    with pytest.raises(error, match=text):
        label(LabelOptions.model_validate(options), dataset, answered(), tmp_path / "labelled")
    assert list((tmp_path / "labelled").glob("*")) == []
