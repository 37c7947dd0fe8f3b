"""A sheet is taken whole, or nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.errors import DataError
from tasks.data.version import Version, open_version
from tasks.label.merge import merge
from tasks.label.rows import ITEM, batches
from tasks.label.store import LabelStore, Merged, Question

LABELS = ["no", "yes"]
Sheet = Callable[..., Path]


@pytest.fixture
def version(write: Callable[..., object]) -> Version:
    return open_version(write(text=["a", "b", "a"], label=[None, "yes", None]))  # type: ignore[arg-type]


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    def call(*lines: str, header: str = "row_id,annotator,label") -> Path:
        file = tmp_path / "filled.csv"
        file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return file

    return call


def test_any_row_of_the_version_can_be_answered(store: LabelStore, version: Version, sheet: Sheet) -> None:
    assert merge(sheet("0000,ann,yes", "0001,ann,no", "0002,,"), store, version, LABELS) == Merged(2, 0, 0)
    items = {row["row_id"]: row[ITEM] for batch in batches(version) for row in batch.to_pylist()}
    assert [(one.item, one.label) for one in store.answers()] == sorted([(items["0000"], "yes"), (items["0001"], "no")])


def test_a_row_that_was_asked_about_is_known_when_its_version_is_gone(
    store: LabelStore, version: Version, sheet: Sheet
) -> None:
    store.ask("run", "margin", 1, [Question("old", "item", "")])
    assert merge(sheet("old,ann,yes"), store, version, LABELS) == Merged(1, 0, 0)
    assert store.answers()[0].item == "item"


def test_a_file_in_part_can_be_merged_and_merged_again_when_it_is_full(
    store: LabelStore, version: Version, sheet: Sheet
) -> None:
    assert merge(sheet("0000,ann,yes", "0001,ann,"), store, version, LABELS) == Merged(1, 0, 0)
    assert merge(sheet("0000,ann,yes", "0001,ann,no"), store, version, LABELS) == Merged(1, 0, 1)
    assert merge(sheet("0000,ann,yes", "0001,ann,no"), store, version, LABELS) == Merged(0, 0, 2)


def test_rows_of_equal_inputs_are_one(store: LabelStore, version: Version, sheet: Sheet) -> None:
    assert merge(sheet("0000,ann,yes", "0002,ann,yes"), store, version, LABELS) == Merged(1, 0, 0)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["9999,ann,yes"], r"found on line 2 the unknown row '9999'"),
        (["0000,ann,yes", "0001,ann,maybe"], r"on line 3 the label 'maybe'; allowed: .* label of no, yes"),
        (["0000,ann,maybe", "0001,ann,never"], r"'maybe'; and 1 more like it"),
        (["0000,ann,yes", "0000,ann,no"], r"on lines 2 and 3 two labels by ann for one row"),
        (["0000,ann,yes", "0002,ann,no"], r"on lines 2 and 3 two labels by ann for one row"),
        (["0000,ann,"], r"found no label filled in"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_taken(
    store: LabelStore, version: Version, sheet: Sheet, lines: list[str], text: str
) -> None:
    with pytest.raises(DataError, match=text):
        merge(sheet(*lines), store, version, LABELS)
    assert store.answers() == []
