"""A history in SQLite and one in a real PostgreSQL, and a registry in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.stores.database import Place
from tests.register.promotion.registry import FolderRegistry


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty history."""
    if request.param == "sqlite":
        yield Place("", tmp_path / "promotions.db")
        return
    import psycopg

    url = request.getfixturevalue("postgres")
    yield Place(url, tmp_path / "unused.db")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


@pytest.fixture
def registry(tmp_path: Path) -> FolderRegistry:
    """Versions 1 to 3, no champion."""
    folder = tmp_path / "registry"
    folder.mkdir()
    made = FolderRegistry(folder)
    made.add("1", "2", "3")
    return made
