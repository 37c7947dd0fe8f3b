"""Profiles of columns, what two of them differ in, and a run that stops where it was told to."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import DataError
from tasks.data.references import DatasetRef
from tasks.ingest.config import ColumnContract, IngestOptions
from tasks.ingest.drift import profile as profile_module
from tasks.ingest.drift.drift import Change, ColumnDrift, Drift, DriftOptions, compare, read_drift
from tasks.ingest.drift.profile import ColumnProfile, Profile, profile_rows, read_profile
from tasks.ingest.drift.profiling import profile_of
from tasks.ingest.drift.stability import stability_index
from tasks.ingest.findings import Findings
from tasks.ingest.ingest import ingest
from tasks.ingest.sources.sources import resolve

REPORT = DriftOptions()


def profiled(folder: Path, left_out: tuple[str, ...] = (), **columns: list[Any]) -> Profile:
    kinds = {pa.string(): "string", pa.int64(): "int64", pa.float64(): "float64", pa.bool_(): "bool"}
    table = pa.table(columns)
    table = (
        table.set_column(0, table.column_names[0], table[0].cast(pa.string())) if table[0].type == pa.null() else table
    )
    file = folder / f"part-{len(list(folder.iterdir())):05d}.parquet"
    pq.write_table(table, file)
    return profile_rows([file], {field.name: kinds[field.type] for field in table.schema}, left_out)


def changes(drift: Drift) -> dict[str, list[str]]:
    return {one.column: [change.text for change in one.changes] for one in drift.columns if one.changes}


def test_the_index_by_hand() -> None:
    """49 and 49 against 74 and 24 rows; half a row added to each bin makes shares of 99 rows."""
    psi, chance = stability_index(np.array([49.0, 49.0]), np.array([74.0, 24.0]))
    assert psi == pytest.approx(25 / 99 * math.log(149 / 49))
    assert chance == pytest.approx(2 / 98 * 6.6349, rel=1e-4)  # the 99th percentile of chi-squared, one degree


def test_the_index_of_an_empty_bin_is_finite() -> None:
    assert 1 < stability_index(np.array([100.0, 0.0]), np.array([0.0, 100.0]))[0] < 20
    assert stability_index(np.array([5.0]), np.array([7.0])) == (0.0, 0.0)
    assert stability_index(np.zeros(3), np.ones(3)) == (0.0, 0.0)


counts = st.lists(st.integers(0, 1000), min_size=2, max_size=8)


@given(
    pair=counts.flatmap(
        lambda e: st.tuples(st.just(e), st.lists(st.integers(0, 1000), min_size=len(e), max_size=len(e)))
    )
)
def test_the_index_is_symmetric_and_never_below_zero(pair: tuple[list[int], list[int]]) -> None:
    e, a = (np.array(one, dtype=float) for one in pair)
    assert stability_index(e, a)[0] == pytest.approx(stability_index(a, e)[0])
    assert stability_index(e, a)[0] >= 0
    assert stability_index(e, e)[0] == 0


def test_an_unchanged_column_passes_its_bound_by_chance_once_in_a_hundred() -> None:
    random = np.random.default_rng(7)
    shares = np.full(10, 0.1)
    pairs = [[random.multinomial(rows, shares).astype(float) for rows in (500, 300)] for _ in range(2000)]
    draws = [stability_index(e, a) for e, a in pairs]
    assert 0.003 < np.mean([psi > chance for psi, chance in draws]) < 0.02


def test_a_profile_by_hand(tmp_path: Path) -> None:
    found = profiled(tmp_path, n=[3, 1, None, 2], word=["ab", "c", "ab", None], is_on=[True, False, None, True])
    assert found.rows == 4
    number, word, is_on = found.columns.values()
    assert (number.nulls, number.values) == (1, {})
    assert [number.quantiles[place] for place in (0, 332, 334, 665, 667, 999)] == [1, 1, 2, 2, 3, 3]
    assert (word.nulls, word.values) == (1, {"ab": 2, "c": 1})
    assert (word.quantiles[0], word.quantiles[500], word.quantiles[-1]) == (1, 2, 2)
    assert (is_on.values, is_on.quantiles) == ({"false": 1, "true": 2}, ())


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), at=st.floats(-1e6, 1e6))
def test_quantiles_keep_the_distribution(
    values: list[float], at: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    points = profiled(tmp_path_factory.mktemp("p"), x=values).columns["x"].quantiles
    share = np.mean(np.array(points) <= at)
    assert share == pytest.approx(np.mean(np.array(values) <= at), abs=0.001)


def test_a_sample_of_the_rows_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile_module, "_SAMPLE_ROWS", 100)
    found = profiled(tmp_path, x=list(range(1000)))
    assert found.columns["x"].quantiles[499:501] == pytest.approx((490, 500), abs=10)


def test_text_has_lengths_but_no_categories(tmp_path: Path) -> None:
    found = profiled(tmp_path, text=[f"text number {n}" for n in range(500)]).columns["text"]
    assert found.values == {}
    assert found.quantiles[0] == 13
    assert found.quantiles[-1] == 15


def test_equal_versions_have_no_drift(tmp_path: Path) -> None:
    one = profiled(tmp_path, n=[1, 2, 3] * 50, word=["a", "b", "a"] * 50)
    assert changes(compare(one, one, REPORT)) == {}


def test_columns_that_come_go_and_change_type(tmp_path: Path) -> None:
    old = profiled(tmp_path, ("ignored",), kept=[1], gone=[1], retyped=[1], unread=[1])
    new = profiled(tmp_path, ("ignored", "unread", "extra"), kept=[1], retyped=["1"], added=[1])
    drift = compare(old, new, DriftOptions(missing_column="stop"))
    assert changes(drift) == {
        "gone": ["gone"],
        "retyped": ["was int64, is string"],
        "unread": ["no longer read"],
        "added": ["new, read"],
        "extra": ["new, not in the contract"],
    }
    assert {one.column: one.verdict for one in drift.columns if one.verdict == "stop"} == {
        "gone": "stop",
        "unread": "stop",
    }


def test_numbers_that_move(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    old = profiled(tmp_path, same=random.normal(size=2000).tolist(), moved=random.normal(size=2000).tolist())
    new = profiled(tmp_path, same=random.normal(size=2000).tolist(), moved=random.normal(1, 1, 2000).tolist())
    drift = compare(old, new, REPORT)
    (text,) = changes(drift)["moved"]
    assert text.startswith(("PSI 0.9", "PSI 1.0"))  # of normal distributions a sigma apart, of many bins: 1
    assert list(changes(drift)) == ["moved"]


def test_few_rows_are_no_drift(tmp_path: Path) -> None:
    """PSI is above 0.2, but so it is for unchanged columns of so few rows."""
    old = profiled(tmp_path, x=list(range(10)))
    new = profiled(tmp_path, x=[0, 0, 3, 3, 4, 8, 8, 9, 9, 9])
    (column,) = compare(old, new, REPORT).columns
    assert 0.2 < column.psi < column.psi_by_chance
    assert column.verdict == "ok"


@pytest.mark.parametrize("value", [4.0, 6.0])
def test_a_constant_that_becomes_another(tmp_path: Path, value: float) -> None:
    old, new = profiled(tmp_path, x=[5.0] * 500), profiled(tmp_path, x=[value] * 500)
    assert changes(compare(old, new, REPORT))["x"][0].startswith("PSI")


def test_nulls_and_new_categories(tmp_path: Path) -> None:
    old = profiled(tmp_path, word=["a", "b", "b", "a"] * 100)
    new = profiled(tmp_path, word=["a", "b", "c", None] * 100)
    drift = compare(old, new, DriftOptions(max_psi=99))
    assert changes(drift) == {"word": ["nulls 0.0% to 25.0%, a change above 5.0%", "new values 'c'"]}
    tolerant = DriftOptions(max_psi=99, max_null_change=0.25, max_new_category_share=0.34)
    assert changes(compare(old, new, tolerant)) == {}


def test_categories_that_become_free_text(tmp_path: Path) -> None:
    old = profiled(tmp_path, word=["a", "b"] * 300)
    new = profiled(tmp_path, word=[f"{n:x}" for n in range(600)])
    assert "more than 100 values, 2 before" in changes(compare(old, new, REPORT))["word"]


def test_what_stops_a_run_is_said_in_one_line() -> None:
    gone = Change(kind="missing_column", text="gone", reaction="stop")
    drift = Drift(
        rows_before=1, rows_after=1, columns=tuple(ColumnDrift(column=f"c{n}", changes=(gone,)) for n in range(7))
    )
    with pytest.raises(
        DataError, match=r"^x: found drift from the previous version: c0: gone; .*c4: gone; and 2 more;"
    ):
        drift.refuse("x")


def test_a_profile_survives_its_file(tmp_path: Path) -> None:
    one = Profile(rows=2, columns={"x": ColumnProfile(type="float64", nulls=1, quantiles=(0.1,) * 3)}, left_out=("y",))
    one.write(tmp_path)
    assert read_profile(tmp_path) == one


def ages(folder: Path, name: str, start: int, **more: Any) -> tuple[IngestOptions, Path]:
    file = folder / name
    file.write_text("age,label\n" + "".join(f"{start + n % 40},{'yes' if n % 2 else 'no'}\n" for n in range(400)))
    contract = [ColumnContract(name="age", type="integer"), ColumnContract(name="label")]
    return IngestOptions(path=str(file), contract=contract, **more), folder / "datasets"


def run(options: IngestOptions, into: Path, previous: Path | None) -> tuple[DatasetRef, list[Findings]]:
    shown: list[Findings] = []
    return ingest(options, resolve(options), into, previous=previous, show=shown.append), shown


def test_a_version_is_compared_with_the_one_before(tmp_path: Path) -> None:
    first, shown = run(*ages(tmp_path, "a.csv", 20), None)
    assert shown == []
    assert not (Path(first.path) / "drift.json").exists()
    _, shown = run(*ages(tmp_path, "b.csv", 20), Path(first.path))
    assert shown == []
    moved, shown = run(*ages(tmp_path, "c.csv", 50), Path(first.path))
    assert [findings.name for findings in shown] == ["drift"]
    assert read_drift(Path(first.path)) is None
    drift = read_drift(Path(moved.path))
    assert drift == shown[0]
    assert drift is not None
    age, label = drift.columns
    assert [change.kind for change in age.changes] == ["distribution"]
    assert (label.psi, label.changes) == (0, ())
    assert profile_of(moved.path) == read_profile(Path(moved.path))


def test_drift_stops_a_run_where_it_was_told_to(tmp_path: Path) -> None:
    first, _ = run(*ages(tmp_path, "a.csv", 20), None)
    options, into = ages(tmp_path, "c.csv", 50, drift=DriftOptions(distribution="stop"))
    shown: list[Findings] = []
    with pytest.raises(DataError, match=r"source .*c\.csv: found drift from the previous version: age: PSI \d"):
        ingest(options, resolve(options), into, previous=Path(first.path), show=shown.append)
    assert [findings.table()[0]["verdict"] for findings in shown] == ["stop"]
    assert [path.name for path in into.iterdir() if not path.name.startswith(".")] == [Path(first.path).name]


def test_identifiers_that_go_on_are_no_drift(tmp_path: Path) -> None:
    contract = [ColumnContract(name="id", type="integer", unique=True), ColumnContract(name="word")]
    previous = None
    for start in (0, 1000):
        (tmp_path / "x.csv").write_text("id,word\n" + "".join(f"{start + n},a\n" for n in range(500)))
        options = IngestOptions(path=str(tmp_path / "x.csv"), contract=contract)
        ref, shown = run(options, tmp_path / "datasets", previous)
        assert shown == []
        previous = Path(ref.path)


def test_real_rows_drift_only_where_they_differ(shared_data: Path, tmp_path: Path) -> None:
    """The two halves of the census are alike; its women differ from all in what one expects, and in no more."""
    import polars as pl

    rows = pl.read_csv(shared_data / "adult" / "adult.csv.gz", infer_schema=False).drop("split")
    parts = {"one": rows[::2], "other": rows[1::2], "women": rows.filter(pl.col("sex") == "Female")}
    for name, part in parts.items():
        part.write_csv(tmp_path / f"{name}.csv")
    one, other, women = (profile_of(str(tmp_path / f"{name}.csv")) for name in parts)
    assert changes(compare(one, other, DriftOptions(max_new_category_share=0.001))) == {}
    drift = compare(one, women, DriftOptions(max_new_category_share=0.001))
    assert set(changes(drift)) == {"sex", "relationship", "marital_status", "occupation"}


def test_a_profile_that_can_not_be_read_is_none(tmp_path: Path) -> None:
    first, _ = run(*ages(tmp_path, "a.csv", 20), None)
    (Path(first.path) / "profile.json").write_text('{"rows": 3}')
    options, into = ages(tmp_path, "c.csv", 50, drift=DriftOptions(distribution="stop"))
    assert run(options, into, Path(first.path))[1] == []


def test_a_file_has_the_profile_that_its_version_gets(tmp_path: Path) -> None:
    options, into = ages(tmp_path, "a.csv", 20)
    ref, _ = run(options, into, None)
    of_file, of_version = profile_of(options.path), profile_of(ref.path)
    assert of_file.columns == of_version.columns
    (Path(ref.path) / "profile.json").unlink()
    assert profile_of(ref.path) == of_version
