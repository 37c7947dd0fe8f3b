"""A trial as a real process that is there at once: `python -m tests.tune.toy_trial FILE` measures three epochs.

FILE has the seconds of an epoch, and the trial's value. A line that says who ran is added to FILE.ran.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from infra.processes import child_main, emit


def work(file: str) -> dict[str, Any]:
    said = json.loads(Path(file).read_text(encoding="utf-8"))
    with Path(f"{file}.ran").open("a", encoding="utf-8") as ran:
        ran.write(f"{os.getpid()} {os.environ.get('LEPTON_CORE_SHARE', '')}\n")
    for step in (1, 2, 3):
        time.sleep(said["seconds"])
        emit({"progress": {"done": step, "total": 3, "text": ""}})
        emit({"metrics": {"step": step, "val_accuracy": said["value"] * step / 3}})
    return {"val_accuracy": said["value"]}


if __name__ == "__main__":
    child_main(work)
