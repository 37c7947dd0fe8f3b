"""The sums of the benchmarks of training, by hand; and slowly, the benchmarks themselves on a tiny encoder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.bench import keras_fit, recovery, scaling
from flows.bench.pace import Pace, at_once, on_cores
from flows.bench.recovery import Assassin, same_weights
from flows.bench.report import share_row
from flows.bench.sentences import PLACES, make_sentences
from infra.errors import MachineError
from tasks.data.version import read_rows
from tasks.train.team.seats import usable_cores
from tests.text_encoder import write_encoder


def progress(done: int) -> dict[str, Any]:
    return {"progress": {"done": done, "total": 20, "text": ""}}


def test_a_pace_is_that_of_the_window_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 10.0, 11.0, 13.0, 90.0])
    monkeypatch.setattr("flows.bench.pace.time.perf_counter", lambda: next(now))
    pace = Pace()
    for done in (1, 10, 12, 14, 20):  # compiling up to 10, the end at 20
        pace(progress(done))
    pace({"metrics": {"step": 20}})
    assert pace.seconds_per_step(10, 20) == pytest.approx(3.0 / 4)
    with pytest.raises(ValueError, match="1 were told of"):
        pace.seconds_per_step(14, 20)


@pytest.mark.slow
def test_work_and_what_it_starts_stay_on_their_cores() -> None:
    cores = usable_cores()
    look = [sys.executable, "-c", "import os; print(sorted(os.sched_getaffinity(0)))"]

    def work() -> tuple[tuple[int, ...], str]:
        return usable_cores(), subprocess.run(look, capture_output=True, text=True, check=True).stdout.strip()

    assert on_cores(cores[-1:], work) == (cores[-1:], str([cores[-1]]))
    assert usable_cores() == cores, "the caller keeps its own"
    with pytest.raises(ZeroDivisionError):
        on_cores(cores, lambda: 1 // 0)


def test_works_run_at_once() -> None:
    ours, theirs = os.pipe()
    assert sorted(map(str, at_once([lambda: os.read(ours, 1), lambda: os.write(theirs, b"x")]))) == ["1", "b'x'"]


def test_a_share_is_the_better_the_larger() -> None:
    row = share_row("case", "peer", [95.0, 80.0, 90.0], [100.0, 100.0, 100.0], (0.9, 0.97))
    assert (row.ratio, row.range, row.ahead) == (0.9, (0.8, 0.95), True)
    assert not share_row("case", "peer", [89.0], [100.0], (0.9, 0.97)).ahead


def test_sentences_are_as_many_as_wanted_and_short(tmp_path: Path) -> None:
    dataset = make_sentences(64, tmp_path)
    train, test = (read_rows(dataset, split) for split in ("train", "test"))
    assert (train.num_rows, test.num_rows) == (64, len(PLACES))
    assert set(train["label"].to_pylist()) == set(PLACES)
    words = [len(text.split()) for text in train["text"].to_pylist()]
    assert (min(words), max(words)) == (7, 11)  # with the place and the number


def test_a_kill_costs_the_steps_since_the_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = [[1, 2], [1], [1], [3, 4], [3, 4]]
    monkeypatch.setattr(Assassin, "_workers", lambda self: workers.pop(0))
    monkeypatch.setattr("flows.bench.recovery.os.kill", lambda pid, signal: None)
    assassin = Assassin("module", at_step=12)
    for done in (1, 8, 12):  # killed here
        assassin(progress(done))
    assert (assassin.victim, assassin.survivors, assassin.lost) == (2, (1,), -1)
    for done in (13, 14):  # the chief was two steps further when it noticed
        assassin(progress(done))
    assassin(progress(11))  # the new team, from the checkpoint at 10
    assassin(progress(12))
    assert assassin.lost == 14 - 10
    assert assassin.seconds > 0


def test_weights_are_equal_in_every_bit_or_not() -> None:
    one = {"a": np.array([1.0, 2.0])}
    assert same_weights(one, {"a": np.array([1.0, 2.0])})
    assert not same_weights(one, {"a": np.array([1.0, 2.0000000001])})
    assert not same_weights(one, {"b": np.array([1.0, 2.0])})


def test_scaling_wants_two_cores(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"bench scaling: found one core .* allowed: two or more"):
        on_cores(usable_cores()[:1], lambda: scaling.compare(tmp_path, 2, 1))


@pytest.mark.slow
def test_the_peer_learns_tells_of_each_step_and_keeps_whole_epochs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    write_encoder(tmp_path / "encoder")
    dataset = make_sentences(96, tmp_path)
    options = scaling.Bench(tmp_path, tmp_path, 3, {}).options(1)
    spec = keras_fit.FitSpec(
        options=options,
        dataset_path=dataset.path,
        dataset_digest=dataset.digest,
        weights=tmp_path / "encoder",
        backup=str(tmp_path / "backup"),
        worker=0,
        ports=(0,),
        core=0,
    )
    told: list[dict[str, Any]] = []

    class Killed(Exception):
        pass

    def tell(event: dict[str, Any]) -> None:
        told.append(event["progress"])
        if len(told) == 5:
            raise Killed

    monkeypatch.setattr(keras_fit, "emit", tell)
    with pytest.raises(Killed):
        keras_fit._fit(spec, tf.distribute.get_strategy())
    keras_fit._fit(spec, tf.distribute.get_strategy())
    assert [one["done"] for one in told] == [1, 2, 3, 4, 5, 4, 5, 6], "it goes on from the end of the first epoch"
    assert {one["total"] for one in told} == {6}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(len(usable_cores()) < 2, reason="needs two cores")
def test_both_run_to_their_end(tmp_path: Path) -> None:
    write_encoder(tmp_path / "encoder", max_position_embeddings=64)
    rows = scaling.compare(tmp_path / "encoder", steps=400, repeats=1)
    assert [row.peer for row in rows][:2] == ["twice one worker", "twice one process of its own"]
    assert all(0.05 < row.ratio < 10 for row in rows)

    rows = recovery.compare(tmp_path / "encoder", steps=400, repeats=1)
    assert all(row.same_output for row in rows), "a killed training ends as an undisturbed one"
    lost, beside, seconds, _ = rows
    assert 0 <= lost.ratio <= 0.05 * 2 + 0.01  # two checkpoints may be on their way to disk
    assert 0.2 < beside.theirs / lost.theirs < 0.9, "Keras falls back to the end of the first epoch"
    assert seconds.ours > 0 and seconds.theirs > 0
