"""Sheets survive spreadsheets, and compute nothing in them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import DataError, LeptonError, RecipeError, SourceError
from tasks.label.handing import written_to
from tasks.label.sheet import Line, copy_sheet, read_sheet, write_sheet

HEADER = ["row_id", "annotator", "text", "label"]
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def cells(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as content:
        return list(csv.reader(content))


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    def call(content: bytes | str) -> list[Line]:
        file = tmp_path / "sheet.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_sheet(file)

    return call


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_text_that_a_spreadsheet_would_compute_is_quoted(tmp_path: Path, text: str) -> None:
    write_sheet(tmp_path / "s.csv", HEADER, [["r", "a", text, ""]])
    assert cells(tmp_path / "s.csv")[1][2] == f"'{text}"


def test_numbers_stay_numbers_and_nothing_stays_empty(tmp_path: Path) -> None:
    write_sheet(tmp_path / "s.csv", HEADER, [["r", "a", -1.5, None]])
    assert cells(tmp_path / "s.csv")[1] == ["r", "a", "-1.5", ""]


@given(st.lists(st.tuples(texts, texts), max_size=5))
def test_labels_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    file = tmp_path_factory.mktemp("sheet") / "s.csv"
    write_sheet(file, HEADER, [[f"r{place}", "a", text, label] for place, (text, label) in enumerate(rows)])
    found = {line.row_id: line.label for line in read_sheet(file)}
    assert found == {f"r{place}": label.strip() for place, (_, label) in enumerate(rows) if label.strip()}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\N{ZERO WIDTH NO-BREAK SPACE}"])
def test_what_spreadsheets_write(read, delimiter: str, end: str, mark: str) -> None:  # type: ignore[no-untyped-def]
    lines = ["row_id,annotator,text,label", 'r1,ann,"a; b, c", yes ', "r2,,x,", "r3,,y,no", ""]
    joined = end.join(lines).replace(",", delimiter).replace(f"a; b{delimiter} c", "a; b, c")
    assert read(mark + joined) == [Line(2, "r1", "ann", "yes"), Line(4, "r3", "annotator-1", "no")]


def test_lines_are_counted_as_an_editor_does(read) -> None:  # type: ignore[no-untyped-def]
    assert read('row_id,text,label\nr1,"two\nlines",a\nr2,x,b\n') == [
        Line(3, "r1", "annotator-1", "a"),
        Line(4, "r2", "annotator-1", "b"),
    ]


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        (b"row_id,name\nr1,x\n", DataError, r"found the columns row_id, name; allowed: row_id and label once each"),
        (b"row_id,label,label\nr1,x,y\n", DataError, r"found the columns row_id, label, label"),
        (b"", DataError, r"found the columns none"),
        (b"row_id,label\nr1,a,b\n", DataError, r"line 2: found more cells than the header"),
        ("row_id,label\nr1,sch\xf6n\n".encode("cp1252"), SourceError, r"bytes that are not UTF-8.*CSV UTF-8"),
        (b"PK\x03\x04\xff\xfe", SourceError, r"not as a workbook"),
    ],
)
def test_what_is_no_sheet_is_named(read, content: bytes, error: type[LeptonError], text: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=text):
        read(content)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nothing.csv: found no such file"):
        read_sheet(tmp_path / "nothing.csv")


def test_a_place_that_can_t_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "folder" / "x.csv"
    with (
        pytest.raises(RecipeError, match=r"--out: found .*x.csv: not a directory; allowed: a file in a folder that"),
        written_to(str(out)),
    ):
        write_sheet(out, ["row_id"], [])
    with pytest.raises(OSError, match="full"), written_to(str(out)):
        raise OSError(28, "full")
    with pytest.raises(FileNotFoundError), written_to(str(out)):
        (tmp_path / "home" / "other").read_bytes()


def test_a_copy_is_whole(tmp_path: Path) -> None:
    write_sheet(tmp_path / "one.csv", ["row_id", "text"], [["1", "=2"]])
    copy_sheet(tmp_path / "one.csv", tmp_path / "new" / "two.csv")
    assert (tmp_path / "new" / "two.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["two.csv"]
