"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.settings.home import HomeSettings, checkout

# Samples and weights are fetched once into the checkout's own home, not once a test.
os.environ.setdefault("LEPTON_CACHE", str(HomeSettings().samples))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty LEPTON_HOME."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LEPTON_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data sets that lie beside some checkouts; tests that need them skip elsewhere."""
    folder = checkout().parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the real data sets in ../shared/data, which are not part of the project")
    return folder
