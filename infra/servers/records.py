"""What runs on a home: `servers.json`, written whole or not at all, and a lock for those who change it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from infra.errors import BusyError
from infra.settings.home import HomeSettings
from infra.stores.home import check_home


class ServerRecord(BaseModel):
    """One started server.

    Attributes:
        pid: 0 until the process is known to have started.
        created: the process's start time, which tells it from a later process with the same id.
        mark: a word in the environment of the process and of all that it starts.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int
    created: float
    mark: str
    address: str
    health_url: str
    log: Path


_Records = TypeAdapter(list[ServerRecord])


def records_file(home: HomeSettings) -> Path:
    """Where the records of `home` lie."""
    return home.root / "servers.json"


def read_records(home: HomeSettings) -> dict[str, ServerRecord]:
    """The servers that were started and not stopped, by name. An unreadable file counts as none."""
    try:
        records = _Records.validate_json(records_file(home).read_bytes())
    except (FileNotFoundError, ValidationError):
        return {}
    return {record.name: record for record in records}


def write_records(home: HomeSettings, records: dict[str, ServerRecord]) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    file = records_file(home)
    if not records:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}.tmp")
    draft.write_bytes(_Records.dump_json(list(records.values()), indent=2) + b"\n")
    draft.replace(file)


@contextmanager
def servers_lock(home: HomeSettings) -> Iterator[None]:
    """Keep a second `up` or `down` out while the block runs.

    Raises:
        BusyError: one is at work.
        MachineError: the home can't be written.
    """
    check_home()
    with (home.root / "servers.lock").open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"servers of {home.root}",
                found="another `lepton up` or `lepton down` at work",
                allowed="one at a time",
                action="Wait until it ends.",
            ) from None
        yield
