"""A history in SQLite and one in a real PostgreSQL, and a registry in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.register.promotion.registry import FolderRegistry


@pytest.fixture
def registry(tmp_path: Path) -> FolderRegistry:
    """Versions 1 to 3, no champion."""
    folder = tmp_path / "registry"
    folder.mkdir()
    made = FolderRegistry(folder)
    made.add("1", "2", "3")
    return made
