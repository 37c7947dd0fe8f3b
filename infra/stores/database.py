"""A database of the home or of several homes: one writer after the other, errors in one line, without the password."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from infra.errors import LeptonError, MachineError, RecipeError, ServerError

_PAUSE_SECONDS = 0.05
_SERIALIZATION, _DEADLOCK = "40001", "40P01"
_LOCK_KEY = 0x6C6570746F6E  # any number that others do not take: "lepton"
Result = TypeVar("Result")


@dataclass(frozen=True)
class Place:
    """Where a database lies: at `url`, or in `file` if that is empty."""

    url: str = field(repr=False)  # it may hold a password
    file: Path

    def is_there(self) -> bool:
        """Whether there may be one: a file that was never made holds nothing."""
        return bool(self.url) or self.file.exists()


@dataclass(frozen=True)
class Schema:
    """What a database holds.

    Attributes:
        title: what errors call it.
        setting: the variable that gives its URL.
        tables: made where they are not there.
        unchanged: what an error of its file left as it was, in words.
        patience_seconds: how long to wait for other writers.
        lock: what makes writers queue in PostgreSQL, before the first query, which settles what is seen; None: the
            action's first statement does so.
    """

    title: str
    setting: str
    tables: MetaData
    unchanged: str
    patience_seconds: float
    lock: Callable[[Connection], None] | None = None


def transact(place: Place, schema: Schema, action: Callable[[Connection], Result]) -> Result:
    """What `action` makes of a transaction that no other overlaps; done anew if the database would have it so.

    SQLite takes its only write lock at the beginning. In PostgreSQL writers queue by the schema's lock, and run
    SERIALIZABLE besides, so that also those who ask in another way are seen.

    Raises:
        RecipeError: the setting is no URL of such a database.
        MachineError: the file can't be used, or the driver is not installed.
        ServerError: the database does not answer, or refuses.
    """
    with _telling(place, schema):
        engine = _engine(place, schema)
        try:
            return _tried(engine, schema, action)
        finally:
            engine.dispose()


def _tried(engine: Engine, schema: Schema, action: Callable[[Connection], Result]) -> Result:
    _make_tables(engine, schema.tables)
    give_up_at = time.monotonic() + schema.patience_seconds
    while True:
        try:
            with engine.begin() as connection:
                if schema.lock and engine.dialect.name == "postgresql":
                    schema.lock(connection)
                return action(connection)
        except DBAPIError as error:
            if not _is_conflict(error) or time.monotonic() > give_up_at:
                raise
            time.sleep(_PAUSE_SECONDS)


def _make_tables(engine: Engine, tables: MetaData) -> None:
    if engine.dialect.name == "sqlite":
        with engine.begin() as connection:
            tables.create_all(connection)
        return
    with engine.connect().execution_options(isolation_level="READ COMMITTED") as connection, connection.begin():
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})"))
        tables.create_all(connection)


def _is_conflict(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", "") in (_SERIALIZATION, _DEADLOCK)


def _engine(place: Place, schema: Schema) -> Engine:
    if not place.url:
        return _sqlite(place.file, schema.patience_seconds)
    try:
        return create_engine(_url(place.url, schema), poolclass=NullPool, isolation_level="SERIALIZABLE")
    except ImportError as error:
        raise MachineError(
            schema.setting,
            found=f"no package for PostgreSQL ({error})",
            allowed="the packages of the extra `postgres`",
            action="Install them: pip install 'lepton[postgres]'.",
        ) from error


def _sqlite(file: Path, patience_seconds: float) -> Engine:
    """A file without a write-ahead log, which a home on a network's disk could not have."""
    file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        URL.create("sqlite", database=str(file)), poolclass=NullPool, connect_args={"timeout": patience_seconds}
    )

    def on_connect(connection: Any, _: object) -> None:
        connection.isolation_level = None  # else the driver begins transactions by itself, and late
        connection.execute("PRAGMA synchronous = EXTRA")  # also the folder, after the journal is gone
        connection.execute("PRAGMA foreign_keys = ON")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _url(given: str, schema: Schema) -> URL:
    allowed = "a URL such as postgresql://user@host/database"
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):  # it is not shown: it may hold a password
        raise RecipeError(schema.setting, found="text that is no URL", allowed=allowed, action="Correct it.") from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise RecipeError(
            schema.setting,
            found=f"a database of kind {url.get_backend_name()}",
            allowed=allowed,
            action="Leave it out for SQLite below the home.",
        )
    return url.set(drivername="postgresql+psycopg")


@contextmanager
def _telling(place: Place, schema: Schema) -> Iterator[None]:
    """What the database says, in one line and without the password."""
    try:
        yield
    except LeptonError:
        raise
    except SQLAlchemyError as error:
        lines = str(getattr(error, "orig", None) or error).strip().splitlines()
        reason = lines[0] if lines else type(error).__name__
        if not place.url:
            raise MachineError(
                f"{schema.title} {place.file}",
                found=reason,
                allowed="a database that can be read and written",
                action=f"{schema.unchanged} See to its disk and its rights; the same command goes on.",
            ) from None
        for secret in _secrets(_url(place.url, schema)):
            reason = reason.replace(secret, "***")
        raise ServerError(
            f"{schema.title} ({schema.setting})",
            found=f"an error of the database: {reason}",
            allowed="a PostgreSQL database that answers and that this user may write to",
            action="Check the URL, and whether the database runs.",
        ) from None


def _secrets(url: URL) -> list[str]:
    return [str(secret) for secret in (url.password, url.query.get("password")) if secret]
