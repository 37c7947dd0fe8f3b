"""A budget of privacy with what was spent of it, as read from the ledger."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tasks.dp.accounting.mechanisms import Mechanism
from tasks.dp.accounting.spent import epsilon

State = Literal["reserved", "committed", "released"]
ROUNDING = 1e-9
"""By which share of it a budget may be exceeded: a target that is the budget is no overspend."""


@dataclass(frozen=True)
class Charge:
    """What a run takes of a budget.

    Attributes:
        run: what is the same if the same work goes on after a kill.
        attempt: counts the times that this work was done from its beginning.
        what: the work in words.
        state: a charge that was reserved and never committed counts as spent.
        plain: without privacy, which no epsilon bounds.
        mechanisms: what is to run, or once it is committed what ran.
        proof: digest of what came of it.
    """

    id: int
    run: str
    attempt: int
    what: str
    state: State
    plain: bool
    mechanisms: tuple[Mechanism, ...]
    proof: str
    who: str
    began: str
    ended: str


@dataclass(frozen=True)
class Budget:
    """What may be spent of one origin, or of several that share it.

    Attributes:
        public: declared to hold nothing private: anything may run, and is recorded.
        delta: at which epsilon is told; 0: that of the first run that spends.
        origins: SHA-256 and name of each file of data that has this budget.
        charges: that count; none from before a reset, and none that was released.
    """

    id: int
    name: str
    public: bool
    epsilon: float
    delta: float
    origins: dict[str, str]
    charges: tuple[Charge, ...] = field(default=())

    @property
    def mechanisms(self) -> tuple[Mechanism, ...]:
        """All that counts, in the order in which it was reserved."""
        return tuple(mechanism for charge in self.charges for mechanism in charge.mechanisms)

    def spent(self, more: Sequence[Mechanism] = ()) -> float:
        """Epsilon of all that was spent, and of `more`, together: composed by PLD at the budget's delta.

        Infinite after a run without privacy.
        """
        if any(charge.plain for charge in self.charges):
            return math.inf
        mechanisms = (*self.mechanisms, *more)
        return epsilon(mechanisms, self.delta).pld if mechanisms and self.delta else 0.0

    def allows(self, more: Sequence[Mechanism]) -> bool:
        """Whether `more` may be spent."""
        return self.public or self.spent(more) <= self.epsilon * (1.0 + ROUNDING)
