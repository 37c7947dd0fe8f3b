"""`lepton compress`: search for a small model that is no worse."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.errors import RecipeError

if TYPE_CHECKING:
    from flows.compressing.summary import CompressSummary

compress = typer.Typer()
_COLUMNS = ("model", "gzip MB", "p50 ms", "lost", "class lost", "front", "gate", "version")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")]


@compress.command("compress")
def run(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="models:/NAME/VERSION or models:/NAME@ALIAS.")],
    target: Annotated[
        str,
        typer.Option(
            metavar="BOUNDS",
            help="Such as size=2MB,latency_ms=3,max_loss=0.005; also file_size and max_class_loss.",
        ),
    ] = "",
    chains: Annotated[
        str,
        typer.Option(metavar="FILE", help="Chains of methods to try, in YAML; those of the model's kind if not given."),
    ] = "",
    minutes: Annotated[float, typer.Option(min=0, help="Minutes after which nothing more is begun; 0: no limit.")] = 0,
    recipe: Annotated[
        str,
        typer.Option(metavar="RECIPE", help="Measure and judge by this one, not by that which made the model."),
    ] = "",
    as_json: Json = False,
) -> None:
    """Search for a small model that is no worse: tries chains of methods, from gentle to strong.

    Begins with the float model; of a compressed version that is the one it was made from. Each chain's end is measured
    in a fresh process, becomes a model version and meets the recipe's gate on its own. Where a chain lost too much,
    what goes on from it is not tried. The smallest within the target is promoted; if there is none, exit code 19.

    The same command goes on where it stopped, at a time limit or a kill.

    Examples: `lepton compress models:/support@champion --target size=6MB,latency_ms=3,max_loss=0.005`,
    `lepton compress models:/income/1 --target max_loss=0.002,max_class_loss=0.02 --minutes 30 --json`.
    """
    from flows.compressing.plan import Plan, read_plan
    from flows.compressing.target import parse_target
    from flows.local_run import search_here
    from flows.models import version_words
    from flows.terminal import showing_progress

    name = version_words(model, "MODEL")["name"]
    parse_target(target)
    check_minutes(minutes)
    plan = read_plan(chains) if chains else Plan()
    named = str(Path(recipe).resolve()) if Path(recipe).suffix in (".yaml", ".yml") else recipe
    with showing_progress(enabled=not as_json):
        found, failure = search_here(name, model=model, target=target, minutes=minutes, recipe=named, plan=plan)
    if as_json:
        typer.echo(found.model_dump_json())
    else:
        show(found)
    if failure:
        raise failure


def check_minutes(minutes: float) -> None:
    """Raises RecipeError where the minutes are no number."""
    if not math.isfinite(minutes):
        raise RecipeError("--minutes", found=str(minutes), allowed="a number", action="Give 0 for no limit.")


def show(found: CompressSummary) -> None:
    """Print parent and children as a table, then what was picked and where all lies."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    rows = found.rows()
    heads = [*_COLUMNS[:3], found.metric, *_COLUMNS[3:]]
    table = Table(
        *heads,
        box=None,
        header_style="bold",
        pad_edge=False,
        collapse_padding=True,
        title=found.model,
        title_justify="left",
    )
    table.columns[0].no_wrap = True
    for row in rows:
        style = "bold green" if found.picked and row["model"] == found.picked else None
        table.add_row(*(escape(row.get(name, "")) for name in heads), style=style)
    out = Console()
    out.print(table)
    for row in rows:
        if row.get("note"):
            out.print(f"[bold]{row['model']}[/] {escape(row['note'])}", highlight=False, soft_wrap=True)
    for name, file in {**found.files, **found.links}.items():
        out.print(f"[bold]{name}[/] {escape(file)}", highlight=False, soft_wrap=True)
    best = found.pick()
    if best and found.alias:
        out.print(f"[green]promoted[/] {best.name}: {best.uri} is {found.alias}", highlight=False)
    if not found.finished:
        out.print("time was up before all chains were tried: the same command goes on from here")
