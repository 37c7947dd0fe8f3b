"""`lepton tune`: search for better options."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.tuning.bounds import MOST_PARALLEL, MOST_TRIALS, STUDY_NAME
from infra.errors import RecipeError

if TYPE_CHECKING:
    from flows.tuning.summary import TuneSummary

tune = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="OPTION=VALUE", help="Override an option of the recipe; may be repeated."),
]
RecipeName = Annotated[str, typer.Argument(metavar="RECIPE", help="Name of a recipe, or the path of a .yaml file.")]


@tune.command("tune")
def run(
    recipe: RecipeName,
    trials: Annotated[
        int, typer.Option(min=1, max=MOST_TRIALS, help="Trials in all, those of earlier runs included.")
    ] = 20,
    parallel: Annotated[
        int, typer.Option(min=1, max=MOST_PARALLEL, help="Trials at a time; each takes its share of the cores.")
    ] = 1,
    minutes: Annotated[float, typer.Option(min=0, help="Minutes that it may take; 0: no limit.")] = 0,
    study: Annotated[str, typer.Option(help="Name of the study; one of recipe and data unless given.")] = "",
    storage: Annotated[
        str,
        typer.Option(
            metavar="URL",
            envvar="LEPTON_TUNING_STORAGE",
            show_envvar=True,
            help="PostgreSQL database that several machines may share; SQLite below the home unless given.",
        ),
    ] = "",
    out: Annotated[str, typer.Option(metavar="FILE", help="Where to write the best recipe.")] = "",
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Search for better options of training, over the ranges in the recipe's section `tune`.

    Every trial trains on a part of the train rows and is judged by the others; test rows are not read. The first trial
    has the recipe's own options; the next are drawn by chance, then where good ones were (TPE), and those that fall
    behind are stopped early (Hyperband). The best options are written as a recipe for `lepton run`.

    The same command goes on where it stopped, at a time limit or a kill: no trial is lost and none is done twice.

    Examples: `lepton tune income --trials 30 --parallel 2`, `lepton tune support --minutes 60 --out better.yaml`,
    `lepton tune income --set tune.metric=val_loss --set tune.pruner=none`.
    With LEPTON_DASK_SCHEDULER set, trials run on that cluster's workers.
    """
    from flows.local_run import serving
    from flows.recipe import load_recipe
    from flows.terminal import showing_progress

    check_words(study, minutes)
    os.environ["LEPTON_TUNING_STORAGE"] = storage  # not a parameter of the flow: Prefect would keep its password
    loaded = load_recipe(recipe, overrides or [])
    target = str(Path(out).resolve()) if out else ""
    with showing_progress(enabled=not as_json), serving(loaded.name):
        from flows.tune import tune as search

        found = search(loaded, trials=trials, parallel=parallel, minutes=minutes, study=study, out=target)
    if as_json:
        typer.echo(found.model_dump_json())
    else:
        show(found)


def check_words(study: str, minutes: float) -> None:
    """Raises RecipeError where the name of the study is none, or the minutes are no number."""
    if not re.fullmatch(STUDY_NAME, study):
        allowed = "small letters, digits and -, at most 100, the first no -"
        raise RecipeError("--study", found=repr(study), allowed=allowed, action="Give another name.")
    if not math.isfinite(minutes):
        raise RecipeError("--minutes", found=str(minutes), allowed="a number", action="Give 0 for no limit.")


def show(found: TuneSummary) -> None:
    """Print the trials as a table, then the best and where all lies."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    rows = found.rows()
    heads = list(dict.fromkeys(name for row in rows for name in row))
    heads = [*(name for name in heads if name != "note"), "note"]
    table = Table(*heads, box=None, header_style="bold", pad_edge=False, title=found.study, title_justify="left")
    for row in rows:
        style = "bold green" if row["trial"] == str(found.best.number) else None
        table.add_row(*(escape(row.get(name, "")) for name in heads), style=style)
    out = Console()
    out.print(table)
    own = f", with the recipe's own options {found.own.value:.5g}" if found.own and found.own.value is not None else ""
    out.print(f"[bold]best[/] {found.metric} {found.best.value:.5g} in trial {found.best.number}{own}", highlight=False)
    for name, file in {**found.files, **found.links}.items():
        out.print(f"[bold]{name}[/] {escape(file)}", highlight=False, soft_wrap=True)
    if not found.finished:
        out.print("time was up before all trials had ended: the same command goes on from here")
