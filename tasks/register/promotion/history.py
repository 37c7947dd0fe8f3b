"""The history of promotions in its database, within one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Connection, select, text

from infra.settings.home import HomeSettings
from infra.settings.promotions import PromotionSettings
from infra.stores import database
from infra.stores.database import Place, Schema
from tasks.register.promotion.promotion import Promotion, State
from tasks.register.promotion.tables import metadata, models, promotions

Result = TypeVar("Result")

_SCHEMA = Schema(
    title="history of promotions",
    setting="LEPTON_PROMOTIONS_HISTORY",
    tables=metadata,
    unchanged="No alias was moved.",
    patience_seconds=60.0,  # each other writer moves two aliases
)
# One statement that changes the row: who waited for it must begin anew, and so sees what the others did meanwhile.
_TURN = (
    f"INSERT INTO {models.name} (name, turn) VALUES (:name, 1) "
    f"ON CONFLICT (name) DO UPDATE SET turn = {models.name}.turn + 1"
)


class History:
    """What was promoted up to now; made for the length of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, model: str) -> None:
        """Have nobody else move the aliases of this model until the transaction ends."""
        self._connection.execute(text(_TURN), {"name": model})

    def of(self, model: str) -> list[Promotion]:
        """All changes of a model, the first one first."""
        query = select(promotions).where(promotions.c.model == model).order_by(promotions.c.id)
        return [Promotion.model_validate(dict(row._mapping)) for row in self._connection.execute(query)]

    def add(self, promotion: Promotion) -> Promotion:
        """Write a change down; returns it with its number."""
        inserted = self._connection.execute(promotions.insert().values(promotion.model_dump(exclude={"id"})))
        return promotion.model_copy(update={"id": inserted.inserted_primary_key[0]})  # type: ignore[index]

    def end(self, promotion: Promotion, state: State) -> Promotion:
        """Note how a change ended."""
        ended = promotion.model_copy(update={"state": state, "ended": now()})
        row = promotions.update().where(promotions.c.id == promotion.id)
        self._connection.execute(row.values(state=ended.state, ended=ended.ended))
        return ended


def here() -> Place:
    """The history of the settings: one for several homes, or this home's."""
    return Place(PromotionSettings().history, HomeSettings().root / "promotions.db")


def transact(place: Place, action: Callable[[History], Result]) -> Result:
    """What `action` makes of the history in a transaction; the errors are those of `infra.stores.database`."""
    return database.transact(place, _SCHEMA, lambda connection: action(History(connection)))


def now() -> str:
    """The time, to the second, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
