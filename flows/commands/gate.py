"""`lepton gate`: what the gate said of a version, and an approver's word against it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from flows.promoting import Stand

gate = typer.Typer(name="gate", no_args_is_help=True, help="Verdicts of the promotion gate: show and override them.")

Version = Annotated[
    str, typer.Argument(metavar="VERSION", help="models:/NAME/VERSION or models:/NAME@ALIAS, or without models:/.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")]


@gate.command()
def show(version: Version, as_json: Json = False) -> None:
    """Show every check of a version with value and bound, and whether an override of them holds.

    Examples: `lepton gate show income@candidate`, `lepton gate show models:/income/2 --json`.
    """
    from flows.promoting import stand_of

    _print(stand_of(version), as_json)


@gate.command()
def override(
    version: Version,
    reason: Annotated[str, typer.Option(help="Why it is right; signed, and kept for good.")] = "",
    as_json: Json = False,
) -> None:
    """Have a version serve though it fell short. Needs an approver (LEPTON_ROLES_APPROVERS) and a reason.

    What is signed, by the key of this home, are version, files, verdict, user, time and reason. It counts for that
    verdict alone.

    Example: `lepton gate override models:/income/2 --reason "the old model is worse for everybody"`.
    """
    from flows.commands.promotion import say
    from flows.promoting import overridden

    stand, moved = overridden(version, reason)
    _print(stand, as_json)
    if not as_json:
        say(moved)


def _print(stand: Stand, as_json: bool) -> None:
    found = stand.standing
    if as_json:
        verdict, signed = found.verdict, found.override
        typer.echo(
            json.dumps(
                {
                    "version": stand.version.uri,
                    "passed": found.passed,
                    "may_serve": found.may_serve,
                    "checks": [check.model_dump() for check in verdict.checks] if verdict else [],
                    "override": signed.model_dump() if signed else None,
                    "objection": found.objection,
                }
            )
        )
        return
    _table(stand)
    typer.echo(f"{stand.version.uri}: {found.told()}")


def _table(stand: Stand) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("check", "value", "bound", "", "note", box=None, header_style="bold", pad_edge=False)
    for one in stand.standing.verdict.checks if stand.standing.verdict else ():
        value = "-" if one.value is None else f"{one.value:.4g}"
        verdict = "pass" if one.passed else "[red]fail[/]"
        table.add_row(escape(one.name), value, f"{one.kind} {one.bound:g}", verdict, escape(one.note))
    if table.row_count:
        Console().print(table)
