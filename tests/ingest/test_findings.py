"""The tables of an ingest: in the Prefect UI and below the home, also where the run stops and leaves no version."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

STOPPED_RUN = """
import json, sys
from infra.environment import configure

configure()
from prefect import flow
from prefect.artifacts import Artifact
from prefect.settings import PREFECT_API_URL, temporary_settings

from infra.servers.embedded import embedded_prefect
from tasks.ingest.config import ColumnContract, IngestOptions
from tasks.ingest.steps import ingest, locate

options = IngestOptions(path=sys.argv[1], contract=[ColumnContract(name="n", type="integer")])

@flow
def run():
    return ingest("numbers", options, locate(options), return_state=True)

with embedded_prefect() as api, temporary_settings({PREFECT_API_URL: api}):
    error = run(return_state=True).result(raise_on_failure=False)
    artifact = Artifact.get("ingest-failures")
    print(json.dumps([str(error), artifact.data, artifact.description]))
"""


@pytest.mark.slow  # it starts Prefect's API on an empty database
def test_a_run_that_stops_leaves_its_examples(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("n\n1\nx\n2\ny\n")
    ended = subprocess.run(
        [sys.executable, "-c", STOPPED_RUN, str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "LEPTON_HOME": str(home)},
    )
    assert ended.returncode == 0, ended.stderr
    error, table, description = json.loads(ended.stdout.splitlines()[-1])
    assert "found 2 of 4 rows bad (50.0%): n: not an integer, 2" in error
    assert json.loads(table) == [
        {"reason": "n: not an integer", "rows": "2", "place": f"{file}:{line}", "value": value}
        for line, value in ((3, "x"), (5, "y"))
    ]
    report = home / "reports" / "numbers-raw"
    assert description == f"2 of 4 rows break the contract. {report}"
    (kept,) = json.loads((report / "failures.json").read_text())["failures"]
    assert [example["value"] for example in kept["examples"]] == ["x", "y"]
    assert not list((home / "datasets" / "numbers-raw").glob("[!.]*"))
