from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from flows.cli import app
from flows.lineage_tree import tree
from infra.errors import NotFoundError, RecipeError
from tasks.data.references import DatasetRef
from tasks.register.lineage.assembly import Records, assemble
from tasks.register.lineage.graph import Graph
from tests.packages import inputs, make_dataset
from tests.register.lineage.home import FILE, RAW, manifest, model, records, runs, versions, write_version


def lines(graph: Graph, id_: str, up: bool = True, down: bool = True) -> list[str]:
    out = Console(width=200, no_color=True)
    with out.capture() as shown:
        out.print(tree(graph, id_, up, down, set()))
    return shown.get().splitlines()


def test_a_tree_shows_each_thing_in_full_once(tmp_path: Path) -> None:
    assert lines(assemble(records(tmp_path)), "models:/m/2", down=False) == [
        "models:/m/2  gate passed",
        "├── compressed from models:/m/1",
        "│   └── made by m train one  finished",
        "│       └── learned from m cccccccccccccccc  rows 3",
        "│           └── made from m-raw bbbbbbbbbbbbbbbb  rows 3",
        "│               └── read from loans.csv  aaaaaaaaaaaaaaaa",
        "└── made by m train two  finished",
        "    └── used m cccccccccccccccc  rows 3 see above",
    ]
    assert lines(assemble(records(tmp_path / "again")), "models:/m/2", up=False) == [
        "models:/m/2  gate passed",
        "└── then promotion 2026-01-02  anna",
    ]


def test_a_tree_ends_where_tags_lead_round_and_names_are_no_markup(tmp_path: Path) -> None:
    around = (model("1", "one", parent_version="2"), model("2", "two", parent_version="1"))
    graph = assemble(Records(versions(tmp_path), around, runs=runs("one", "two")))
    assert len(lines(graph, "models:/m/1")) < 20
    odd = write_version(tmp_path, "odd", manifest("d" * 64, {"[bold]x[/].csv": FILE}))
    graph = assemble(Records((odd,)))
    assert lines(graph, f"dataset:{'d' * 64}", down=False)[1].startswith("└── read from [bold]x[/].csv")


def test_many_branches_are_counted(tmp_path: Path) -> None:
    files = {f"{n:03}.csv": f"{n:064x}" for n in range(40)}
    graph = assemble(Records((write_version(tmp_path, "m", manifest(RAW, files)),)))
    assert lines(graph, f"dataset:{RAW}")[-1] == "└── and 15 more: --json has all"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatasetRef]:
    """The only thing in a home whose registry is empty."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("LEPTON_HOME", str(folder))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield make_dataset(inputs("rating_prediction"), folder / "datasets" / "movies", test_rows=4)


def ask(*words: str) -> str:
    return CliRunner().invoke(app, ["lineage", *words], catch_exceptions=False).stdout


def test_a_data_set_without_models(dataset: DatasetRef, tmp_path: Path) -> None:
    told = json.loads(ask("movies", "--json", "--html", str(tmp_path / "page.html")))
    assert told["asked"] == [f"dataset:{dataset.digest}"]
    assert f"<strong>movies {dataset.digest[:16]}</strong>" in (tmp_path / "page.html").read_text()
    assert ask(dataset.digest[:8], "--up").startswith(f"movies {dataset.digest[:16]}")
    found = json.loads(ask("--subject", "3", "--column", "user", "--json"))
    assert found["holdings"] and found["files"] and (found["saw"], found["unsure"]) == ([], [])
    assert "looked at" in ask("--subject", "nobody")


def test_words_that_do_not_go_together(dataset: DatasetRef) -> None:
    for words in ([], ["movies", "--subject", "x"], ["movies", "--column", "x"], ["--subject", "x", "--html", "f"]):
        with pytest.raises(RecipeError, match=r"lineage: found .* allowed: one thing"):
            ask(*words)
    with pytest.raises(NotFoundError, match=r"lineage of nothing: found .* models \(none\); data sets movies"):
        ask("nothing")


def test_it_writes_nothing_into_the_registry(dataset: DatasetRef) -> None:
    ask("movies")
    tables = ("runs", "registered_models", "model_versions")
    with sqlite3.connect(Path(dataset.path).parents[2] / "mlflow" / "mlflow.db") as database:
        assert [database.execute(f"select count(*) from {table}").fetchone() for table in tables] == [(0,)] * 3
