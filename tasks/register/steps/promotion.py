"""Promote, roll back and tell the history of models in MLflow's registry."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from infra.errors import GateFailed, NotFoundError, RecipeError
from tasks.data.references import VersionRef
from tasks.register.gate import Verdict
from tasks.register.promotion import move as moves
from tasks.register.promotion.history import here
from tasks.register.promotion.move import Move, Moved
from tasks.register.promotion.promotion import Promotion, line, served
from tasks.register.steps.override import Standing, standing
from tasks.register.steps.versions import CHAMPION, by_alias

if TYPE_CHECKING:
    from mlflow import MlflowClient

PROMOTED = "lepton.promoted"
_LISTED = "`lepton history` tells what served."


class AliasRegistry:
    """Aliases of MLflow's registry, as a promotion moves them."""

    def __init__(self, client: MlflowClient) -> None:
        self._client = client

    def has(self, model: str, version: str) -> bool:
        """Whether it has that version."""
        from mlflow.exceptions import MlflowException

        try:
            self._client.get_model_version(model, version)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return False
            raise
        return True

    def aliased(self, model: str, alias: str) -> str:
        """The version under an alias; empty: none."""
        found = by_alias(self._client, model, alias)
        return found.version if found else ""

    def point(self, model: str, alias: str, version: str) -> None:
        """Have an alias point at a version, or at none."""
        if version:
            self._client.set_registered_model_alias(model, alias, version)
        else:
            self._client.delete_registered_model_alias(model, alias)

    def note(self, promotion: Promotion) -> None:
        """Tag the version that became champion."""
        told = f"{promotion.ended}, replaced {promotion.source or 'none'}"
        self._client.set_model_version_tag(promotion.model, promotion.target, PROMOTED, told)


def repaired(model: str) -> tuple[Promotion, ...]:
    """Finish what a kill interrupted of a model's promotions, and say so."""
    return _told(moves.repair(here(), _registry(), model))


def recorded(model: str) -> list[Promotion]:
    """The history of a model, the first change first, after what was interrupted is finished.

    Raises:
        NotFoundError: no such model.
    """
    _check_model(model)
    repaired(model)
    return moves.recorded(here(), _registry(), model)


def install(candidate: VersionRef, expected: VersionRef | None, verdict: Verdict) -> Promotion:
    """Make a version that passed its gate champion.

    Args:
        expected: the champion that it was compared with.

    Raises:
        PromotionConflict: another one is champion by now.
    """
    reason = "passed the gate"
    number = expected.version if expected else ""
    return _moved(Move(candidate.name, candidate.version, "promote", reason, number, verdict.digest())).promotion


def promote(version: VersionRef, reason: str) -> Moved:
    """Have a person's choice become champion: one that passed its gate, or whose verdict an approver has set aside.

    Raises:
        RecipeError: no reason is given, or it is champion.
        GateFailed: it passed no gate.
        PromotionConflict: somebody else's promotion came between.
    """
    _check_reason(reason)
    repairs = repaired(version.name)
    stands = standing(version)
    if not stands.may_serve:
        raise _refused(version, stands)
    champion = _registry().aliased(version.name, CHAMPION)
    if champion == version.version:
        raise RecipeError(
            f"promotion of {version.uri}", found="the champion", allowed="another version", action="It serves already."
        )
    override = stands.override.model_dump_json() if stands.override and not stands.passed else ""
    wanted = Move(version.name, version.version, "promote", reason, champion, stands.verdict_digest, override)
    return _after(repairs, _moved(wanted))


def rollback(model: str, to: str, reason: str) -> Moved:
    """Have an earlier champion serve again.

    Args:
        to: its version; empty: the one before the champion that there is now.

    Raises:
        NotFoundError: no such model, no champion before, or that version is gone.
        RecipeError: that version never was champion, or is it now.
        PromotionConflict: somebody else's promotion came between.
    """
    repairs = repaired(model)
    history = recorded(model)
    champion = _registry().aliased(model, CHAMPION)
    target = to or _before(model, history, champion)
    if to == champion or not served(history, target):
        raise RecipeError(
            f"rollback of {model} to {target}",
            found="the champion" if to == champion else "a version that never was champion",
            allowed="an earlier champion",
            action=f"{_LISTED} To have a new one serve: `lepton promote`.",
        )
    return _after(repairs, _moved(Move(model, target, "rollback", reason or "none given", champion)))


def _before(model: str, history: list[Promotion], champion: str) -> str:
    registry = _registry()
    earlier = [one for one in line(history)[:-1] if one != champion and registry.has(model, one)]
    if champion and earlier:
        return earlier[-1]
    raise NotFoundError(
        f"rollback of {model}",
        found="no champion" if not champion else f"no champion before {champion} that is still there",
        allowed="a model with an earlier champion",
        action=f"{_LISTED} --to names one.",
    )


def _moved(wanted: Move) -> Moved:
    moved = moves.move(here(), _registry(), wanted)
    _told(moved.repaired)
    return moved


def _after(repairs: tuple[Promotion, ...], moved: Moved) -> Moved:
    return Moved(moved.promotion, (*repairs, *moved.repaired))


def _told(repairs: tuple[Promotion, ...]) -> tuple[Promotion, ...]:
    for one in repairs:
        ended = "finished" if one.state == "done" else "given up, for its version is gone"
        logging.getLogger(__name__).warning("%s, which %s had begun, was interrupted; now %s", one, one.who, ended)
    return repairs


def _registry() -> AliasRegistry:
    import mlflow

    return AliasRegistry(mlflow.MlflowClient())


def _check_model(model: str) -> None:
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        mlflow.MlflowClient().get_registered_model(model)
    except MlflowException:
        raise NotFoundError(
            f"model {model}",
            found="none of that name",
            allowed="a registered model",
            action="`lepton models` lists what is registered.",
        ) from None


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise RecipeError(
            "--reason", found="nothing", allowed="why it is right", action="Give it: it is kept for good."
        )


def _refused(version: VersionRef, stands: Standing) -> GateFailed:
    override = f'An approver may set that aside: `lepton gate override {version.uri} --reason "..."`.'
    return GateFailed(
        f"promotion of {version.uri}",
        found=stands.told(),
        allowed="a version that passed its gate",
        action=override if stands.verdict else "Have it judged: run its recipe.",
    )
