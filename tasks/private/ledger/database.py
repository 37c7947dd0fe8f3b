"""The ledger's database."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, text

from infra.settings.home import HomeSettings
from infra.settings.privacy import PrivacySettings
from infra.stores import database
from infra.stores.database import Place, Schema
from tasks.private.ledger.tables import budgets, metadata

__all__ = ["Place", "here", "transact"]

Result = TypeVar("Result")


def _lock(connection: Connection) -> None:
    connection.execute(text(f"LOCK TABLE {budgets.name} IN EXCLUSIVE MODE"))


LEDGER = Schema(
    title="ledger of privacy",
    setting="LEPTON_PRIVACY_LEDGER",
    tables=metadata,
    unchanged="Nothing was spent.",
    patience_seconds=120.0,  # each other writer computes an epsilon
    lock=_lock,
)


def here() -> Place:
    """The ledger of the settings: one for several homes, or this home's."""
    return Place(PrivacySettings().ledger, HomeSettings().root / "privacy.db")


def transact(place: Place, action: Callable[[Connection], Result]) -> Result:
    """What `action` makes of a transaction that no other overlaps; the errors are those of `infra.stores.database`."""
    return database.transact(place, LEDGER, action)
