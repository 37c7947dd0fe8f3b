"""A ledger in SQLite and one in a real PostgreSQL: every test runs on both."""

from __future__ import annotations

from tasks.dp.accounting.mechanisms import Guarantee, Mechanism
from tasks.private.ledger.ledger import Spending
from tasks.private.ledger.origins import Origin

A, B, C = (Origin(letter * 64, f"{letter}.csv") for letter in "abc")


def spending(
    run: str, *mechanisms: Mechanism, origins: tuple[Origin, ...] = (A,), delta: float = 1e-6, rows: int = 1000
) -> Spending:
    """A run that spends a guarantee of epsilon 1 unless told otherwise."""
    return Spending(run, f"training {run}", origins, mechanisms or (Guarantee(1.0),), delta, rows, "somedata")
