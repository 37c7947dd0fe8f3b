from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from infra.errors import NotFoundError, RecipeError
from tasks.register.lineage.assembly import assemble
from tasks.register.lineage.finding import find
from tasks.register.lineage.graph import Graph
from tests.register.lineage.home import CLEAN, FILE, RAW, manifest, records, write_version


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    home = records(tmp_path / "datasets")
    aliased = [replace(one, aliases=("champion",)) if one.version == "2" else one for one in home.models]
    ten = replace(home.models[0], version="10")
    return assemble(replace(home, models=(*aliased, ten)))


def test_words_name_a_version_an_alias_a_model_a_data_set_and_a_file(graph: Graph) -> None:
    assert find(graph, "models:/m/2") == find(graph, "models:/m@champion") == ("models:/m/2",)
    assert find(graph, "m") == ("models:/m/1", "models:/m/2", "models:/m/3", "models:/m/10")
    assert find(graph, "m-raw") == (f"dataset:{RAW}",)
    assert find(graph, CLEAN) == find(graph, "cccccc") == (f"dataset:{CLEAN}",)
    assert find(graph, "loans.csv") == find(graph, FILE) == (f"file:{FILE}",)
    assert find(graph, "run:one") == ("run:one",)


def test_a_file_that_lies_here_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    sha = hashlib.sha256(b"x,y\n").hexdigest()
    version = write_version(tmp_path / "datasets", "n", manifest(RAW, {"loans.csv": sha}))
    graph = assemble(replace(records(tmp_path / "other"), versions=(version,)))
    file = tmp_path / "renamed.csv"
    file.write_bytes(b"x,y\n")
    assert find(graph, str(file)) == (f"file:{sha}",)
    assert find(graph, str(version.path)) == (f"dataset:{RAW}",)
    other = tmp_path / "loans.csv"
    other.write_bytes(b"x,y\n1,2\n")
    with pytest.raises(NotFoundError, match=rf"of which nothing came; loans.csv was read with {sha[:16]}"):
        find(graph, str(other))


def test_what_is_not_there_is_told_with_what_is(graph: Graph) -> None:
    for words in ("models:/m/99", "models:/m@none"):
        with pytest.raises(NotFoundError, match=r"no such version or alias; allowed: models:/m/1, .*models:/m/10\."):
            find(graph, words)
    for words in ("nowhere", "models:/n/1", "ffffffff", ""):
        with pytest.raises(NotFoundError, match=r"models m; data sets m, m-raw; files loans\.csv"):
            find(graph, words)


def test_digits_with_which_several_begin(tmp_path: Path) -> None:
    alike = [write_version(tmp_path, name, manifest("abcdef" + name * 58)) for name in "12"]
    with pytest.raises(RecipeError, match=r"digest abcdef: found 2 .* dataset abcdef1+, dataset abcdef2+\. Give more"):
        find(assemble(replace(records(tmp_path / "x"), versions=tuple(alike))), "abcdef")
