from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import BusyError
from infra.servers.records import ServerRecord, read_records, records_file, servers_lock, write_records
from infra.settings.home import HomeSettings

RECORD = ServerRecord(
    name="prefect", pid=42, created=1700000000.25, mark="m", address="http://a", health_url="http://a/h", log=Path("l")
)


def test_records_come_back_as_they_were(home: Path) -> None:
    settings = HomeSettings()
    write_records(settings, {"prefect": RECORD})
    assert read_records(settings) == {"prefect": RECORD}
    assert [file.name for file in home.iterdir()] == ["servers.json"], "no draft may be left"


def test_no_records_leave_no_file(home: Path) -> None:
    settings = HomeSettings()
    assert read_records(settings) == {}
    write_records(settings, {"prefect": RECORD})
    write_records(settings, {})
    assert not records_file(settings).exists()


@pytest.mark.parametrize("content", [b"", b"{", b'[{"name": "prefect"}]', b"\xff\xfe"])
def test_an_unreadable_file_counts_as_no_records(home: Path, content: bytes) -> None:
    (home / "servers.json").write_bytes(content)
    assert read_records(HomeSettings()) == {}


def test_one_at_a_time_changes_them(home: Path) -> None:
    settings = HomeSettings()
    busy = "found another `lepton up` or `lepton down` at work; allowed: one at a time"
    with servers_lock(settings), pytest.raises(BusyError, match=busy), servers_lock(settings):
        pass
    with servers_lock(settings):
        pass
