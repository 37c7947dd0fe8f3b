"""The base of every typed parameter group, and the kinds of learning problem that the stages share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

Task = Literal[
    "text_classification", "text_heads", "text_retrieval", "tabular_classification", "rating_prediction", "item_ranking"
]
HeadKind = Literal["classification", "multi_label", "regression", "tagging"]
LEARNED_COLUMNS: Mapping[Task, tuple[str, ...]] = {
    "text_classification": ("text", "label"),
    "text_heads": ("text",),
    "text_retrieval": ("text", "answer"),
    "tabular_classification": ("label",),
    "rating_prediction": ("user", "item", "rating"),
    "item_ranking": ("user", "item"),
}
"""Columns that a task reads, besides its feature columns and those that its heads tell."""


class Options(BaseModel):
    """Immutable, and an unknown name is an error: a typing mistake must not pass for a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    def modules(self) -> tuple[str, ...]:
        """Modules of the user's own that these options name: their source counts like ours."""
        return ()
