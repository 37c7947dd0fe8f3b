"""Rows of a real PostgreSQL and of SQLite: as they were, with no password anywhere, and errors in one line."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from infra.errors import DataError, MachineError, RecipeError, SourceError
from tasks.data.references import DatasetRef
from tasks.data.version import open_version, read_rows
from tasks.ingest.config import ColumnContract, IngestOptions
from tasks.ingest.increment.increment import find_new, find_previous
from tasks.ingest.ingest import ingest
from tasks.ingest.sources import database
from tasks.ingest.sources.sources import resolve
from tasks.ingest.sources.sql import take_snapshot
from tasks.ingest.sources.sql_options import SqlOptions

CONTRACT = [ColumnContract(name="text"), ColumnContract(name="label")]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(database, "FIRST_PAUSE_SECONDS", 0.01)


@pytest.fixture
def run(postgres: str) -> Iterator[Callable[[str], None]]:
    """Run statements in a schema of the test's own, called `shop`."""
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA shop")

        def execute(statement: str) -> None:
            connection.execute(statement.encode())

        yield execute
        connection.execute("DROP SCHEMA shop CASCADE")


@pytest.fixture
def sqlite(tmp_path: Path) -> Callable[..., str]:
    """A database with a table `t`, and its URL."""

    def make(rows: list[tuple[Any, ...]], columns: str = "n, text, label") -> str:
        with sqlite3.connect(tmp_path / "a.db") as connection:
            connection.execute(f"CREATE TABLE IF NOT EXISTS t ({columns})")
            marks = ", ".join("?" * len(columns.split(",")))
            connection.executemany(f"INSERT INTO t VALUES ({marks})", rows)
        return f"sqlite:///{tmp_path / 'a.db'}"

    return make


def many(count: int, start: int = 0) -> list[tuple[Any, ...]]:
    return [(n, f"text {n}", "ab"[n % 2]) for n in range(start, start + count)]


def options(**given: Any) -> IngestOptions:
    return IngestOptions.model_validate({"contract": CONTRACT, "test_share": 0.5, **given})


def test_types_of_postgres_as_text(postgres: str, run: Callable[[str], None]) -> None:
    run(
        "CREATE TABLE shop.t (i bigint, n numeric(20,4), f double precision, b boolean, d date, w timestamptz,"
        " j jsonb, a int[], x bytea, s text)"
    )
    run(
        "INSERT INTO shop.t VALUES (9007199254740993, 0.1000, 0.1, true, '2024-02-29', '2024-02-29 12:00:00.000001+02',"
        """ '{"k": "é"}', '{1,2}', '\\x00ff', 'naïve; 100%'),"""
        "(null, null, null, null, null, null, null, null, null, '')"
    )
    run("SET TIME ZONE 'UTC'")
    shot = take_snapshot(SqlOptions(url=postgres, table="shop.t"))
    assert shot is not None
    first, second = pq.read_table(shot.file).to_pylist()
    moment = first.pop("w")
    told = {"i": "9007199254740993", "n": "0.1000", "f": "0.1", "b": "true", "d": "2024-02-29"}
    assert first == told | {"j": '{"k": "é"}', "a": "[1, 2]", "x": "00ff", "s": "naïve; 100%"}
    assert moment.startswith("2024-02-29T") and ":00:00.000001+" in moment
    assert second == {**dict.fromkeys("infbdjax"), "w": None, "s": ""}


def test_a_query_with_what_looks_like_parameters(postgres: str, run: Callable[[str], None]) -> None:
    query = "SELECT '12:30:00'::time AS text, 5 % 3 AS label, '100%s' AS p, ':n' AS c;"
    shot = take_snapshot(SqlOptions(url=postgres, query=query))
    assert shot is not None
    assert pq.read_table(shot.file).to_pylist() == [{"text": "12:30:00", "label": "2", "p": "100%s", "c": ":n"}]


def test_a_table_of_postgres_becomes_a_version(postgres: str, run: Callable[[str], None], tmp_path: Path) -> None:
    run("CREATE TABLE shop.t AS SELECT 'text ' || n AS text, n % 2 AS label FROM generate_series(1, 45000) AS n")
    given = options(sql={"url": postgres, "table": "shop.t"})
    ref = ingest(given, resolve(given), tmp_path / "datasets")
    assert (ref.rows_in, ref.rows_out) == (45_000, 45_000)
    assert list(open_version(ref).manifest.sources) == ["postgresql:///postgres#shop.t"]
    assert resolve(given).digests == resolve(given).digests


def test_a_cursor_of_the_server_is_used(
    postgres: str, run: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks come one at a time, out of a cursor that has a name."""
    from sqlalchemy.engine import CursorResult

    chunks: list[int] = []
    real = CursorResult.partitions

    def partitions(self: Any, size: int | None = None) -> Iterator[Any]:
        assert self.cursor.name
        for chunk in real(self, size):
            chunks.append(len(chunk))
            yield chunk

    monkeypatch.setattr(CursorResult, "partitions", partitions)
    take_snapshot(SqlOptions(url=postgres, query="SELECT n FROM generate_series(1, 50000) AS n"))
    assert chunks == [20_000, 20_000, 10_000]


@pytest.mark.parametrize("times", [1, database.ATTEMPTS])
def test_a_connection_that_breaks(
    postgres: str, run: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """An administrator ends it after the first chunk."""
    from sqlalchemy.engine import CursorResult

    broken: list[int] = []
    real = CursorResult.partitions

    def partitions(self: Any, size: int | None = None) -> Iterator[Any]:
        for chunk in real(self, size):
            yield chunk
            if len(broken) < times:
                process = self.cursor.connection.info.backend_pid
                broken.append(process)
                run(f"SELECT pg_terminate_backend({process}, 5000)")

    monkeypatch.setattr(CursorResult, "partitions", partitions)
    asked = SqlOptions(url=postgres, query="SELECT n, repeat('x', 100) AS x FROM generate_series(1, 60000) AS n")
    if times == database.ATTEMPTS:
        with pytest.raises(SourceError, match=r"found an error of the database: .*terminat"):
            take_snapshot(asked)
        return
    shot = take_snapshot(asked)
    assert shot is not None and pq.read_metadata(shot.file).num_rows == 60_000
    assert not list(shot.file.parent.glob(".draft-*"))


def test_nothing_can_be_changed(postgres: str, run: Callable[[str], None]) -> None:
    run("CREATE TABLE shop.t AS SELECT 1 AS n")
    run("CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'DELETE FROM shop.t RETURNING n'")
    with pytest.raises(SourceError, match=r"found an error of the database: cannot execute DELETE in a read-only"):
        take_snapshot(SqlOptions(url=postgres, query="SELECT shop.f()"))


def test_a_password_is_used_and_never_told(
    postgres: str, run: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("CREATE TABLE shop.t AS SELECT 'text ' || n AS text, n % 2 AS label FROM generate_series(1, 40) AS n")
    monkeypatch.setenv("SHOP_URL", postgres.replace(":@", ":geheim@"))
    given = options(sql={"url_variable": "SHOP_URL", "table": "shop.t"})
    source = resolve(given)
    ref = ingest(given, source, tmp_path / "datasets")
    written = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert not any(b"geheim" in content for content in [*written, source.model_dump_json().encode()])
    other = options(sql={"url": postgres, "table": "shop.t"})
    assert ingest(other, resolve(other), tmp_path / "datasets") == ref
    wrong = options(sql={"url_variable": "SHOP_URL", "query": "SELECT 'geheim' FROM geheim"})
    with pytest.raises(SourceError) as told:
        resolve(wrong)
    assert "geheim" not in str(told.value)


@pytest.mark.parametrize("url", ["postgresql://me:pass@h/d", "mysql://h/d?password=pass", "postgresql://me:pass@h:x/d"])
def test_no_password_in_a_recipe(url: str) -> None:
    with pytest.raises(ValueError, match=r"url: found a URL with a password; put it into an environment variable"):
        SqlOptions(url=url, table="t")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"table": "t"}, "url: found neither url nor url_variable"),
        ({"url": "sqlite://", "url_variable": "A", "table": "t"}, "url: found both url and url_variable"),
        ({"url": "sqlite://"}, "table: found neither table nor query"),
        ({"url": "sqlite://", "table": "t", "query": "SELECT 1"}, "table: found both table and query"),
    ],
)
def test_contradictions(given: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SqlOptions.model_validate(given)


def test_a_path_and_a_database() -> None:
    with pytest.raises(ValidationError, match="path: found a path and a database; give one of them"):
        options(path="a.csv", sql={"url": "sqlite://", "table": "t"})


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"table": "gone"}, SourceError, r"source sqlite:///.*a\.db#gone: found .*no such table: gone; .*Check ingest"),
        ({"query": "SELEC 1"}, SourceError, r"source sqlite:.*#query-\w{8}: found .*syntax error"),
        ({"query": "SELECT 1 AS a, 2 AS a"}, DataError, r"found the columns 'a' twice; .*Name them with AS"),
        ({"url": "", "url_variable": "NO_SUCH"}, RecipeError, r"environment variable NO_SUCH: found nothing"),
        ({"url": "nonsense"}, RecipeError, r"ingest\.sql\.url: found text that is no URL"),
        ({"url": "cobol://h/d"}, RecipeError, r"ingest\.sql: found Can't load plugin: sqlalchemy\.dialects:cobol"),
        ({"url": "postgresql://nobody@127.0.0.1:9/d"}, SourceError, r"found an error of the database: .*refused"),
        ({"url": "mysql://h/d"}, MachineError, r'no package for it .*pip install "MySQLdb"'),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    sqlite: Callable[..., str], tmp_path: Path, given: dict[str, str], kind: type[Exception], message: str
) -> None:
    full = {"url": sqlite(many(2)), **given}
    with pytest.raises(kind, match=message) as told:
        take_snapshot(SqlOptions.model_validate(full if "query" in full else {"table": "t", **full}))
    assert "\n" not in str(told.value)
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_driver_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(
        MachineError, match=r'ingest\.sql \(postgresql\): .*Install it: pip install "lepton\[postgres\]"'
    ):
        take_snapshot(SqlOptions(url="postgresql://h/d", table="t"))


def test_an_empty_table(sqlite: Callable[..., str], tmp_path: Path) -> None:
    given = options(sql={"url": sqlite([]), "table": "t"})
    with pytest.raises(SourceError, match="found no row in 1 file"):
        ingest(given, resolve(given), tmp_path / "datasets")
    assert not list((tmp_path / "datasets").glob("*"))


def test_a_bad_row_is_told_by_its_table(sqlite: Callable[..., str], tmp_path: Path) -> None:
    given = options(sql={"url": sqlite([*many(20), (20, None, "a")]), "table": "t"}, max_bad_share=0.5)
    version = open_version(ingest(given, resolve(given), tmp_path / "datasets"))
    (rows,) = [pq.read_table(file).to_pylist() for file in version.quarantine.glob("*.parquet")]
    assert [(row["refused"], row["origin"].rpartition("/")[2]) for row in rows] == [("text: missing", "a.db#t:21")]


def test_a_database_and_a_file_become_one(sqlite: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("n,text,label\n3,other,b\n40,late,a\n,nowhere,a\n")
    sources = [
        {"name": "shop", "sql": {"url": sqlite([*many(39), (39, None, "a")]), "table": "t"}},
        {"name": "file", "path": str(tmp_path / "more.csv"), "priority": 1},
    ]
    given = options(sources=sources, fusion={"on": ["n"]}, max_bad_share=0.5)
    version = open_version(ingest(given, resolve(given), tmp_path / "datasets"))
    found = [row for file in version.quarantine.glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    assert sorted((row["refused"], row["origin"].rpartition("/")[2]) for row in found) == [
        ("fusion: another row of the key stands, of file", "a.db#t:4"),
        ("fusion: no value for n", "more.csv:4"),
        ("text: missing", "a.db#t:40"),
    ]
    assert (version.manifest.rows_out, version.manifest.conflicts) == (40, {"text": 1})


def test_only_the_newest_snapshot_is_kept(sqlite: Callable[..., str], home: Path) -> None:
    shots = [take_snapshot(SqlOptions(url=sqlite(many(2, start)), table="t")) for start in (0, 2)]
    assert [str(file) for file in home.rglob("*.parquet")] == [str(shots[1].file if shots[1] else "")]


@pytest.mark.parametrize("kind", ["integer", "text", "timestamp"])
def test_rows_above_the_mark(
    postgres: str, run: Callable[[str], None], sqlite: Callable[..., str], tmp_path: Path, kind: str
) -> None:
    """Twice nothing new, then ten rows more: what is there is what a full ingest has."""
    moment = {
        "integer": "n",
        "text": "to_char(n, 'FM00000')",
        "timestamp": "timestamp '2024-01-01' + n * interval '1s'",
    }
    select = "SELECT 'text ' || n AS text, n % 2 AS label, {at} AS at FROM generate_series({low}, {high}) AS n"
    run(f"CREATE TABLE shop.t AS {select.format(at=moment[kind], low=1, high=40)}")
    given = options(sql={"url": postgres, "table": "shop.t"}, incremental="rows", watermark="at")
    into = tmp_path / "datasets"

    def again() -> DatasetRef:
        base = find_previous(given, into)
        return ingest(given, find_new(given, base) if base else resolve(given), into, base=base)

    first, second = again(), again()
    assert first == second
    run(f"INSERT INTO shop.t {select.format(at=moment[kind], low=41, high=50)}")
    third = again()
    assert (third.rows_in, again()) == (50, third)
    full = options(sql={"url": postgres, "table": "shop.t"})
    assert ingest(full, resolve(full), tmp_path / "full").digest == third.digest
    assert open_version(third).manifest.parents == (first.digest,)
    assert set(read_rows(third).column_names) == {"row_id", "key", "split", "text", "label"}


def test_only_rows_above_the_mark_are_asked_for(sqlite: Callable[..., str]) -> None:
    url = sqlite([*many(9), (None, "unplaced", "a")])
    shot = take_snapshot(SqlOptions(url=url, table="t"), "n", "6")
    assert shot is not None
    assert pq.read_table(shot.file)["n"].to_pylist() == ["7", "8", None]
    assert take_snapshot(SqlOptions(url=url, query="SELECT * FROM t WHERE n IS NOT NULL"), "n", "8") is None


def test_a_row_without_a_mark_is_set_aside_once(sqlite: Callable[..., str], tmp_path: Path) -> None:
    given = options(
        sql={"url": sqlite([*many(40), (None, "unplaced", "a")]), "table": "t"},
        incremental="rows",
        watermark="n",
        max_bad_share=0.5,
    )
    into = tmp_path / "datasets"
    first = ingest(given, resolve(given), into)
    base = find_previous(given, into)
    assert base == first and open_version(first).manifest.quarantined == {"n: no number and no ISO date": 1}
    assert ingest(given, find_new(given, first), into, base=first) == first
    sqlite([(None, "unplaced", "a"), *many(2, 40)])
    second = ingest(given, find_new(given, first), into, base=first)
    assert (second.rows_out, second.quarantined) == (42, 2)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (list("123456789"), ["10", "11"]),
        ([f"2024-01-01T{hour:02d}:00:00" for hour in range(10)], ["2024-01-01 12:00:00", "2024-01-01T13:00:00+02:00"]),
        ([f"202401{day:02d}" for day in range(1, 10)], ["20240110", "20240111"]),
        ([1, 2, 3, 4, 5.5], [5.75, 6]),
    ],
)
def test_marks_that_are_texts(
    sqlite: Callable[..., str], tmp_path: Path, before: list[object], after: list[object]
) -> None:
    """A database has "10" below "9", and a blank below a T: no row is lost by that, and none comes twice."""
    given = options(sql={"url": sqlite([]), "table": "t"}, incremental="rows", watermark="n")
    into, first = tmp_path / "datasets", None
    for marks in (before, [], after, []):
        sqlite([(mark, f"text {mark}", "ab"[place % 2]) for place, mark in enumerate(marks)])
        base = find_previous(given, into)
        first = ingest(given, find_new(given, base) if base else resolve(given), into, base=base)
    assert first is not None and (first.rows_in, first.rows_out) == (len(before) + len(after),) * 2


def test_marks_of_another_kind_than_before(sqlite: Callable[..., str]) -> None:
    asked = SqlOptions(url=sqlite(many(3)), table="t")
    with pytest.raises(DataError, match=r"column 'n': found 2024-01-01 before and 0 now; .*incremental=off"):
        take_snapshot(asked, "n", "2024-01-01")


def test_a_row_without_a_mark_is_told_by_its_table(sqlite: Callable[..., str], tmp_path: Path) -> None:
    given = options(
        sql={"url": sqlite([*many(40), (None, "unplaced", "a")]), "table": "t"},
        incremental="rows",
        watermark="n",
        max_bad_share=0.5,
    )
    version = open_version(ingest(given, resolve(given), tmp_path / "datasets"))
    (rows,) = [pq.read_table(file).to_pylist() for file in version.quarantine.glob("*.parquet")]
    assert [row["origin"].rpartition("/")[2] for row in rows] == ["a.db#t:41"]


def test_sqlite_is_only_read(sqlite: Callable[..., str], tmp_path: Path) -> None:
    url = sqlite(many(2))
    for query in ("DROP TABLE t", "DELETE FROM t RETURNING n"):
        with pytest.raises(SourceError, match="attempt to write a readonly database"):
            take_snapshot(SqlOptions(url=url, query=query))
    assert take_snapshot(SqlOptions(url=url, table="t")) is not None
    with pytest.raises(SourceError, match=r"source sqlite:///.*none\.db: found no such file"):
        take_snapshot(SqlOptions(url=f"sqlite:///{tmp_path / 'none.db'}", table="t"))
    assert not (tmp_path / "none.db").exists()


def test_what_a_killed_run_left_is_removed(sqlite: Callable[..., str]) -> None:
    asked = SqlOptions(url=sqlite(many(2)), table="t")
    shot = take_snapshot(asked)
    assert shot is not None
    (shot.file.parent / ".draft-left").write_bytes(b"half")
    take_snapshot(asked)
    assert [file.name for file in shot.file.parent.iterdir()] == [shot.file.name]
