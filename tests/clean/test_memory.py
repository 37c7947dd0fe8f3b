"""Rows stay where the engine's workers are, and stream: neither the driver nor memory grows with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from flows.bench.clean import cleaned, ingested
from flows.bench.documents import write_csv
from flows.bench.growth import measure_job
from infra.clusters.dask import dask_cluster
from infra.settings.clusters import ClusterSettings
from infra.settings.home import checkout
from tasks.clean.engines.dask import DaskEngine

_CAPPED_SPARK = """
import sys
from pathlib import Path

from flows.bench.clean import csv_to_version, payload_digest
from infra.clusters.spark import spark_session
from infra.settings.clusters import ClusterSettings
from pyspark.sql import SparkSession
from tasks.clean.engines.spark import SparkEngine

settings = ClusterSettings(spark_master="local[2]", spark_driver_memory="512m", spark_result_limit="1m")
with spark_session(settings) as session:
    assert session.conf.get("spark.driver.maxResultSize") == "1m"
    rows = csv_to_version(Path(sys.argv[1]), Path(sys.argv[2]), SparkEngine(session))
    print("kept", payload_digest(rows).count)
    try:
        session.read.parquet(str(rows)).collect()
    except Exception as error:
        print("maxResultSize" in str(error))
"""


@pytest.mark.slow
def test_sparks_driver_gets_no_rows(tmp_path: Path, home: Path) -> None:
    """With 1 MB allowed for all results and a heap of 512 MB. To collect the rows there fails, as the test sees to."""
    write_csv(tmp_path / "rows.csv", 100_000)
    command = [sys.executable, "-c", _CAPPED_SPARK, str(tmp_path / "rows.csv"), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=checkout(), timeout=280)
    assert done.returncode == 0, done.stderr[-2_000:]
    kept, collecting_failed = done.stdout.split("\n")[:2]
    assert int(kept.removeprefix("kept ")) > 90_000
    assert collecting_failed == "True"


@pytest.mark.cluster
def test_dasks_client_gets_no_rows(tmp_path: Path, home: Path) -> None:
    """Its process grows by less than a third of what the rows take; the workers are other processes."""
    from distributed import LocalCluster

    write_csv(tmp_path / "few.csv", 2_000)
    size = write_csv(tmp_path / "rows.csv", 600_000)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,  # type: ignore[no-untyped-call]
        dask_cluster(ClusterSettings(dask_scheduler=cluster.scheduler_address)),
    ):
        raw = [ingested(tmp_path / name, tmp_path / "raw" / name) for name in ("few.csv", "rows.csv")]
        cleaned(raw[0], tmp_path / "warm", DaskEngine())
        before = psutil.Process().memory_info().rss
        cleaned(raw[1], tmp_path / "clean", DaskEngine())
        grown = psutil.Process().memory_info().rss - before
    assert grown < size / 3


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("engine", ["polars", "dask"])
def test_rows_stream(tmp_path: Path, home: Path, engine: str) -> None:
    """All processes hold less than two GiB over a GiB of csv, which takes more than that where it is held whole."""
    write_csv(tmp_path / "rows.csv", 6_000_000)
    _, gibibytes = measure_job(tmp_path / "rows.csv", tmp_path / "out", engine)
    assert gibibytes < 2
