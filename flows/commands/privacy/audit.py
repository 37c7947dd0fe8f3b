"""`lepton privacy audit`: try to break what a training claims."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from flows.audit import AuditSummary

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")]


def run(
    subject: Annotated[
        str, typer.Argument(metavar="RECIPE|MODEL", help="A recipe, or models:/NAME/VERSION or models:/NAME@ALIAS.")
    ],
    canaries: Annotated[
        int, typer.Option(min=20, max=100_000, help="Rows that are put among the others by coins.")
    ] = 1000,
    shadows: Annotated[
        int,
        typer.Option(min=0, max=256, help="Shadow models of the likelihood-ratio attack, a multiple of 4; 0: none."),
    ] = 0,
    shadow_rows: Annotated[int, typer.Option(min=100, help="Rows that these are drawn from, at most.")] = 10_000,
    confidence: Annotated[float, typer.Option(help="Share of audits of a sound training that must not fail.")] = 0.95,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="OPTION=VALUE", help="Override an option of the recipe; may be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train once more with canaries among the rows, and prove from them how much privacy the training spends at least.

    Canaries are rows of no use, each in the training by a coin; how well the trained model tells which were in bounds
    epsilon from below (Steinke et al. 2023). Where the bound is above what the training claims, the command exits with
    16, and the gate of the model fails from then on. Beside it attackers try to tell rows of the train split from
    others. An audit trains, and so spends of the data's budget as much as a training, with shadow models more.

    Examples: `lepton privacy audit models:/income@champion`,
    `lepton privacy audit income --set train.privacy.target_epsilon=3 --set train.privacy.preprocessing=public`,
    `lepton privacy audit income --shadows 8 --json`.
    """
    from flows.audited import audit_here, checked_options
    from flows.terminal import showing_progress

    named = str(Path(subject).resolve()) if Path(subject).suffix in (".yaml", ".yml") else subject
    options = checked_options(canaries=canaries, shadows=shadows, shadow_rows=shadow_rows, confidence=confidence)
    with showing_progress(enabled=not as_json):
        summary, failure = audit_here(named, options, overrides or [])
    if as_json:
        typer.echo(summary.model_dump_json(exclude={"report": {"attacks": {"__all__": {"curve"}}}}))
    else:
        show(summary)
    if failure:
        raise failure


def show(summary: AuditSummary) -> None:
    """Print the bound beside the claim, then the attacks as a table, then where all lies."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    out, found = Console(), summary.report
    for line in found.lines():
        out.print(line, highlight=False, soft_wrap=True)
    if found.attacks:
        heads = (
            "attack",
            "AUC",
            "95 % interval",
            *(f"found at {rate.false_positive_rate:.1%}" for rate in found.attacks[0].rates),
        )
        table = Table(
            *heads,
            box=None,
            header_style="bold",
            pad_edge=False,
            title=f"rows of {found.attacked}",
            title_justify="left",
        )
        for attack in found.attacks:
            rates = (
                f"{rate.true_positive_rate:.2%} ({100 * rate.low:.2f} to {100 * rate.high:.2f})"
                for rate in attack.rates
            )
            table.add_row(attack.attack, f"{attack.auc:.3f}", f"{attack.auc_low:.3f} to {attack.auc_high:.3f}", *rates)
        out.print(table)
    for name, file in {**summary.files, **summary.links}.items():
        out.print(f"[bold]{name}[/] {escape(file)}", highlight=False, soft_wrap=True)
