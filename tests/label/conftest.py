"""Versions made of a few rows, and a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tasks.data.canonical import arrow_schema, column_types
from tasks.data.digest import final_digest, partial_digest
from tasks.data.manifest import Manifest
from tasks.data.parts import PartWriter
from tasks.data.references import DatasetRef
from tasks.data.version import QUARANTINE, ROWS, writing
from tasks.label.answers import AnswersRef, freeze_answers
from tasks.label.store import Answer, LabelStore, open_store

Write = Callable[..., DatasetRef]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write rows, given as columns, as a version of two parts; rows are numbered, and train unless told."""

    def call(**columns: Any) -> DatasetRef:
        rows = len(next(iter(columns.values())))
        full = {
            "row_id": [f"{place:04d}" for place in range(rows)],
            "key": [f"k{place}" for place in range(rows)],
            "split": ["train"] * rows,
            **columns,
        }
        nullable = {name: pa.array(values, pa.string()) for name, values in full.items() if name == "label"}
        table = pa.table({**full, **nullable})
        types = column_types(table.schema)
        with writing(tmp_path / "clean") as draft:
            with PartWriter(draft.path / ROWS, arrow_schema(types), rows_per_part=(rows + 1) // 2) as parts:
                parts.write(table.slice(0, (rows + 1) // 2))
                parts.write(table.slice((rows + 1) // 2))
            with PartWriter(draft.path / QUARANTINE, arrow_schema(types)):
                pass
            return draft.publish(
                Manifest(
                    digest=final_digest(types, [partial_digest(table)]),
                    columns=types,
                    rows_in=rows,
                    rows_out=rows,
                    quarantined={},
                    recipe_hash="",
                    code_hash="",
                    engine="test",
                )
            )

    return call


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LabelStore]:
    with open_store(tmp_path / "labels.sqlite") as opened:
        yield opened


@pytest.fixture
def answered(tmp_path: Path) -> Callable[..., AnswersRef]:
    """Answers as a run has them: `answered(("item", "row", "ann", "label"))`."""
    return lambda *answers: freeze_answers([Answer(*one) for one in answers], tmp_path / "answers")
