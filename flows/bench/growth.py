"""Whether a row costs the same among many rows as among few, in time; and how much memory many rows take."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from flows.bench.clean import ENGINES, csv_to_version, open_engines
from flows.bench.documents import write_csv
from flows.bench.report import Row, time_row

_BARS = (1.2, 1.0)
_ALLOWED_GIB = 4.0
_LOOK_SECONDS = 0.25


def run(rows: int, base: int, engines: Sequence[str] = ENGINES) -> list[Row]:
    """Seconds a million rows, at `rows` and at `base`, and the most memory at `rows`; each in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="lepton-bench-") as folder:
        few, many = Path(folder) / "few.csv", Path(folder) / "many.csv"
        write_csv(few, base)
        size = write_csv(many, rows) / 2**30
        found: list[Row] = []
        for engine in engines:
            first, _ = measure_job(few, Path(folder) / engine, engine)
            seconds, memory = measure_job(many, Path(folder) / engine, engine)
            found.append(_growth(f"seconds a million rows at {rows:,}, {engine}", base, first / base, seconds / rows))
            found.append(_memory(f"GiB in all processes at {rows:,} rows, {size:.1f} GiB of csv, {engine}", memory))
    return found


def _growth(case: str, base: int, first: float, later: float) -> Row:
    return time_row(case, f"itself at {base:,} rows", [later * 1e6], [first * 1e6], _BARS, same_output=True)


def _memory(case: str, memory: float) -> Row:
    return time_row(case, "what is allowed", [memory], [_ALLOWED_GIB], (1.0, 1.0), same_output=True)


def measure_job(file: Path, into: Path, engine: str) -> tuple[float, float]:
    """Seconds of the job, and the most GiB that its process and all below it held."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_job, args=(file, into, engine, theirs))
    process.start()
    theirs.close()
    memory = _watch(process)
    if process.exitcode or not ours.poll():
        raise RuntimeError(f"the job on {engine} ended with exit code {process.exitcode}")
    seconds: float = ours.recv()
    return seconds, memory


def _job(file: Path, into: Path, engine: str, answer: Connection) -> None:
    import shutil

    with open_engines([engine]) as engines:
        start = time.perf_counter()
        csv_to_version(file, into, engines[engine])
        answer.send(time.perf_counter() - start)
    shutil.rmtree(into)


def _watch(process: BaseProcess) -> float:
    import psutil

    most = 0
    while process.is_alive():
        try:
            root = psutil.Process(process.pid)
            most = max(most, sum(_proportional(each) for each in [root, *root.children(recursive=True)]))
        except psutil.NoSuchProcess:
            break
        process.join(_LOOK_SECONDS)
    process.join()
    return most / 2**30


def _proportional(process: object) -> int:
    """Resident bytes, where what processes share counts once in all."""
    import psutil

    assert isinstance(process, psutil.Process)
    try:
        return int(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
