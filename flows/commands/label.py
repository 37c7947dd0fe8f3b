"""`lepton label`: ask people about rows, take their answers, list labels that look wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

label = typer.Typer(
    name="label",
    no_args_is_help=True,
    help="Labels from people: choose rows for them, take their answers, find labels that look wrong.",
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="OPTION=VALUE", help="Override an option of the recipe; may be repeated."),
]
RecipeName = Annotated[str, typer.Argument(metavar="RECIPE", help="Name of a recipe, or the path of a .yaml file.")]
Out = Annotated[str, typer.Option(metavar="FILE", help="Where to write the csv; below the home unless given.")]


@label.command(name="next")
def ask(
    recipe: RecipeName,
    count: Annotated[int, typer.Option(min=1, max=100_000, help="How many rows to ask about.")] = 20,
    by: Annotated[
        Literal["margin", "entropy", "random", "diverse"],
        typer.Option(help="How rows are chosen: by a classifier's doubt, by chance, or unlike each other."),
    ] = "margin",
    annotators: Annotated[int, typer.Option(min=1, max=100, help="People asked about each row, a csv each.")] = 1,
    side: Annotated[Literal["train", "test"], typer.Option(help="Side of the split to ask about.")] = "train",
    out: Out = "",
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Write a csv of unlabelled rows for a person to fill in. No row is asked about twice.

    Fill in the column `label`, in a spreadsheet or an editor; `lepton label merge` takes it, filled in or in part.
    Example: `lepton label next tweets.yaml --count 50 --by entropy --out fifty.csv`.
    """
    found = _run(
        "label_next", recipe, overrides, as_json, count=count, by=by, annotators=annotators, side=side, out=out
    )
    _say(found, as_json, f"{found.rows} rows by {found.strategy}, batch {found.batch}: {', '.join(found.files)}")


@label.command()
def merge(
    recipe: RecipeName,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The csv, with labels filled in.")],
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Take the labels that people filled in: the whole file, or on any mistake nothing of it.

    Any csv with the columns row_id, label and for several people annotator will do. The same file again adds nothing.
    Example: `lepton label merge tweets.yaml fifty.csv`.
    """
    found = _run("label_merge", recipe, overrides, as_json, file=str(file.resolve()))
    _say(found, as_json, f"{found.added} new, {found.changed} changed, {found.unchanged} known already")


@label.command()
def suspects(recipe: RecipeName, out: Out = "", overrides: Overrides = None, as_json: Json = False) -> None:
    """Write a csv of labels that look wrong, the most suspicious first; corrected, `lepton label merge` takes it.

    Example: `lepton label suspects support --out doubtful.csv`.
    """
    found = _run("label_suspects", recipe, overrides, as_json, out=str(Path(out).resolve()) if out else "")
    _say(found, as_json, f"{found.suspects} of {found.judged} labels look wrong: {found.file}")


@label.command()
def status(recipe: RecipeName, overrides: Overrides = None, as_json: Json = False) -> None:
    """Say what was asked and answered, and how good each annotator is."""
    from flows.label import store_file
    from flows.recipe import load_recipe
    from tasks.label.status import read_status

    loaded = load_recipe(recipe, overrides or [])
    found = read_status(store_file(loaded.name), loaded.label.people)
    if as_json:
        typer.echo(found.model_dump_json())
        return
    typer.echo(f"{found.asked} rows asked about, {found.open} of them still open, {found.agreed} rows with a label")
    for name, rows in found.labels.items():
        typer.echo(f"  {name}: {rows}")
    for person in found.annotators:
        typer.echo(f"{person.name}: {person.answers} answers, expected to be right {person.quality:.1%}")


def _run(name: str, recipe: str, overrides: list[str] | None, as_json: bool, **parameters: Any) -> Any:
    """Run a flow of flows/label.py on the home's servers if they run, else on embedded ones."""
    from flows.local_run import serving
    from flows.recipe import load_recipe
    from flows.terminal import showing_progress

    loaded = load_recipe(recipe, overrides or [])
    with showing_progress(enabled=not as_json), serving(loaded.name):
        import flows.label

        return getattr(flows.label, name)(recipe=loaded, **parameters)


def _say(found: BaseModel, as_json: bool, text: str) -> None:
    typer.echo(json.dumps(found.model_dump(mode="json")) if as_json else text)
