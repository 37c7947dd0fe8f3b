"""Training in processes of its own, and what happens when they are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pytest

from infra.errors import DataError, TrainingError
from infra.processes import Event
from infra.settings.home import checkout
from tasks.data.references import DatasetRef
from tasks.data.version import read_rows
from tasks.runtime.package import read_manifest
from tasks.runtime.predictor import load
from tasks.train.config import TrainOptions
from tasks.train.launcher import cores_of, free_ports, worker_count
from tests.packages import make_dataset
from tests.train.conftest import Launch, people, tabular


def test_one_worker_trains_and_packs_what_predicts(launch: Launch, dataset: DatasetRef, tmp_path: Path) -> None:
    events: list[Event] = []

    result = launch(tabular(epochs=40, dropout=0.0), dataset, on_event=events.append)

    assert (result["steps"], result["rows"], result["workers"], result["restarts"]) == (280, 56, 1, 0)
    assert result["loss"] < 0.2
    test = read_rows(dataset, "test")
    assert load(tmp_path / "package").predict(test)["label"].to_pylist() == test["label"].to_pylist()
    assert read_manifest(tmp_path / "package").dataset_digest == dataset.digest
    progress = [event["progress"] for event in events if "progress" in event]
    assert (progress[-1]["done"], progress[-1]["total"]) == (280, 280)
    assert progress[-1]["text"].startswith("epoch 40/40 loss 0.")
    metrics = [event["metrics"] for event in events if "metrics" in event]
    assert set(metrics[-1]) == {"step", "loss", "learning_rate", "samples_per_second"}


def test_two_workers_make_the_model_that_one_makes(launch: Launch, dataset: DatasetRef, tmp_path: Path) -> None:
    options = {"epochs": 2, "dropout": 0.0, "batch_size": 9}  # a batch that two workers can't share evenly
    launch(tabular(workers=1, **options), dataset, work=tmp_path / "one", package=tmp_path / "package1")
    result = launch(tabular(workers=2, **options), dataset, work=tmp_path / "two", package=tmp_path / "package2")

    assert result["workers"] == 2
    rows = read_rows(dataset)
    one, two = (load(tmp_path / name).row_outputs(rows) for name in ("package1", "package2"))
    np.testing.assert_allclose(one, two, atol=1e-5)


def test_two_workers_learn_to_retrieve_and_index_all_answers(launch: Launch, encoder: Path, tmp_path: Path) -> None:
    pairs = pa.table({"text": ["d d", "a", "b", "c", "a a", "b b"], "answer": ["d", "a", "b", "c", "a", "b"]})
    dataset = make_dataset(pairs, tmp_path / "pairs", test_rows=1)
    options = TrainOptions(task="text_retrieval", workers=2, epochs=2, batch_size=4, encoder={"max_tokens": 8})

    launch(options, dataset, weights=encoder)

    answers = load(tmp_path / "package").answers
    assert answers is not None and answers.answers == ("d", "a", "b", "c")  # that of the test row too
    np.testing.assert_allclose(np.linalg.norm(answers.embeddings, axis=1), 1.0, atol=1e-5)


def test_when_a_worker_dies_all_start_again_from_the_checkpoint(launch: Launch, dataset: DatasetRef) -> None:
    killed: list[int] = []
    after: list[int] = []

    def kill_one(event: Event) -> None:
        if "progress" not in event:
            return
        if killed:
            after.append(event["progress"]["done"])
        elif event["progress"]["done"] > 5:
            killed.append(workers_of(os.getpid())[-1].pid)
            os.kill(killed[0], signal.SIGKILL)

    result = launch(tabular(workers=2, epochs=30), dataset, on_event=kill_one)

    assert result["restarts"] == 1
    assert result["workers"] == 2
    assert max(after) == 210
    assert 1 not in after  # it did not begin anew


def test_workers_that_keep_dying_end_the_training(launch: Launch, dataset: DatasetRef) -> None:
    def kill(event: Event) -> None:
        for process in workers_of(os.getpid()):
            process.kill()

    with pytest.raises(TrainingError, match=r"found 2 failed attempts.*worker 0 ended with code -9.*max_restarts=1"):
        launch(tabular(max_restarts=1, epochs=1000), dataset, on_event=kill)

    assert not workers_of(os.getpid())


def test_a_killed_launcher_leaves_no_orphans_and_is_resumed(
    launch: Launch, dataset: DatasetRef, tmp_path: Path
) -> None:
    script = f"""
from pathlib import Path
from tests.train.conftest import tabular
from tasks.train.launcher import train
folder = Path({str(tmp_path)!r})
train(tabular(workers=2, epochs=5000), dataset_path={dataset.path!r}, dataset_digest={dataset.digest!r}, weights=None,
      work=folder / "work", package=folder / "package", log_folder=folder / "logs")
"""
    launcher = subprocess.Popen([sys.executable, "-c", script], cwd=checkout())
    wait_for(lambda: len(list((tmp_path / "work").glob("step-*.safetensors"))) == 2)
    workers = workers_of(launcher.pid)
    assert len(workers) == 2

    launcher.kill()
    launcher.wait()

    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive
    newest = max(int(file.stem.removeprefix("step-")) for file in (tmp_path / "work").glob("step-*.safetensors"))
    seen: list[int] = []

    class Seen(Exception):
        pass

    def stop(event: Event) -> None:
        if "progress" in event:
            seen.append(event["progress"]["done"])
            raise Seen

    with pytest.raises(Seen):
        launch(tabular(workers=2, epochs=5000), dataset, on_event=stop)
    assert seen == [newest + 1]
    assert not workers_of(os.getpid())


def test_an_error_of_a_worker_arrives_as_it_is(launch: Launch, tmp_path: Path) -> None:
    same = people().filter(pa.compute.equal(people()["label"], "no"))

    with pytest.raises(DataError, match="two classes or more"):
        launch(tabular(), make_dataset(same, tmp_path / "same", test_rows=2))
    assert not (tmp_path / "package").exists()


@pytest.mark.parametrize(("wanted", "rows", "workers"), [(1, 100, 1), (3, 100, 3), (3, 2, 2), (4, 0, 1)])
def test_no_more_workers_than_rows(wanted: int, rows: int, workers: int) -> None:
    assert worker_count(wanted, rows) == workers


def test_workers_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.train.launcher.usable_cores", lambda: (0, 1, 4, 5, 6))

    assert worker_count(0, 100) == 2
    assert [cores_of(worker, 2) for worker in (0, 1)] == [(0, 4, 6), (1, 5)]
    assert [cores_of(worker, 6) for worker in (0, 5)] == [(0,), (0,)]


def test_free_ports_are_different() -> None:
    assert len(set(free_ports(5))) == 5


def workers_of(pid: int) -> list[Any]:
    children = [child for child in psutil.Process(pid).children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in children if "tasks.train.worker" in " ".join(child.cmdline())]


def wait_for(condition: Any, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
