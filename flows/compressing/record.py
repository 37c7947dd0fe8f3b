"""Where a search is written down: its folder, the float model's MLflow run, and the page of the Prefect run."""

from __future__ import annotations

import base64
import csv
from pathlib import Path

from prefect.artifacts import create_markdown_artifact

from flows.compressing.picture import draw_front
from flows.compressing.root import Root
from flows.compressing.summary import CompressSummary
from flows.compressing.target import Target
from infra.settings.home import HomeSettings
from tasks.register.card.markdown import table

ARTIFACTS = "compression"


def write_files(summary: CompressSummary, root: Root, target: Target) -> CompressSummary:
    """Picture and table of the search, also as MLflow artifacts; returns the summary with where they lie."""
    import mlflow

    folder = HomeSettings().reports / f"compress-{root.version.name}-{root.version.version}"
    folder.mkdir(parents=True, exist_ok=True)
    files = {"picture": folder / "front.png", "table": folder / "children.csv"}
    draw_front(summary, target, files["picture"])
    _write_table(summary.rows(), files["table"])
    whole = summary.model_copy(update={"files": {name: str(file) for name, file in files.items()}})
    (folder / "summary.json").write_text(whole.model_dump_json(indent=2) + "\n", encoding="utf-8")
    mlflow.MlflowClient().log_artifacts(root.version.run_id, str(folder), ARTIFACTS)
    return whole


def show(summary: CompressSummary, name: str) -> None:
    """Picture and table on the page of the Prefect run."""
    data = base64.b64encode(Path(summary.files["picture"]).read_bytes()).decode()  # whole: the page keeps no files
    heads = _heads(summary.rows())
    lines = [[row.get(head, "") for head in heads] for row in summary.rows()]
    picture = f"![size, latency and {summary.metric} of each child](data:image/png;base64,{data})"
    verdict = f"Picked: **{summary.picked or 'none'}**. Target {summary.target or 'none'}: "
    verdict += "met." if summary.met else "not met."
    create_markdown_artifact(
        "\n\n".join([verdict, picture, table(heads, lines)]),
        key=f"{name}-compression",
        description=f"Children of {summary.model}",
    )


def _heads(rows: list[dict[str, str]]) -> list[str]:
    """All columns; that of notes is the last."""
    heads = dict.fromkeys(name for row in rows for name in row)
    return [*(name for name in heads if name != "note"), "note"]


def _write_table(rows: list[dict[str, str]], file: Path) -> None:
    with file.open("w", newline="", encoding="utf-8") as output:
        writer = csv.DictWriter(output, _heads(rows), restval="")
        writer.writeheader()
        writer.writerows(rows)
