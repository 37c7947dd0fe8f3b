"""Where a database is, and what to read from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from tasks.options import Options

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_SECRETS = ("password", "passwd", "pwd", "sslpassword", "odbc_connect")
"""Parameters of a URL in which drivers take a password."""


class SqlOptions(Options):
    """A table or a query of a database that SQLAlchemy can reach. A password never stands in a recipe."""

    url: str = Field(default="", repr=False, description="SQLAlchemy URL without a password, such as sqlite:///a.db.")
    url_variable: str = Field(
        default="", description="Environment variable that holds the URL; needed where the URL has a password."
    )
    table: str = Field(default="", description="Table to read whole, `schema.table` where it needs a schema.")
    query: str = Field(default="", description="SELECT to read instead of a table.")

    @property
    def is_given(self) -> bool:
        """Whether the recipe names a database."""
        return self != SqlOptions()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not any((self.url, self.url_variable, self.table, self.query)):
            return self
        if bool(self.url) == bool(self.url_variable):
            found = "both url and url_variable" if self.url else "neither url nor url_variable"
            raise ValueError(f"url: found {found}; give one of them")
        if bool(self.table) == bool(self.query):
            found = "both table and query" if self.table else "neither table nor query"
            raise ValueError(f"table: found {found}; give one of them")
        if self.url and _has_password(self.url):
            raise ValueError(
                "url: found a URL with a password; put it into an environment variable and name that in url_variable"
            )
        return self


def _has_password(text: str) -> bool:
    """Whether a URL brings a password, in its place or as a parameter; one that can't be read is refused later."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        return ":" in text.partition("://")[2].rpartition("@")[0]
    return bool(secrets(url))


def secrets(url: URL) -> list[str]:
    """What of a URL nobody may see."""
    hidden = [str(value) for name, value in url.query.items() if name.lower() in _SECRETS]
    return [secret for secret in (str(url.password or ""), *hidden) if secret]
