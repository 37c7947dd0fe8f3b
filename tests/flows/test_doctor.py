"""`lepton doctor`: what it tells of this machine, and what it makes of one that lacks something."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from flows.doctor import extras, machine, services, training
from flows.doctor.examination import refuse
from flows.doctor.extras import is_installed
from flows.doctor.finding import Finding
from infra.devices import Machine
from infra.errors import MachineError
from infra.settings.home import checkout
from tasks.train.team.seats import free_ports

GIB = 2**30


def doctor(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "MLFLOW", "LEPTON"))}
    environment = {**kept, "LEPTON_HOME": str(home), "COLUMNS": "200", **variables}
    command = [sys.executable, "-m", "flows.cli", "doctor", *words]
    return subprocess.run(command, cwd=checkout(), env=environment, capture_output=True, text=True, timeout=120)


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings}


def test_a_machine_that_can_run_and_a_server_that_is_gone(home: Path) -> None:
    gone = f"http://127.0.0.1:{free_ports(1)[0]}"
    ended = doctor(home, "--json", MLFLOW_TRACKING_URI=gone, TF_ENABLE_ONEDNN_OPTS="0")

    told = {one["what"]: one for one in json.loads(ended.stdout)["findings"]}
    expected = ["system", "cores", "memory", "shared memory", "processor", "home", "disk"]
    expected += ["TensorFlow", "devices", "training"]
    assert list(told)[:15] == [*expected, "Java", "Spark", "Dask", "prefect", "mlflow"]
    assert {"extra label", "extra postgres", "extra s3", "extra tune"} <= set(told)
    assert told["TensorFlow"]["found"].startswith("tensorflow 2.15")
    assert told["TensorFlow"]["state"] == "advice" and "Unset TF_ENABLE_ONEDNN_OPTS" in told["TensorFlow"]["action"]
    assert " strategy on " in told["training"]["found"] and ": " in told["training"]["found"]
    assert all(one["action"] for one in told.values() if one["state"] != "ok")
    assert [name for name, one in told.items() if one["state"] == "broken"] == ["mlflow"]
    assert ended.returncode == 13
    assert ended.stderr.startswith("lepton: this machine: mlflow: found mlflow 3.")
    assert ended.stderr.count("\n") == 1


def test_a_home_that_can_not_be_written_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LEPTON_HOME", str(tmp_path / "file" / "home"))
    found = by_name(machine.look())
    assert found["home"].state == "broken"
    assert "not a directory" in found["home"].found and found["home"].action == "Set LEPTON_HOME to another folder."
    assert "disk" not in found
    assert by_name(services.look())["mlflow"].state == "ok"  # the home has a line of its own


def test_what_is_scarce_is_told(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    small = Machine(cores=1, cores_installed=4, memory_bytes=4 * GIB, free_bytes=GIB, instructions=("avx", "avx2"))
    monkeypatch.setattr(machine, "read_machine", lambda: small)
    with monkeypatch.context() as without:
        without.setattr(machine, "SHARED_MEMORY", home / "no-such-folder")
        found = by_name(machine.look())
        assert found["shared memory"].state == "advice" and "--shm-size" in found["shared memory"].action
    found = by_name(machine.look())
    assert (found["cores"].found, found["cores"].state) == ("1 usable of 4", "advice")
    assert (found["memory"].found, found["memory"].state) == ("1.1 GB free of 4.3 GB", "advice")
    assert found["processor"].found == "avx, avx2; no bfloat16 in hardware"
    assert found["shared memory"].state == "ok"
    assert found["home"].state == "ok"


def test_a_cluster_is_tried(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as scheduler:
        port = scheduler.getsockname()[1]
        monkeypatch.setenv("LEPTON_DASK_SCHEDULER", f"tcp://127.0.0.1:{port}")
        assert by_name(services.look())["Dask"].found.endswith(f"tcp://127.0.0.1:{port} answers")
    found = by_name(services.look())["Dask"]
    assert found.state == "advice" and "refused" in found.found and "LEPTON_DASK_SCHEDULER" in found.action


@pytest.mark.parametrize(
    ("address", "text"),
    [("tcp://h:abc", "tcp://h:abc: not tried"), ("scheduler", "scheduler: not tried"), ("[::1", "not tried")],
)
def test_an_address_that_cant_be_tried_is_told(
    monkeypatch: pytest.MonkeyPatch, home: Path, address: str, text: str
) -> None:
    monkeypatch.setenv("LEPTON_DASK_SCHEDULER", address)
    found = by_name(services.look())["Dask"]
    assert found.state == "advice" and text in found.found and "LEPTON_DASK_SCHEDULER" in found.action


def test_an_address_may_lack_its_kind_and_the_first_of_several_is_tried(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("LEPTON_DASK_SCHEDULER", place)
        monkeypatch.setenv("LEPTON_SPARK_MASTER", f"spark://{place},other:7077")
        found = by_name(services.look())
    assert [found[name].state for name in ("Dask", "Spark")] == ["ok", "ok"]
    assert found["Dask"].found.endswith(f"{place} answers") and found["Spark"].found.endswith(" answers")
    monkeypatch.setenv("LEPTON_SPARK_MASTER", "local[2]")
    assert by_name(services.look())["Spark"].found.endswith(", local[2]")


@pytest.mark.parametrize(
    ("told", "code", "state"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 0, "ok"),
        ('java version "1.8.0_402"', 0, "ok"),
        ('openjdk version "21" 2023-09-19', 0, "advice"),
        ('java version "1.7.0_80"', 0, "advice"),
        ("something else", 0, "advice"),
        ('openjdk version "17.0.15" 2025-04-15', 1, "advice"),
    ],
)
def test_a_java_counts_if_it_starts_and_spark_runs_on_it(
    monkeypatch: pytest.MonkeyPatch, home: Path, tmp_path: Path, told: str, code: int, state: str
) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho '{told}' >&2\nexit {code}\n")
    java.chmod(0o755)
    monkeypatch.setattr(services, "java_home", lambda: tmp_path)
    found = by_name(services.look())["Java"]
    assert found.state == state and bool(found.action) == (state != "ok")


def test_a_machine_without_room_for_temporary_files_gets_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/no-such-folder")
    (found,) = training.look()
    assert found.state == "broken" and found.found.startswith("not tried: ") and "TMPDIR" in found.action


def test_packages_that_an_extra_lacks_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {finding.state for finding in extras.look()} == {"ok"}
    monkeypatch.setattr(extras, "is_installed", lambda needed: needed.name not in ("cleanlab", "optuna"))
    found = by_name(extras.look())
    assert found["extra label"].found == "no cleanlab"
    assert found["extra label"].action == "If you need it: python -m pip install 'cleanlab'"
    assert found["extra tune"].action.endswith("'optuna>=5'")
    assert found["extra s3"].state == "ok"


@pytest.mark.parametrize(
    ("needed", "there"),
    [
        ("numpy", True),
        ("numpy>=99", False),
        ("no-such-package", False),
        ("psycopg[binary]", True),
        ("tensorflow[and-cuda]", False),  # its CUDA packages are not in the lock
    ],
)
def test_a_requirement_is_there_with_all_that_it_names(needed: str, there: bool) -> None:
    assert is_installed(Requirement(needed)) == there


def test_only_what_is_broken_is_refused() -> None:
    advice = Finding(what="Java", found="none", state="advice", action="Install it.")
    refuse([advice])
    broken = [
        Finding(what=name, found=f"no {name}", state="broken", action=f"Mend {name}.") for name in ("disk", "home")
    ]
    text = r"this machine: disk, home: found no disk; no home; allowed: every line .* Mend disk. Mend home."
    with pytest.raises(MachineError, match=text):
        refuse([advice, *broken])
