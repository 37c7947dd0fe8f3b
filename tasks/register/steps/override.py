"""Set a verdict of the gate aside, and tell how a version stands."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from infra.errors import RecipeError
from infra.settings.home import HomeSettings
from infra.settings.roles import check_role, current_user
from tasks.data.references import VersionRef
from tasks.register.gate import Verdict
from tasks.register.override.key import own_key, public_part
from tasks.register.override.override import Override, Statement, Subject, objection, sign
from tasks.register.promotion.history import now
from tasks.register.steps.versions import GATE

OVERRIDE = "lepton.override"
_LONGEST_REASON = 2000  # a tag of the registry holds 5,000 characters


@dataclass(frozen=True)
class Standing:
    """What the gate said of a version, and an approver after it.

    Attributes:
        verdict: None: it was never judged.
        override: None: there is none.
        objection: why the override does not hold; empty: it does, or there is none.
    """

    verdict: Verdict | None
    override: Override | None
    objection: str

    @property
    def passed(self) -> bool:
        """Whether it passed its gate."""
        return self.verdict is not None and self.verdict.passed

    @property
    def may_serve(self) -> bool:
        """Whether it passed, or its verdict was set aside."""
        return self.passed or (self.override is not None and not self.objection)

    @property
    def verdict_digest(self) -> str:
        """Of the verdict; empty: there is none."""
        return self.verdict.digest() if self.verdict else ""

    def told(self) -> str:
        """How it stands, in words."""
        if self.verdict is None:
            return "a version that the gate never judged"
        if self.verdict.passed:
            return "passed"
        short = f"fell short: {self.verdict.failures()}"
        return f"{short}; {override_words(self.override, self.objection)}" if self.override else short


def override_words(override: Override, objected: str) -> str:
    """Who set a verdict aside, when and why, or that it does not hold."""
    said = override.statement
    if objected:
        return f"an override is there that does not hold: {objected}"
    return f"overridden by {said.who}, {said.when}: {said.reason}"


def standing(version: VersionRef) -> Standing:
    """How a version stands now; the signature of an override is verified."""
    import mlflow

    tags = mlflow.MlflowClient().get_model_version(version.name, version.version).tags
    verdict = Verdict.model_validate_json(tags[GATE]) if GATE in tags else None
    if OVERRIDE not in tags:
        return Standing(verdict, None, "")
    override, unreadable = _read(tags[OVERRIDE])
    if override is None:
        return Standing(verdict, None, unreadable)
    return Standing(verdict, override, objection(override, _subject(version, verdict), _trusted()))


def set_aside(version: VersionRef, reason: str) -> Override:
    """Sign that a version may serve though it fell short, and note it on the version.

    Raises:
        RoleError: this user is no approver.
        RecipeError: no reason, or a version that needs no override or was never judged.
        MachineError: the key of the home can't be used.
    """
    import mlflow

    check_role("approvers", f"to override the gate of {version.uri}", reason)
    stands = standing(version)
    if stands.verdict is None or stands.passed or len(reason) > _LONGEST_REASON:
        raise _needless(version, stands, reason)
    subject = _subject(version, stands.verdict)
    statement = Statement(**subject.model_dump(), who=current_user(), when=now(), reason=reason)
    override = sign(statement, own_key(HomeSettings().keys))
    mlflow.MlflowClient().set_model_version_tag(version.name, version.version, OVERRIDE, override.model_dump_json())
    return override


def recorded_objection(override: str) -> str:
    """Why an override that the history keeps does not hold; empty: its signature is this home's, and fits."""
    found, unreadable = _read(override)
    if found is None:
        return unreadable
    said = found.statement
    asked = Subject(model=said.model, version=said.version, package=said.package, verdict=said.verdict)
    return objection(found, asked, _trusted())


def _subject(version: VersionRef, verdict: Verdict | None) -> Subject:
    digest = verdict.digest() if verdict else ""
    return Subject(model=version.name, version=version.version, package=version.digest, verdict=digest)


def _read(text: str) -> tuple[Override | None, str]:
    try:
        return Override.model_validate_json(text), ""
    except ValidationError:
        return None, "it can't be read: it was changed after it was signed"


def _trusted() -> str:
    return public_part(HomeSettings().keys)


def _needless(version: VersionRef, stands: Standing, reason: str) -> RecipeError:
    if stands.passed:
        found, action = "a version that passed", f'Have it serve: `lepton promote {version.uri} --reason "..."`.'
    elif stands.verdict is None:
        found, action = "a version that the gate never judged", "Have it judged: run its recipe."
    else:
        found, action = f"a reason of {len(reason)} characters", f"At most {_LONGEST_REASON}."
    return RecipeError(f"override of {version.uri}", found=found, allowed="a version that fell short", action=action)
