"""How several sources become one."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.ingest.names import refuse_name
from tasks.options import Options


class Rename(Options):
    """One column of a source under the name that all sources share."""

    column: str = Field(min_length=1, description="The column's name in this source.")
    to: str = Field(min_length=1, description="Its name in the contract, or in fusion.on or fusion.freshest_by.")


class FusionOptions(Options):
    """How rows of several sources are brought together."""

    method: Literal["union", "join"] = Field(
        default="union", description="union: rows of all sources; join: one row for each key, with columns of all."
    )
    on: list[str] = Field(default=[], description="Columns whose values say that rows are about the same thing.")
    conflict: Literal["priority", "freshest"] = Field(
        default="priority", description="Whose value stands where sources differ: by priority, or the freshest row's."
    )
    freshest_by: str = Field(default="", description="Column of numbers or ISO dates that says how fresh a row is.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.method == "join" and not self.on:
            raise ValueError("on: found no column; a join needs at least one")
        if (self.conflict == "freshest") != bool(self.freshest_by):
            found = "nothing" if not self.freshest_by else repr(self.freshest_by)
            raise ValueError(f"freshest_by: found {found} with conflict {self.conflict}; `freshest` needs a column")
        if self.freshest_by and not self.on:
            raise ValueError("on: found no column; rows conflict only where they share a key")
        for name in self.on:
            refuse_name("on", name)
        if self.freshest_by:
            refuse_name("freshest_by", self.freshest_by)
        if len(set(self.on)) < len(self.on):
            raise ValueError(f"on: found a column twice in {self.on}; name each once")
        return self
