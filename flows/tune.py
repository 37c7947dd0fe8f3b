"""Search for better options: many trainings, judged by rows of the train split that none of them learns from."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.artifacts import create_table_artifact
from pydantic import Field

from flows.prepare import prepared
from flows.recipe import Recipe, recipe_text
from flows.spending import check_plain_allowed
from flows.stages import Stages
from flows.start import starting_point
from flows.tuning.bounds import MOST_PARALLEL, MOST_TRIALS, STUDY_NAME
from flows.tuning.folders import TrialFolders, overrides_of
from flows.tuning.machines import Machines, machines_for
from flows.tuning.summary import TuneSummary, summarize
from flows.yaml_text import read_yaml
from infra.disk import disk_errors
from infra.environment import configure
from infra.errors import RecipeError, TrainingError
from infra.settings.home import HomeSettings
from infra.settings.tuning import TuningSettings
from infra.stores.lock import home_lock
from infra.stores.tracking import connect, links
from tasks.data.references import DatasetRef
from tasks.model.weights import weights as pretrained
from tasks.step import progress_artifact
from tasks.tune.pictures import draw_study
from tasks.tune.running import Limits
from tasks.tune.search import Search
from tasks.tune.space import point_of, texts
from tasks.tune.steps import MlflowRecord
from tasks.tune.study import StudyPlan, identity_of, open_study, owner_of
from tasks.tune.trials import Trials

Count = Annotated[int, Field(ge=1, le=MOST_TRIALS, description="Trials of the study, those of earlier runs included.")]
Parallel = Annotated[
    int, Field(ge=1, le=MOST_PARALLEL, description="Trials at a time; each takes its share of the cores.")
]
Minutes = Annotated[
    float, Field(ge=0, allow_inf_nan=False, description="Minutes that the run may take, data included; 0: no limit.")
]
Study = Annotated[
    str,
    Field(pattern=STUDY_NAME, description="Name of the study; empty: one made of recipe and data."),
]
Out = Annotated[str, Field(description="Where to write the best recipe; empty: below the home.")]
SEARCHED_SHARE = 0.95
"""Of the minutes: pictures and records take the rest."""
_FOUND = "Found by `lepton tune "


@flow(name="tune", flow_run_name="tune-{recipe.name}", persist_result=False)
def tune(
    recipe: Recipe, trials: Count = 20, parallel: Parallel = 1, minutes: Minutes = 0, study: Study = "", out: Out = ""
) -> TuneSummary:
    """Search over the recipe's `tune.space`. The same call goes on where an earlier one stopped or was killed."""
    began = time.monotonic()
    configure()
    connect()
    check_searchable(recipe, out)
    with (
        home_lock(recipe.name),
        disk_errors(f"search for {recipe.name}"),
        progress_artifact("tune"),
        machines_for(parallel) as machines,
    ):
        book, folders, dataset = opened(recipe, study, machines)
        with MlflowRecord(recipe.name, book, dataset) as record:
            book.begin(point_of(recipe.train, recipe.tune.space, read_yaml))
            left = minutes * 60 * SEARCHED_SHARE - (time.monotonic() - began) if minutes else float("inf")
            finished = Search(book, folders.start, [record, folders], Limits(trials, parallel, left)).run()
            files = write_files(recipe, book, Path(out) if out else None)
            record.finish(list(files.values()))
    summary = summarize(
        recipe.name,
        book,
        run_id=record.run_id,
        files={name: str(file) for name, file in files.items()},
        links={name: link for name, link in links("", "", record.run_id).items() if name != "model"},
        finished=finished,
        seconds=time.monotonic() - began,
    )
    create_table_artifact(summary.rows(), key=f"tune-{recipe.name}", description=f"Trials of {summary.study}")
    return summary


def check_searchable(recipe: Recipe, out: str) -> None:
    """Raises RecipeError where nothing is to be searched over, trials would spend, or no recipe can be written."""
    if not recipe.tune.space:
        raise RecipeError(
            "tune.space",
            found="nothing",
            allowed="options to search over, with their ranges",
            action="Add a section `tune` to the recipe; `lepton recipes income` shows one.",
        )
    private = [one.option for one in recipe.tune.space if one.option.startswith("train.privacy")]
    if private or recipe.train.privacy.is_on:
        raise RecipeError(
            "lepton tune",
            found=f"{private[0]} in tune.space" if private else "train.privacy in the recipe",
            allowed="a recipe without privacy: each trial would spend, and so would the choice of the best",
            action="Choose options on public data that are like these, and run the recipe with them.",
        )
    if out and (reason := _why_not(Path(out))):
        raise RecipeError(
            "--out",
            found=f"{out}, {reason}",
            allowed="a new .yaml file in a folder that can be written, or one that an earlier search wrote",
            action="Name another.",
        )


def _why_not(file: Path) -> str:
    """Why the best recipe can't be written there, or nothing; the folder is made."""
    if file.is_dir():
        return "which is a folder"
    if file.suffix not in (".yaml", ".yml"):
        return "which does not end in .yaml"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and not file.read_text("utf-8", "replace").startswith(f"# {_FOUND}"):
            return "which is there already"
    except OSError as error:
        return f"which can't be written: {error.strerror}"
    return "" if os.access(file.parent, os.W_OK) else "whose folder can't be written"


def opened(recipe: Recipe, study: str, machines: Machines) -> tuple[Trials, TrialFolders, DatasetRef]:
    """The study with its trials, where these run, and the data that they learn from.

    Raises:
        LeptonError: the data, what training begins from, or the study can't be had.
    """
    start = starting_point(recipe.train)
    dataset = prepared(recipe, Stages()).dataset
    check_plain_allowed(dataset, f"search for {recipe.name}", f"tune {recipe.name} {study}")
    identity = identity_of(recipe.tune, recipe.train, [dataset.digest, *([start.digest] if start else [])])
    name, home = study or f"{recipe.name}-{identity[:8]}", HomeSettings()
    plan = StudyPlan(
        name=name,
        url=TuningSettings().storage,
        folder=home.tuning / name,
        identity=identity,
        options=recipe.tune,
        epochs=recipe.train.epochs,
    )
    trials = Trials(*open_study(plan), plan, owner_of(home.root))
    weights = Path(start.path) if start else pretrained() if recipe.train.task.startswith("text") else None
    return trials, TrialFolders(recipe, dataset, weights, trials, machines), dataset


def heading(name: str, outcome: str) -> str:
    """The first line of the recipe that a search writes."""
    return f"{_FOUND}{name}`: {outcome}."


def write_files(recipe: Recipe, book: Trials, out: Path | None) -> dict[str, Path]:
    """The best recipe and the study's pictures.

    Raises:
        TrainingError: no trial came to its end.
    """
    best, metric = book.best(), recipe.tune.metric
    if best is None:
        raise TrainingError(
            f"study {book.plan.name}",
            found="no trial that came to its end",
            allowed="one or more",
            action="Give more minutes: the same command goes on from here.",
        )
    outcome = f"{metric} {best.value:.6g} in trial {best.number} of {len(book.all())}"
    file = (out or book.plan.folder / "best.yaml").resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.partial")
    draft.write_text(
        recipe_text(recipe, overrides_of(texts(best.params)), heading(recipe.name, outcome)), encoding="utf-8"
    )
    draft.rename(file)
    pictures = draw_study(book.study, metric, recipe.tune.seed, book.plan.folder / "pictures")
    return {"recipe": file, **{picture.stem: picture for picture in pictures}}
