"""A connection to a database: tried again where it breaks, and its errors in one line, without the password."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from infra.errors import LeptonError, MachineError, RecipeError, SourceError
from tasks.ingest.sources.sql_options import SqlOptions, secrets

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL, Connection
    from sqlalchemy.exc import DBAPIError

ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.5
_EXTRAS = {"postgresql": "lepton[postgres]"}
Result = TypeVar("Result")


def database_url(options: SqlOptions) -> URL:
    """The URL that a recipe gives or names.

    Raises:
        RecipeError: there is none, or it is none.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    text = options.url or os.environ.get(options.url_variable, "")
    subject = "ingest.sql.url" if options.url else f"environment variable {options.url_variable}"
    if not text:
        raise RecipeError(subject, found="nothing", allowed="a database's URL", action="Set it, or name another.")
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise RecipeError(  # the URL is not shown: it may hold a password
            subject,
            found="text that is no URL",
            allowed="an SQLAlchemy URL such as postgresql://user@host/database",
            action="See SQLAlchemy's page on engine configuration.",
        ) from None
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url


def database_name(options: SqlOptions, url: URL) -> str:
    """What to call a table or a query: the place without user and password, and the table, or the query's hash."""
    place = f"{url.get_backend_name()}://{url.host or ''}{f':{url.port}' if url.port else ''}/{url.database or ''}"
    return f"{place}#{options.table or 'query-' + hashlib.sha256(options.query.encode()).hexdigest()[:8]}"


def connected(url: URL, name: str, action: Callable[[Connection], Result]) -> Result:
    """What `action` makes of a connection; done anew, after a pause, where the connection breaks: databases restart.

    Raises:
        RecipeError: no such kind of database is known.
        SourceError: the database can't be reached, or refuses what is asked.
        MachineError: the driver's package is missing.
    """
    with _telling(url, name):
        engine = _engine(url)
        try:
            return _tried(engine, action)
        finally:
            engine.dispose()


def _tried(engine: Engine, action: Callable[[Connection], Result]) -> Result:
    from sqlalchemy.exc import DBAPIError

    for attempt in range(1, ATTEMPTS):
        try:
            with engine.connect() as connection:
                return action(connection)
        except DBAPIError as error:
            if not _is_passing(error):
                raise
            time.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
    with engine.connect() as connection:
        return action(connection)


def _is_passing(error: DBAPIError) -> bool:
    """Whether the connection broke or was not made, for another reason than that we may not."""
    return error.connection_invalidated or (error.statement is None and "authentication" not in str(error.orig))


def _engine(url: URL) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool

    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite:
        _refuse_absent(url)
    read_only = {"postgresql_readonly": True} if url.get_backend_name() == "postgresql" else {}
    try:
        engine = create_engine(url, poolclass=NullPool, execution_options=read_only)  # and nothing is ever committed
    except ImportError as error:
        package = _EXTRAS.get(url.get_backend_name(), str(error.name or url.get_driver_name()))
        raise MachineError(
            f"ingest.sql ({url.get_backend_name()})",
            found=f"no package for it ({error})",
            allowed="databases whose driver is installed",
            action=f'Install it: pip install "{package}".',
        ) from error
    if is_sqlite:  # which commits a DROP by itself
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only = ON"))
    return engine


def _refuse_absent(url: URL) -> None:
    """SQLite would make a file that is not there."""
    file = url.database or ":memory:"
    if not file.startswith((":memory:", "file:")) and not Path(file).exists():
        raise SourceError(
            f"source sqlite:///{file}", found="no such file", allowed="a file that is there", action="Check ingest.sql."
        )


@contextmanager
def _telling(url: URL, name: str) -> Iterator[None]:
    """What the database says, in one line and without the password."""
    from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

    try:
        yield
    except LeptonError:
        raise
    except NoSuchModuleError as error:
        raise RecipeError(
            "ingest.sql", found=str(error), allowed="a database that SQLAlchemy knows", action="Check the URL."
        ) from None
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        for secret in secrets(url):
            reason = reason.replace(secret, "***")
        raise SourceError(
            f"source {name}",
            found=f"an error of the database: {reason}",
            allowed="a database that answers, and a table or query that it knows",
            action="Check ingest.sql, and whether the database runs.",
        ) from None
