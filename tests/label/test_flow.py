"""Round trips through real Prefect runs on an embedded API."""

from __future__ import annotations

import asyncio
import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flows.recipe import Recipe
from infra.errors import NotFoundError, RecipeError

if TYPE_CHECKING:
    from uuid import UUID

WORDS = {"good": ["great", "fine", "lovely"], "bad": ["awful", "dirty", "broken"]}
THINGS = ["hotel", "room", "bed", "view", "bar", "pool", "food", "staff"]


@pytest.fixture
def recipe(tmp_path: Path, home: Path) -> Recipe:
    """Reviews, of which every third has a label."""
    data = tmp_path / "reviews.csv"
    with data.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for number, thing in enumerate(THINGS * 2):
            for place, (label, words) in enumerate(WORDS.items()):
                writer.writerow([f"{words[number % 3]} {thing} {number}", label if (number + place) % 3 == 0 else ""])
    return Recipe.model_validate(
        {
            "name": "reviews",
            "ingest": {
                "path": str(data),
                "contract": [{"name": "text"}, {"name": "label", "nullable": True}],
                "test_share": 0.4,
            },
            "clean": {"engine": "polars", "rules": ["trim"]},
            "label": {"people": {"use": True}},
            "train": {"task": "text_classification"},
            "gate": {"primary_metric": "accuracy", "thresholds": [{"metric": "accuracy", "bound": 0.5}]},
        }
    )


def fill_in(file: str | Path) -> Path:
    """Label every row of a sheet as its words say."""
    path = Path(file)
    with path.open(encoding="utf-8-sig", newline="") as content:
        rows = list(csv.DictReader(content))
    for row in rows:
        row["label"] = "good" if row["text"].split()[0] in WORDS["good"] else "bad"
    with path.open("w", encoding="utf-8", newline="") as content:
        writer = csv.DictWriter(content, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_round_trip(api: None, recipe: Recipe, tmp_path: Path) -> None:
    from flows.label import label_merge, label_next, label_suspects, store_file
    from tasks.label.status import read_status

    asked = label_next(recipe, count=4, by="margin", annotators=2, out=str(tmp_path / "four.csv"))
    assert [Path(file).name for file in asked.files] == ["four-1.csv", "four-2.csv"]
    with pytest.raises(RecipeError, match=r"--out: found .*four-1.csv, which is there already"):
        label_next(recipe, count=4, annotators=2, out=str(tmp_path / "four.csv"))
    first, second = [fill_in(file) for file in asked.files]
    assert label_merge(recipe, str(first)).added == 4
    again = label_merge(recipe, str(first))
    assert (again.added, again.changed, again.unchanged) == (0, 0, 4)
    status = read_status(store_file("reviews"), recipe.label.people)
    assert (status.asked, status.open, status.agreed) == (4, 4, 4)
    label_merge(recipe, str(second))
    assert read_status(store_file("reviews"), recipe.label.people).open == 0
    with pytest.raises(RecipeError, match=r"--by: found margin for test rows"):
        label_next(recipe, side="test")
    rest = label_next(recipe, count=1000, by="entropy")
    ids = [
        line.split(",")[0]
        for file in (*asked.files[:1], *rest.files)
        for line in Path(file).read_text().splitlines()[1:]
    ]
    assert len(set(ids)) == len(ids) > 4
    with pytest.raises(NotFoundError, match="none without a label that nobody was asked about"):
        label_next(recipe)
    listed = label_suspects(recipe)
    assert listed.judged == 11 and Path(listed.file).is_file()
    doubtful = tmp_path / "new" / "doubtful.csv"
    assert label_suspects(recipe, out=str(doubtful)).file == str(doubtful)
    assert doubtful.read_bytes() == Path(listed.file).read_bytes()
    with pytest.raises(RecipeError, match=r"--out: found .*doubtful.csv, which is there already"):
        label_suspects(recipe, out=str(doubtful))


def test_the_step_is_found_again_until_somebody_answers(api: None, recipe: Recipe, tmp_path: Path) -> None:
    from prefect import flow

    from flows.label import label_merge, label_next
    from flows.prepare import cleaned
    from flows.stages import Stages
    from tasks.data.references import DatasetRef
    from tasks.data.version import read_rows
    from tasks.label.config import LabelOptions
    from tasks.label.steps import answers_of, label

    options = LabelOptions.model_validate({"people": {"use": True}})

    @flow(name="labelled")
    def labelled() -> tuple[DatasetRef, bool]:
        stages = Stages()
        dataset = cleaned(recipe, stages).dataset
        ref = stages.run("label", label, "reviews", options, dataset, answers_of("reviews", options))
        return ref, stages.done[-1].cached

    first, cached = labelled()
    assert not cached
    assert set(read_rows(first, columns=["label_source"])["label_source"].to_pylist()) == {"given"}
    assert labelled() == (first, True)
    asked = label_next(recipe, count=5, by="random")
    assert labelled() == (first, True)
    label_merge(recipe, str(fill_in(asked.files[0])))
    second, cached = labelled()
    assert not cached
    assert second.rows_out == first.rows_out + 5
    assert read_rows(second, columns=["label_source"])["label_source"].to_pylist().count("people") == 5


def test_sheets_that_a_killed_run_did_not_hand_out_come_first(
    api: None, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import flows.label
    from tasks.label.store import LabelStore

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(flows.label, "write_sheets", killed)
        with pytest.raises(KeyboardInterrupt):
            flows.label.label_next(recipe, count=3, by="random")
    mine = tmp_path / "mine.csv"
    mine.write_text("row_id,label\n")
    with pytest.raises(RecipeError, match=r"--out: found .*mine.csv, which is there already"):
        flows.label.label_next(recipe, out=str(mine))
    with monkeypatch.context() as patch:
        patch.setattr(LabelStore, "hand_out", killed)
        with pytest.raises(KeyboardInterrupt):
            flows.label.label_next(recipe)
    (sheet,) = (Path(os.environ["LEPTON_HOME"]) / "labels" / "reviews").glob("batch-*.csv")
    filled = fill_in(sheet).read_bytes()
    asked = flows.label.label_next(recipe, count=5, by="diverse")
    assert (asked.batch, asked.rows, asked.strategy, asked.files) == (1, 3, "random", [str(sheet)])
    assert sheet.read_bytes() == filled
    assert flows.label.label_next(recipe, count=5, by="diverse").batch == 2


def test_weights_made_of_labels_give_none_away(api: None, tmp_path: Path, home: Path) -> None:
    """A third of the rows is `b`, so its weight is another: the sheet does not show it."""
    from flows.label import label_suspects

    wrong = {5, 17, 29}
    data = tmp_path / "rows.csv"
    lines = [f"{number},{'ab'[(number % 3 == 0) != (number in wrong)]}" for number in range(48)]
    data.write_text("\n".join(["x,label", *lines]))
    recipe = Recipe.model_validate(
        {
            "name": "weighed",
            "ingest": {
                "path": str(data),
                "contract": [{"name": "x", "type": "number"}, {"name": "label"}],
            },
            "clean": {"engine": "polars", "rules": ["weigh_sample"]},
            "train": {"task": "tabular_classification", "numeric": ["x"], "weight": "weight"},
            "gate": {"primary_metric": "auc", "thresholds": [{"metric": "auc", "bound": 0.5}]},
        }
    )
    header = Path(label_suspects(recipe).file).read_text(encoding="utf-8-sig").splitlines()[0].split(",")
    assert "x" in header and "weight" not in header


def test_a_round_is_suspended_and_goes_on_where_it_was(api: None, recipe: Recipe) -> None:
    """As a server runs it: the run ends at the question, and after somebody resumes it another process goes on."""
    from prefect import get_client, resume_flow_run
    from prefect.exceptions import Pause
    from prefect.flow_engine import run_flow

    import flows.label

    async def start() -> UUID:
        async with get_client() as client:
            flow_id = await client.create_flow(flows.label.label_round)
            deployment = await client.create_deployment(flow_id=flow_id, name="reviews")
            parameters: dict[str, Any] = {"recipe": recipe.model_dump(mode="json"), "count": 3, "by": "random"}
            return (await client.create_flow_run_from_deployment(deployment, parameters=parameters)).id

    async def read(run_id: UUID) -> Any:
        async with get_client() as client:
            return await client.read_flow_run(run_id)

    run_id = asyncio.run(start())

    def go_on() -> Any:
        run = asyncio.run(read(run_id))
        return run_flow(flows.label.label_round, run, run.parameters, return_type="state")

    with pytest.raises(Pause):
        go_on()
    assert asyncio.run(read(run_id)).state.name == "Suspended"
    (sheet,) = (Path(os.environ["LEPTON_HOME"]) / "labels" / "reviews").glob("batch-*.csv")
    fill_in(sheet)
    resume_flow_run(run_id, run_input={"files": [str(sheet)]})
    ended = go_on()
    assert ended.is_completed()
    assert ended.result().added == 3
