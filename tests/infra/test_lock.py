from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra.errors import BusyError, MachineError
from infra.stores.lock import home_lock

HOLD = """
import time
from infra.stores.lock import home_lock
with home_lock('news'):
    print('held', flush=True)
    time.sleep(60)
"""


def test_a_home_is_held_by_one_and_free_when_its_holder_is_killed(home: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with (
        pytest.raises(BusyError, match=rf"found a run in progress \(news, process {holder.pid}, since .*\)"),
        home_lock("support"),
    ):
        pass
    holder.kill()
    holder.wait()
    with home_lock("support"):
        assert "support" in (home / "run.lock").read_text()


def test_a_home_that_can_not_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LEPTON_HOME", str(tmp_path / "file"))
    with pytest.raises(MachineError, match=r"LEPTON_HOME .*: found file exists; allowed: a folder"), home_lock("news"):
        pass
