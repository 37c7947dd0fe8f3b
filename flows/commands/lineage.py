"""`lepton lineage`: what a model, a data set or a file came of, and what came of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.errors import RecipeError

if TYPE_CHECKING:
    from rich.console import Console

    from flows.lineage import Found, SubjectFound

lineage = typer.Typer()
_UNBOUNDED = 10_000


@lineage.command("lineage")
def run(
    what: Annotated[
        str,
        typer.Argument(
            metavar="[WHAT]",
            help="models:/NAME/VERSION or @ALIAS, a model's or data set's name, a file, or six digits of a digest.",
        ),
    ] = "",
    up: Annotated[bool, typer.Option("--up", help="Only what it came of.")] = False,
    down: Annotated[bool, typer.Option("--down", help="Only what came of it.")] = False,
    subject: Annotated[
        str, typer.Option(metavar="VALUE", help="Instead: whose rows to look for, by what the key column says.")
    ] = "",
    column: Annotated[
        str, typer.Option(metavar="NAME", help="With --subject: the column to look in, if not the key.")
    ] = "",
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page with a picture.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")
    ] = False,
) -> None:
    """Show what a model, a data set or a file came of, and what came of it.

    It is put together anew each time, from the manifests of data sets, MLflow and the history of promotions. With
    --subject it reads the rows of all data set versions, and says which models learned from the subject's rows.

    Examples: `lepton lineage models:/income@champion`, `lepton lineage mine.csv --down`,
    `lepton lineage --subject anna@example.org --column email --json`.
    """
    from flows.lineage import find_lineage, find_subject

    _check(what, subject, column, html)
    if subject:
        exposed = find_subject(subject, column)
        typer.echo(json.dumps(exposed.to_dict())) if as_json else _show_subject(exposed)
        return
    found = find_lineage(what, up=up or not down, down=down or not up)
    if html:
        found.write_page(html)
    if as_json:
        typer.echo(json.dumps(found.to_dict()))
    elif html:
        typer.echo(str(html))
    else:
        _show(found)


def _check(what: str, subject: str, column: str, html: Path | None) -> None:
    if bool(what) == bool(subject) or (column and not subject) or (html and subject):
        raise RecipeError(
            "lineage",
            found="nothing to look for" if not (what or subject) else "words that don't go together",
            allowed="one thing, with --up, --down and --html; or --subject, with --column",
            action="`lepton lineage --help` has examples.",
        )


def _show(found: Found) -> None:
    from flows.lineage_tree import tree

    out = _console()
    seen: set[str] = set()
    for id_ in found.asked:
        out.print(tree(found.graph, id_, found.up, found.down, seen))
    for sentence in (*found.missing, *found.graph.notes):
        out.print(f"not complete: {sentence}", style="yellow", markup=False)


def _show_subject(found: SubjectFound) -> None:
    from rich.markup import escape
    from rich.table import Table

    out = _console()
    table = Table("data set version", "to learn from", "to measure on", "in quarantine", box=None, pad_edge=False)
    for one in found.search.holdings:
        rows = (f"{count:,}" for count in (one.train, one.test, one.refused))
        table.add_row(f"{escape(one.folder)} {one.digest[:16]}", *rows)
    out.print(table if found.search.holdings else "no rows")
    models = found.exposure
    told = {"saw": models.saw, "measured on": models.measured, "can't be told": models.unsure}
    for words, uris in told.items():
        out.print(f"[bold]{words}[/] {escape(', '.join(uris)) or 'none'}")
    for gap in found.search.gaps:
        out.print(f"not searched: {gap.folder} {gap.digest[:16]}: {gap.why}", style="yellow", markup=False)
    for sentence in found.notes:
        out.print(f"not complete: {sentence}", style="yellow", markup=False)
    for file in found.search.files:
        out.print(f"looked at {file}", style="dim", markup=False)


def _console() -> Console:
    """Nothing is cut off: a terminal wraps, and what goes elsewhere has lines as long as they are."""
    from rich.console import Console

    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=_UNBOUNDED)
