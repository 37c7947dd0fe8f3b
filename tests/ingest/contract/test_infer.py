"""Contracts proposed from files: what is told of each column, and that the file keeps what is proposed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra.errors import SourceError
from tasks.ingest.config import ColumnContract, IngestOptions
from tasks.ingest.contract.check import check
from tasks.ingest.contract.contract import Contract
from tasks.ingest.contract.failures import failures
from tasks.ingest.contract.infer import infer, locate_file
from tasks.ingest.contract.proposal import Proposal
from tasks.ingest.sources.sources import resolve
from tasks.ingest.tally import Tally

Infer = Callable[..., Proposal]


def write_csv(file: Path, columns: dict[str, Sequence[object]]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)  # else a row of one empty value would be a blank line
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    file.write_text(text.getvalue(), encoding="utf-8")
    return file


def propose(folder: Path, **columns: Sequence[object]) -> dict[str, ColumnContract]:
    proposal = infer(locate_file(str(write_csv(folder / "x.csv", columns))))
    return {column.name: column for column in proposal.contract}


def held(file: Path, proposal: Proposal) -> tuple[Tally, Contract]:
    """The file held against what was proposed from it."""
    options = IngestOptions.model_validate({"path": str(file), **json.loads(json.dumps(proposal.options()))})
    contract = Contract(options, options.columns)
    return check(options, resolve(options), contract), contract


def test_types(tmp_path: Path) -> None:
    found = propose(
        tmp_path,
        whole=["1", " -2", "3.0"],
        number=["1", "2.5", "1e3"],
        truth=["true", "False", "TRUE"],
        bit=["0", "1", "1"],
        code=["01234", "99999", "00001"],
        long_id=["12345678901234567890", "1", "2"],
        mixed=["1", "x", "2"],
    )
    assert {name: column.type for name, column in found.items()} == {
        "whole": "integer",
        "number": "number",
        "truth": "boolean",
        "bit": "integer",
        "code": "string",
        "long_id": "string",
        "mixed": "string",
    }
    assert found["code"].pattern == r"\d+"
    assert (found["code"].minimum_length, found["code"].maximum_length) == (5, 5)


def test_missing_marks(tmp_path: Path) -> None:
    found = propose(
        tmp_path,
        full=["1", "2", "3"],
        marked=["1", "?", "-"],
        words=["a", "NA", "-"],
        empty=["", "", ""],
    )
    assert (found["full"].nullable, found["full"].missing) == (False, [""])
    assert (found["marked"].type, found["marked"].nullable, found["marked"].missing) == (
        "integer",
        True,
        ["", "?", "-"],
    )
    assert (found["words"].type, found["words"].missing) == ("string", ["", "NA"])
    assert (found["empty"].type, found["empty"].nullable) == ("string", True)


@pytest.mark.parametrize(
    ("values", "minimum", "maximum"),
    [
        (["10", "110"], 0, 120),
        (["-50", "50"], -60, 60),
        (["5", "104"], 0, 114),
        (["0.2", "0.4"], 0.18, 0.42),
        (["7", "7"], 6, 8),
        (["0", "0"], 0, 1),
        (["-3.5", "-1.5"], -3.7, -1.3),
    ],
)
def test_ranges_have_a_margin(tmp_path: Path, values: list[str], minimum: float, maximum: float) -> None:
    (found,) = propose(tmp_path, x=values).values()
    assert found.minimum == pytest.approx(minimum)
    assert found.maximum == pytest.approx(maximum)


def test_allowed_values_lengths_and_patterns(tmp_path: Path) -> None:
    found = propose(
        tmp_path,
        side=["left", "right"] * 20,
        word=[f"w{n}" for n in range(39)] + ["longer"],
        day=["2024-02-29"] * 39 + ["2023-01-01"],
        mail=[f"a{n}@example.org" for n in range(40)],
        uid=[f"{n:08x}-0000-0000-0000-000000000000" for n in range(40)],
    )
    assert found["side"].allowed == ["left", "right"]
    assert (found["word"].allowed, found["word"].minimum_length, found["word"].maximum_length) == ([], 0, 12)
    assert (found["day"].allowed, found["day"].pattern) == ([], r"\d{4}-\d{2}-\d{2}")
    assert found["mail"].pattern == r"[^@\s]+@[^@\s]+\.[^@\s]+"
    assert found["uid"].pattern.startswith("[0-9a-fA-F]{8}")


def test_unique_columns(tmp_path: Path) -> None:
    found = propose(
        tmp_path,
        number=list(range(40)),
        twice=[*range(39), 0],
        fraction=[n + 0.5 for n in range(40)],
        gaps=["", "NA", *range(38)],
    )
    assert [name for name, column in found.items() if column.unique] == ["number", "gaps"]
    few = propose(tmp_path, number=list(range(19)))
    assert not few["number"].unique


def test_names_that_lepton_uses(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "x.csv", {"split": ["train", "test"], "refused": ["a", "b"], "text": ["a", "b"]})
    found = infer(locate_file(str(file)))
    assert (found.columns, list(found.left_out)) == ({"split": "split"}, ["refused"])
    other = write_csv(tmp_path / "y.csv", {"split": ["train", "dev"], "text": ["a", "b"]})
    assert list(infer(locate_file(str(other))).left_out) == ["split"]


def test_a_file_without_a_row(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n")
    with pytest.raises(SourceError, match=r"x\.csv: found no row"):
        infer(locate_file(str(tmp_path / "x.csv")))


def test_the_first_rows_only(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "x.csv", {"x": [*range(30_000), "late"]})
    found = infer(locate_file(str(file)), most_rows=100)
    assert (found.is_whole, found.contract[0].type) == (False, "integer")
    assert found.rows == 100
    assert infer(locate_file(str(file)), most_rows=0).contract[0].type == "string"


def test_other_formats(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1, 2, None], "day": ["2024-01-01", "2024-01-02", None]}), tmp_path / "x.parquet")
    (tmp_path / "x.jsonl").write_text('{"n": 1, "day": "2024-01-01"}\n{"n": 2, "day": "2024-01-02"}\n{"n": null}\n')
    for name in ("x.parquet", "x.jsonl"):
        number, day = infer(locate_file(str(tmp_path / name))).contract
        assert (number.type, number.nullable) == ("integer", True)
        assert (day.pattern, day.nullable) == (r"\d{4}-\d{2}-\d{2}", True)


texts = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=5),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["", "?", "NA", "-", "none", "true", "False", "007", "+3", " 3 ", "3.0", "2024-01-01", "1e400"]),
)


@given(rows=st.lists(st.tuples(texts, texts), min_size=1, max_size=60))
@example(rows=[("", "1.7000000000000001e+308"), ("1.79e308", "-1.7976931348623157e308")])
def test_a_file_keeps_the_contract_proposed_from_it(
    rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    columns: dict[str, Sequence[object]] = {"a": [a for a, _ in rows], "b": [b for _, b in rows]}
    file = write_csv(tmp_path_factory.mktemp("f") / "x.csv", columns)
    tally, contract = held(file, infer(locate_file(str(file))))
    assert failures(tally, contract).table() == []
    assert tally.good == len(rows)


def test_columns_that_nothing_can_name_are_left_out(tmp_path: Path) -> None:
    """Pandas writes its index without a name."""
    columns: dict[str, Sequence[object]] = {"": [0], "*": [1], "^n$": [2], "lepton:row": [3], "n": [4]}
    proposal = infer(locate_file(str(write_csv(tmp_path / "x.csv", columns))))
    assert [column.name for column in proposal.contract] == ["n"]
    assert proposal.left_out == {
        "": "no name",
        **dict.fromkeys(("*", "^n$"), "a name that means several columns"),
        "lepton:row": "a name that Lepton uses itself",
    }


def test_a_file_beside_it_that_has_no_such_column(tmp_path: Path) -> None:
    """Its rows have no value, as an ingest of both would see them."""
    write_csv(tmp_path / "a.csv", {"n": [1, 2]})
    write_csv(tmp_path / "b.csv", {"other": [1, 2, 3]})
    proposal = infer(locate_file(str(tmp_path)), most_rows=100)
    assert (proposal.rows, proposal.contract[0].nullable, proposal.is_whole) == (5, True, True)
    assert infer(locate_file(str(tmp_path)), most_rows=4).is_whole is False


def test_real_files_keep_the_contracts_proposed_from_them(shared_data: Path) -> None:
    files = sorted(shared_data.glob("*/*.csv.gz"))
    assert len(files) >= 10
    for file in files:
        proposal = infer(locate_file(str(file)))
        tally, contract = held(file, proposal)
        assert (failures(tally, contract).table(), tally.good) == ([], proposal.rows), file.name


def test_a_contract_from_one_half_of_a_real_file_fits_the_other(shared_data: Path, tmp_path: Path) -> None:
    """The margins are wide enough for rows that were not seen, and narrow enough to see what does not belong."""
    import polars as pl

    rows = pl.read_csv(shared_data / "adult" / "adult.csv.gz", infer_schema=False)
    for name, part in (("seen", rows[::2]), ("unseen", rows[1::2])):
        part.write_csv(tmp_path / f"{name}.csv")
    broken = rows[1::2].with_columns(age=pl.lit("190"), sex=pl.lit("M"))
    broken.write_csv(tmp_path / "broken.csv")
    proposal = infer(locate_file(str(tmp_path / "seen.csv")))
    unseen, _ = held(tmp_path / "unseen.csv", proposal)
    assert unseen.bad / unseen.rows < 0.001
    assert held(tmp_path / "broken.csv", proposal)[0].good == 0


def test_examples_say_place_value_and_row(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "x.csv", {"id": [*range(9), 3, 3], "n": ["1"] * 2 + ["x"] * 7 + ["2"] * 2})
    content: dict[str, Any] = {
        "path": str(file),
        "contract": [{"name": "id", "unique": True}, {"name": "n", "type": "integer"}],
    }
    options = IngestOptions.model_validate(content)
    contract = Contract(options, options.columns)
    tally = check(options, resolve(options), contract)
    found = failures(tally, contract)
    assert (found.rows, found.bad) == (11, 8)
    wrong, repeated = found.failures
    assert (wrong.reason, wrong.rows, len(wrong.examples)) == ("n: not an integer", 7, 5)
    assert (wrong.examples[0].origin, wrong.examples[0].value) == (f"{file}:4", "x")
    assert json.loads(wrong.examples[0].row) == {"id": "2", "n": "x"}
    assert (repeated.reason, repeated.rows) == ("id: not unique", 1)
    assert (repeated.examples[0].origin, repeated.examples[0].value) == (f"{file}:12", "3")
