"""The flow on real trainings of a tiny model, with an embedded Prefect."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows.recipe import Recipe, load_recipe
from infra.errors import RecipeError
from tests.integration.loans import lepton, start, write_loans

SPACE = """
tune:
  metric: val_accuracy
  pruner: none
  space:
    - {option: train.optimizer.learning_rate, low: 0.0003, high: 0.03, log: true}
    - {option: train.hidden_units, choices: ["[4]", "[16]", "[32, 16]"]}
"""


def write_recipe(folder: Path, rows: int = 300) -> Path:
    """Loans with a split of their own: which rows are for testing does not depend on their values."""
    recipe = write_loans(folder, rows)
    recipe.write_text(
        recipe.read_text().replace("columns: {label: paid}", "columns: {label: paid, split: side}") + SPACE
    )
    write_rows(folder / "loans.csv", poison=False)
    return recipe


def write_rows(file: Path, poison: bool) -> None:
    """Give every fifth row to the test split; where they are poison, their values are absurd and their labels wrong."""
    with file.open(newline="") as content:
        rows = list(csv.DictReader(content))
    for place, row in enumerate(rows):
        row["side"] = "train" if place % 5 else "test"
        if poison and row["side"] == "test":
            row.update(amount=f"{1e12 + place}", purpose="poison", paid="no" if row["paid"] == "yes" else "yes")
    with file.open("w", newline="") as content:
        writer = csv.DictWriter(content, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def search(recipe: Recipe, **options: Any) -> Any:
    from flows.tune import tune

    return tune(recipe, **options)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_search_ends_in_a_better_recipe_with_pictures_and_runs_and_test_rows_change_nothing(
    api: None, home: Path, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    recipe = load_recipe(str(write_recipe(tmp_path)))
    out = tmp_path / "better.yaml"
    found = search(recipe, trials=3, parallel=2, out=str(out))

    assert found.finished and [trial.state for trial in found.trials] == ["complete"] * 3
    assert found.best.value == max(trial.value for trial in found.trials)
    written = load_recipe(str(out))
    assert written.train.optimizer.learning_rate == float(found.best.options["train.optimizer.learning_rate"])
    assert json.dumps(written.train.hidden_units) == found.best.options["train.hidden_units"]
    assert written.model_copy(update={"train": recipe.train}) == recipe
    assert set(found.files) == {"recipe", "history", "importance", "parallel_coordinates"}
    assert all(Path(file).stat().st_size > 0 for file in found.files.values())

    client = MlflowClient()
    study = client.get_run(found.run_id)
    assert study.data.metrics == {"trials": 3.0, "best_val_accuracy": found.best.value}
    assert {file.path for file in client.list_artifacts(found.run_id)} == {
        Path(file).name for file in found.files.values()
    }
    below = f"tags.`mlflow.parentRunId` = '{found.run_id}'"
    trials = {run.data.tags["lepton.trial"]: run for run in client.search_runs([study.info.experiment_id], below)}
    assert sorted(trials) == ["0", "1", "2"]
    for trial in found.trials:
        run = trials[str(trial.number)]
        assert run.info.status == "FINISHED" and run.data.params == trial.options
        assert run.data.metrics["val_accuracy"] == pytest.approx(trial.value)
        assert len(client.get_metric_history(run.info.run_id, "val_loss")) == recipe.train.epochs
    assert not list(home.glob("tuning/*/trials/*/work")), "checkpoints of trials that ended are gone"

    write_rows(tmp_path / "loans.csv", poison=True)
    again = search(recipe, trials=1)
    assert again.study != found.study  # other data
    assert again.trials[0].value == found.trials[0].value
    with pytest.raises(RecipeError, match=r"--out: found .*loans\.csv, which is there already"):
        search(recipe, trials=1, out=str(tmp_path / "loans.csv"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("better.txt", "which does not end in .yaml"),
        ("folder.yaml", "which is a folder"),
        ("file/better.yaml", "which can't be written: "),
    ],
)
def test_a_file_that_cant_be_written_is_refused_before_the_search(tmp_path: Path, name: str, text: str) -> None:
    from flows.tune import check_searchable

    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "file").touch()
    recipe = load_recipe("income")
    with pytest.raises(RecipeError, match=rf"--out: found .*{name}, {text}"):
        check_searchable(recipe, str(tmp_path / name))
    check_searchable(recipe, str(tmp_path / "new" / "better.yml"))
    assert (tmp_path / "new").is_dir()


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--study", "My Study"], 10, "--study: found 'My Study'"),
        (["--study", "a" * 101], 10, "at most 100"),
        (["--minutes", "nan"], 2, "--minutes"),
        (["--minutes", "inf"], 10, "--minutes: found inf"),
        (["--trials", "100001"], 2, "--trials"),
        (["--parallel", "1001"], 2, "--parallel"),
    ],
)
def test_words_that_no_search_has_are_refused_at_once(words: list[str], code: int, text: str) -> None:
    from typer.testing import CliRunner

    from flows.commands.tune import tune

    ended = CliRunner().invoke(tune, ["income", *words])
    told = isinstance(ended.exception, RecipeError)
    assert (ended.exception.exit_code if told else ended.exit_code) == code  # type: ignore[union-attr]
    assert text in (str(ended.exception) if told else ended.output)


def test_a_value_with_brackets_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    from flows.commands.tune import show
    from flows.tuning.summary import TrialSummary, TuneSummary

    options = {"train.hidden_units": "[red]"}  # as markup it would vanish
    trial = TrialSummary(number=0, state="complete", value=0.5, epochs=1, options=options, note="not [/] closed")
    show(
        TuneSummary(
            recipe="r",
            study="s",
            metric="val_loss",
            direction="minimize",
            finished=True,
            seconds=1,
            best=trial,
            trials=[trial],
            run_id="",
            files={"recipe": "/home/[bold]/best.yaml"},
            links={},
        )
    )
    told = capsys.readouterr().out
    assert "[red]" in told and "not [/] closed" in told and "/home/[bold]/best.yaml" in told


def test_a_recipe_without_a_space_is_told_what_to_add(tmp_path: Path) -> None:
    from flows.tune import check_searchable

    recipe = load_recipe(str(write_loans(tmp_path)))
    with pytest.raises(RecipeError, match=r"tune\.space: found nothing; allowed: options to search over"):
        check_searchable(recipe, "")


@pytest.mark.parametrize(
    ("overrides", "found"),
    [
        (["train.privacy.target_epsilon=1", "train.privacy.preprocessing=public"], "train.privacy in the recipe"),
        (
            ["tune.space=[{option: train.privacy.clip, low: 0.1, high: 1}]"],
            r"train\.privacy\.clip in tune\.space",
        ),
    ],
)
def test_a_private_training_is_not_searched_over(overrides: list[str], found: str) -> None:
    from flows.tune import check_searchable

    with pytest.raises(RecipeError, match=f"lepton tune: found {found}; allowed: .* each trial would spend"):
        check_searchable(load_recipe("income", overrides), "")


def test_a_file_that_is_no_recipe_of_an_earlier_search_is_not_replaced(tmp_path: Path) -> None:
    from flows.recipe import recipe_text
    from flows.tune import check_searchable, heading

    recipe, file = load_recipe("income"), tmp_path / "better.yaml"
    file.write_text("name: mine")
    with pytest.raises(RecipeError, match=r"--out: found .*better\.yaml, which is there already"):
        check_searchable(recipe, str(file))
    file.write_text(recipe_text(recipe, [], heading("income", "val_accuracy 0.9")))
    check_searchable(recipe, str(file))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_command_killed_in_a_trial_goes_on_with_it_from_its_checkpoint(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    recipe, home = write_recipe(tmp_path, 3000), tmp_path / "home"
    words = ("tune", str(recipe), "--trials", "2", "--json", "--set", "train.epochs=400")
    killed = start(home, *words)
    deadline = time.monotonic() + 300
    while not list(home.glob("tuning/*/trials/*/work/step-*.safetensors")):
        assert time.monotonic() < deadline and killed.poll() is None
        time.sleep(0.1)
    children = psutil.Process(killed.pid).children(recursive=True)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    _, alive = psutil.wait_procs(children, timeout=15)
    assert not alive
    newest = max(
        int(file.stem.removeprefix("step-")) for file in home.glob("tuning/*/trials/*/work/step-*.safetensors")
    )

    ended = lepton(home, *words, "--minutes", "10", seconds=800)
    assert ended.code == 0, ended.err
    trials = ended.summary["trials"]
    assert [trial["state"] for trial in trials[:2]] == ["killed", "complete"]
    assert trials[0]["options"] == trials[1]["options"]
    assert len([trial for trial in trials if trial["state"] == "complete"]) == 2
    assert newest > 0 and trials[1]["epochs"] >= trials[0]["epochs"], "what it measured before counts"
    client, study = MlflowClient(f"sqlite:///{home / 'mlflow' / 'mlflow.db'}"), ended.summary["run_id"]
    below = f"tags.`mlflow.parentRunId` = '{study}' and tags.`lepton.trial` = '1'"
    (run,) = client.search_runs([client.get_run(study).info.experiment_id], below)
    measured = client.get_metric_history(run.info.run_id, "val_loss")
    assert min(one.step for one in measured) >= newest, "epochs before the checkpoint were not trained again"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_limit_in_minutes_is_kept(tmp_path: Path) -> None:
    recipe, home = write_recipe(tmp_path, 3000), tmp_path / "home"
    words = ("tune", str(recipe), "--trials", "50", "--json", "--set", "train.epochs=40")
    ended = lepton(home, *words, "--minutes", "2", seconds=500)
    assert ended.code == 0, ended.err
    assert 0.9 * 120 < ended.summary["seconds"] < 1.1 * 120
    assert not ended.summary["finished"]
    assert {"complete", "cut"} <= {trial["state"] for trial in ended.summary["trials"]}
