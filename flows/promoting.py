"""Who serves: promotions, rollbacks and overrides, with the model cards of the versions that they touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.models import SCHEME, find_version
from infra.errors import NotFoundError
from infra.stores.tracking import connect
from tasks.data.references import VersionRef
from tasks.register.promotion.move import Moved
from tasks.register.promotion.promotion import Promotion
from tasks.register.steps.card import refresh_card
from tasks.register.steps.override import Standing, set_aside, standing
from tasks.register.steps.promotion import promote, recorded, rollback
from tasks.register.steps.versions import version_ref


@dataclass(frozen=True)
class Stand:
    """A version with what gate and approver said of it."""

    version: VersionRef
    standing: Standing


def stand_of(words: str) -> Stand:
    """The version that a person names, and how it stands."""
    connect()
    version = _named(words)
    return Stand(version, standing(version))


def promoted(words: str, reason: str) -> Moved:
    """Have a version serve that may."""
    connect()
    moved = promote(_named(words), reason)
    _refresh(moved)
    return moved


def overridden(words: str, reason: str) -> tuple[Stand, Moved]:
    """Set the verdict on a version aside, and have it serve."""
    connect()
    version = _named(words)
    set_aside(version, reason)
    moved = promote(version, reason)
    _refresh(moved)
    return Stand(version, standing(version)), moved


def rolled_back(model: str, to: str, reason: str) -> Moved:
    """Have an earlier champion serve again."""
    connect()
    moved = rollback(_model(model), to, reason)
    _refresh(moved)
    return moved


def history_of(model: str) -> list[Promotion]:
    """All changes of what serves, the first one first."""
    connect()
    return recorded(_model(model))


def _named(words: str) -> VersionRef:
    uri = words if words.startswith(SCHEME) else SCHEME + words
    return version_ref(find_version(uri, "VERSION", "without models:/ before it"))


def _model(words: str) -> str:
    return words.removeprefix(SCHEME)


def _refresh(moved: Moved) -> None:
    """The card says whether a version serves; one that was never judged has none."""
    for promotion in (*moved.repaired, moved.promotion):
        for version in _touched(promotion):
            try:
                refresh_card(version_ref(find_version(f"{SCHEME}{promotion.model}/{version}", "VERSION")))
            except NotFoundError:
                continue


def _touched(promotion: Promotion) -> Sequence[str]:
    return [version for version in (promotion.source, promotion.target) if version]
