"""One raw version from a few rows, and the three engines, each started once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from infra.clusters.dask import dask_cluster
from infra.clusters.spark import spark_session
from infra.settings.clusters import ClusterSettings
from tasks.clean.clean import clean
from tasks.clean.config import CleanOptions
from tasks.clean.engines import Engine
from tasks.clean.engines.dask import DaskEngine
from tasks.clean.engines.polars import PolarsEngine
from tasks.clean.engines.spark import SparkEngine
from tasks.data.canonical import arrow_schema
from tasks.data.digest import final_digest, partial_digest
from tasks.data.manifest import Manifest
from tasks.data.parts import PartWriter
from tasks.data.references import DatasetRef
from tasks.data.version import QUARANTINE, ROWS, writing

COLUMNS = {
    **dict.fromkeys(("row_id", "key", "split", "text", "label"), "string"),
    "count": "int64",
    "share": "float64",
    "known": "bool",
}


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Engine]]:
    """Polars, Dask's threads and a local Spark."""
    settings = ClusterSettings(spark_master="local[2]", spark_driver_memory="1g")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEPTON_HOME", str(tmp_path_factory.mktemp("home")))
        with spark_session(settings) as session, dask_cluster(settings):
            yield {"polars": PolarsEngine(), "dask": DaskEngine(), "spark": SparkEngine(session)}


@pytest.fixture(params=["polars", "dask", "spark"])
def engine(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> Engine:
    """Each engine in turn."""
    return engines[request.param]


@pytest.fixture
def raw(tmp_path: Path) -> Callable[..., DatasetRef]:
    """Write rows, each with what it does not leave out, as a raw version of two files."""
    folders = (tmp_path / f"raw-{number}" for number in itertools.count())

    def write(*rows: dict[str, Any]) -> DatasetRef:
        full = [
            {"row_id": f"{n:04d}", "key": f"k{n}", "split": "train", **dict.fromkeys(list(COLUMNS)[3:]), **row}
            for n, row in enumerate(rows)
        ]
        table = pa.Table.from_pylist(full, arrow_schema(COLUMNS))
        with writing(next(folders)) as draft:
            half = (len(rows) + 1) // 2
            with PartWriter(draft.path / ROWS, table.schema, rows_per_part=half) as parts:
                parts.write(table.slice(0, half))
                parts.write(table.slice(half))
            with PartWriter(draft.path / QUARANTINE, table.schema):
                pass
            digest = final_digest(COLUMNS, [partial_digest(table)])
            return draft.publish(
                Manifest(
                    digest=digest,
                    columns=COLUMNS,
                    rows_in=len(rows),
                    rows_out=len(rows),
                    quarantined={},
                    recipe_hash="",
                    code_hash="",
                    engine="test",
                )
            )

    return write


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., DatasetRef]:
    """Clean a raw version: `run(raw, engine, "trim", drop_short={"minimum_characters": 2})`."""

    def call(version: DatasetRef, engine: Engine, *rules: str, **options: dict[str, Any]) -> DatasetRef:
        full = CleanOptions.model_validate({"rules": list(rules), "options": options})
        return clean(full, version, tmp_path / "clean", engine)

    return call
