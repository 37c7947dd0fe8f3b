"""One change of the version that serves, and what follows from all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["promote", "rollback", "outside"]
State = Literal["intended", "done", "abandoned"]


class Promotion(BaseModel):
    """A change of the champion. Versions are numbers of the registry in text; empty: none.

    Attributes:
        id: in the order of the changes; 0: not in the history yet.
        kind: `outside`: the alias was moved by other hands, and found so.
        source, target: the champion before and after.
        below: what is `previous` after; a rollback goes there.
        below_before: what was `previous` before.
        state: `abandoned`: it was interrupted, and its target deleted before it could be finished.
        verdict: digest of what the gate said of the target.
        override: signature by which an approver set the verdict aside.
        began, ended: times in UTC.
    """

    model_config = ConfigDict(frozen=True)

    id: int = 0
    model: str
    kind: Kind
    source: str
    target: str
    below: str
    below_before: str
    state: State = "intended"
    who: str
    reason: str
    verdict: str = ""
    override: str = ""
    began: str
    ended: str = ""

    def __str__(self) -> str:
        words = {"promote": "promotion", "rollback": "rollback", "outside": "change from outside"}[self.kind]
        return f"{words} {self.id} of {self.model}, {self.source or 'none'} to {self.target or 'none'}"


def line(history: Iterable[Promotion]) -> tuple[str, ...]:
    """The versions that lie below each other, the champion last: each promotion adds one, a rollback takes them away.

    A rollback to a version that is not in the line puts it in the place of the champion.
    """
    found: list[str] = []
    for one in history:
        if one.state != "done" or not one.target or found[-1:] == [one.target]:
            continue
        if one.kind == "rollback" and one.target in found:
            del found[_last(found, one.target) + 1 :]
        elif one.kind == "rollback":
            found[-1:] = [one.target]
        else:
            found += [one.below, one.target] if one.kind == "outside" and one.below and not found else [one.target]
    return tuple(found)


def withdrawal(history: Sequence[Promotion], version: str) -> Promotion | None:
    """The rollback that took a version from service, if it has not come back since."""
    for one in reversed([one for one in history if one.state == "done"]):
        if one.target == version:
            return None
        if one.source == version and one.kind == "rollback":
            return one
    return None


def served(history: Iterable[Promotion], version: str) -> bool:
    """Whether a version was champion once."""
    return any(one.state == "done" and version in (one.source, one.target) for one in history)


def _last(versions: Sequence[str], version: str) -> int:
    return len(versions) - 1 - list(reversed(versions)).index(version)
