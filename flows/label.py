"""Labels from people: ask about some rows, take the answers, list labels that look wrong.

Each flow can be killed and run again. Questions are recorded before their sheets are written, and sheets that were not
handed out are before others are asked; a file of answers is taken whole or not at all, and once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from prefect import flow, runtime
from prefect.artifacts import create_table_artifact
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from pydantic import BaseModel, ConfigDict, Field

from flows.prepare import cleaned
from flows.recipe import Recipe
from flows.stages import Stages
from infra.disk import disk_errors
from infra.environment import configure
from infra.errors import RecipeError
from infra.settings.home import HomeSettings
from infra.stores.lock import home_lock
from infra.stores.tracking import connect
from tasks.clean.rules.sampling import weigh_sample
from tasks.data.references import DatasetRef
from tasks.data.version import open_version
from tasks.label.choose import Side, choose
from tasks.label.classifier import input_columns
from tasks.label.config import LabelOptions
from tasks.label.handing import check_free, sheet_files, write_sheets, written_to
from tasks.label.labeller import allowed_labels
from tasks.label.merge import merge
from tasks.label.query import Strategy
from tasks.label.rows import check_label
from tasks.label.sheet import copy_sheet
from tasks.label.steps import suspects
from tasks.label.store import LabelStore, open_store

Count = Annotated[int, Field(ge=1, le=100_000, description="How many rows to ask about.")]
People = Annotated[int, Field(ge=1, le=100, description="How many people are asked about each row.")]
WAIT_SECONDS = 14 * 24 * 3600
_SHOWN = 20


class Frozen(BaseModel):
    """Base of what the flows end with."""

    model_config = ConfigDict(frozen=True)


class Asked(Frozen):
    """Sheets to fill in; `strategy` is how their rows were chosen, which need not be what was asked for."""

    batch: int
    rows: int
    strategy: str
    files: list[str]


class Taken(Frozen):
    """What became of a file's answers."""

    added: int
    changed: int
    unchanged: int


class Listed(Frozen):
    """The sheet of labels that look wrong."""

    file: str
    suspects: int
    judged: int


@flow(name="label-next", flow_run_name="label-next-{recipe.name}", persist_result=False)
def label_next(
    recipe: Recipe,
    count: Count = 20,
    by: Strategy = "margin",
    annotators: People = 1,
    side: Side = "train",
    out: str = "",
) -> Asked:
    """Write a sheet with rows to label. A sheet that a killed run did not hand out comes first, as it was."""
    return ask(recipe, count, by, annotators, side, out)


@flow(name="label-merge", flow_run_name="label-merge-{recipe.name}", persist_result=False)
def label_merge(recipe: Recipe, file: str) -> Taken:
    """Take the labels that people filled in."""
    return take(recipe, [file])


@flow(name="label-suspects", flow_run_name="label-suspects-{recipe.name}", persist_result=False)
def label_suspects(recipe: Recipe, out: str = "") -> Listed:
    """List labels that look wrong, as a sheet in which people correct them, and in the Prefect UI."""
    with _working(recipe), written_to(out):
        check_free([Path(out)] if out else [])
        stages = Stages()
        dataset = cleaned(recipe, stages).dataset
        found = stages.run("suspects", suspects, recipe.name, _without_weights(recipe, dataset), dataset)
        create_table_artifact(_table(Path(found.path)), key=f"suspects-{recipe.name}", description=found.path)
        if out:
            copy_sheet(Path(found.path), Path(out))
    return Listed(file=out or found.path, suspects=found.rows, judged=found.judged)


class FilledIn(RunInput):
    """What the form in the Prefect UI asks for when a round goes on."""

    files: list[str] = Field(min_length=1, description="The sheets, with labels filled in, in whole or in part.")


@flow(name="label-round", flow_run_name="label-round-{recipe.name}", persist_result=True, result_serializer="json")
def label_round(recipe: Recipe, count: Count = 20, by: Strategy = "margin", annotators: People = 1) -> Taken:
    """Ask, wait for people, and take their answers, as a run of a deployment.

    While it waits the run is suspended: no process is needed, and it goes on when somebody resumes it in the UI.
    """
    asked = ask(recipe, count, by, annotators, "train", "")
    files = ", ".join(asked.files)
    filled: FilledIn = suspend_flow_run(
        wait_for_input=FilledIn.with_initial_data(
            description=f"Fill in the column `label` of {files}; then resume.", files=asked.files
        ),
        timeout=WAIT_SECONDS,
    )
    return take(recipe, filled.files)


def ask(recipe: Recipe, count: int, by: Strategy, annotators: int, side: Side, out: str) -> Asked:
    """Choose rows and write their sheets. A run that Prefect starts again finds what it asked."""
    if side == "test" and by in ("margin", "entropy"):
        raise RecipeError(
            "--by",
            found=f"{by} for test rows",
            allowed="random or diverse",
            action="A test split of doubtful rows measures no model fairly; add --by random.",
        )
    with _working(recipe), written_to(out):
        dataset = cleaned(recipe, Stages()).dataset
        options = _without_weights(recipe, dataset)
        with _store(recipe) as store:
            run = str(runtime.flow_run.id)
            batch = store.batch(run) or store.waiting()
            if out and not (batch and batch.handed_out):
                check_free(sheet_files(Path(out).resolve(), batch.annotators if batch else annotators))
            if batch is None:
                choice = choose(dataset, options, store, count, by, side)
                batch = store.ask(run, choice.strategy, annotators, choice.questions)
            file = Path(out) if out else HomeSettings().labels / recipe.name / f"batch-{batch.number:04d}.csv"
            files = sheet_files(file.resolve(), batch.annotators)
            if not batch.handed_out:
                write_sheets(batch, open_version(dataset), options, files)
                store.hand_out(batch)
    return Asked(
        batch=batch.number, rows=len(batch.questions), strategy=batch.strategy, files=[str(path) for path in files]
    )


def take(recipe: Recipe, files: Sequence[str]) -> Taken:
    """Take the answers of files, in order, each as a whole."""
    with _working(recipe):
        options, dataset = recipe.label, cleaned(recipe, Stages()).dataset
        version = open_version(dataset)
        check_label(version)
        with _store(recipe) as store:
            labels = allowed_labels(options, version, [one.label for one in store.answers()])
            merged = [merge(Path(file), store, version, labels) for file in files]
    return Taken(
        added=sum(one.added for one in merged),
        changed=sum(one.changed for one in merged),
        unchanged=sum(one.unchanged for one in merged),
    )


def store_file(name: str) -> Path:
    """Where questions and answers of a recipe are kept."""
    return HomeSettings().labels / f"{name}.sqlite"


def _without_weights(recipe: Recipe, dataset: DatasetRef) -> LabelOptions:
    """The recipe's options, the columns of weights out of sight: weights made of labels would give them away."""
    options, weights = recipe.label, {recipe.train.weight}
    if weigh_sample.__name__ in recipe.clean.rules:
        weights.add(getattr(recipe.clean.options, weigh_sample.__name__).column)
    seen = input_columns(list(open_version(dataset).manifest.columns))
    if options.questions.columns or not weights & set(seen):
        return options
    questions = options.questions.model_copy(update={"columns": [name for name in seen if name not in weights]})
    return options.model_copy(update={"questions": questions})


@contextmanager
def _working(recipe: Recipe) -> Iterator[None]:
    configure()
    connect()
    with home_lock(recipe.name), disk_errors(f"labels of {recipe.name}"):
        yield


@contextmanager
def _store(recipe: Recipe) -> Iterator[LabelStore]:
    with open_store(store_file(recipe.name)) as store:
        yield store


def _table(sheet: Path) -> list[dict[str, Any]]:
    """The first rows of a sheet, as the Prefect UI shows them."""
    import csv
    from itertools import islice

    with sheet.open(encoding="utf-8-sig", newline="") as content:
        return [dict(row) for row in islice(csv.DictReader(content), _SHOWN)]
