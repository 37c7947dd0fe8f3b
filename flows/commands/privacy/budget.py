"""`lepton privacy budget`: what may be spent of which data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tasks.private.ledger.budget import Budget

budget = typer.Typer(name="budget", no_args_is_help=True, help="Privacy budgets of data: set, show and reset them.")

Data = Annotated[
    str,
    typer.Argument(metavar="DATA", help="A recipe, a data set version by path or digest, or a model: models:/NAME/1."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")]


@budget.command("set")
def set_(
    data: Data,
    epsilon: Annotated[float, typer.Option(help="What all work on the data may spend together.")] = 0.0,
    delta: Annotated[float, typer.Option(help="At which; not given: that of the first run.")] = 0.0,
    public: Annotated[bool, typer.Option("--public", help="Nothing in it is private: nothing is refused.")] = False,
    shares_with: Annotated[
        str, typer.Option(metavar="BUDGET", help="Join this budget, by its number or name, as a corrected file would.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why; needed to raise a budget or to publish data.")] = "",
    as_json: Json = False,
) -> None:
    """Give the source files of data a budget, or change theirs. All that is made of the files shares it.

    Anybody may set a first budget, and lower one. To raise one, or to declare data public that has one, needs a
    privacy officer (LEPTON_ROLES_PRIVACY_OFFICERS) and a reason. From then on work without privacy is refused.

    Examples: `lepton privacy budget set income --epsilon 3`, `lepton privacy budget set news --public`,
    `lepton privacy budget set 6ea8a87baacb6bc7 --shares-with income`.
    """
    from flows.data_words import find_origins
    from tasks.private.ledger.database import here
    from tasks.private.ledger.office import Terms, set_budget

    terms = Terms(epsilon, delta, public, shares_with, reason)
    terms.check()
    _print([set_budget(here(), data, find_origins(data), terms)], as_json)


@budget.command()
def show(
    data: Annotated[str, typer.Argument(metavar="[DATA]", help="Only the budgets of this data.")] = "",
    as_json: Json = False,
) -> None:
    """Show budgets: what is allowed, spent and left, and of which files.

    Examples: `lepton privacy budget show`, `lepton privacy budget show income --json`.
    """
    from flows.data_words import find_origins
    from tasks.private.ledger.books import Books
    from tasks.private.ledger.database import here, transact

    digests = [origin.digest for origin in find_origins(data)] if data else None
    place = here()
    _print(transact(place, lambda link: Books(link).budgets(digests)) if place.is_there() else [], as_json)


@budget.command()
def reset(
    data: Data,
    reason: Annotated[str, typer.Option(help="Why it is right; kept for good.")] = "",
    as_json: Json = False,
) -> None:
    """Let nothing count that was spent of data up to now. Needs a privacy officer and a reason.

    What was published stays published: this is for data whose people agreed anew, or for runs whose models are gone.

    Example: `lepton privacy budget reset income --reason "all models of last year were deleted"`.
    """
    from flows.data_words import find_origins
    from tasks.private.ledger.database import here
    from tasks.private.ledger.office import reset_budget

    _print([reset_budget(here(), data, find_origins(data), reason)], as_json)


@budget.command()
def changes(as_json: Json = False) -> None:
    """List who changed which budget, when and why.

    Example: `lepton privacy budget changes`.
    """
    from tasks.private.ledger.books import Books
    from tasks.private.ledger.database import here, transact

    place = here()
    found = transact(place, lambda link: Books(link).changes()) if place.is_there() else []
    if as_json:
        typer.echo(json.dumps({"changes": found}))
        return
    columns = ("at", "who", "budget", "action", "before", "after", "reason")
    _table(columns, [[str(change[name]) for name in columns] for change in found])


def _print(budgets: Sequence[Budget], as_json: bool) -> None:
    """Budgets with what is spent of them."""
    told = [(one, one.spent()) for one in budgets]
    if as_json:
        typer.echo(json.dumps({"budgets": [_as_json(one, spent) for one, spent in told]}))
        return
    rows = [
        [
            f"{one.id} {one.name}",
            "public" if one.public else f"{one.epsilon:g}",
            f"{one.delta:.3g}" if one.delta else "first run's",
            _shown(spent),
            "" if one.public else f"{max(0.0, one.epsilon - spent):.4g}",
            ", ".join(f"{name} {digest[:8]}" for digest, name in one.origins.items()),
        ]
        for one, spent in told
    ]
    _table(("budget", "epsilon", "delta", "spent", "left", "files"), rows)


def _as_json(one: Budget, spent: float) -> dict[str, object]:
    finite = spent if spent < float("inf") else None  # JSON knows no infinity
    return {
        "id": one.id,
        "name": one.name,
        "public": one.public,
        "epsilon": one.epsilon,
        "delta": one.delta,
        "spent": finite,
        "left": None if one.public or finite is None else max(0.0, one.epsilon - finite),
        "origins": one.origins,
        "runs": len(one.charges),
    }


def _shown(spent: float) -> str:
    return f"{spent:.4g}" if spent < float("inf") else "without bound"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)
