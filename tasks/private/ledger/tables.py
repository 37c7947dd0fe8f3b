"""The ledger's tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    DDL,
    Column,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)

metadata = MetaData()

budgets = Table(
    "lepton_privacy_budgets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("public", Integer, nullable=False),
    Column("epsilon", Float, nullable=False),
    Column("delta", Float, nullable=False),  # 0: the first run's
    Column("counts_from", Integer, nullable=False),  # charges up to this id were wiped by a reset
)
"""What may be spent, of one origin or of several that share it."""

origins = Table(
    "lepton_privacy_origins",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("budget", Integer, ForeignKey("lepton_privacy_budgets.id"), nullable=False),
)
"""Which budget a file of data has."""

charges = Table(
    "lepton_privacy_charges",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("budget", Integer, ForeignKey("lepton_privacy_budgets.id"), nullable=False),
    Column("run", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("what", Text, nullable=False),
    Column("state", String(16), nullable=False),  # reserved, committed, released
    Column("plain", Integer, nullable=False),  # without privacy: infinite
    Column("mechanisms", Text, nullable=False),
    Column("proof", Text, nullable=False),  # digest of what came of it
    Column("who", Text, nullable=False),
    Column("began", Text, nullable=False),
    Column("ended", Text, nullable=False),
    UniqueConstraint("budget", "run", "attempt"),
)
"""What was spent. A row is never deleted; from `reserved` it goes to `committed` or to `released`, and stays."""

changes = Table(
    "lepton_privacy_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("budget", Integer, ForeignKey("lepton_privacy_budgets.id"), nullable=False),
    Column("at", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
"""Who changed which budget, when and why. Only ever added to, which the database itself holds."""

_SQLITE = """
CREATE TRIGGER IF NOT EXISTS lepton_privacy_changes_no_{verb} BEFORE {verb} ON lepton_privacy_changes
BEGIN SELECT RAISE(ABORT, 'changes of privacy budgets are only added to'); END
"""
_FUNCTION = """
CREATE OR REPLACE FUNCTION lepton_privacy_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'changes of privacy budgets are only added to'; END $$
"""
_TRIGGER = """
CREATE OR REPLACE TRIGGER lepton_privacy_changes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
ON lepton_privacy_changes FOR EACH STATEMENT EXECUTE FUNCTION lepton_privacy_append_only()
"""


def _also(statement: str, dialect: str) -> None:
    ddl: Any = DDL
    event.listen(changes, "after_create", ddl(statement).execute_if(dialect=dialect))


for _verb in ("UPDATE", "DELETE"):
    _also(_SQLITE.format(verb=_verb), "sqlite")
for _statement in (_FUNCTION, _TRIGGER):
    _also(_statement, "postgresql")
