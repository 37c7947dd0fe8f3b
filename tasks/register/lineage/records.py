"""What MLflow and the history of promotions say, as far as lineage goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LOST = ("deleted", "gone")
"""A run that somebody deleted, which MLflow keeps for a while, and one that it does not have any more."""


@dataclass(frozen=True)
class RunRecord:
    """A run.

    Attributes:
        status: as MLflow has it, or one of `LOST`.
        datasets: digests of the data set versions that it took.
        encoder: folder of the published encoder that it began with; empty: none was named.
    """

    id: str
    name: str
    status: str = ""
    started: str = ""
    datasets: tuple[str, ...] = ()
    encoder: str = ""


@dataclass(frozen=True)
class ModelRecord:
    """A version of the registry, with its tags and the aliases that are on it."""

    name: str
    version: str
    run_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    made: str = ""

    @property
    def uri(self) -> str:
        """How MLflow names it."""
        return f"models:/{self.name}/{self.version}"


@dataclass(frozen=True)
class PromotionRecord:
    """A change that made a version champion.

    Attributes:
        number: of the change, within its model.
        what: such as `promotion`.
    """

    name: str
    version: str
    number: str
    what: str
    when: str
    facts: Mapping[str, str] = field(default_factory=dict)
