"""Sums through shared memory: the same bits for all, whoever comes first, and none where there is no memory."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from infra.settings.home import checkout
from tasks.fit import shared_sum
from tasks.fit.shared_sum import SharedSum
from tasks.train.team.seats import free_ports

Arrays = list[NDArray[np.float32]]


def workers_of(file: Path, sizes: list[int], count: int) -> list[SharedSum]:
    return [SharedSum(file, sizes, worker, count, create=worker == 0) for worker in range(count)]


def at_once(works: list[Callable[[], Arrays]]) -> list[Arrays]:
    with ThreadPoolExecutor(len(works)) as pool:
        return [each.result(timeout=30) for each in [pool.submit(work) for work in works]]


@pytest.mark.parametrize("count", [2, 3, 4])
def test_all_get_the_sum_in_the_same_bits_round_after_round(tmp_path: Path, count: int) -> None:
    shapes = [(), (3, 5), (16,), (33,), (1, 1)]
    sums = workers_of(tmp_path / "sum", [int(np.prod(shape)) for shape in shapes], count)
    random = np.random.default_rng(0)

    def work(shared: SharedSum, mine: list[Arrays], pauses: NDArray[np.float64]) -> Arrays:
        got: Arrays = []
        for arrays, pause in zip(mine, pauses, strict=True):
            time.sleep(pause)  # now one is first, now another
            got += [array.copy() for array in shared(*arrays)]
        return got

    rounds = 30
    given = [
        [[random.normal(size=shape).astype(np.float32) for shape in shapes] for _ in range(rounds)]
        for _ in range(count)
    ]
    pauses = random.choice([0.0, 0.002], (count, rounds))
    got = at_once([lambda w=w: work(sums[w], given[w], pauses[w]) for w in range(count)])  # type: ignore[misc]
    for number in range(rounds):
        for place, shape in enumerate(shapes):
            expected = given[0][number][place]
            for worker in range(1, count):
                expected = expected + given[worker][number][place]
            for worker in range(count):
                array = got[worker][number * len(shapes) + place]
                assert array.shape == shape
                np.testing.assert_array_equal(array, expected)


def test_nobody_goes_on_before_all_have_come(tmp_path: Path) -> None:
    one, other = workers_of(tmp_path / "sum", [4], 2)
    four = np.ones(4, np.float32)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(one, four)
        time.sleep(0.3)
        assert not waiting.done()
        np.testing.assert_array_equal(other(four)[0], 2 * four)
        np.testing.assert_array_equal(waiting.result(timeout=10)[0], 2 * four)


def test_who_waits_long_looks_seldom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = workers_of(tmp_path / "sum", [1], 2)
    looks = [0.0]

    def sleep(seconds: float) -> None:
        looks.append(looks[-1] + seconds)
        if looks[-1] > 12:
            other._rounds[1] = 1

    monkeypatch.setattr(shared_sum, "time", SimpleNamespace(monotonic=lambda: looks[-1], sleep=sleep))
    one(np.ones(1, np.float32))

    assert sum(look < 0.1 for look in looks) == pytest.approx(500, abs=2)
    assert sum(look > 2.2 for look in looks) / 10 == pytest.approx(10, abs=1)  # a second


def test_what_tensorflow_takes_over_is_aligned(tmp_path: Path) -> None:
    one, other = workers_of(tmp_path / "sum", [3, 5, 17], 2)
    arrays = [np.ones(size, np.float32) for size in (3, 5, 17)]
    for sums in at_once([lambda: one(*arrays), lambda: other(*arrays)]):
        assert all(array.ctypes.data % 64 == 0 for array in sums)


def test_memory_that_is_full_is_an_error_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tasks.fit.shared_sum.os.posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        SharedSum(tmp_path / "sum", [4], 0, 2, create=True)
    with pytest.raises(ValueError, match="length"):
        SharedSum(tmp_path / "sum", [4], 1, 2)  # the file is there, and empty


def test_only_what_the_dead_left_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_sum, "MEMORY", tmp_path)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for name in (f"lepton-sum-{ended.pid}-7", f"lepton-sum-{os.getpid()}-7", "lepton-sum-x-7", "other"):
        (tmp_path / name).touch()
    shared_sum._sweep()
    assert {file.name for file in tmp_path.iterdir()} == {f"lepton-sum-{os.getpid()}-7", "lepton-sum-x-7", "other"}


SCRIPT = """
import json, os, sys
from pathlib import Path
import tensorflow as tf
from tasks.fit import shared_sum
memory, number = sys.argv[1], json.loads(os.environ["TF_CONFIG"])["task"]["index"]
shared_sum.MEMORY = Path(memory)
strategy = tf.distribute.MultiWorkerMirroredStrategy()
with strategy.scope():
    weights = [tf.Variable(tf.zeros([2, 3])), tf.Variable(tf.zeros([5]))]
shared = shared_sum.shared_by_workers(strategy, weights)
values = [tf.constant(float(number + 1)), tf.fill([2, 3], 10.0 ** number), tf.range(5.0)]
if shared:
    sums = tf.function(lambda: shared_sum.sum_tensors(shared, values))()
    assert [each.shape for each in sums] == [[], [2, 3], [5]]
    print(json.dumps([each.numpy().tolist() for each in sums]))
else:
    print("network")
"""


@pytest.mark.slow
@pytest.mark.parametrize("has_memory", [True, False])
def test_two_workers_under_tensorflow(tmp_path: Path, has_memory: bool) -> None:
    memory = tmp_path / "memory"
    if has_memory:
        memory.mkdir()
    ports = free_ports(2)
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    processes = []
    for index in (0, 1):
        config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        environment = {**os.environ, "TF_CONFIG": config, "TF_USE_LEGACY_KERAS": "1"}
        command = [sys.executable, "-c", SCRIPT, str(memory)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        processes.append(subprocess.Popen(command, cwd=checkout(), env=environment, **pipes))  # type: ignore[call-overload]
    ended = [process.communicate(timeout=250) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ended
    expected = [3.0, [[11.0] * 3] * 2, [0.0, 2.0, 4.0, 6.0, 8.0]]
    for out, _ in ended:
        assert json.loads(out) == expected if has_memory else out.strip() == "network"
    assert not has_memory or not list(memory.iterdir()), "the file has no name any more"
