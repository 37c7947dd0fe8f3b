"""What a person sees: progress on stderr, results on stdout."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from flows.summary import Summary
from infra.progress import Progress, watching

if TYPE_CHECKING:
    from rich.progress import TaskID

    from flows.recipe import Recipe


@contextmanager
def showing_progress(enabled: bool) -> Iterator[None]:
    """A bar for every stage while the block runs."""
    if not enabled:
        yield
        return
    columns = (
        TextColumn("{task.description:<17}"),
        BarColumn(24),
        TimeElapsedColumn(),
        TextColumn("{task.fields[text]}"),
    )
    ids: dict[str, TaskID] = {}
    with Bars(*columns, console=Console(stderr=True)) as bars:

        def show(progress: Progress) -> None:
            if progress.stage not in ids:
                ids[progress.stage] = bars.add_task(progress.stage, total=progress.total, text=progress.text)
            row = ids[progress.stage]
            if progress.done < progress.total and bars.tasks[row].stop_time is not None:
                bars.reset(row)  # the stage comes again
            known = progress.total if progress.done else None  # unknown: the bar moves to and fro
            bars.update(row, total=known, completed=progress.done, text=progress.text)
            if progress.done >= progress.total:
                bars.stop_task(row)

        with watching(show):
            yield


def print_summary(summary: Summary) -> None:
    """Data set, models, gate, times, one prediction, links."""
    out = Console()
    data = summary.dataset
    out.print(
        f"\n[bold]data set[/] {data.digest[:16]}  {data.rows_in:,} rows in, {data.rows_out:,} out, "
        f"{data.quarantined:,} in quarantine"
    )
    for line in data.drift:
        out.print(f"[yellow]drift[/] {line}", highlight=False)
    names = sorted({name for model in summary.models for name in model.metrics})
    rows = [[name, *[_number(model.metrics.get(name)) for model in summary.models]] for name in names]
    out.print(_table("metric", *[f"{model.uri} {model.alias}".strip() for model in summary.models], rows=rows))
    checks = [
        [one.name, _number(one.value), f"{one.kind} {one.bound:g}", "pass" if one.passed else "[red]fail[/]"]
        for one in summary.gate.checks
    ]
    out.print(_table("gate", "value", "bound", "", rows=checks))
    stages = [[one.name, f"{one.seconds:.1f} s", "unchanged" if one.cached else ""] for one in summary.stages]
    out.print(_table("stage", "time", "", rows=stages))
    if all(one.cached for one in summary.stages):
        out.print("nothing has changed since the last run: every stage was skipped")
    out.print("[bold]prediction[/] " + json.dumps(summary.prediction, ensure_ascii=False), highlight=False)
    for name, link in summary.links.items():
        out.print(f"[bold]{name}[/] {link}", highlight=False, soft_wrap=True)
    verdict = "[green]promoted[/]" if summary.gate.passed else "[red]not promoted[/]"
    out.print(f"{verdict} {summary.models[-1].uri} is {summary.models[-1].alias}")


def print_recipes(recipes: Sequence[Recipe], as_json: bool) -> None:
    """Name and purpose of each."""
    if as_json:
        print(json.dumps([{"name": one.name, "description": one.description} for one in recipes]))
    else:
        Console().print(_table("recipe", "what it does", rows=[[one.name, one.description] for one in recipes]))


def print_options(recipe: Recipe) -> None:
    """Every option with its value, as `--set` names it."""
    rows = [[name, str(value)] for name, value in _flat("", recipe.model_dump(mode="json"))]
    Console().print(_table("option", recipe.name, rows=rows))


def print_models(models: Sequence[dict[str, str]], as_json: bool) -> None:
    """Registered models, a line each."""
    if as_json:
        print(json.dumps(list(models)))
        return
    rows = [list(model.values()) for model in models]
    Console().print(
        _table("model", "version", "alias", "made", rows=rows) if rows else "no models yet: lepton run support"
    )


def print_servers(servers: Sequence[Any], as_json: bool) -> None:
    """Servers of this home, a line each."""
    if as_json:
        print(json.dumps([asdict(server) for server in servers], default=str))
    elif servers:
        rows = [[str(value) for value in asdict(server).values()] for server in servers]
        Console().print(_table(*asdict(servers[0]), rows=rows))
    else:
        Console().print("no servers run on this home: lepton up")


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if not items:
        yield prefix, json.dumps(value)
        return
    for name, inner in items:
        yield from _flat(f"{prefix}.{name}" if prefix else str(name), inner)


def _table(*header: str, rows: Sequence[Sequence[str]]) -> Table:
    table = Table(*header, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*row)
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
