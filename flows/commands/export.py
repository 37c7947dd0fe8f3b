"""`lepton export`: a model in a format that other programs run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

export = typer.Typer()


@export.command("export")
def run(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="models:/NAME/VERSION, models:/NAME@ALIAS, or a package's folder.")
    ],
    format_: Annotated[
        Literal["saved_model", "tflite", "onnx", "hls"],
        typer.Option("--format", help="TensorFlow's SavedModel, TFLite in float, ONNX, or a C++ project for FPGAs."),
    ],
    into: Annotated[Path, typer.Option(metavar="DIR", help="A folder that is not there yet.")],
    tolerance: Annotated[
        float, typer.Option(min=0, help="Largest difference of an output from the model's; 0: the format's own.")
    ] = 0.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")
    ] = False,
) -> None:
    """Write a model in another format, as a package with all that it needs to take rows as they are.

    Its outputs are compared with the model's on rows that it learned from; if they differ, nothing is written. `onnx`
    needs the extra of that name, `hls` the extra `fpga`; of the latter only dense layers and convolutions can be
    written, and the comparison needs g++.

    Examples: `lepton export models:/support@champion --format onnx --into support-onnx`,
    `lepton export models:/income/1 --format saved_model --into income --json`.
    """
    from flows.exporting import find_model
    from flows.terminal import showing_progress
    from infra.settings.home import HomeSettings
    from tasks.compress.exports.config import ExportOptions
    from tasks.compress.exports.launcher import export as launch

    options = ExportOptions(format=format_)
    if tolerance:
        options = options.model_copy(update={"tolerance": tolerance, "fixed_point_tolerance": tolerance})
    target, log = into.expanduser().resolve(), HomeSettings().logs / f"export-{into.name}.log"
    with showing_progress(enabled=not as_json):
        found = find_model(model)
        figures = launch(options, found.package, target, log, found.dataset, found.rows)
    _say(target, format_, figures, as_json)


def _say(target: Path, format_: str, figures: dict[str, float], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"path": str(target), "format": format_, **figures}))
        return
    typer.echo(f"{target}: {format_}, {figures['size_mb']:.2f} MB")
    if "difference_max" in figures:
        differs = f"differ by up to {figures['difference_max']:.1e} (allowed: {figures['tolerance']:g})"
        typer.echo(f"outputs on {figures['rows']:.0f} rows {differs}")
    else:
        typer.echo("not compared: there is no g++ here")
