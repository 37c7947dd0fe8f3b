"""A ledger in SQLite and one in a real PostgreSQL: every test runs on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.dp.accounting.mechanisms import Guarantee, Mechanism
from tasks.private.ledger.database import Place
from tasks.private.ledger.ledger import Spending
from tasks.private.ledger.origins import Origin


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty ledger."""
    if request.param == "sqlite":
        yield Place("", tmp_path / "privacy.db")
        return
    import psycopg

    url = request.getfixturevalue("postgres")
    yield Place(url, tmp_path / "unused.db")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


A, B, C = (Origin(letter * 64, f"{letter}.csv") for letter in "abc")


def spending(
    run: str, *mechanisms: Mechanism, origins: tuple[Origin, ...] = (A,), delta: float = 1e-6, rows: int = 1000
) -> Spending:
    """A run that spends a guarantee of epsilon 1 unless told otherwise."""
    return Spending(run, f"training {run}", origins, mechanisms or (Guarantee(1.0),), delta, rows, "somedata")
