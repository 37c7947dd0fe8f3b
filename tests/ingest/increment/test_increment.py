"""What is new is added once, whatever happens in between, and what comes out is what a full ingest makes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.errors import DataError
from infra.settings.home import checkout
from tasks.data.references import DatasetRef
from tasks.data.version import open_version, read_rows
from tasks.ingest import steps
from tasks.ingest.config import IngestOptions
from tasks.ingest.increment import increment
from tasks.ingest.increment.increment import find_new, find_previous, latest_version
from tasks.ingest.ingest import ingest
from tasks.ingest.sources.sources import resolve
from tasks.step import step_key

CONTRACT = [{"name": "text"}, {"name": "label"}]


class Lake:
    """A folder of files, and the data set that is ingested from it."""

    def __init__(self, root: Path) -> None:
        self.root, self.into = root / "lake", root / "datasets"
        self.root.mkdir()

    def write(self, name: str, start: int, stop: int, label: str = "") -> None:
        rows = [f"text {n},{label or 'ab'[n % 2]},{n}\n" for n in range(start, stop)]
        (self.root / name).write_text("text,label,n\n" + "".join(rows))

    def options(self, **more: Any) -> IngestOptions:
        return IngestOptions.model_validate({"path": str(self.root), "contract": CONTRACT, "test_share": 0.5, **more})

    def take(self, **more: Any) -> DatasetRef:
        """What a run does: all anew, or on top of what it finds."""
        options = self.options(**more)
        base = find_previous(options, self.into)
        return ingest(options, find_new(options, base) if base else resolve(options), self.into, base=base)

    def full(self, **more: Any) -> DatasetRef:
        options = self.options(**more)
        return ingest(options, resolve(options), self.into.with_name("full"))

    def versions(self) -> set[str]:
        return {path.parent.name for path in self.into.glob("*/manifest.json")}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def test_new_files_are_added_to_the_version_before(lake: Lake) -> None:
    lake.write("b.csv", 0, 40)
    first = lake.take(incremental="files")
    lake.write("a.csv", 40, 60)
    second = lake.take(incremental="files")
    assert second.digest == lake.full().digest
    told = open_version(second).manifest
    assert told.parents == (first.digest,)
    assert list(told.sources) == ["b.csv", "a.csv"]
    assert (told.rows_in, told.rows_out) == (60, 60)
    assert len(set(read_rows(second)["row_id"].to_pylist())) == 60


def test_running_it_twice_adds_nothing(lake: Lake) -> None:
    lake.write("a.csv", 0, 40)
    first = lake.take(incremental="files")
    lake.write("b.csv", 40, 60)
    second = lake.take(incremental="files")
    assert lake.take(incremental="files") == lake.take(incremental="files") == second
    assert lake.versions() == {Path(ref.path).name for ref in (first, second)}


def test_old_parts_are_the_same_files(lake: Lake) -> None:
    refs = []
    for number in range(3):
        lake.write(f"{number}.csv", 30 * number, 30 * number + 30)
        refs.append(open_version(lake.take(incremental="files")))
    inodes = [{file.stat().st_ino for file in ref.rows.glob("*.parquet")} for ref in refs]
    assert inodes[0] < inodes[1] < inodes[2] and len(inodes[2]) == 3
    assert refs[2].manifest.digest == lake.full().digest


def test_a_file_system_without_links(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    lake.write("a.csv", 0, 40)
    lake.take(incremental="files")
    lake.write("b.csv", 40, 60)
    assert lake.take(incremental="files").digest == lake.full().digest


def test_a_file_that_changed_is_refused(lake: Lake) -> None:
    lake.write("a.csv", 0, 40)
    first = lake.take(incremental="files")
    lake.write("a.csv", 0, 41)
    with pytest.raises(DataError, match=r"source file a\.csv: found other content than .*ingest\.incremental=off"):
        lake.take(incremental="files")
    assert lake.versions() == {Path(first.path).name}


def test_after_a_full_ingest_it_goes_on_from_there(lake: Lake) -> None:
    lake.write("a.csv", 0, 40)
    lake.take(incremental="files")
    lake.write("a.csv", 0, 41)
    full = lake.take()
    lake.write("b.csv", 41, 50)
    assert open_version(lake.take(incremental="files")).manifest.parents == (full.digest,)


def test_a_file_that_was_renamed_is_not_new_and_a_copy_is(lake: Lake) -> None:
    lake.write("a.csv", 0, 40)
    first = lake.take(incremental="files")
    (lake.root / "a.csv").rename(lake.root / "b.csv")
    assert lake.take(incremental="files") == first
    (lake.root / "a.csv").write_bytes((lake.root / "b.csv").read_bytes())
    assert lake.take(incremental="files").rows_in == lake.full().rows_in == 80


def test_a_folder_deeper_down_changes_no_name(lake: Lake) -> None:
    (lake.root / "jan").mkdir()
    lake.write("jan/a.csv", 0, 40)
    lake.take(incremental="files")
    (lake.root / "feb").mkdir()
    lake.write("feb/a.csv", 40, 60)
    second = lake.take(incremental="files")
    assert (second.rows_in, list(open_version(second).manifest.sources)) == (60, ["jan/a.csv", "feb/a.csv"])


def test_data_that_moved_is_the_same_data(lake: Lake) -> None:
    lake.write("a.csv", 0, 40)
    first = lake.take(incremental="files")
    lake.root.rename(lake.root.with_name("moved"))
    lake.root = lake.root.with_name("moved")
    assert lake.take(incremental="files") == first


def test_other_options_are_a_full_ingest(lake: Lake) -> None:
    lake.write("a.csv", 0, 40)
    lake.take(incremental="files")
    lake.write("b.csv", 40, 60)
    assert open_version(lake.take(incremental="files", max_bad_share=0.1)).manifest.parents == ()


def test_other_code_is_a_full_ingest(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.write("a.csv", 0, 40)
    lake.take(incremental="files")
    monkeypatch.setattr(increment, "code_fingerprint", lambda _: "other")
    assert find_previous(lake.options(incremental="files"), lake.into) is None


def test_a_version_that_was_deleted_is_made_anew(lake: Lake) -> None:
    lake.write("a.csv", 0, 40)
    first = lake.take(incremental="files")
    (Path(first.path) / "manifest.json").unlink()
    assert find_previous(lake.options(incremental="files"), lake.into) is None


def test_the_latest_version_whatever_way_it_came(lake: Lake) -> None:
    assert latest_version(lake.into) is None
    lake.write("a.csv", 0, 40)
    for share in (0.2, 0.3):
        version = lake.take(max_bad_share=share)
        assert latest_version(lake.into) == Path(version.path)


def test_the_only_row_of_a_label_comes_back_with_its_second(lake: Lake) -> None:
    lake.write("a.csv", 0, 40)
    lake.write("b.csv", 40, 41, label="rare")
    more = {"max_bad_share": 0.5}
    first = lake.take(incremental="files", **more)
    assert open_version(first).manifest.quarantined == {"label: the only row of its label": 1}
    lake.write("c.csv", 41, 42, label="rare")
    lake.write("d.csv", 42, 43, label="rarer")
    second, full = lake.take(incremental="files", **more), lake.full(**more)
    assert second.digest == full.digest
    assert (second.rows_in, second.rows_out, second.quarantined) == (full.rows_in, full.rows_out, full.quarantined)
    kept = [pq.read_table(file).num_rows for file in open_version(second).quarantine.glob("*.parquet")]
    assert sum(kept) == 1
    assert pq.read_table(open_version(first).quarantine)["content"].to_pylist()[0].count("rare") == 1


def test_what_is_unique_is_so_over_all_parts(lake: Lake) -> None:
    contract = [{"name": "text", "unique": True}, {"name": "label"}]
    lake.write("a.csv", 0, 40)
    lake.take(incremental="files", contract=contract, max_bad_share=0.5)
    lake.write("b.csv", 30, 60)
    more = {"contract": contract, "max_bad_share": 0.5}
    second = lake.take(incremental="files", **more)
    assert (second.rows_out, second.quarantined) == (60, 10)
    assert second.digest == lake.full(**more).digest


def test_bad_rows_of_both_are_kept(lake: Lake) -> None:
    lake.write("a.csv", 0, 40)
    (lake.root / "b.csv").write_text("text,label,n\n,a,1\n")
    lake.take(incremental="files", max_bad_share=0.5)
    (lake.root / "c.csv").write_text("text,label,n\n,a,2\nshort\n")
    second = lake.take(incremental="files", max_bad_share=0.5)
    assert open_version(second).manifest.quarantined == {"text: missing": 2, "wrong number of values": 1}
    assert (second.rows_in, second.rows_out) == (43, 40)


ROWS = {"incremental": "rows", "watermark": "n", "max_bad_share": 0.5}


def test_rows_of_a_file_that_grows(lake: Lake) -> None:
    lake.write("log.csv", 0, 40)
    first = lake.take(**ROWS)
    assert open_version(first).manifest.watermark == "39"
    assert lake.take(**ROWS) == first
    lake.write("log.csv", 0, 55)
    second = lake.take(**ROWS)
    assert (second.rows_in, open_version(second).manifest.watermark) == (55, "54")
    assert second.digest == lake.full().digest
    lake.write("log.csv", 10, 55)
    assert lake.take(**ROWS) == second


def test_a_line_that_can_not_be_placed_is_set_aside_once(lake: Lake) -> None:
    lake.write("log.csv", 0, 40)
    log = lake.root / "log.csv"
    log.write_text(log.read_text() + "broken\ntext,a,\n")
    first = lake.take(**ROWS)
    assert open_version(first).manifest.quarantined == {"n: no number and no ISO date": 1, "wrong number of values": 1}
    log.write_text(log.read_text() + "text 40,a,40\nbroken\n")
    second = lake.take(**ROWS)
    assert (second.rows_in, second.rows_out, second.quarantined) == (44, 41, 3)


def test_marks_that_are_dates(lake: Lake) -> None:
    log = lake.root / "log.jsonl"
    days = [{"text": f"t{n}", "label": "ab"[n % 2], "at": f"2024-01-{n:02d}T00:00:00Z"} for n in range(1, 31)]
    log.write_text("".join(json.dumps(day) + "\n" for day in days[:20]))
    lake.take(incremental="rows", watermark="at")
    log.write_text("".join(json.dumps(day) + "\n" for day in days))
    second = lake.take(incremental="rows", watermark="at")
    assert (second.rows_in, open_version(second).manifest.watermark) == (30, "2024-01-30T00:00:00Z")


def test_a_source_without_the_column(lake: Lake) -> None:
    lake.write("log.csv", 0, 40)
    with pytest.raises(
        DataError, match=r"column 'at' \(for ingest\.watermark\): found only the columns text, label, n"
    ):
        lake.take(incremental="rows", watermark="at")
    assert lake.versions() == set()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"incremental": "rows"}, "watermark: found nothing; name the column that only grows"),
        ({"incremental": "files", "watermark": "n"}, "watermark: found a column that nothing uses"),
        (
            {"path": "", "sql": {"url": "sqlite://", "table": "t"}, "incremental": "files"},
            "found files with a database",
        ),
    ],
)
def test_contradictions(lake: Lake, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        lake.options(**given)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.lists(st.integers(0, 30), max_size=6), min_size=2, max_size=4))
def test_any_steps_end_where_a_full_ingest_ends(
    tmp_path_factory: pytest.TempPathFactory, steps: list[list[int]]
) -> None:
    """Files of any rows, also equal ones, also with labels that come once; in the order of their names."""
    lake = Lake(tmp_path_factory.mktemp("steps"))
    lake.write("0.csv", 100, 140)
    more: dict[str, Any] = {"max_bad_share": 1.0}
    lake.take(incremental="files", **more)
    for number, labels in enumerate(steps, start=1):
        rows = "".join(f"step {number} {n},label {label},0\n" for n, label in enumerate(labels))
        (lake.root / f"{number}.csv").write_text("text,label,n\n" + rows)
        last = lake.take(incremental="files", **more)
    full = lake.full(**more)
    assert (last.digest, last.rows_in, last.quarantined) == (full.digest, full.rows_in, full.quarantined)


@pytest.fixture
def no_server() -> Iterator[None]:
    """Steps that are called as functions show their tables to nobody."""
    from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_ALLOW_EPHEMERAL_MODE, temporary_settings

    with temporary_settings({PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: False}, restore_defaults={PREFECT_API_URL}):
        yield


@pytest.mark.usefixtures("no_server")
def test_the_steps_of_a_run(lake: Lake, home: Path) -> None:
    options = lake.options(incremental="files")
    lake.write("a.csv", 0, 40)
    refs = []
    for _ in range(2):
        base = steps.base_version("shop", options)
        refs.append(steps.ingest.fn("shop", options, steps.locate(options, base), base))
    lake.write("b.csv", 40, 60)
    base = steps.base_version("shop", options)
    source = steps.locate(options, base)
    assert refs[0] == refs[1] == base and [Path(file).name for file in source.files] == ["b.csv"]
    assert step_key(steps.ingest, "shop", options, source, base) != step_key(
        steps.ingest, "shop", options, source, None
    )
    third = steps.ingest.fn("shop", options, source, base)
    assert (third.rows_in, Path(third.path).parent) == (60, home / "datasets" / "shop-raw")


KILLED = """
    import os, signal, sys
    from tasks.ingest import ingest
    from tests.ingest.increment.test_increment import Lake
    from pathlib import Path

    lake = Lake.__new__(Lake)
    lake.root, lake.into = Path(sys.argv[1]), Path(sys.argv[2])
    ingest.remember = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    lake.take(incremental="files")
"""


def test_a_kill_between_version_and_pointer_adds_nothing_twice(lake: Lake) -> None:
    lake.write("a.csv", 0, 40)
    first = lake.take(incremental="files")
    lake.write("b.csv", 40, 60)
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(lake.root), str(lake.into)]
    assert subprocess.run(command, cwd=checkout(), check=False).returncode == -signal.SIGKILL
    options = lake.options(incremental="files")
    assert len(lake.versions()) == 2 and find_previous(options, lake.into) == first
    second = lake.take(incremental="files")
    assert (second.rows_in, len(lake.versions())) == (60, 2)
    assert find_previous(options, lake.into) == second == lake.take(incremental="files")


def test_a_full_ingest_is_gone_on_from_even_if_its_result_is_a_kept_one(tmp_path: Path, home: Path) -> None:
    """A step that is cached says nothing of the version: the one before it, which has more rows, must not stand."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("text,label\n" + "".join(f"text {n},{n % 2}\n" for n in range(40)))
    content = {"path": str(tmp_path / "in"), "contract": [{"name": "text"}, {"name": "label"}]}
    growing, full = (IngestOptions.model_validate({**content, "incremental": mode}) for mode in ("files", "off"))
    ref = ingest(growing, resolve(growing), home / "datasets" / "mine-raw")
    assert steps.base_version("mine", growing) == ref
    assert steps.base_version("mine", full) is None
    assert steps.base_version("mine", growing) is None
