"""`lepton promote`, `lepton rollback`, `lepton history`: which version serves, and how it came to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tasks.register.promotion.move import Moved
    from tasks.register.promotion.promotion import Promotion

promotion = typer.Typer()

Model = Annotated[str, typer.Argument(metavar="MODEL", help="Name of a registered model.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")]


@promotion.command()
def promote(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="NAME/VERSION, or models:/NAME/VERSION.")],
    reason: Annotated[str, typer.Option(help="Why; kept for good.")] = "",
    as_json: Json = False,
) -> None:
    """Have a version serve that passed its gate, or whose verdict an approver has set aside.

    Example: `lepton promote income/2 --reason "the newer one was trained on a wrong month"`.
    """
    from flows.promoting import promoted

    _end(promoted(version, reason), as_json)


@promotion.command()
def rollback(
    model: Model,
    to: Annotated[
        str, typer.Option(metavar="VERSION", help="An earlier champion; not given: the one before this.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why; kept for good.")] = "",
    as_json: Json = False,
) -> None:
    """Have an earlier champion serve again, in one step.

    Whoever loads by the alias gets it at the next load. A run does not promote again by itself what was taken from
    service: `lepton rollback --to` or an approver brings it back.

    Examples: `lepton rollback income`, `lepton rollback income --to 2 --reason "complaints"`.
    """
    from flows.promoting import rolled_back

    _end(rolled_back(model, to, reason), as_json)


@promotion.command()
def history(model: Model, as_json: Json = False) -> None:
    """Tell which versions served, since when, by whom and why.

    Examples: `lepton history income`, `lepton history income --json`.
    """
    from flows.promoting import history_of
    from tasks.register.steps.override import recorded_objection

    found = history_of(model)
    objections = {one.id: recorded_objection(one.override) for one in found if one.override}
    if as_json:
        told = [one.model_dump(mode="json") | {"objection": objections.get(one.id, "")} for one in found]
        typer.echo(json.dumps({"model": model, "history": told}))
    elif found:
        _table(found, objections)
    else:
        typer.echo(f"{model}: nothing was promoted yet")


def say(moved: Moved) -> None:
    """What serves now."""
    for one in moved.repaired:
        typer.echo(f"{one} had been interrupted, and is {one.state} now")
    last = moved.promotion
    was = f", in place of {last.source}" if last.source else ""
    back = f"; `lepton rollback {last.model}` goes back to {last.below}" if last.below else ""
    typer.echo(f"models:/{last.model}/{last.target} is champion{was}{back}")


def _end(moved: Moved, as_json: bool) -> None:
    if as_json:
        dumped = [one.model_dump(mode="json") for one in moved.repaired]
        typer.echo(json.dumps({"promotion": moved.promotion.model_dump(mode="json"), "repaired": dumped}))
    else:
        say(moved)


def _table(found: Sequence[Promotion], objections: dict[int, str]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    columns = ("when (UTC)", "who", "what", "from", "to", "gate", "why")
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for one in reversed(found):
        what = one.kind if one.state == "done" else f"{one.kind}, {one.state}"
        when = (one.ended or one.began)[:16].replace("T", " ")
        cells = (when, one.who, what, one.source or "-", one.target or "-", _gate(one, objections), one.reason)
        table.add_row(*map(escape, cells))
    Console().print(table)


def _gate(one: Promotion, objections: dict[int, str]) -> str:
    if one.override:
        return f"override does not hold: {objections[one.id]}" if objections[one.id] else "overridden"
    return f"passed {one.verdict[:8]}" if one.verdict else "-"
