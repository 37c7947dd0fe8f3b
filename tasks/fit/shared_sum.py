"""Sums over the workers of one machine through memory that they share.

TensorFlow's collectives go through sockets even between processes of one machine: the gradients of MiniLM, 42 MB, then
cost each worker 65 ms of its core a step. Here each copies its arrays into a part of a file in memory, waits for the
others, and adds up all parts, in the same order everywhere, so that all get the same bits.
"""

from __future__ import annotations

import logging
import math
import mmap
import os
import platform
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infra.devices import SHARED_MEMORY

log = logging.getLogger(__name__)
Floats = NDArray[np.float32]
MEMORY = SHARED_MEMORY
_PREFIX = "lepton-sum-"
_ORDERED = ("x86_64", "AMD64")
"""Processors on which others see writes in the order in which they were made."""
_LINE = 64  # bytes of a cache line, so that counters do not share one
_BYTES = 4
_ALIGNED = _LINE // _BYTES
_POLLS = ((0.1, 0.0002), (2.0, 0.005), (math.inf, 0.1))
"""Up to so many seconds of waiting, and between two looks. Who waits long must not look busy: each look may cost some
milliseconds of waiting for a processor that others use, which count as if it had work (`pulse.WORKING_SHARE`)."""
_BUFFERS = 2


class SharedSum:
    """One worker's end of the shared memory.

    There are two buffers, used in turn. Nobody overwrites what another still reads: who writes a buffer again has
    seen all others at the sum between, which they begin when they are done with the one before.

    Args:
        file: the same for all; one of them creates it, before the others open it.
        sizes: numbers in each of the arrays.

    Raises:
        OSError: there is no room, or no file.
    """

    def __init__(self, file: Path, sizes: Sequence[int], worker: int, workers: int, create: bool = False) -> None:
        self.worker, self.workers = worker, workers
        starts = np.cumsum([0, *(-(-size // _ALIGNED) * _ALIGNED for size in sizes)])
        self._places = [slice(start, start + size) for start, size in zip(starts, sizes, strict=False)]
        head, floats = _LINE * workers, int(starts[-1])
        memory = _mapped(file, head + _BUFFERS * workers * floats * _BYTES, create)
        self._rounds = np.frombuffer(memory, np.int64, head // 8)[:: _LINE // 8]
        self._parts = np.frombuffer(memory, np.float32, offset=head).reshape(_BUFFERS, workers, floats)
        self._total = _aligned(floats)

    def __call__(self, *arrays: Floats) -> list[Floats]:
        """The sums of these arrays over all workers, once all have called it as often; good until the next call."""
        number = int(self._rounds[self.worker])
        parts = self._parts[number % _BUFFERS]
        for place, array in zip(self._places, arrays, strict=True):
            parts[self.worker, place] = array.reshape(-1)
        self._rounds[self.worker] = number + 1
        self._wait(number)
        np.add(parts[0], parts[1], out=self._total)
        for part in parts[2:]:
            self._total += part
        return [self._total[place].reshape(array.shape) for place, array in zip(self._places, arrays, strict=True)]

    def _wait(self, number: int) -> None:
        """Until all have come so far. For ever, if one has died: whoever watches the workers ends them all."""
        began = time.monotonic()
        while self._rounds.min() <= number:
            waited = time.monotonic() - began
            time.sleep(next(pause for until, pause in _POLLS if waited < until))


def _mapped(file: Path, length: int, create: bool) -> mmap.mmap:
    descriptor = os.open(file, os.O_RDWR | (os.O_CREAT | os.O_EXCL if create else 0), 0o600)
    try:
        if create:
            os.posix_fallocate(descriptor, 0, length)  # where memory is full, an error now and no bus error later
        return mmap.mmap(descriptor, length)
    finally:
        os.close(descriptor)


def _aligned(floats: int) -> Floats:
    """Memory that TensorFlow takes over as it is: elsewhere it would copy what a Python function gives."""
    raw = np.zeros(floats + _ALIGNED, np.float32)
    start = -raw.ctypes.data % _LINE // _BYTES
    return raw[start : start + floats]


def shared_by_workers(strategy: Any, weights: Sequence[Any]) -> SharedSum | None:
    """Shared memory for a loss and the gradients of `weights`, if all the strategy's workers run on this machine.

    None where they do not, where they compute on GPUs, which have a network of their own, or where one of them can't
    have the memory; all workers, which must call this together, get the same answer.
    """
    import tensorflow as tf

    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return None
    resolver = strategy.cluster_resolver
    addresses = resolver.cluster_spec().as_dict().get("worker", []) if resolver else []
    workers, hosts = len(addresses), {address.rpartition(":")[0] for address in addresses}
    is_float = all(weight.dtype == tf.float32 for weight in weights)
    if workers < 2 or len(hosts) > 1 or not is_float or tf.config.list_logical_devices("GPU"):
        return None
    sizes = [1, *(math.prod(weight.shape) for weight in weights)]
    return _met(strategy, sizes, resolver.task_id, workers)


def _met(strategy: Any, sizes: Sequence[int], worker: int, workers: int) -> SharedSum | None:
    """The first worker makes the file and names it to the others; when all have opened it, its name is taken away."""
    total, is_first = _total(strategy), worker == 0
    owner, draw = (total(value if is_first else 0) for value in (os.getpid(), secrets.randbelow(2**30)))
    file = MEMORY / f"{_PREFIX}{owner}-{draw}"
    if is_first:
        _sweep()
    shared = None
    for creates in (True, False):
        if creates == is_first:
            with suppress(OSError, ValueError):
                shared = _opened(file, sizes, worker, workers)
        have = total(int(shared is not None))  # also keeps the others waiting until the file is there
    if is_first:
        file.unlink(missing_ok=True)
    if have < workers:
        log.warning("workers add up gradients through the network: %d of %d have shared memory", have, workers)
        return None
    return shared


def _sweep() -> None:
    """Remove what a first worker left that was killed before all had opened its file."""
    import psutil

    for file in MEMORY.glob(f"{_PREFIX}*-*"):
        owner = file.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            with suppress(OSError):
                file.unlink()


def _opened(file: Path, sizes: Sequence[int], worker: int, workers: int) -> SharedSum:
    if platform.machine() not in _ORDERED:
        raise OSError(f"{platform.machine()} may show a counter before the numbers that it counts")
    return SharedSum(file, sizes, worker, workers, create=worker == 0)


def _total(strategy: Any) -> Callable[[int], int]:
    """The sum of all workers' numbers, through the network."""
    import tensorflow as tf

    def add(value: Any) -> Any:
        own = tf.identity(value)  # an argument has no device, by which all_reduce goes
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, own)

    @tf.function  # type: ignore[untyped-decorator]
    def added(value: Any) -> Any:
        return strategy.experimental_local_results(strategy.run(add, args=(value,)))[0]

    def total(value: int) -> int:
        with strategy.scope():
            return int(added(tf.constant(value, tf.int32)))

    return total


def sum_tensors(shared: SharedSum, values: Sequence[Any]) -> list[Any]:
    """The sums of tensors in a graph."""
    import tensorflow as tf

    sums = tf.numpy_function(shared, values, [value.dtype for value in values])
    for value, total in zip(values, sums, strict=True):
        total.set_shape(value.shape)
    return list(sums)
