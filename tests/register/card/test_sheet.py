"""A data sheet of real versions on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from infra.errors import NotFoundError
from tasks.data.canonical import column_types
from tasks.data.digest import file_digest, final_digest
from tasks.data.manifest import Manifest
from tasks.data.parts import PartWriter, part_files
from tasks.data.references import DatasetRef
from tasks.data.version import ROWS, writing
from tasks.register.card.columns import column_facts, group_counts, split_counts
from tasks.register.card.sheet import data_sheet
from tests.packages import identified


def version(folder: Path, ages: list[int | None], parents: tuple[str, ...] = (), **facts: Any) -> DatasetRef:
    """Rows of an age each, every other a woman, the first two for testing."""
    count = len(ages)
    table = identified(
        pa.table(
            {
                "age": pa.array(ages, pa.int64()),
                "sex": ["Female" if number % 2 else "Male" for number in range(count)],
                "label": ["yes" if number % 3 == 0 else "no" for number in range(count)],
            }
        )
    ).add_column(2, "split", pa.array(["test"] * 2 + ["train"] * (count - 2)))
    columns = column_types(table.schema)
    with writing(folder) as draft:
        with PartWriter(draft.path / ROWS, table.schema) as parts:
            parts.write(table)
        manifest = Manifest(
            digest=final_digest(columns, map(file_digest, part_files(draft.path / ROWS))),
            columns=columns,
            rows_in=count + 1,
            rows_out=count,
            quarantined={"age": 1},
            recipe_hash="",
            code_hash="",
            engine="test",
            parents=parents,
            **facts,
        )
        return draft.publish(manifest)


@pytest.fixture
def chain(tmp_path: Path) -> tuple[DatasetRef, DatasetRef]:
    """What was read, and what was made of it."""
    folder = tmp_path / "datasets" / "income"
    raw = version(folder, [20, 30, 40, None] * 6, sources={"people.csv": "c" * 64})
    return raw, version(folder, [20, 30, 40] * 8, (raw.digest,))


def test_columns_are_told_without_a_single_row(chain: tuple[DatasetRef, DatasetRef]) -> None:
    raw, _ = chain
    rows = part_files(Path(raw.path) / ROWS)
    age, sex, label = column_facts(rows, {"row_id": "string", "age": "int64", "sex": "string", "label": "string"})
    assert (age.missing, age.quantiles, age.values) == (6, (20.0, 30.0, 40.0), ())
    assert sex.values == (("Female", 12), ("Male", 12)) and sex.others == 0
    assert label.values == (("no", 16),) and label.others == 8, "a value of fewer than ten rows is not named"
    assert split_counts(rows) == {"test": 2, "train": 22}
    assert [(one.value, one.train, one.test) for one in group_counts(rows, "sex")] == [
        ("Female", 11, 1),
        ("Male", 11, 1),
    ]


def test_the_versions_from_what_was_read_on(chain: tuple[DatasetRef, DatasetRef]) -> None:
    raw, clean = chain
    sheet = data_sheet(clean, ("sex", "race"))
    assert [one.digest for one in sheet.versions] == [raw.digest, clean.digest]
    assert sheet.sources == {"people.csv": "c" * 64}
    assert sheet.drift is None and sheet.missing == ""
    assert [(one.column, one.absent) for one in sheet.protected] == [("sex", False), ("race", True)]
    assert sheet.labels and sum(one.train + one.test for one in sheet.labels.groups) == 24


def test_drift_is_that_of_what_was_read(chain: tuple[DatasetRef, DatasetRef]) -> None:
    raw, clean = chain
    columns = [{"column": "age", "changes": [{"text": "PSI 0.310, above 0.2"}]}, {"column": "sex", "changes": []}]
    (Path(raw.path) / "drift.json").write_text(json.dumps({"columns": columns}), encoding="utf-8")
    assert data_sheet(clean).drift == ("age: PSI 0.310, above 0.2",)


def test_a_version_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    orphan = version(tmp_path / "datasets" / "income", [20, 30, 40], ("f" * 64,))
    assert data_sheet(orphan).missing == "f" * 64


def test_one_that_names_itself_ends(tmp_path: Path) -> None:
    folder = tmp_path / "datasets" / "income"
    first = version(folder, [20, 30, 40])
    again = version(folder, [20, 30, 40], (first.digest,))
    assert [one.digest for one in data_sheet(again).versions].count(first.digest) <= 2


def test_private_rows_are_not_looked_at(chain: tuple[DatasetRef, DatasetRef]) -> None:
    sheet = data_sheet(chain[1], ("sex",), is_private=True)
    assert (sheet.columns, sheet.splits, sheet.labels, sheet.protected) == ((), {}, None, ())
    assert sheet.versions[-1].rows_out == 24


def test_a_version_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="data set version: found nothing"):
        data_sheet(DatasetRef(path=str(tmp_path / "none"), digest="d", rows_in=0, rows_out=0, quarantined=0))
