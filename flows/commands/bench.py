"""`lepton bench`: how fast and how lean, beside other tools on the same machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from flows.bench.report import Report

Name = Literal["clean", "compress", "dedupe", "dp-speed", "growth", "quality", "scaling", "recovery"]
Rows = Annotated[str, typer.Option(help="How many rows, such as 200k, 1M or 10M; empty: the benchmark's own number.")]
Repeats = Annotated[int, typer.Option(min=0, help="Runs of each; 0: the benchmark's own number.")]
Engines = Annotated[str, typer.Option(help="Engines to take, with commas between them.")]
Data = Annotated[
    str,
    typer.Option(
        envvar="LEPTON_BENCH_DATA", help="Path of BANKING77 as csv (split, text, intent), for `quality` and `compress`."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")]

bench = typer.Typer()


@bench.command("bench")
def run(
    name: Annotated[Name, typer.Argument(help="Which benchmark.")],
    rows: Rows = "",
    repeats: Repeats = 0,
    engines: Engines = "polars,dask,spark",
    data: Data = "",
    as_json: Json = False,
) -> None:
    """Measure against other tools.

    `clean` and `dedupe`: speed. `growth`: time and memory of many rows. `quality`: wrong answers. `scaling`: two
    workers beside twice one. `recovery`: what a killed worker costs. Of the last two, rows are those of an epoch.
    `compress`: size, speed and accuracy of small models; of texts only with `--data`.
    `dp-speed`: what a private step takes, beside a plain one and TensorFlow Privacy's.

    Examples: `lepton bench clean --rows 1M`, `lepton bench growth --rows 10M --engines polars --json`,
    `lepton bench quality --data banking77.csv.gz`.
    """
    from flows.bench.suite import run_benchmark

    report = run_benchmark(name, rows, repeats, [each.strip() for each in engines.split(",")], data)
    if as_json:
        typer.echo(report.model_dump_json())
    else:
        _show(report)


def _show(report: Report) -> None:
    from rich.console import Console
    from rich.table import Table

    heads = ("case", "peer", "ours", "theirs", "ratio", "range", "bar", "ahead", "same output")
    table = Table(*heads, box=None, header_style="bold", pad_edge=False, title=report.machine, title_justify="left")
    for row in report.rows:
        figures = [f"{row.ours:.3g}", f"{row.theirs:.3g}", f"{row.ratio:.2f}", f"{row.low:.2f} to {row.high:.2f}"]
        verdicts = ["yes" if is_so else "no" for is_so in (row.ahead, row.same_output)]
        table.add_row(row.case, row.peer, *figures, f"{row.bar_ahead:g}", *verdicts)
    Console().print(table)
