"""Three people in a first version and in what a rule left of it."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from tasks.data.hashes import encode
from tasks.data.manifest import MANIFEST, Manifest
from tasks.data.split import content_keys
from tasks.data.version import Version
from tasks.register.lineage.assembly import Records, assemble
from tasks.register.lineage.exposure import exposure
from tasks.register.lineage.subjects import Gap, search
from tests.register.lineage.home import CLEAN, FILE, RAW, manifest, model, runs, write_version


def key(subject: str) -> str:
    return hashlib.sha256(subject.encode()).hexdigest()[:32]


def rows(*people: tuple[str, str, str | None, int]) -> pa.Table:
    """A person's key is by the first, the split by the second, a column `name` by the third, and a number."""
    return pa.table(
        {
            "row_id": [f"{place:032x}" for place in range(len(people))],
            "key": [key(who) for who, *_ in people],
            "split": [split for _, split, *_ in people],
            "name": pa.array([name for _, _, name, _ in people], pa.string()),
            "age": [age for *_, age in people],
        }
    )


PEOPLE = (("anna", "train", "Anna", 30), ("anna", "train", "Anna", 31), ("ben", "test", "Ben", 30))
REFUSED = pa.table({"refused": ["bad"], "origin": ["loans.csv:5"], "content": [json.dumps({"name": "carl"})]})


@pytest.fixture
def versions(tmp_path: Path) -> tuple[Version, ...]:
    """A rule took the names out of the clean version, and refused one row of anna's."""
    taken = rows(PEOPLE[1]).append_column("refused", pa.array(["old"]))
    left = rows(*((who, split, None, age) for who, split, _, age in (PEOPLE[0], PEOPLE[2])))
    return (
        write_version(tmp_path, "m-raw", manifest(RAW, {"loans.csv": FILE}), rows(*PEOPLE), REFUSED),
        write_version(tmp_path, "m", manifest(CLEAN, None, RAW), left, taken),
    )


def counts(versions: tuple[Version, ...], subject: str, column: str = "") -> dict[str, tuple[int, int, int]]:
    found = search([replace(one, manifest=read(one)) for one in versions], subject, column)
    return {one.folder: (one.train, one.test, one.refused) for one in found.holdings}


def read(version: Version) -> Manifest:
    return Manifest.model_validate_json((version.path / MANIFEST).read_text())


def test_rows_are_found_by_the_hash_of_their_subject(versions: tuple[Version, ...]) -> None:
    assert counts(versions, "anna") == {"m-raw": (2, 0, 0), "m": (1, 0, 1)}
    assert counts(versions, key("anna")) == counts(versions, "anna"), "a key itself will do"
    assert counts(versions, "ben") == {"m-raw": (0, 1, 0), "m": (0, 1, 0)}
    assert counts(versions, "carl") == {"m-raw": (0, 0, 1)}, "the contract refused the row"
    assert counts(versions, "dora") == {}


def test_rows_are_followed_into_versions_that_lost_the_column(versions: tuple[Version, ...]) -> None:
    assert counts(versions, "Anna", "name") == {"m-raw": (2, 0, 0), "m": (1, 0, 1)}
    assert counts(versions, "30", "age") == {"m-raw": (2, 1, 0), "m": (1, 1, 1)}, "all rows of both that are 30"


def test_what_could_not_be_searched_is_told(versions: tuple[Version, ...]) -> None:
    found = [replace(one, manifest=read(one)) for one in versions]
    assert search(found, "x", "email").gaps == (Gap(RAW, "m-raw", "it has no column email", onward=True),)
    assert search(found, "x", "age").gaps[0].why == "age is of type int64, which 'x' is not"
    for file in versions[1].rows.iterdir():
        file.unlink()
    assert search(found, "anna").gaps == (Gap(CLEAN, "m", "its rows are gone"),)
    assert [Path(file).parts[-4] for file in search(found, "anna").files] == ["m-raw", "m-raw"]


def test_rows_that_name_nobody_are_told(tmp_path: Path) -> None:
    nameless = rows(*PEOPLE)
    inputs = ["name", "age"]
    keys = content_keys(encode(nameless, inputs), len(PEOPLE))
    nameless = nameless.set_column(1, "key", keys)
    version = write_version(tmp_path, "m-raw", manifest(RAW, {"a": FILE}), nameless)
    found = search([replace(version, manifest=read(version))], "anna")
    assert found.gaps == (Gap(RAW, "m-raw", "its rows name no subject; give a --column", onward=True),)
    assert counts((version,), "Anna", "name") == {"m-raw": (2, 0, 0)}


def test_a_file_that_versions_share_counts_in_each(versions: tuple[Version, ...], tmp_path: Path) -> None:
    grown = write_version(
        tmp_path, "grown", manifest("d" * 64, {"loans.csv": FILE}, RAW), rows(("eve", "test", "E", 1))
    )
    os.link(versions[0].rows / "part-00000.parquet", grown.rows / "part-00001.parquet")
    assert counts((*versions, grown), "anna")["grown"] == (2, 0, 0)


def test_models_that_saw_that_were_measured_and_of_which_nobody_can_tell(versions: tuple[Version, ...]) -> None:
    models = (
        model("1", "one"),
        model("2", "two", parent_version="1"),
        model("3", "three", "e" * 64),
        model("4", "four", RAW),
        model("5", "five", "e" * 64, started_from="models:/m/1"),
    )
    found = tuple(replace(one, manifest=read(one)) for one in versions)
    graph = assemble(Records(found, models, runs=runs("one", "two", "three", "four", "five")))

    anna = exposure(graph, search(found, "anna"))
    assert anna.saw == ("models:/m/1", "models:/m/2", "models:/m/4", "models:/m/5")
    assert (anna.measured, anna.unsure) == ((), ("models:/m/3",))
    ben = exposure(graph, search(found, "ben"))
    assert (ben.saw, ben.measured) == ((), ("models:/m/1", "models:/m/2", "models:/m/4"))
    assert ben.unsure == ("models:/m/3", "models:/m/5")
    nowhere = exposure(graph, search(found, "x@example.org", "email"))
    assert (nowhere.saw, nowhere.unsure) == ((), tuple(f"models:/m/{n}" for n in (1, 2, 3, 4, 5)))
