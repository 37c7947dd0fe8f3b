"""A small home by hand: one file, read and cleaned, a model with a compressed child, and one that went on from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.data.canonical import column_types
from tasks.data.manifest import MANIFEST, Manifest
from tasks.data.version import QUARANTINE, ROWS, Version
from tasks.register.lineage.assembly import Records
from tasks.register.lineage.records import ModelRecord, PromotionRecord, RunRecord

FILE, RAW, CLEAN = "a" * 64, "b" * 64, "c" * 64


def manifest(digest: str, sources: dict[str, str] | None = None, *parents: str, columns: Any = None) -> Manifest:
    return Manifest(
        digest=digest,
        columns=columns or {"row_id": "string", "key": "string", "split": "string"},
        rows_in=3,
        rows_out=3,
        quarantined={},
        sources=sources or {},
        recipe_hash="r",
        code_hash="c",
        parents=parents,
        engine="polars",
    )


def write_version(
    datasets: Path,
    name: str,
    made: Manifest,
    rows: pa.Table | None = None,
    refused: pa.Table | None = None,
) -> Version:
    folder = datasets / name / f"{made.digest[:16]}-{len(made.parents):08d}"
    folder.mkdir(parents=True)
    if rows is not None:
        made = made.model_copy(update={"columns": column_types(rows.schema)})
        (folder / ROWS).mkdir()
        pq.write_table(rows, folder / ROWS / "part-00000.parquet")
    if refused is not None:
        (folder / QUARANTINE).mkdir()
        pq.write_table(refused, folder / QUARANTINE / "part-00000.parquet")
    (folder / MANIFEST).write_text(made.to_text())
    return Version(folder, made)


def model(version: str, run_id: str, digest: str = CLEAN, **tags: str) -> ModelRecord:
    named = {f"lepton.{name}": text for name, text in tags.items()}
    return ModelRecord("m", version, run_id, {"lepton.dataset_digest": digest, **named} if digest else named)


def runs(*ids: str) -> tuple[RunRecord, ...]:
    return tuple(RunRecord(id_, "m train", "finished") for id_ in ids)


def versions(datasets: Path) -> tuple[Version, ...]:
    return (
        write_version(datasets, "m-raw", manifest(RAW, {"loans.csv": FILE})),
        write_version(datasets, "m", manifest(CLEAN, None, RAW)),
    )


def records(datasets: Path) -> Records:
    return Records(
        versions(datasets),
        models=(
            model("1", "one"),
            model("2", "two", parent_version="1", gate='{"passed": true, "checks": []}'),
            model("3", "three", started_from="models:/m/1", epsilon="2"),
        ),
        promotions=(PromotionRecord("m", "2", "1", "promotion", "2026-01-02", {"who": "anna"}),),
        runs=(RunRecord("one", "m train", "finished", datasets=(CLEAN,)), *runs("two", "three")),
    )
