"""Labels that look wrong, in a sheet that people correct."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import DataError, MachineError
from tasks.data.references import DatasetRef
from tasks.label.config import LabelOptions, SuspectOptions
from tasks.label.review import write_suspects
from tasks.label.suspects import find_suspects

GOOD = [f"great fine lovely {word}" for word in ("hotel", "room", "bed", "view", "bar", "pool", "food", "staff")]
BAD = [f"awful dirty broken {word}" for word in ("hotel", "room", "bed", "view", "bar", "pool", "food", "staff")]
TEXTS = GOOD + BAD
LABELS = ["good"] * 7 + ["bad"] + ["bad"] * 8  # the last good one is called bad


def test_the_wrong_label_is_the_first_suspect() -> None:
    found = find_suspects(pa.table({"text": TEXTS}), LABELS, SuspectOptions(folds=4), seed=0)
    assert found.places[0] == 7
    assert found.suggested[0] == 1  # `good`, the second of the labels
    assert found.scores[0] > 0.5
    assert list(found.scores) == sorted(found.scores, reverse=True)


def test_tables_have_suspects_too() -> None:
    size = np.arange(200.0)
    labels = ["small" if value < 100 else "large" for value in size]
    labels[20], labels[150] = "large", "small"
    found = find_suspects(pa.table({"size": size, "kind": ["a", None] * 100}), labels, SuspectOptions(), seed=0)
    assert {20, 150} <= set(found.places[:4].tolist())


def test_a_seed_gives_the_same_suspects() -> None:
    runs = [find_suspects(pa.table({"text": TEXTS}), LABELS, SuspectOptions(folds=4), seed=3) for _ in range(2)]
    assert runs[0].places.tolist() == runs[1].places.tolist()
    assert runs[0].scores.tolist() == runs[1].scores.tolist()


@pytest.mark.parametrize("labels", [["a"] * 4, ["a", "b", "c", "d"]])
def test_too_few_labels_are_named(labels: list[str]) -> None:
    with pytest.raises(DataError, match=r"labels: found \d on 4 rows; allowed: two labels or more"):
        find_suspects(pa.table({"text": TEXTS[:4]}), labels, SuspectOptions(), seed=0)


def test_without_cleanlab_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    with pytest.raises(MachineError, match=r"cleanlab.filter.*pip install 'lepton\[label\]'"):
        find_suspects(pa.table({"text": TEXTS}), LABELS, SuspectOptions(folds=4), seed=0)


def test_the_sheet_shows_what_is_doubted(write: Callable[..., DatasetRef], tmp_path: Path) -> None:
    dataset = write(text=[*TEXTS, "not judged"], label=[*LABELS, None])
    options = LabelOptions.model_validate({"suspects": {"folds": 4}})
    ref = write_suspects(options, dataset, tmp_path / "report")
    assert ref.judged == 16
    with Path(ref.path).open(encoding="utf-8-sig", newline="") as content:
        rows = list(csv.DictReader(content))
    assert len(rows) == ref.rows >= 1
    assert {name: rows[0][name] for name in ("row_id", "text", "given", "suggested", "label")} == {
        "row_id": "0007",
        "text": GOOD[7],
        "given": "bad",
        "suggested": "good",
        "label": "",
    }
    assert write_suspects(options, dataset, tmp_path / "again").digest == ref.digest
