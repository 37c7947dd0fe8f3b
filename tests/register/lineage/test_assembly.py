"""A home of which every edge is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.register.lineage.assembly import Records, assemble, read_versions
from tasks.register.lineage.completeness import missing_links
from tasks.register.lineage.graph import Edge
from tasks.register.lineage.records import RunRecord
from tests.register.lineage.home import CLEAN, FILE, RAW, manifest, model, records, runs, versions, write_version


@pytest.fixture
def home(tmp_path: Path) -> Records:
    return records(tmp_path)


def test_every_step_is_an_edge(home: Records) -> None:
    graph = assemble(home)
    assert set(graph.edges) == {
        Edge(f"file:{FILE}", f"dataset:{RAW}", "read"),
        Edge(f"dataset:{RAW}", f"dataset:{CLEAN}", "made"),
        Edge(f"dataset:{CLEAN}", "run:one", "learned"),
        Edge(f"dataset:{CLEAN}", "run:two", "used"),
        Edge(f"dataset:{CLEAN}", "run:three", "learned"),
        Edge("run:one", "models:/m/1", "registered"),
        Edge("run:two", "models:/m/2", "registered"),
        Edge("run:three", "models:/m/3", "registered"),
        Edge("models:/m/1", "models:/m/2", "compressed"),
        Edge("models:/m/1", "models:/m/3", "private"),
        Edge("models:/m/2", "promotion:m/1", "promoted"),
    }
    assert all(node.known for node in graph.nodes.values())
    assert graph.nodes[f"file:{FILE}"].label == "loans.csv"
    assert graph.nodes["models:/m/2"].facts["gate"] == "passed"
    assert [missing_links(graph, f"models:/m/{n}") for n in (1, 2, 3)] == [[], [], []]


def test_what_came_of_a_file_are_all_its_models(home: Records) -> None:
    found = {id_ for id_ in assemble(home).downstream(f"file:{FILE}") if id_.startswith("models:")}
    assert found == {"models:/m/1", "models:/m/2", "models:/m/3"}


def test_equal_rows_that_came_two_ways_came_of_both_files(tmp_path: Path) -> None:
    first = write_version(tmp_path, "x", manifest(RAW, {"a.csv": FILE}))
    second = write_version(tmp_path, "y", manifest(RAW, {"b.csv": "d" * 64, "copy.csv": FILE}))
    graph = assemble(Records((first, second)))
    assert graph.upstream(f"dataset:{RAW}") == {f"file:{FILE}", f"file:{'d' * 64}"}
    assert graph.nodes[f"file:{FILE}"].facts["also"] == "copy.csv"
    assert graph.nodes[f"dataset:{RAW}"].facts["in"] == "x, y"


def test_a_step_that_changed_nothing_is_no_cycle(tmp_path: Path) -> None:
    raw = write_version(tmp_path, "m-raw", manifest(RAW, {"a.csv": FILE}))
    same = write_version(tmp_path, "m", manifest(RAW, None, RAW))
    graph = assemble(Records((raw, same), models=(model("1", "one", RAW),), runs=runs("one")))
    assert graph.cycles() == ()
    assert missing_links(graph, "models:/m/1") == []


def test_a_manifest_that_is_gone_or_broken_is_told(home: Records, tmp_path: Path) -> None:
    (tmp_path / "m-raw" / f"{RAW[:16]}-00000000" / "manifest.json").write_text("{")
    kept, notes = read_versions(tmp_path)
    assert notes == (f"the manifest of m-raw/{RAW[:16]}-00000000 can't be read",)
    graph = assemble(replace(home, versions=tuple(kept)))
    assert missing_links(graph, "models:/m/2") == [
        f"unknown data set {RAW[:16]}, named by m {CLEAN[:16]}, is not there",
        f"the data set m {CLEAN[:16]} leads to no source file",
    ]


@pytest.mark.parametrize("status", ["deleted", "gone"])
def test_a_run_that_is_lost_is_told(home: Records, status: str) -> None:
    lost = replace(home, runs=(*runs("two", "three"), RunRecord("one", "m train", status)))
    told = [f"m train one, named by models:/m/1: {status}"]
    assert missing_links(assemble(lost), "models:/m/1") == told
    assert missing_links(assemble(lost), "models:/m/2") == told, "a child lacks what its parent lacks"
    unread = assemble(replace(home, runs=()))
    assert missing_links(unread, "models:/m/1") == ["run one, named by models:/m/1: not looked up"]


def test_a_version_without_data_or_run_a_parent_that_is_deleted_and_one_that_is_not_there(home: Records) -> None:
    graph = assemble(replace(home, models=(model("4", "", ""), model("2", "two", parent_version="1"))))
    assert missing_links(graph, "models:/m/4") == [
        "models:/m/4 names no run that made it",
        "models:/m/4 names no data set version",
    ]
    assert missing_links(graph, "models:/m/2") == [
        "unknown model version models:/m/1, named by models:/m/2, is not there"
    ]
    assert missing_links(graph, "models:/m/9") == ["models:/m/9 is not in the registry"]


def test_tags_that_were_set_by_hand_end_no_question(home: Records) -> None:
    odd = (model("1", "one", parent_version="1", gate="no json", compression="[1]"), model("2", "two", started_from=""))
    graph = assemble(replace(home, models=odd))
    assert missing_links(graph, "models:/m/1") == ["models:/m/1 names itself among what it came of"]
    around = (model("1", "one", parent_version="2"), model("2", "two", parent_version="1"))
    graph = assemble(replace(home, models=around))
    assert len(missing_links(graph, "models:/m/1")) == 2


def test_a_start_outside_of_the_registry_is_known_only_if_somebody_published_it(home: Records) -> None:
    began = (model("5", "five", started_from="/weights/bert"),)
    own = replace(home, models=began, runs=runs("five"))
    assert missing_links(assemble(own), "models:/m/5") == [
        "what /weights/bert learned from, with which models:/m/5 began, is not known"
    ]
    published = replace(own, runs=(RunRecord("five", "m", "finished", encoder="/weights/bert"),))
    assert missing_links(assemble(published), "models:/m/5") == []


def test_a_first_version_without_a_source_and_a_file_without_a_digest(tmp_path: Path) -> None:
    bare = write_version(tmp_path, "m", manifest(RAW))
    graph = assemble(Records((bare,), models=(model("1", "one", RAW),), runs=runs("one")))
    assert missing_links(graph, "models:/m/1") == [
        f"the data set m {RAW[:16]} names neither a source file nor a version that it was made from"
    ]
    odd = write_version(tmp_path, "n", manifest(CLEAN, {"a.csv": ""}))
    graph = assemble(Records((odd,), models=(model("1", "one", CLEAN),), runs=runs("one")))
    assert missing_links(graph, "models:/m/1") == ["the source file a.csv has no SHA-256"]


def test_a_draft_is_no_version(tmp_path: Path) -> None:
    versions(tmp_path)
    draft = tmp_path / "m" / ".draft-abc"
    draft.mkdir()
    (draft / "manifest.json").write_text(json.dumps({}))
    assert len(read_versions(tmp_path)[0]) == 2
    assert read_versions(tmp_path / "nowhere") == ([], ())
