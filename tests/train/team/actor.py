"""A process of a team that acts as a test says, and needs no TensorFlow: it starts in a tenth of a second.

What it does stands in `<work>/<name>.act`, one word a line, taken one line an attempt; the last stays. Who ends a team
waits until all have taken theirs, or the next attempt would find them a line behind.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from infra.errors import DataError
from infra.processes import child_main, emit
from tasks.train.team.heart import Heart


def work(spec_file: str) -> dict[str, Any]:
    file = Path(spec_file)
    spec = json.loads(file.read_text())
    act = _next_act(file.with_suffix(".act"))
    if act in ("port", "refuse", "die"):
        _wait_for_all(file, spec["cluster"])
    sys.stdout.write(f"acts {act}\n")
    sys.stdout.flush()
    with Heart().beating() as heart:
        if act == "port":
            emit({"port_taken": "127.0.0.1:1"})
            sys.exit(1)
        if act == "refuse":
            raise DataError("rows", found="none", allowed="some", action="Give some.")
        emit({"started": True})
        heart.stepped(1)
        if act == "die":
            sys.stdout.write("last line\n")
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        if act == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        if act == "wait":  # for a peer that never comes
            socket.create_server(("127.0.0.1", 0)).accept()
        if act in ("serve", "release"):
            heart.serve()
            if act == "release":
                file.with_name("released").touch()
            while True:
                time.sleep(1)
        while act == "held" and not file.with_name("released").exists():
            time.sleep(0.05)
        if act == "slow":
            time.sleep(1.5)
        emit({"progress": {"done": 1, "total": 1, "text": ""}})
    return {"role": spec["role"], "worker": spec["worker"], "act": act}


def _wait_for_all(file: Path, cluster: dict[str, list[str]]) -> None:
    names = [f"{role}-{place}" for role, addresses in cluster.items() for place in range(len(addresses))]
    others = [file.with_name(f"{'chief' if name == 'chief-0' else name}.taken") for name in names]
    attempts = file.with_suffix(".taken").stat().st_size
    while not all(other.exists() and other.stat().st_size >= attempts for other in others):
        time.sleep(0.01)


def _next_act(file: Path) -> str:
    acts = file.read_text().split() if file.exists() else ["work"]
    file.write_text("\n".join(acts[1:] or acts))
    with file.with_suffix(".taken").open("a") as taken:
        taken.write(".")
    return acts[0]


if __name__ == "__main__":
    child_main(work)
