"""Training in processes of its own: what comes out, on one worker and on two, and after the launcher was killed."""

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
from safetensors.numpy import load_file

from infra.errors import TrainingError
from infra.processes import Event
from infra.settings.home import checkout
from tasks.data.references import DatasetRef
from tasks.data.version import read_rows
from tasks.lessons.config import TrainOptions
from tasks.runtime.package import read_manifest
from tasks.runtime.predictor import load
from tasks.train.launcher import cluster_of, roles_of, worker_count
from tasks.train.team.seats import Seat
from tests.packages import make_dataset
from tests.text_encoder import WORDS
from tests.train.conftest import Launch, tabular


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
    assert {"step", "loss", "learning_rate", "samples_per_second"} <= set(metrics[-1])


def texts(rows: int = 65) -> pa.Table:
    """Texts of one to nine words; their first word is their label, but one row has a label of its own."""
    random = np.random.default_rng(0)
    made = [" ".join(random.choice(WORDS[4:], random.integers(1, 10))) for _ in range(rows)]
    return pa.table({"text": made, "label": [text[0] for text in made[:-1]] + ["rare"]})


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model_on_one_worker_and_on_two(
    launch: Launch, encoder: Path, tmp_path: Path
) -> None:
    dataset = make_dataset(texts(), tmp_path / "texts", test_rows=0)
    settings = {"task": "text_classification", "batch_size": 3, "epochs": 1, "dropout": 0.1}
    settings |= {"encoder": {"max_tokens": 12}, "optimizer": {"learning_rate": 1e-3}, "checkpoint_steps": 22}

    def states(name: str, workers: int) -> tuple[dict[str, Any], Any]:
        options = TrainOptions.model_validate({**settings, "workers": workers})
        work, package = tmp_path / name, tmp_path / f"{name}-package"
        launch(options, dataset, weights=encoder, work=work, package=package)
        return load_file(next(work.glob("step-000000022.safetensors"))), load(package)

    (one, model), (again, _), (two, other) = states("one", 1), states("again", 1), states("two", 2)

    assert all(np.array_equal(again[name], value) for name, value in one.items())  # bit by bit
    assert len(one["losses"]) == 22
    np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-4)
    assert other.manifest.labels == model.manifest.labels == ("a", "b", "c", "d", "rare")  # one never saw `rare`
    rows = read_rows(dataset)
    np.testing.assert_allclose(other.row_outputs(rows), model.row_outputs(rows), atol=1e-4)


@pytest.mark.slow
def test_two_workers_learn_to_retrieve_and_index_all_answers(launch: Launch, encoder: Path, tmp_path: Path) -> None:
    pairs = pa.table({"text": ["d d", "a", "b", "c", "a a", "b b"], "answer": ["d", "a", "b", "c", "a", "b"]})
    dataset = make_dataset(pairs, tmp_path / "pairs", test_rows=1)
    options = TrainOptions(task="text_retrieval", workers=2, epochs=2, batch_size=4, encoder={"max_tokens": 8})

    launch(options, dataset, weights=encoder)

    answers = load(tmp_path / "package").answers
    assert answers is not None and answers.answers == ("d", "a", "b", "c")  # that of the test row too
    np.testing.assert_allclose(np.linalg.norm(answers.embeddings, axis=1), 1.0, atol=1e-5)


def test_a_killed_launcher_leaves_no_orphans_and_is_resumed(
    launch: Launch, dataset: DatasetRef, tmp_path: Path
) -> None:
    script = f"""
from pathlib import Path
from tests.train.conftest import tabular
from tasks.train.launcher import train
folder = Path({str(tmp_path)!r})
train(tabular(epochs=5000), dataset_path={dataset.path!r}, dataset_digest={dataset.digest!r}, weights=None,
      work=folder / "work", package=folder / "package", log_folder=folder / "logs")
"""
    launcher = subprocess.Popen([sys.executable, "-c", script], cwd=checkout())
    wait_for(lambda: len(list((tmp_path / "work").glob("step-*.safetensors"))) == 2)
    workers = workers_of(launcher.pid)
    assert len(workers) == 1

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
        launch(tabular(epochs=5000), dataset, on_event=stop)
    assert seen == [newest + 1]
    assert not workers_of(os.getpid())


@pytest.mark.slow
def test_asynchronous_workers_learn_and_one_that_is_killed_is_replaced(
    launch: Launch, dataset: DatasetRef, tmp_path: Path
) -> None:
    killed: list[int] = []

    def kill(event: Event) -> None:
        if "progress" in event and event["progress"]["done"] > 30 and not killed:
            killed.append(event["progress"]["done"])
            process = next(one for one in workers_of(os.getpid()) if "worker-1.json" in " ".join(one.cmdline()))
            process.send_signal(signal.SIGKILL)

    options = tabular(strategy="parameter_server", workers=2, epochs=60, dropout=0.0, checkpoint_steps=50)
    result = launch(options, dataset, on_event=kill)

    assert killed and (result["steps"], result["restarts"], result["workers"]) == (420, 1, 2)
    assert result["loss"] < 0.2
    test = read_rows(dataset, "test")
    assert load(tmp_path / "package").predict(test)["label"].to_pylist() == test["label"].to_pylist()
    assert not workers_of(os.getpid())


@pytest.mark.parametrize(
    ("strategy", "wanted", "rows", "workers"),
    [
        ("multi_worker", 1, 100, 1),
        ("multi_worker", 3, 100, 3),
        ("multi_worker", 3, 2, 2),
        ("multi_worker", 4, 0, 1),
        ("single", 0, 100, 1),
        ("parameter_server", 3, 100, 3),
    ],
)
def test_no_more_workers_than_rows(strategy: str, wanted: int, rows: int, workers: int) -> None:
    assert worker_count(tabular(strategy=strategy, workers=wanted), rows) == workers


def test_no_number_of_workers_means_one_a_core_and_two_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, workers in (((3,), 1), ((0, 1, 4, 5, 6), 2)):
        monkeypatch.setattr("tasks.train.launcher.usable_cores", lambda cores=cores: cores)
        assert worker_count(tabular(workers=0), 100) == workers


def test_the_chief_of_asynchronous_workers_is_a_process_of_its_own() -> None:
    roles = roles_of(tabular(strategy="parameter_server"), 2)
    seats = [Seat("", f"127.0.0.1:{port}", (0,)) for port in (1, 2, 3, 4)]

    assert roles == ("chief", "worker", "worker", "ps")
    assert cluster_of(roles, seats) == {
        "chief": ("127.0.0.1:1",),
        "worker": ("127.0.0.1:2", "127.0.0.1:3"),
        "ps": ("127.0.0.1:4",),
    }
    assert roles_of(tabular(), 2) == ("worker", "worker")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strategy": "single", "workers": 2}, "workers: found 2 with strategy single; take 1, or strategy multi_w"),
        ({"optimizer": {"average_decay": 0.9}}, "optimizer.average_decay: found 0.9 with strategy parameter_server"),
        ({"speed": {"precision": "bfloat16"}}, "speed.precision: found bfloat16 with strategy parameter_server"),
        ({"speed": {"xla": "on"}}, "speed.xla: found on with strategy parameter_server; allowed: auto, off"),
    ],
)
def test_options_that_contradict_the_strategy(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tabular(**{"strategy": "parameter_server", **options})


def test_a_deadline_ends_the_training(launch: Launch, dataset: DatasetRef) -> None:
    with pytest.raises(TrainingError, match=r"train.deadline_minutes: found a training that had not ended by then"):
        launch(tabular(deadline_minutes=0.001), dataset)

    assert not workers_of(os.getpid())


def workers_of(pid: int) -> list[Any]:
    children = [child for child in psutil.Process(pid).children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in children if "tasks.train.worker" in " ".join(child.cmdline())]


def wait_for(condition: Any, seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
