"""The tables of the history of promotions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import DDL, Column, Integer, MetaData, String, Table, Text, event

metadata = MetaData()

models = Table(
    "lepton_promotion_models",
    metadata,
    Column("name", String(256), primary_key=True),
    Column("turn", Integer, nullable=False),
)
"""A row for each model, which is changed first by whoever moves its aliases: so they queue."""

promotions = Table(
    "lepton_promotions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model", String(256), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("below", Text, nullable=False),
    Column("below_before", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("override", Text, nullable=False),
    Column("began", Text, nullable=False),
    Column("ended", Text, nullable=False),
)
"""What was promoted. From `intended` a row goes to `done` or `abandoned`, and stays: the database itself holds that."""

_SQLITE = """
CREATE TRIGGER IF NOT EXISTS lepton_promotions_no_{verb} BEFORE {verb} ON lepton_promotions{when}
BEGIN SELECT RAISE(ABORT, 'the history of promotions is only added to'); END
"""
_FUNCTION = """
CREATE OR REPLACE FUNCTION lepton_promotions_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the history of promotions is only added to'; END $$
"""
_TRIGGER = """
CREATE OR REPLACE TRIGGER lepton_promotions_{name} BEFORE {verb} ON lepton_promotions {when}
EXECUTE FUNCTION lepton_promotions_append_only()
"""
_ENDED = "WHEN (OLD.state <> 'intended')"


def _also(statement: str, dialect: str) -> None:
    ddl: Any = DDL
    event.listen(promotions, "after_create", ddl(statement).execute_if(dialect=dialect))


_also(_SQLITE.format(verb="UPDATE", when=f" {_ENDED}"), "sqlite")
_also(_SQLITE.format(verb="DELETE", when=""), "sqlite")
_also(_FUNCTION, "postgresql")
_also(_TRIGGER.format(name="ended", verb="UPDATE", when=f"FOR EACH ROW {_ENDED}"), "postgresql")
_also(_TRIGGER.format(name="kept", verb="DELETE OR TRUNCATE", when="FOR EACH STATEMENT"), "postgresql")
