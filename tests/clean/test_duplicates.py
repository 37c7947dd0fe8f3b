"""Equal rows: what the quarantine says of them, and that rows are equal exactly if their values are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.clean.engines import Engine
from tasks.clean.engines.polars import PolarsEngine
from tasks.data.parts import read_parts
from tasks.data.references import DatasetRef
from tasks.data.version import open_version

Raw = Callable[..., DatasetRef]
Run = Callable[..., DatasetRef]
ROW = st.fixed_dictionaries(
    {
        "split": st.sampled_from(["train", "test"]),
        "text": st.sampled_from([None, "", "a", "ab", "1:a"]),
        "label": st.sampled_from([None, "", "b", "-"]),
        "share": st.sampled_from([None, 0.0, -0.0, float("nan"), 0.1 + 0.2, 0.3]),
        "known": st.sampled_from([None, True, False]),
    }
)


def copies(ref: DatasetRef) -> dict[str, tuple[str, float]]:
    tables = [table for table in read_parts(open_version(ref).quarantine) if table.num_rows]
    rows = [row for table in tables for row in table.to_pylist()]
    return {row["row_id"]: (row["duplicate_of"], row["similarity"]) for row in rows}


def test_the_quarantine_names_the_row_that_stays(raw: Raw, run: Run, engine: Engine) -> None:
    version = raw(
        {"text": "a"}, {"text": "b"}, {"text": "a"}, {"text": "b", "split": "test"}, {"text": "b", "split": "test"},
        {"text": None}, {"text": None},
    )  # fmt: skip
    ref = run(version, engine, "drop_duplicates")
    assert copies(ref) == {"0001": ("0003", 1.0), "0002": ("0000", 1.0), "0006": ("0005", 1.0)}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, min_size=1, max_size=12))
def test_rows_are_copies_if_their_values_are_equal(raw: Raw, run: Run, rows: list[dict[str, Any]]) -> None:
    """A float that is not a number is a missing one, and minus zero is zero."""
    rows = [{"split": "test", "text": "kept", "label": None, "share": None, "known": None}, *rows]
    groups: dict[tuple[Any, ...], list[tuple[bool, str]]] = {}
    for number, row in enumerate(rows):
        share = None if row["share"] is None or row["share"] != row["share"] else row["share"] + 0.0
        values = (row["text"], row["label"], share, row["known"])
        groups.setdefault(values, []).append((row["split"] != "test", f"{number:04d}"))
    right = {
        row_id: (min(group)[1], 1.0)
        for group in groups.values()
        for is_train, row_id in group
        if is_train and row_id != min(group)[1]
    }
    assert copies(run(raw(*rows), PolarsEngine(), "drop_duplicates")) == right
