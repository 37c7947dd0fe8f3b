"""`lepton doctor`: what this machine has for a run, and what to do about what it has not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from flows.doctor.finding import Finding

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")]
_WORDS = {"ok": "[green]ok[/]", "advice": "[yellow]advice[/]", "broken": "[red]broken[/]"}

doctor = typer.Typer()


@doctor.command("doctor")
def run(as_json: Json = False) -> None:
    """Say what this machine has for a run: cores, memory, TensorFlow and its strategy, engines, servers, extras.

    Each line: what, what was found, and ok or what to do. Exit code 13 if something is broken that every run needs.
    """
    from flows.doctor.examination import examine, refuse

    findings = examine()
    if as_json:
        typer.echo(json.dumps({"findings": [finding.model_dump() for finding in findings]}))
    else:
        _show(findings)
    refuse(findings)


def _show(findings: Sequence[Finding]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("what", "found", "", box=None, header_style="bold", pad_edge=False)
    for finding in findings:
        verdict = _WORDS[finding.state] + (f": {escape(finding.action)}" if finding.action else "")
        table.add_row(finding.what, escape(finding.found), verdict)
    Console().print(table)
