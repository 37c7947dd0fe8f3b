"""A search as a real process, to be killed: `python -m tests.tune.toy_search FOLDER TRIALS PARALLEL SECONDS [URL]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import tasks.tune.search
import tasks.tune.study
from flows.tuning.machines import machines_for
from tasks.tune.running import Limits, Process
from tasks.tune.search import Search
from tasks.tune.trials import Draw, Trials
from tests.tune.conftest import open_trials, quality, tune_options


def search(folder: Path, trials: int, parallel: int, seconds: float, url: str = "") -> Trials:
    """Search to the end with toy trials, each in files named by its values."""
    if url:  # who is dead in a shared database is told by silence: here it need not be long
        vars(tasks.tune.search)["BEAT_SECONDS"] = tasks.tune.study.BEAT_SECONDS = 1
        tasks.tune.study.GRACE_SECONDS = 15
    book = open_trials(folder, tune_options(pruner="none"), url=url, owner=str(folder))
    book.begin({})
    with machines_for(parallel) as machines:

        def start(draw: Draw, slot: int) -> Process:
            name = "-".join(draw.values.values())
            file = folder / f"{name}.json"
            file.write_text(json.dumps({"seconds": seconds, "value": quality(draw.values)}), encoding="utf-8")
            return machines.start("tests.tune.toy_trial", str(file), folder / f"{name}.log", slot)

        Search(book, start, [], Limits(trials, parallel, 120)).run()
    return book


if __name__ == "__main__":
    search(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), *sys.argv[5:])
