"""`lepton privacy spend`: what was spent by which run."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tasks.private.ledger.budget import Budget, Charge

spend = typer.Typer(name="spend", no_args_is_help=True, help="What was spent of privacy budgets.")


@spend.command("list")
def list_(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")
    ] = False,
) -> None:
    """List every charge of every budget, the newest first: by whom, for what, and how much by itself.

    A charge is `reserved` before its run and `committed` after; one that stays reserved was cut off, and counts.

    Example: `lepton privacy spend list --json`.
    """
    from tasks.private.ledger.database import here, transact

    place = here()
    found = transact(place, _read) if place.is_there() else []
    charges = [_told(budget, charge) for budget, charge in found]
    if as_json:
        typer.echo(json.dumps({"charges": charges}))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("began", "budget", "what", "epsilon", "state", "who", box=None, header_style="bold", pad_edge=False)
    for one in charges:
        epsilon = "without bound" if one["epsilon"] is None else f"{one['epsilon']:.4g}"
        table.add_row(
            *(escape(str(one[name])) for name in ("began", "budget", "what")), epsilon, one["state"], one["who"]
        )
    Console().print(table)


def _read(link: Connection) -> list[tuple[Budget, Charge]]:
    from tasks.private.ledger.books import Books

    books = Books(link)
    budgets = {one.id: one for one in books.budgets()}
    return [(budgets[number], charge) for number, charge in books.all_charges()]


def _told(budget: Budget, charge: Charge) -> dict[str, Any]:
    """A charge with the epsilon that it would have by itself at the budget's delta; None: no bound."""
    from tasks.dp.accounting.spent import epsilon

    alone = float("inf") if charge.plain else epsilon(charge.mechanisms, budget.delta).pld
    counts = charge in budget.charges
    return {
        **asdict(charge),
        "budget": budget.name,
        "epsilon": alone if alone < float("inf") else None,
        "delta": budget.delta,
        "state": charge.state if counts or charge.state == "released" else f"{charge.state}, before a reset",
        "counts": counts,
    }
