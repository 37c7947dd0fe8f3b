"""Rows that can't be read are set aside with their place; the others are read."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.errors import SourceError
from tasks.data.references import SourceRef
from tasks.ingest.reading.batches import Line, Refused
from tasks.ingest.reading.csv_reader import CsvReader
from tasks.ingest.reading.csv_rows import CsvRows
from tasks.ingest.reading.readers import Batch, read_batches


def read(file: Path, kind: str, wanted: tuple[str, ...] = ("a", "b"), delimiter: str = ",") -> Batch:
    """All batches as one."""
    batches = list(read_batches(SourceRef(files=(str(file),), digests=("",), format=kind), delimiter, wanted))
    rows = pa.concat_tables(batch.rows for batch in batches)
    lines = [line for batch in batches for line in batch.lines]
    refused = [row for batch in batches for row in batch.refused]
    return Batch(rows, lines, batches[0].file, batches[0].found, tuple(refused))


def csv(tmp_path: Path, content: bytes) -> Batch:
    (tmp_path / "x.csv").write_bytes(content)
    return read(tmp_path / "x.csv", "csv")


def refused(batch: Batch) -> list[tuple[str, str, str]]:
    return [(row.reason, row.origin.rpartition(":")[2], row.content) for row in batch.refused]


def test_csv_with_all_that_csv_allows(tmp_path: Path) -> None:
    batch = csv(tmp_path, b'\xef\xbb\xbfb,c, a\r\n"1,""x""",2,"two\r\nlines"\r\n\r\n,,z\r\n')
    assert batch.rows.to_pydict() == {"a": ["two\r\nlines", "z"], "b": ['1,"x"', ""]}
    assert list(batch.lines) == [2, 5]
    assert batch.found == ("b", "c", "a")


def test_csv_ragged_rows_and_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    batch = csv(tmp_path, b'a,b\n1\n2,\xff\n3,4\n5,6,7\n8,"x"y\n9,\xc3\xa9\n')
    assert batch.rows.to_pydict() == {"a": ["3", "9"], "b": ["4", "é"]}
    assert refused(batch) == [
        ("wrong number of values", "2", '["1"]'),
        ("not UTF-8", "3", '["2", "?"]'),
        ("wrong number of values", "5", '["5", "6", "7"]'),
        ("broken quoting", "6", "[]"),
    ]


def test_csv_with_another_delimiter(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a\tb\n1\t2\n")
    assert read(tmp_path / "x.csv", "csv", delimiter="\t").rows.to_pydict() == {"a": ["1"], "b": ["2"]}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b'a,b\n1,2\n3,"open\n4,5\n', r"a quote opened at line 3 that is not closed"),
        (b"a,a,b\n1,2,3\n", r"the columns 'a' twice"),
        (b'a,"b\n1,2\n', r"a broken header: unexpected end of data"),
        (b'a,b\n1,2\n3,"' + (b"x" * 1000 + b"\n") * (17 << 10), r"a value of more than 16 MiB from line 3 on"),
        ("a,b\n1,2\n".encode("utf-16"), r"a header that is not UTF-8"),
    ],
)
def test_csv_that_can_not_be_trusted(tmp_path: Path, content: bytes, found: str) -> None:
    with pytest.raises(SourceError, match=rf"source .*x\.csv: found {found}"):
        csv(tmp_path, content)


def test_csv_with_long_values(tmp_path: Path) -> None:
    batch = csv(tmp_path, b"a,b\n1," + b"x" * 200_000 + b"\n2," + b"x" * ((16 << 20) + 1) + b"\n3,4\n")
    assert [len(value) for value in batch.rows["b"].to_pylist()] == [200_000, 1]
    assert refused(batch) == [("a value of more than 16 MiB", "3", "[]")]


def test_gzip(tmp_path: Path) -> None:
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert read(tmp_path / "x.csv.gz", "csv").rows.to_pydict() == {"a": ["1"], "b": ["2"]}


def test_gzip_that_is_cut_short_or_none(tmp_path: Path) -> None:
    whole = gzip.compress(b"a,b\n" + b"1,2\n" * 9_000)
    for content in (whole[:-20], whole[:40], b"a,b\n1,2\n"):
        (tmp_path / "x.csv.gz").write_bytes(content)
        with pytest.raises(SourceError, match=r"found gzip data that is cut short or broken.*Fetch it again"):
            read(tmp_path / "x.csv.gz", "csv")


def test_jsonl(tmp_path: Path) -> None:
    lines = [b'{"a": "x", "b": 1.5}', b"", b'{"a": null, "b": true}', b'{"b": [1]}', b"nope", b"[1]", b'"\xff"']
    (tmp_path / "x.jsonl").write_bytes(b"\n".join(lines))
    batch = read(tmp_path / "x.jsonl", "jsonl")
    assert batch.rows.to_pydict() == {"a": ["x", None, None], "b": ["1.5", "true", "[1]"]}
    assert list(batch.lines) == [1, 3, 4]
    assert [row[:2] for row in refused(batch)] == [("not JSON", "5"), ("not a JSON object", "6"), ("not UTF-8", "7")]


def test_jsonl_with_half_a_character(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"a": "\\ud800", "b": "1"}\n{"a": "x", "b": "2"}\n')
    batch = read(tmp_path / "x.jsonl", "jsonl")
    assert batch.rows.to_pydict() == {"a": ["x"], "b": ["2"]}
    assert [row[0] for row in refused(batch)] == ["not UTF-8"]


def test_parquet(tmp_path: Path) -> None:
    table = pa.table({"a": [1, None], "b": [0.1, 2.0], "c": [[1], []], "d": pa.array(["x", "x"]).dictionary_encode()})
    pq.write_table(table, tmp_path / "x.parquet")
    batch = read(tmp_path / "x.parquet", "parquet", ("a", "b", "c", "d"))
    assert batch.rows.to_pydict() == {"a": ["1", None], "b": ["0.1", "2"], "c": ["[1]", "[]"], "d": ["x", "x"]}


def test_parquet_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match=r"found no parquet: Parquet magic bytes not found.*Check ingest\.format"):
        read(tmp_path / "x.parquet", "parquet")


@given(content=st.binary(max_size=60))
def test_no_bytes_stop_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Every row is read or set aside, or the file is refused in one line."""
    file = tmp_path_factory.mktemp("any") / "x"
    file.write_bytes(b"a,b\n" + content)
    for kind in ("csv", "jsonl", "parquet"):
        source = SourceRef(files=(str(file),), digests=("",), format=kind)
        try:
            for batch in read_batches(source, ",", ("a", "b")):
                assert len(batch.lines) == batch.rows.num_rows or not batch.rows.num_columns
        except SourceError as error:
            assert "\n" not in str(error)  # noqa: PT017 - either outcome is right


PIECES = st.sampled_from(
    [
        "a",
        "é",
        " ",
        ",",
        ";",
        '"',
        '""',
        '"a"',
        '"a,b"',
        '"x\ny"',
        '"x\r\ny"',
        "\n",
        "\r\n",
        "\r",
        "\0",
        "1,2\n",
        '1,"2"\n',
    ]
)
CONTENT = st.lists(PIECES.map(str.encode) | st.sampled_from([b"\xff", b"\xc3", b"\xef\xbb\xbf"]), max_size=30).map(
    b"".join
)


def all_of(
    content: bytes, block_bytes: int, delimiter: str = ","
) -> tuple[list[tuple[int, Any]], list[tuple[int, Refused]], str]:
    """Rows and refused rows with their lines, in the order of the lines, and the error that ended it."""
    rows, bad = list[tuple[int, Any]](), list[tuple[int, Refused]]()
    try:
        for batch in CsvReader("x", io.BytesIO(content), delimiter, ("a", "b")).batches(block_bytes):
            rows += zip(map(int, batch.lines), batch.rows.to_pylist(), strict=True)
            bad += [(int(row.origin.rpartition(":")[2]), row) for row in batch.refused]
    except SourceError as error:
        return [], [], str(error)
    return sorted(rows, key=lambda row: row[0]), sorted(bad, key=lambda row: row[0]), ""


@settings(max_examples=400)
@given(
    content=CONTENT,
    header=st.sampled_from([b"a,b\n", b"b,c,a\r\n", b"a\n", b"c,a\n"]),
    size=st.sampled_from([4, 30, 1 << 20]),
)
def test_blocks_and_rows_read_alike(content: bytes, header: bytes, size: int) -> None:
    """In blocks of any size, and (0) row by row throughout."""
    assert all_of(header + content, size) == all_of(header + content, 0)


@settings(max_examples=100)
@given(content=st.binary(max_size=80), delimiter=st.sampled_from(",\t; |é-"))
def test_blocks_and_rows_read_any_bytes_alike(content: bytes, delimiter: str) -> None:
    header = f"a{delimiter}b\n".encode()
    assert all_of(header + content, 1 << 20, delimiter) == all_of(header + content, 0, delimiter)


def test_a_dirty_row_leaves_its_block_to_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ragged row and one that is not UTF-8 among many: only those two go row by row."""
    read = list[int]()
    rows = CsvRows.read

    def counted(self: CsvRows, width: int, size: int, most: int) -> list[Line]:
        lines = rows(self, width, size, most)
        read.append(len(lines))
        return lines

    monkeypatch.setattr(CsvRows, "read", counted)
    content = b"a,b\n" + b'1,"2"\n' * 5_000 + b"3\n\xff,4\n" + b"5,6\n" * 5_000
    rows_, bad, error = all_of(content, 1 << 20)
    assert (len(rows_), [row.reason for _, row in bad], error) == (10_000, ["wrong number of values", "not UTF-8"], "")
    assert sum(read) == 2


def test_a_large_value(tmp_path: Path) -> None:
    batch = csv(tmp_path, b'a,b\n1,"' + b"x\n" * (5 << 20) + b'"\n3,4\n')
    assert [len(value) for value in batch.rows["b"].to_pylist()] == [10 << 20, 1]
    assert list(batch.lines) == [2, (5 << 20) + 3]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_zstd(tmp_path: Path, kind: str) -> None:
    text = {"csv": b"a,b\n1,2\n", "jsonl": b'{"a": "1", "b": "2"}\n'}[kind]
    file = tmp_path / f"x.{kind}.zst"
    file.write_bytes(zstandard.compress(text[:5]) + zstandard.compress(text[5:]))
    assert read(file, kind).rows.to_pydict() == {"a": ["1"], "b": ["2"]}
    for content in (zstandard.compress(text * 9_000)[:-7], text * 5):
        file.write_bytes(content)
        with pytest.raises(SourceError, match=r"found zstd data that is cut short or broken.*Fetch it again"):
            read(file, kind)


def test_parquet_with_a_broken_footer(tmp_path: Path) -> None:
    file = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": ["1"] * 100, "b": ["2"] * 100}), file)
    content = bytearray(file.read_bytes())
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    for spoilt in (
        content[:footer] + b"\xff" * 16 + content[footer + 16 :],
        content[:-8] + b"\xff\xff\xff\x7f" + content[-4:],
        content[:-9],
    ):
        file.write_bytes(spoilt)
        with pytest.raises(SourceError, match=r"x\.parquet: found no parquet: .*Check ingest\.format"):
            read(file, "parquet")


def test_control_characters_are_characters(tmp_path: Path) -> None:
    batch = csv(tmp_path, b"a,b\n\0,\x1b\n")
    assert batch.rows.to_pydict() == {"a": ["\0"], "b": ["\x1b"]}


@pytest.mark.parametrize("kind", [pa.string(), pa.binary(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_parquet_with_bytes_that_are_no_text(tmp_path: Path, kind: pa.DataType) -> None:
    """Only the row that has them is set aside, and the others are what they were."""
    octets = pa.array([b"x", b"\xffy", None, "\u00e9".encode()])
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    values = octets.cast(pa.large_binary()).view(plain) if plain == pa.large_string() else octets.view(plain)
    if plain is not kind:
        values = values.dictionary_encode()
    pq.write_table(pa.table({"a": values, "b": [1, 2, 3, 4]}), tmp_path / "x.parquet")
    batch = read(tmp_path / "x.parquet", "parquet")
    assert batch.rows.to_pydict() == {"a": ["x", None, "\u00e9"], "b": ["1", "3", "4"]}
    assert list(batch.lines) == [1, 3, 4]
    assert refused(batch) == [("not UTF-8", "2", '["?y", "2"]')]
