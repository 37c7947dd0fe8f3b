"""Sources as nobody wants them: each is told in one line, or its bad rows are set aside, and nothing is half done."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from infra.errors import LeptonError, SourceError
from tasks.data.references import DatasetRef
from tasks.data.version import open_version, read_rows
from tasks.ingest.config import ColumnContract

Ingest = Callable[..., DatasetRef]
SIDES = "text,label,side\n" + "".join(f"t{n},{'ab'[n % 2]},{'test' if n < 2 else 'train'}\n" for n in range(2_000))


def parquet(path: Path) -> bytes:
    lines = [line.split(",") for line in SIDES.splitlines()]
    columns = dict(zip(lines[0], map(list, zip(*lines[1:], strict=True)), strict=True))
    pq.write_table(pa.table(columns), path, row_group_size=500)
    return path.read_bytes()


def footer_overwritten(content: bytes) -> bytes:
    return content[:-200] + bytes(192) + content[-8:]


def middle_overwritten(content: bytes) -> bytes:
    return content[:300] + bytes(400) + content[700:]


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("a.csv", lambda _: b"text,label,text\na,b,c\n", r"found the columns 'text' twice; .*Mend the header"),
        ("a.csv", lambda _: b'text,label\n"a,b\n', r"found a quote opened at line 2 that is not closed"),
        ("a.csv.gz", lambda _: gzip.compress(SIDES.encode())[:-40], r"found gzip data that is cut short or broken"),
        ("a.csv.gz", lambda _: gzip.compress(SIDES.encode())[:4000] + b"junk", r"found gzip data that is cut short"),
        ("a.csv.gz", lambda _: SIDES.encode(), r"found gzip data that is cut short or broken: Not a gzipped file"),
        ("a.csv.zst", lambda _: zstandard.compress(SIDES.encode())[:-40], r"found .*zst.*cut short or broken"),
        ("a.csv.zst", lambda _: SIDES.encode(), r"found .*zst.*broken"),
        ("a.parquet", lambda _: SIDES.encode(), r"found no parquet: .*allowed: a parquet file"),
        ("a.parquet", lambda path: parquet(path)[:-500], r"found no parquet"),
        ("a.parquet", lambda path: footer_overwritten(parquet(path)), r"found no parquet"),
        ("a.parquet", lambda path: middle_overwritten(parquet(path)), r"found no parquet"),
        ("a.csv", lambda _: "text,label\n".encode("utf-16"), r"found a header that is not UTF-8"),
    ],
)
def test_what_is_told_in_one_line(
    ingest_file: Ingest,
    nothing_written: Callable[[], bool],
    tmp_path: Path,
    name: str,
    make: Callable[[Path], bytes],
    message: str,
) -> None:
    with pytest.raises(SourceError, match=rf"source .*/{name}: {message}") as told:
        ingest_file(make(tmp_path / "made"), name, split="side")
    assert "\n" not in str(told.value)
    assert nothing_written()


def test_columns_twice_in_parquet(ingest_file: Ingest, nothing_written: Callable[[], bool], tmp_path: Path) -> None:
    table = pa.table([pa.array(["a"]), pa.array(["b"]), pa.array(["c"])], names=["text", "label", "text"])
    pq.write_table(table, tmp_path / "made")
    with pytest.raises(LeptonError, match=r"found the columns 'text' twice"):
        ingest_file((tmp_path / "made").read_bytes(), "a.parquet")
    assert nothing_written()


def test_a_type_that_changes_in_the_middle_of_jsonl(ingest_file: Ingest) -> None:
    """Numbers become text, objects and lists: what the contract can't convert is set aside, row by row."""
    ages: list[Any] = [*range(10), "11", "12.0", "twelve", {"years": 3}, [4], None, True, 1.5, 20]
    rows = [{"text": f"t{n}", "label": "ab"[n % 2], "age": age} for n, age in enumerate(ages)]
    contract = [ColumnContract(name=name) for name in ("text", "label")] + [ColumnContract(name="age", type="integer")]
    ref = ingest_file(
        "".join(json.dumps(row) + "\n" for row in rows), "a.jsonl", contract=contract, max_bad_share=0.5, test_share=0.5
    )
    assert sorted(read_rows(ref)["age"].to_pylist()) == [*range(10), 11, 12, 20]
    assert open_version(ref).manifest.quarantined == {"age: missing": 1, "age: not an integer": 5}


def test_a_cell_of_ten_megabytes(ingest_file: Ingest) -> None:
    long = "x" * 10_000_000
    ref = ingest_file(SIDES + f"{long},a,train\n", split="side")
    assert max(map(len, read_rows(ref)["text"].to_pylist())) == 10_000_000


def test_a_cell_of_ten_megabytes_on_several_lines(ingest_file: Ingest) -> None:
    long = ("x" * 99 + "\n") * 100_000
    ref = ingest_file(SIDES + f'"{long}",a,train\nlast,b,train\n', split="side")
    texts = read_rows(ref)["text"].to_pylist()
    assert long in texts and "last" in texts


@pytest.mark.parametrize("mark", ["\0", "\x01", "\x0b", "\x1f", "\x7f", "\x85", "\u2028", "\ufeff"])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_control_characters_are_characters(ingest_file: Ingest, name: str, mark: str) -> None:
    texts = [f"be{mark}fore {n}" for n in range(4)]
    rows = [(text, "ab"[n % 2], "test" if n < 2 else "train") for n, text in enumerate(texts)]
    lines = ["text,label,side", *(",".join(row) for row in rows)]
    if name.endswith("jsonl"):
        keys = ("text", "label", "side")
        lines = [json.dumps(dict(zip(keys, row, strict=True)), ensure_ascii=False) for row in rows]
    ref = ingest_file("\n".join(lines) + "\n", name, split="side")
    assert sorted(read_rows(ref)["text"].to_pylist()) == texts
