"""`lepton card`: the model card and the data sheet of a registered version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

card = typer.Typer()


@card.command("card")
def run(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="models:/NAME/VERSION or models:/NAME@ALIAS.")],
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as one HTML file with pictures.")] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print it in Markdown; the default.")] = False,
    data: Annotated[bool, typer.Option("--data", help="The data sheet in place of the model card.")] = False,
) -> None:
    """Show what a model is, for whom it works how well, and why it was promoted.

    It is made anew from its run and the registry, so that overrides and promotions show that came after its run.

    Examples: `lepton card models:/income@champion`, `lepton card models:/income/2 --html card.html`,
    `lepton card models:/income@champion --data`.
    """
    from flows.models import find_version
    from infra.errors import RecipeError
    from infra.stores.tracking import connect
    from tasks.register.card.html import html as as_html
    from tasks.register.card.markdown import markdown
    from tasks.register.steps.card import pages_of
    from tasks.register.steps.versions import version_ref

    if html and as_markdown:
        raise RecipeError("--html", found="--markdown beside it", allowed="one of the two", action="Leave one out.")
    connect()
    page = pages_of(version_ref(find_version(model, "MODEL")))[1 if data else 0]
    if html is None:
        typer.echo(markdown(page), nl=False)
        return
    try:
        html.write_text(as_html(page), encoding="utf-8")
    except OSError as error:
        raise RecipeError(
            f"--html {html}", found=str(error), allowed="a file that can be written", action="Name another."
        ) from error
    typer.echo(f"{html}: {page.title}")
