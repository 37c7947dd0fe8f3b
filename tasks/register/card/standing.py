"""What the registry says of a version now, which may change after its card was first made."""

from __future__ import annotations

from dataclasses import dataclass, field

from tasks.dp.record import PrivacyRecord
from tasks.register.gate import Verdict


@dataclass(frozen=True)
class OverrideNote:
    """Who had the verdict set aside, and why.

    Attributes:
        reason_invalid: why its signature does not hold; empty: it does.
    """

    who: str
    when: str
    reason: str
    reason_invalid: str = ""


@dataclass(frozen=True)
class PromotionNote:
    """One change of what serves, in which this version came or went."""

    when: str
    what: str
    who: str
    reason: str


@dataclass(frozen=True)
class Standing:
    """A version of the registry.

    Attributes:
        parent: the version that it was made from; empty: none.
        compression: what was done to that, in JSON.
        deltas: this version less its parent, by metric.
        verdict: None: no gate judged it.
        previous: the version that a rollback goes back to; empty: none.
    """

    name: str
    version: str
    run_id: str
    aliases: tuple[str, ...] = ()
    made: str = ""
    parent: str = ""
    started_from: str = ""
    package_digest: str = ""
    code_hash: str = ""
    recipe_hash: str = ""
    format: str = ""
    compression: str = ""
    deltas: dict[str, float] = field(default_factory=dict)
    verdict: Verdict | None = None
    override: OverrideNote | None = None
    promotions: tuple[PromotionNote, ...] = ()
    privacy: PrivacyRecord | None = None
    lineage: tuple[str, ...] = ()
    missing_links: tuple[str, ...] = ()
    previous: str = ""

    @property
    def uri(self) -> str:
        """How MLflow names it."""
        return f"models:/{self.name}/{self.version}"
