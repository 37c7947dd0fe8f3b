"""The search for a small model by the command line: what it leaves, what a kill costs, what it does not promote."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from mlflow import MlflowClient

from tests.integration.loans import Ended, lepton, start, write_loans

CHAINS = """
chains:
  - {name: int8, steps: [int8]}
  - {name: half, steps: [prune_neurons, int8], after: int8}
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a model of the recipe, whose own child is the champion, and chains to try."""
    folder = tmp_path_factory.mktemp("loans")
    recipe = write_loans(folder)
    (folder / "chains.yaml").write_text(CHAINS)
    ended = lepton(folder / "home", "run", str(recipe), "--json")
    assert ended.code == 0, ended.err
    return folder


def words(target: str) -> tuple[str, ...]:
    return ("compress", "models:/loans@champion", "--target", target, "--chains", "chains.yaml", "--json")


def compress(work: Path, target: str) -> Ended:
    return lepton(work / "home", *words(target), cwd=work)


def client_of(work: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{work}/home/mlflow/mlflow.db")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_search_that_is_killed_goes_on_and_promotes_what_keeps_the_target(work: Path) -> None:
    """Everything of a search that takes processes, in one test: each start of the command costs seconds."""
    client, home = client_of(work), work / "home"
    logs_before = set(home.glob("logs/compress-*.log"))
    killed = start(home, *words("size=1MB,max_loss=0.05,max_class_loss=0.1"), cwd=work)
    wait_for_log(home, logs_before, killed.pid)  # the step prune_neurons has begun
    children = psutil.Process(killed.pid).children(recursive=True)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    versions = {str(one.version) for one in client.search_model_versions("name = 'loans'")}
    assert versions == {"1", "2"}, "the first chain's child is the one that the recipe made"

    ended = compress(work, "size=1MB,max_loss=0.05,max_class_loss=0.1")

    assert ended.code == 0, ended.err
    told = ended.summary
    assert told["finished"] and told["met"] and told["alias"] == "champion"
    assert [child["state"] for child in told["children"]] == ["measured"] * 2
    assert [child["uri"] for child in told["children"]] == [f"models:/loans/{version}" for version in (2, 3)]
    assert all(child["passed_gate"] and child["missed"] == [] for child in told["children"])
    smallest = min(
        told["children"], key=lambda child: (child["metrics"]["gzip_mb"], child["metrics"]["latency_p50_ms"])
    )
    assert told["picked"] == smallest["name"]
    champion = client.get_model_version_by_alias("loans", "champion")
    assert f"models:/loans/{champion.version}" == smallest["uri"]

    half = client.get_model_version("loans", "3")
    assert half.tags["lepton.parent_version"] == "1"
    assert json.loads(half.tags["lepton.compression"])["steps"] == ["prune_neurons", "int8"]
    assert json.loads(half.tags["lepton.gate"])["passed"]
    parent, child = told["parent"]["metrics"], told["children"][1]["metrics"]
    assert child["size_mb"] < told["children"][0]["metrics"]["size_mb"] < parent["size_mb"]
    assert float(half.tags["lepton.delta_size_mb"]) == pytest.approx(child["size_mb"] - parent["size_mb"], rel=1e-4)
    assert half.tags["lepton.recipe_hash"] == client.get_model_version("loans", "1").tags["lepton.recipe_hash"]
    run_id = client.get_model_version("loans", "1").run_id or ""
    kept = {Path(file.path).name for file in client.list_artifacts(run_id, "compression")}
    assert kept == {"front.png", "children.csv", "summary.json"}

    missed = compress(work, "size=1B")
    assert missed.code == 19
    assert missed.err.startswith("lepton: target of models:/loans/1: found as the closest ")
    assert "size 0.0" in missed.err and "(at most 1e-06 MB)" in missed.err and missed.err.count("\n") == 1
    assert missed.summary["alias"] == "" and not missed.summary["met"]
    assert client.get_model_version_by_alias("loans", "champion").version == champion.version
    assert len(client.search_model_versions("name = 'loans'")) == 3, "nothing was made twice"


def wait_for_log(home: Path, known: set[Path], pid: int) -> None:
    """Until a step of compression begins that no log in `known` is of."""
    deadline = time.monotonic() + 200
    while not set(home.glob("logs/compress-*.log")) - known:
        assert time.monotonic() < deadline and psutil.pid_exists(pid)
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("model", "more", "code", "text"),
    [
        ("loans", [], 10, "MODEL: found 'loans'; allowed: models:/NAME/VERSION, models:/NAME@ALIAS"),
        ("models:/loans/1", ["--target", "size=2XB"], 10, "--target size: found '2XB'"),
        ("models:/loans/1", ["--minutes", "inf"], 10, "--minutes: found inf"),
        ("models:/loans/1", ["--chains", "nowhere.yaml"], 10, "--chains nowhere.yaml: found No such file"),
    ],
)
def test_words_that_no_search_has_are_refused_at_once(model: str, more: list[str], code: int, text: str) -> None:
    from typer.testing import CliRunner

    from flows.commands.compress import compress as command
    from infra.errors import LeptonError

    ended = CliRunner().invoke(command, [model, *more])
    assert isinstance(ended.exception, LeptonError) and ended.exception.exit_code == code
    assert str(ended.exception).startswith(text) and ended.output == ""
