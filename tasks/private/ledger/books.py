"""Rows of the ledger's tables as budgets and charges, within one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from infra.settings.roles import current_user
from tasks.dp.accounting.mechanisms import Mechanism, from_json, to_json
from tasks.private.ledger import tables
from tasks.private.ledger.budget import Budget, Charge
from tasks.private.ledger.origins import Origin


class Books:
    """What the ledger says now; made for the length of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def budgets(self, digests: Iterable[str] | None = None) -> list[Budget]:
        """The budgets of those origins, or all, in the order of their numbers."""
        query = select(tables.origins.c.budget).distinct()
        if digests is not None:
            query = query.where(tables.origins.c.digest.in_(list(digests)))
        return [self.budget(number) for number in sorted(self._connection.scalars(query))]

    def budget(self, number: int) -> Budget:
        """One budget with its origins and the charges that count."""
        table, charges, origins = tables.budgets, tables.charges, tables.origins
        row = self._connection.execute(select(table).where(table.c.id == number)).one()
        of_it = select(origins.c.digest, origins.c.name).where(origins.c.budget == number).order_by(origins.c.digest)
        counted = (
            select(charges)
            .where(charges.c.budget == number, charges.c.id > row.counts_from, charges.c.state != "released")
            .order_by(charges.c.id)
        )
        return Budget(
            id=row.id,
            name=row.name,
            public=bool(row.public),
            epsilon=row.epsilon,
            delta=row.delta,
            origins={one.digest: one.name for one in self._connection.execute(of_it)},
            charges=tuple(map(_charge, self._connection.execute(counted))),
        )

    def all_charges(self) -> list[tuple[int, Charge]]:
        """Every charge that was ever made with its budget's number, the newest first."""
        rows = self._connection.execute(select(tables.charges).order_by(tables.charges.c.id.desc()))
        return [(row.budget, _charge(row)) for row in rows]

    def last_charge(self, budget: int, run: str) -> Charge | None:
        """The last attempt of a run, whatever became of it."""
        table = tables.charges
        query = select(table).where(table.c.budget == budget, table.c.run == run).order_by(table.c.attempt.desc())
        row = self._connection.execute(query).first()
        return _charge(row) if row else None

    def charge(self, budget: int, charge: Charge) -> None:
        """Add a charge; its number is the ledger's to give."""
        values = {name: getattr(charge, name) for name in ("run", "attempt", "what", "state", "proof", "who")}
        self._connection.execute(
            tables.charges.insert().values(
                budget=budget,
                plain=int(charge.plain),
                mechanisms=to_json(charge.mechanisms),
                began=charge.began,
                ended=charge.ended,
                **values,
            )
        )

    def end(self, charge: Charge, state: str, mechanisms: Sequence[Mechanism], proof: str) -> None:
        """Commit or release a charge."""
        self._connection.execute(
            tables.charges.update()
            .where(tables.charges.c.id == charge.id)
            .values(state=state, mechanisms=to_json(mechanisms), proof=proof, ended=now())
        )

    def open(self, name: str, public: bool, epsilon: float, delta: float) -> Budget:
        """A new budget, of no origin yet."""
        inserted = self._connection.execute(
            tables.budgets.insert().values(name=name, public=int(public), epsilon=epsilon, delta=delta, counts_from=0)
        )
        return self.budget(inserted.inserted_primary_key[0])  # type: ignore[index]

    def join(self, budget: Budget, origins: Sequence[Origin]) -> None:
        """Give origins that have none this budget."""
        rows = [{"digest": origin.digest, "name": origin.name, "budget": budget.id} for origin in origins]
        if rows:
            self._connection.execute(tables.origins.insert(), rows)

    def change(self, before: Budget, after: Budget, action: str, reason: str) -> None:
        """Set what `after` says, and note who did it."""
        self._connection.execute(
            tables.budgets.update()
            .where(tables.budgets.c.id == after.id)
            .values(public=int(after.public), epsilon=after.epsilon, delta=after.delta)
        )
        self._note(after.id, action, _told(before), _told(after), reason)

    def note_opening(self, budget: Budget) -> None:
        """Note who made a budget."""
        self._note(budget.id, "open", "", _told(budget), "")

    def note_joining(self, budget: Budget, origins: Sequence[Origin]) -> None:
        """Note who gave a budget more origins."""
        self._note(budget.id, "share", "", ", ".join(origin.digest for origin in origins), "")

    def reset(self, budget: Budget, reason: str) -> Budget:
        """Let no charge count that was made up to now."""
        last = self._connection.scalars(
            select(tables.charges.c.id).where(tables.charges.c.budget == budget.id).order_by(tables.charges.c.id.desc())
        ).first()
        table = tables.budgets
        self._connection.execute(table.update().where(table.c.id == budget.id).values(counts_from=last or 0))
        self._note(budget.id, "reset", f"spent {budget.spent():.6g}", "spent 0", reason)
        return replace(budget, charges=())

    def changes(self, number: int | None = None) -> list[dict[str, Any]]:
        """What was changed, the newest first; of one budget or of all."""
        query = select(tables.changes).order_by(tables.changes.c.id.desc())
        if number is not None:
            query = query.where(tables.changes.c.budget == number)
        return [dict(row._mapping) for row in self._connection.execute(query)]

    def _note(self, budget: int, action: str, before: str, after: str, reason: str) -> None:
        self._connection.execute(
            tables.changes.insert().values(
                budget=budget, at=now(), who=current_user(), action=action, before=before, after=after, reason=reason
            )
        )


def now() -> str:
    """The time, to the second, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _charge(row: Any) -> Charge:
    return Charge(
        id=row.id,
        run=row.run,
        attempt=row.attempt,
        what=row.what,
        state=row.state,
        plain=bool(row.plain),
        mechanisms=from_json(row.mechanisms),
        proof=row.proof,
        who=row.who,
        began=row.began,
        ended=row.ended,
    )


def _told(budget: Budget) -> str:
    return "public" if budget.public else f"epsilon {budget.epsilon:g}, delta {budget.delta:g}"
