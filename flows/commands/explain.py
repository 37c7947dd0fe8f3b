"""`lepton explain`: why one row got its answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from tasks.reports.explanation import LocalExplanation

explain = typer.Typer()
_BAR = 24  # characters of the largest contribution


@explain.command("explain")
def run(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="models:/NAME/VERSION, models:/NAME@ALIAS, or a package's folder.")
    ],
    row: Annotated[
        str,
        typer.Option(metavar="N|JSON", help="The number of a test row, from 0, or its columns as a JSON object."),
    ] = "",
    text: Annotated[str, typer.Option(metavar="TEXT", help="A text, for a model of texts.")] = "",
    method: Annotated[
        Literal["shap", "lime", "gradients"],
        typer.Option(help="Shapley values, a linear model nearby, or integrated gradients of the float model."),
    ] = "shap",
    page: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write it as a page too.")] = None,
    picture: Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Draw it too.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")
    ] = False,
) -> None:
    """Say what moved a model's answer to one row, and whether that is to be believed.

    Contributions of columns or words add up to the answer, from what the model says when it knows nothing of the row.
    They are held against chance: parts are taken away, those with most weight first, and the answer must fall faster
    than in random orders. An explanation that does no better explains nothing, and the command says so.

    Examples: `lepton explain models:/income@champion --row 12`,
    `lepton explain models:/support/1 --text "flights from boston to denver" --method gradients --html why.html`.
    """
    from flows.explaining import question
    from infra.settings.home import HomeSettings
    from tasks.evaluate.explain.launcher import explain_row

    spec = question(model, row, text, method, picture.expanduser().resolve() if picture else None)
    found, seconds = explain_row(spec, HomeSettings().logs / "explain.log")
    if page:
        from tasks.evaluate.explain.page import page as html

        page.expanduser().write_text(html(found, model), encoding="utf-8")
    if as_json:
        content = {"model": model, "seconds": round(seconds, 3), "unexplained": found.unexplained}
        typer.echo(json.dumps({**content, **found.model_dump(mode="json")}))
    else:
        _show(found, model, seconds)


def _show(found: LocalExplanation, model: str, seconds: float) -> None:
    """The answer, the text with its words on colours, contributions by size, and what they are worth."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    from tasks.evaluate.explain.wording import faithful_words, shade

    out = Console()
    most = max((abs(part.weight) for part in found.contributions), default=0.0)
    out.print(f"{escape(model)}: [bold]{escape(found.explained)} {found.output:.4f}[/]", highlight=False)
    if found.is_text:
        words = (Text(part.part, style=f"black on {shade(part.weight, most)}") for part in found.contributions)
        out.print(Text(" ").join(words))
    table = Table("part", *([] if found.is_text else ["value"]), "", box=None, header_style="bold", pad_edge=False)
    table.columns[-1].header = "contribution"
    table.add_column("")
    for part in sorted(found.contributions, key=lambda part: -abs(part.weight)):
        bar = "█" * round(_BAR * abs(part.weight) / most) if most else ""
        cells = [escape(part.part), *([] if found.is_text else [escape(part.value)]), f"{part.weight:+.4f}"]
        table.add_row(*cells, Text(bar, style="blue" if part.weight > 0 else "red"))
    out.print(table, highlight=False)
    rest = f", not explained {found.unexplained:+.4f}" if abs(found.unexplained) > 1e-4 else ""
    out.print(f"from {found.base:.4f}, with nothing known of the row{rest}", highlight=False)
    words_ = faithful_words(found.faithfulness)
    style = "" if found.faithfulness and found.faithfulness.is_faithful else "[yellow]"
    out.print(f"{style}{escape(words_)}", highlight=False)
    out.print(f"{found.method}: {seconds:.2f} s after loading", highlight=False)
