"""Apply the recipe's rules on the chosen engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infra.clusters.dask import dask_cluster
from infra.clusters.spark import spark_session
from infra.settings.clusters import ClusterSettings
from infra.settings.home import HomeSettings
from tasks.clean.config import CleanOptions
from tasks.clean.engines import Engine, choose_engine
from tasks.data.references import DatasetRef
from tasks.step import step


@step
def clean(name: str, options: CleanOptions, raw: DatasetRef) -> DatasetRef:
    """From the raw version to the clean one; refused rows go to its quarantine with the rule's name."""
    from tasks.clean.clean import clean as core

    with open_engine(options, raw) as engine:
        return core(options, raw, HomeSettings().datasets / name, engine)


@contextmanager
def open_engine(options: CleanOptions, raw: DatasetRef) -> Iterator[Engine]:
    """The engine that the options choose, on its cluster or on this machine."""
    settings = ClusterSettings()
    chosen = choose_engine(options.engine, raw, settings)
    if chosen == "spark":
        from tasks.clean.engines.spark import SparkEngine

        with spark_session(settings) as session:
            yield SparkEngine(session)
    elif chosen == "dask":
        from tasks.clean.engines.dask import DaskEngine

        with dask_cluster(settings):
            yield DaskEngine()
    else:
        from tasks.clean.engines.polars import PolarsEngine

        yield PolarsEngine()
