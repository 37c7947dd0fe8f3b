"""From a file to a raw version; and every source that can't become one leaves nothing behind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.errors import DataError, LeptonError, SourceError
from tasks.data.digest import file_digest, final_digest
from tasks.data.parts import part_files, read_parts
from tasks.data.references import DatasetRef
from tasks.data.version import open_version, read_rows
from tasks.ingest.config import ColumnContract, IngestOptions, SourceColumns
from tasks.ingest.ingest import ingest
from tasks.ingest.reading import readers
from tasks.ingest.sources.sources import resolve

Ingest = Callable[..., DatasetRef]
ROWS = "text,label,side\n" + "".join(
    f"text {n},{'yes' if n % 2 else 'no'},{'test' if n < 2 else 'train'}\n" for n in range(10)
)


def test_a_version_of_a_csv_file(ingest_file: Ingest) -> None:
    ref = ingest_file(ROWS, split="side")
    version = open_version(ref)
    rows = read_rows(ref)
    assert rows.column_names == ["row_id", "key", "split", "text", "label"]
    assert (ref.rows_in, ref.rows_out, ref.quarantined) == (10, 10, 0)
    assert sorted(read_rows(ref, "test")["text"].to_pylist()) == ["text 0", "text 1"]
    assert len(set(rows["row_id"].to_pylist())) == len(set(rows["key"].to_pylist())) == 10
    assert version.manifest.left_out == ()
    assert version.manifest.sources == {"source.csv": hashlib.sha256(ROWS.encode()).hexdigest()}
    digest = final_digest(version.manifest.columns, map(file_digest, part_files(version.rows)))
    assert digest == ref.digest


def test_the_same_files_elsewhere_make_the_same_version(tmp_path: Path) -> None:
    names: set[str] = set()
    for place in ("here", "there/deep"):
        for part in ("a", "b"):
            (tmp_path / place / part).mkdir(parents=True)
            (tmp_path / place / part / "x.csv").write_text(ROWS)
        contract = [ColumnContract(name="text"), ColumnContract(name="label")]
        options = IngestOptions(path=str(tmp_path / place), contract=contract, columns=SourceColumns(split="side"))
        ref = ingest(options, resolve(options), tmp_path / f"into-{len(names)}")
        assert list(open_version(ref).manifest.sources) == ["a/x.csv", "b/x.csv"]
        names.add(Path(ref.path).name)
    assert len(names) == 1


@pytest.mark.parametrize("has_label", [True, False])
def test_labels_that_may_be_missing_are_no_classes(ingest_file: Ingest, has_label: bool) -> None:
    contract = [ColumnContract(name=name, nullable=name == "label") for name in ("text", "answer", "label")]
    rows = "".join(f"q{n},a{n}" + (f",lone {n}" if has_label else "") + "\n" for n in range(50))
    ref = ingest_file("text,answer" + (",label" if has_label else "") + "\n" + rows, contract=contract)
    assert (ref.rows_out, ref.quarantined) == (50, 0)


JSONL = [{"text": f"t{n}", "label": "ab"[n % 2], "side": "test" if n < 2 else "train"} for n in range(4)]


def test_the_columns_of_jsonl_are_those_of_the_whole_file(ingest_file: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of two lines: with `slots`, without it and with `note`, all bad, and blank."""
    monkeypatch.setattr(readers, "BATCH_ROWS", 2)
    rows = [{**row, **({"slots": "O"} if n < 2 else {"note": 1})} for n, row in enumerate(JSONL)]
    lines = [*map(json.dumps, rows), "nope", "nope", "", ""]
    contract = [ColumnContract(name=name, nullable=name == "tags") for name in ("text", "label", "tags")]
    ref = ingest_file(
        "\n".join(lines) + "\n", "x.jsonl", contract=contract, tags="slots", split="side", max_bad_share=0.5
    )
    assert sorted(map(str, read_rows(ref)["tags"].to_pylist())) == ["None", "None", "O", "O"]
    manifest = open_version(ref).manifest
    assert (manifest.quarantined, manifest.left_out) == ({"not JSON": 2}, ("note",))


def test_a_column_that_no_line_of_jsonl_has(ingest_file: Ingest) -> None:
    text = "".join(json.dumps(row) + "\n" for row in JSONL)
    with pytest.raises(DataError, match=r"column 'intent' \(for label\): found only the columns text, label, side"):
        ingest_file(text, "x.jsonl", label="intent", split="side")


def test_jsonl_without_a_line_that_can_be_read(ingest_file: Ingest) -> None:
    with pytest.raises(DataError, match=r"found 2 of 2 rows bad \(100\.0%\): not JSON, 2"):
        ingest_file("nope\nnope\n", "x.jsonl")


@pytest.mark.parametrize(
    ("more", "message"),
    [({"path": "x.csv"}, ""), ({"columns": {}}, ""), ({}, r"columns: found text, label; give ingest\.path, samples")],
)
def test_a_sample_brings_its_own_columns(more: dict[str, Any], message: str) -> None:
    given = {"sample": "atis", "contract": [{"name": "text"}], "columns": {"text": "t", "label": "l"}, **more}
    with pytest.raises(ValueError, match=message) if message else nullcontext():
        IngestOptions.model_validate(given)


def test_formats_and_the_order_of_rows_give_one_digest(ingest_file: Ingest, tmp_path: Path) -> None:
    lines = ROWS.splitlines(keepends=True)
    records = [dict(zip(("text", "label", "side"), line.strip().split(","), strict=True)) for line in lines[1:]]
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "x.parquet")
    refs = [
        ingest_file(ROWS, split="side"),
        ingest_file(lines[0] + "".join(reversed(lines[1:])), split="side"),
        ingest_file("".join(json.dumps(record) + "\n" for record in records), "x.jsonl", split="side"),
        ingest_file((tmp_path / "x.parquet").read_bytes(), "x.parquet", split="side"),
    ]
    assert len({ref.digest for ref in refs}) == 1
    assert len({tuple(read_rows(ref)["text"].to_pylist()) for ref in refs}) == 1


def test_a_hash_splits_where_the_source_does_not(ingest_file: Ingest) -> None:
    many = "text,label\n" + "".join(f"t{n},{n % 2}\n" for n in range(400))
    sides = {row["text"]: row["split"] for row in read_rows(ingest_file(many)).to_pylist()}
    assert 50 < list(sides.values()).count("test") < 110
    fewer = "text,label\n" + "".join(f"t{n},{n % 2}\n" for n in range(100, 300))
    assert all(sides[row["text"]] == row["split"] for row in read_rows(ingest_file(fewer)).to_pylist())


def test_a_subject_stays_on_one_side(ingest_file: Ingest) -> None:
    many = "text,label,user\n" + "".join(f"t{n},{n % 2},u{n % 40}\n" for n in range(400))
    rows = read_rows(ingest_file(many, key="user")).to_pylist()
    assert len({row["key"] for row in rows}) == len({(row["key"], row["split"]) for row in rows}) == 40
    assert "user" not in rows[0]


def test_bad_rows_go_to_quarantine(ingest_file: Ingest) -> None:
    ref = ingest_file(ROWS + "only one\n,no,train\nx,,train\n", split="side", max_bad_share=0.3)
    version = open_version(ref)
    assert (ref.rows_in, ref.rows_out, ref.quarantined) == (13, 10, 3)
    assert version.manifest.quarantined == {"label: missing": 1, "text: missing": 1, "wrong number of values": 1}
    (rows,) = read_parts(version.quarantine)
    assert [origin.rpartition(":")[2] for origin in rows["origin"].to_pylist()] == ["12", "13", "14"]
    assert json.loads(rows["content"][1].as_py()) == {"text": "", "label": "no", "side": "train"}


def test_columns_out_of_the_contract_are_named(ingest_file: Ingest) -> None:
    text = ROWS.replace("text,label,side", "text,label,note")
    assert open_version(ingest_file(text, test_share=0.5)).manifest.left_out == ("note",)


def test_the_only_row_of_a_label_is_set_aside(ingest_file: Ingest) -> None:
    many = "text,label\n" + "".join(f"t{n},{n % 2}\n" for n in range(60)) + "odd,one\n"
    version = open_version(ingest_file(many))
    assert version.manifest.quarantined == {"label: the only row of its label": 1}
    (rows,) = [table for table in read_parts(version.quarantine) if table.num_rows]
    assert rows["origin"][0].as_py().endswith("source.csv:62")
    files = {"rows", "quarantine", "manifest.json", "failures.json", "profile.json"}
    assert {path.name for path in version.path.iterdir()} == files
    assert open_version(ingest_file(ROWS + "odd,one,train\n", split="side")).manifest.quarantined == {}


@pytest.mark.parametrize(
    ("content", "options", "kind", "message"),
    [
        ("text,label\n", {}, SourceError, r"found no row in 1 file; allowed: at least one row"),
        ("a,b\n1,2\n", {}, DataError, r"column 'text' \(for text\): found only the columns a, b"),
        (ROWS, {"label": "intent"}, DataError, r"column 'intent' \(for label\).*Set ingest\.columns\.label"),
        ("text,label,side\na,x,train\nb,x,test\n", {"split": "side"}, DataError, r"found only the label 'x'"),
        ("text,label,side\na,x,train\nb,y,train\n", {"split": "side"}, DataError, r"found no test row among 2"),
        (
            ROWS + "x\ny\n,no,train\n",
            {"split": "side"},
            DataError,
            (
                r"found 3 of 13 rows bad \(23\.1%\): wrong number of values, 2 \(first at .*source\.csv:12\); "
                r"text: missing, 1 .*allowed: a bad share of 2\.0%.*ingest\.max_bad_share"
            ),
        ),
        (b"text,label\n\xff,x\n\xfe,y\n", {}, DataError, r"found 2 of 2 rows bad \(100\.0%\): not UTF-8, 2"),
    ],
)
def test_what_can_not_become_a_version(
    ingest_file: Ingest,
    nothing_written: Callable[[], bool],
    content: str | bytes,
    options: dict[str, str],
    kind: type[LeptonError],
    message: str,
) -> None:
    with pytest.raises(kind, match=message):
        ingest_file(content, **options)
    assert nothing_written()


def test_a_real_file_as_it_lies(shared_data: Path, tmp_path: Path) -> None:
    """Questions to a bank, compressed, with columns named their own way."""
    contract = [ColumnContract(name="text"), ColumnContract(name="label")]
    options = IngestOptions.model_validate(
        {
            "path": str(shared_data / "banking77" / "banking77.csv.gz"),
            "contract": contract,
            "columns": {"text": "text", "label": "intent", "split": "split"},
        }
    )
    ref = ingest(options, resolve(options), tmp_path)
    assert ref.rows_out > 1_000
