from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.environment import configure


def test_libraries_write_below_the_home_unless_the_user_says_where(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_HOME", raising=False)
    monkeypatch.setenv("MPLCONFIGDIR", "")
    monkeypatch.delenv("MPLCONFIGDIR")
    configure()
    assert Path(os.environ["PREFECT_HOME"]) == home / "prefect"
    assert Path(os.environ["MPLCONFIGDIR"]) == home / "matplotlib"

    monkeypatch.setenv("MPLCONFIGDIR", "elsewhere")
    configure()
    assert os.environ["MPLCONFIGDIR"] == "elsewhere"
