"""The same digest from a real Dask cluster: a scheduler and two workers as processes of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.clusters.dask import dask_cluster
from infra.settings.clusters import ClusterSettings
from tasks.clean.clean import clean
from tasks.clean.config import CleanOptions
from tasks.clean.engines.dask import DaskEngine
from tasks.clean.engines.polars import PolarsEngine
from tasks.data.references import DatasetRef

OPTIONS = CleanOptions.model_validate(
    {"rules": ["trim", "lower", "drop_duplicates"], "options": {"drop_duplicates": {"columns": ["text"]}}}
)


@pytest.mark.cluster
def test_a_cluster_gives_the_digest_of_one_process(raw: Callable[..., DatasetRef], tmp_path: Path, home: Path) -> None:
    from distributed import LocalCluster

    rows = raw(*[{"text": f" Line {number % 30} ", "label": "a"} for number in range(100)])
    expected = clean(OPTIONS, rows, tmp_path / "polars", PolarsEngine())
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,  # type: ignore[no-untyped-call]
        dask_cluster(ClusterSettings(dask_scheduler=cluster.scheduler_address)),
    ):
        found = clean(OPTIONS, rows, tmp_path / "dask", DaskEngine())
    assert found.digest == expected.digest
    assert found.rows_out == 30
