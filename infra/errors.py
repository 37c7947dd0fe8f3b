"""Every error a person can meet, by what they can do about it. Each class has an exit code of its own."""

from __future__ import annotations

from typing import ClassVar


class LeptonError(Exception):
    """An expected failure, told in one line: subject, found, allowed, next action.

    Attributes:
        exit_code: what the `lepton` command exits with.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, subject: str, *, found: str, allowed: str, action: str) -> None:
        self.subject, self.found, self.allowed, self.action = subject, found, allowed, action
        text = f"{subject}: found {found}; allowed: {allowed}. {action}"
        super().__init__(" ".join(text.split()))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.subject, self.found, self.allowed, self.action)

    def to_dict(self) -> dict[str, str]:
        """The parts by name and the class's name, to cross a process boundary as JSON."""
        parts = {"subject": self.subject, "found": self.found, "allowed": self.allowed, "action": self.action}
        return {"error": type(self).__name__, **parts}


class RecipeError(LeptonError):
    """Fix the recipe or the command's words."""

    exit_code = 10


class SourceError(LeptonError):
    """Fix where the data comes from: missing, empty, unreadable, unreachable."""

    exit_code = 11


class DataError(LeptonError):
    """Fix the data: it breaks its contract, or it can't be learned from."""

    exit_code = 12


class MachineError(LeptonError):
    """Fix the machine: disk, ports, Java, memory, an extra that is not installed."""

    exit_code = 13


class BusyError(LeptonError):
    """Wait, or use another home: somebody else holds it."""

    exit_code = 14


class TrainingError(LeptonError):
    """Training could not end: a worker died, the loss is not a number."""

    exit_code = 15


class GateFailed(LeptonError):
    """The model was trained and registered, and fell short of the recipe's gate."""

    exit_code = 16


class TargetMissed(LeptonError):
    """Models were compressed and registered, and none of them is what was asked for."""

    exit_code = 19


class ServerError(LeptonError):
    """A server did not start, or does not answer."""

    exit_code = 17


class NotFoundError(LeptonError):
    """A model, version or data set of that name is not there."""

    exit_code = 18


class BudgetError(LeptonError):
    """Ask for less privacy loss, or for a larger budget of the data."""

    exit_code = 20


class RoleError(LeptonError):
    """Ask for the role that this needs."""

    exit_code = 21


class PromotionConflict(LeptonError):
    """Look at the champion that there is now, and decide again."""

    exit_code = 22


ERRORS: tuple[type[LeptonError], ...] = (
    RecipeError,
    SourceError,
    DataError,
    MachineError,
    BusyError,
    TrainingError,
    GateFailed,
    ServerError,
    NotFoundError,
    TargetMissed,
    BudgetError,
    RoleError,
    PromotionConflict,
)


def from_dict(parts: dict[str, str]) -> LeptonError:
    """The error that `to_dict` wrote in another process."""
    kinds = {kind.__name__: kind for kind in ERRORS}
    kind = kinds.get(parts["error"], LeptonError)
    return kind(parts["subject"], found=parts["found"], allowed=parts["allowed"], action=parts["action"])


def _rebuild(kind: type[LeptonError], subject: str, found: str, allowed: str, action: str) -> LeptonError:
    return kind(subject, found=found, allowed=allowed, action=action)
