"""Names that a column of a source can't have here."""

from __future__ import annotations

RESERVED_PREFIX = "lepton:"
"""What the columns begin with that lie beside a source's own while rows are compared."""


def problem_of(name: str) -> str:
    """Why a column can't be called so, or nothing."""
    if not name:
        return "no name"
    if name == "*" or (name.startswith("^") and name.endswith("$")):  # so Polars reads them
        return "a name that means several columns"
    return "a name that Lepton uses itself" if name.startswith(RESERVED_PREFIX) else ""


def refuse_name(option: str, name: str) -> None:
    """Refuse a name that would mean other columns.

    Raises:
        ValueError: with the text that a recipe's error shows.
    """
    if problem := problem_of(name):
        raise ValueError(f"{option}: found {name!r}, {problem}; rename it in the source")
