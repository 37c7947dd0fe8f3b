"""Move the aliases of a model: written down, done, and noted as done. Whoever comes next finishes what was interrupted.

Nothing is undone after a kill: an intent that stands is carried out by the next one who takes the model's turn, also
if the one that wrote it is still about to, for to set an alias twice is to set it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from infra.errors import LeptonError, NotFoundError, PromotionConflict
from infra.settings.roles import current_user
from infra.stores.database import Place
from tasks.register.promotion.history import History, now, transact
from tasks.register.promotion.promotion import Kind, Promotion, line

CHAMPION, PREVIOUS = "champion", "previous"


class Registry(Protocol):
    """What a registry of models does for a promotion. Versions are numbers in text; empty: none."""

    def has(self, model: str, version: str) -> bool:
        """Whether it has that version."""

    def aliased(self, model: str, alias: str) -> str:
        """The version under an alias."""

    def point(self, model: str, alias: str, version: str) -> None:
        """Have an alias point at a version, or at none."""

    def note(self, promotion: Promotion) -> None:
        """Have the version itself say what it became."""


@dataclass(frozen=True)
class Move:
    """What is to become champion, and why.

    Attributes:
        expected: the champion that it is to replace; None: whichever there is.
        verdict, override: what allows it; see `Promotion`.
    """

    model: str
    target: str
    kind: Kind
    reason: str
    expected: str | None = None
    verdict: str = ""
    override: str = ""


@dataclass(frozen=True)
class Moved:
    """A change that was made, and those of others that had to be finished before."""

    promotion: Promotion
    repaired: tuple[Promotion, ...] = ()


def move(place: Place, registry: Registry, wanted: Move) -> Moved:
    """Make a version champion, and the one below it in the line `previous`.

    Raises:
        PromotionConflict: another champion than the expected one.
        NotFoundError: the registry has no such version.
        LeptonError: the history's database can't be used.
    """

    def intend(history: History) -> tuple[tuple[Promotion, ...], Promotion | LeptonError]:
        repaired = _repair(history, registry, wanted.model)
        champion = _champion(history, registry, wanted.model)
        if refusal := _refusal(registry, wanted, champion):
            return repaired, refusal  # not raised: what was repaired stays noted
        return repaired, history.add(_intent(history.of(wanted.model), registry, wanted, champion))

    repaired, intended = transact(place, intend)
    if isinstance(intended, LeptonError):
        raise intended
    number = intended.id
    return Moved(transact(place, lambda history: _finish(history, registry, wanted.model, number)), repaired)


def repair(place: Place, registry: Registry, model: str) -> tuple[Promotion, ...]:
    """Finish what was interrupted of a model, as the changes that came of it; most often there is none."""
    return transact(place, lambda history: _repair(history, registry, model)) if place.is_there() else ()


def recorded(place: Place, registry: Registry, model: str) -> list[Promotion]:
    """All changes of a model, the first one first; also that somebody moved its champion by other means."""

    def act(history: History) -> list[Promotion]:
        history.lock(model)
        _champion(history, registry, model)
        return history.of(model)

    return transact(place, act)


def _repair(history: History, registry: Registry, model: str) -> tuple[Promotion, ...]:
    history.lock(model)
    open_ = [one for one in history.of(model) if one.state == "intended"]
    return tuple(_carry_out(history, registry, one) for one in open_)


def _finish(history: History, registry: Registry, model: str, number: int) -> Promotion:
    history.lock(model)
    (found,) = [one for one in history.of(model) if one.id == number]
    return _carry_out(history, registry, found) if found.state == "intended" else found


def _carry_out(history: History, registry: Registry, intent: Promotion) -> Promotion:
    if not registry.has(intent.model, intent.target):  # deleted since: all stays as it was
        _point(registry, intent.model, PREVIOUS, intent.below_before)
        return history.end(intent, "abandoned")
    _point(registry, intent.model, PREVIOUS, intent.below)
    registry.point(intent.model, CHAMPION, intent.target)
    done = history.end(intent, "done")
    registry.note(done)
    return done


def _point(registry: Registry, model: str, alias: str, version: str) -> None:
    registry.point(model, alias, version if version and registry.has(model, version) else "")


def _champion(history: History, registry: Registry, model: str) -> str:
    """The champion by the registry, whom all loaders ask; where the history says another, it is noted."""
    found = registry.aliased(model, CHAMPION)
    known = [one.target for one in history.of(model) if one.state == "done"][-1:] or [""]
    if [found] != known:
        below = registry.aliased(model, PREVIOUS)
        reason = "found so: the alias was moved without Lepton's history, or its version deleted"
        when = now()
        history.add(
            Promotion(
                model=model, kind="outside", source=known[0], target=found, below=below, below_before=below,
                state="done", who="unknown", reason=reason, began=when, ended=when,
            )
        )  # fmt: skip
    return found


def _refusal(registry: Registry, wanted: Move, champion: str) -> LeptonError | None:
    if not registry.has(wanted.model, wanted.target):
        return NotFoundError(
            f"promotion of {wanted.model}/{wanted.target}",
            found="no such version",
            allowed="a registered version",
            action="`lepton models` lists what is registered.",
        )
    if wanted.expected is not None and champion != wanted.expected:
        return PromotionConflict(
            f"promotion of {wanted.model}/{wanted.target}",
            found=f"champion {champion or 'none'}",
            allowed=f"champion {wanted.expected or 'none'}, against which it was decided",
            action="Another promotion came first. Run again to be judged against the champion that there is now.",
        )
    return None


def _intent(known: Sequence[Promotion], registry: Registry, wanted: Move, champion: str) -> Promotion:
    intent = Promotion(
        model=wanted.model,
        kind=wanted.kind,
        source=champion,
        target=wanted.target,
        below="",
        below_before=registry.aliased(wanted.model, PREVIOUS),
        who=current_user(),
        reason=wanted.reason,
        verdict=wanted.verdict,
        override=wanted.override,
        began=now(),
    )
    after = line([*known, intent.model_copy(update={"state": "done"})])
    below = [one for one in after[:-1] if one != wanted.target and registry.has(wanted.model, one)]
    return intent.model_copy(update={"below": below[-1] if below else ""})
