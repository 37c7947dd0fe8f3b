"""A contract that was proposed from a file, and what a person is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from infra.errors import RecipeError
from tasks.ingest.config import ColumnContract, SourceColumns

NOT_IN_CONTRACTS = ("split", "key")
"""Roles of columns that say something of a row, and are no part of it."""


@dataclass(frozen=True)
class Proposal:
    """A contract for a file.

    Attributes:
        rows: rows that it was made from; `is_whole`, whether these are all.
        columns: roles that columns with reserved names can have.
        left_out: columns that no contract can name, and why.
        unreadable: further rows that could not be read, by reason.
    """

    rows: int
    is_whole: bool
    contract: tuple[ColumnContract, ...]
    columns: Mapping[str, str]
    left_out: Mapping[str, str]
    unreadable: Mapping[str, int]

    def options(self) -> dict[str, Any]:
        """What to write under `ingest` in a recipe: all that is not a default."""
        contract = [_plain(column) for column in self.contract]
        return {**({"columns": dict(self.columns)} if self.columns else {}), "contract": contract}


def with_roles(proposal: Proposal, roles: Mapping[str, str]) -> Proposal:
    """The proposal with some columns under the names of their roles, as recipes want them.

    Raises:
        RecipeError: there is no such role or column.
    """
    contract = {column.name: column for column in proposal.contract}
    for role, source in roles.items():
        if role not in SourceColumns.model_fields:
            allowed = ", ".join(SourceColumns.model_fields)
            raise RecipeError("--role", found=repr(role), allowed=allowed, action="Give it as ROLE=COLUMN.")
        if source not in contract:
            raise RecipeError(
                f"--role {role}", found=repr(source), allowed=", ".join(contract), action="Name a column."
            )
        column = contract.pop(source)
        if role not in NOT_IN_CONTRACTS:
            contract[source] = column.model_copy(update={"name": role})
    order = [column.name for column in proposal.contract if column.name in contract]
    columns = {**proposal.columns, **roles}
    return replace(proposal, contract=tuple(contract[name] for name in order), columns=columns)


def _plain(column: ColumnContract) -> dict[str, Any]:
    """A column as YAML has it: whole numbers without a fraction, no defaults."""
    content = {"name": column.name, "type": column.type, **column.model_dump(exclude_defaults=True)}
    return {
        key: int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
        for key, value in content.items()
    }
