"""The base of every typed parameter group, and the kinds of learning problem that the stages share."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Task = Literal["text_classification", "text_retrieval", "tabular_classification", "rating_prediction"]


class Options(BaseModel):
    """Immutable, and an unknown name is an error: a typing mistake must not pass for a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    def modules(self) -> tuple[str, ...]:
        """Modules of the user's own that these options name: their source counts like ours."""
        return ()
