"""The main job through the command line: what it prints, what it skips, what a kill costs."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from mlflow import MlflowClient

from tasks.data.manifest import read_manifest
from tests.integration.loans import Ended, lepton, start, write_loans

STAGES = [
    "ingest",
    "clean",
    "train",
    "compress",
    "evaluate parent",
    "evaluate child",
    "register parent",
    "register child",
    "explain",
    "gate",
]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home, a recipe and its data, after one run."""
    folder = tmp_path_factory.mktemp("loans")
    recipe = write_loans(folder)
    with (folder / "loans.csv").open("a") as file:
        file.write("much,House,yes\n-1,boat,no\n" * 2)
    ended = lepton(folder / "home", "run", str(recipe), "--json")
    assert ended.code == 0, ended.err
    (folder / "first.json").write_text(ended.out)
    return folder


def run(work: Path, *overrides: str) -> Ended:
    words = [word for override in overrides for word in ("--set", override)]
    return lepton(work / "home", "run", str(work / "loans.yaml"), "--json", *words, cwd=work)


def test_one_command_ends_in_a_promoted_model(work: Path) -> None:
    summary = json.loads((work / "first.json").read_text())
    assert [stage["name"] for stage in summary["stages"]] == STAGES
    assert not any(stage["cached"] for stage in summary["stages"])
    counts = {name: summary["dataset"][name] for name in ("rows_in", "rows_out", "quarantined")}
    assert counts == {"rows_in": 1504, "rows_out": 1500, "quarantined": 4}
    parent, child = summary["models"]
    assert (parent["alias"], child["alias"]) == ("", "champion")
    assert child["metrics"]["accuracy"] > 0.9
    assert child["metrics"]["size_mb"] < parent["metrics"]["size_mb"]
    assert summary["gate"]["passed"] and all(check["passed"] for check in summary["gate"]["checks"])
    assert summary["prediction"]["output"]["label"] in ("yes", "no")
    client, run_id = run_of(work / "home", parent["uri"])
    assert {file.path for file in client.list_artifacts(run_id)} >= {"curves.png", "curves.csv", "tensorboard"}
    assert {"loss", "fit_seconds", "restarts"} <= client.get_run(run_id).data.metrics.keys()
    assert client.get_run(run_id).data.params["optimizer.name"] == "adamw"


def test_the_lineage_says_what_the_run_did(work: Path) -> None:
    summary = json.loads((work / "first.json").read_text())
    parent, child = (model["uri"] for model in summary["models"])
    ended = lepton(work / "home", "lineage", child, "--json")
    assert ended.code == 0, ended.err
    told = ended.summary
    assert told["complete"], told["missing"]
    file = f"file:{hashlib.sha256((work / 'loans.csv').read_bytes()).hexdigest()}"
    (raw,) = (read_manifest(made) for made in (work / "home" / "datasets" / "loans-raw").glob("*-*"))
    made, clean = f"dataset:{raw.digest}", f"dataset:{summary['dataset']['digest']}"
    trained, compressed = (f"run:{run_of(work / 'home', uri)[1]}" for uri in (parent, child))
    (promotion,) = (node["id"] for node in told["nodes"] if node["kind"] == "promotion")
    assert {(edge["from"], edge["relation"], edge["to"]) for edge in told["edges"]} == {
        (file, "read", made),
        (made, "made", clean),
        (clean, "learned", trained),
        (clean, "used", compressed),
        (trained, "registered", parent),
        (compressed, "registered", child),
        (parent, "compressed", child),
        (child, "promoted", promotion),
    }


def test_nothing_changed_means_nothing_runs(work: Path) -> None:
    started = time.monotonic()
    ended = run(work)
    assert ended.ran == []
    assert time.monotonic() - started < 60  # alone on two cores: under 15
    assert ended.summary["models"] == json.loads((work / "first.json").read_text())["models"]


def test_an_option_reruns_what_depends_on_it_and_a_failed_gate_has_its_exit_code(work: Path) -> None:
    ended = run(work, "gate.thresholds.0.bound=1.5")
    assert ended.ran == ["gate"]
    assert ended.code == 16
    assert not ended.summary["gate"]["passed"]
    assert ended.err.startswith("lepton: gate of loans: found accuracy")
    assert "(minimum 1.5)" in ended.err and ended.err.count("\n") == 1
    assert ended.summary["models"][1]["alias"] == "champion"  # it was, and a stricter gate takes none from service
    again = run(work)
    assert again.ran == ["gate"] and again.summary["gate"]["passed"]


@pytest.mark.slow
def test_an_edited_helper_of_a_rule_reruns_cleaning_and_no_more_where_the_data_stays_the_same(work: Path) -> None:
    (work / "wording.py").write_text("def reword(text):\n    return text\n")
    (work / "house_rules.py").write_text(
        "import pyarrow as pa\n"
        "from tasks.clean.rules.text import TextOptions\n"
        "from wording import reword\n"
        "def rewording(batch: pa.Table, options: TextOptions) -> pa.Table:\n"
        '    """Another word."""\n'
        "    place = batch.schema.get_field_index('purpose')\n"
        "    words = pa.array([reword(text) for text in batch['purpose'].to_pylist()], pa.string())\n"
        "    return batch.set_column(place, 'purpose', words)\n"
    )
    rule = 'clean.rules=[trim, lower, "house_rules:rewording"]'
    assert run(work, rule).ran == ["clean"]
    assert run(work, rule).ran == []
    (work / "wording.py").write_text("def reword(text):\n    return str(text)\n")
    assert run(work, rule).ran == ["clean"]
    (work / "wording.py").write_text("def reword(text):\n    return text.replace('boat', 'ship')\n")
    assert run(work, rule, "train.epochs=2").ran == STAGES[1:]


def test_a_run_killed_in_training_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    recipe = write_loans(tmp_path)
    words = ("run", str(recipe), "--json", "--set", "train.epochs=300")
    killed = start(tmp_path / "home", *words)
    try:
        step = wait_for_checkpoint(tmp_path / "home", killed.pid)
        children = psutil.Process(killed.pid).children(recursive=True)
    finally:
        os.kill(killed.pid, signal.SIGKILL)
    killed_at = time.time()
    killed.communicate()
    _, left = psutil.wait_procs(children, timeout=10)
    assert left == []
    ended = lepton(tmp_path / "home", *words)
    assert ended.code == 0, ended.err
    assert "ingest" not in ended.ran and "clean" not in ended.ran
    steps = steps_reported(tmp_path / "home", ended.summary["models"][0]["uri"], killed_at)
    assert step < min(steps), "steps before the checkpoint were taken again"
    client, run_id = run_of(tmp_path / "home", ended.summary["models"][0]["uri"])
    with TemporaryDirectory() as folder, Path(client.download_artifacts(run_id, "curves.csv", folder)).open() as table:
        written = [int(line["step"]) for line in csv.DictReader(table) if line["loss"]]
    for told in (sorted(point.step for point in client.get_metric_history(run_id, "loss")), written):
        assert told[0] == 1 and told[-1] == max(steps) and len(set(told)) == len(told), "a point was lost or came twice"


def steps_reported(home: Path, uri: str, since: float) -> list[int]:
    """The steps whose loss came to MLflow after `since` (seconds, Unix time), in the run that was going then."""
    client, run_id = run_of(home, uri)
    assert client.get_run(run_id).info.start_time < since * 1000, "training went on in another MLflow run"
    return [one.step for one in client.get_metric_history(run_id, "loss") if one.timestamp > since * 1000]


def run_of(home: Path, uri: str) -> tuple[MlflowClient, str]:
    """A client of the home's database, and the run that made the model version."""
    client = MlflowClient(f"sqlite:///{home}/mlflow/mlflow.db")
    _, name, version = uri.rsplit("/", 2)
    return client, client.get_model_version(name, version).run_id or ""


def wait_for_checkpoint(home: Path, pid: int) -> int:
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        found = sorted(int(path.stem.rpartition("-")[2]) for path in home.glob("training/*/step-*.safetensors"))
        if found:
            return found[-1]
        assert psutil.pid_exists(pid), "the run ended before its first checkpoint"
        time.sleep(0.1)
    raise AssertionError("no checkpoint in 200 s")
