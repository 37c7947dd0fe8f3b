"""The way through a plan: which chains are taken, and which are not worth it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from flows.compressing.child import Child
from flows.compressing.plan import Chain
from infra.errors import RecipeError, TrainingError
from infra.progress import Progress, report

State = Literal["measured", "refused", "skipped", "waiting"]


@dataclass(frozen=True)
class Outcome:
    """What became of a chain.

    Attributes:
        state: `refused`: a method had nothing to work on, or could not end; `skipped`: a gentler one lost too much;
            `waiting`: time was up.
        note: the reason of a state that is not `measured`.
    """

    chain: Chain
    state: State
    child: Child | None = None
    note: str = ""


class TimeIsUp(Exception):
    """The deadline has passed."""


def walk(chains: Sequence[Chain], make: Callable[[Chain], Child], most_lost: float) -> list[Outcome]:
    """What becomes of each chain, in order; where one lost more than `most_lost`, what goes on from it is not tried.

    Args:
        make: takes the steps of a chain, and measures what comes of them.

    Raises:
        LeptonError: what `make` met and would meet with any other chain too, such as a full disk.
    """
    outcomes: dict[str, Outcome] = {}
    for place, chain in enumerate(chains):
        report(Progress("search", place, len(chains), f"{chain.name}, chain {place + 1} of {len(chains)}"))
        reason = _too_much(outcomes.get(chain.after), most_lost)
        outcomes[chain.name] = Outcome(chain, "skipped", note=reason) if reason else _made(chain, make)
    report(Progress("search", 1, 1))
    return list(outcomes.values())


def endured_loss(bound: float, rows: float) -> float:
    """How much a chain may lose for stronger ones to be tried: its bound, and as much again or what chance may do.

    Chance: a share of `rows` independent answers has a standard error of at most half of one over their root; twice
    that is what a measured share may be off.
    """
    return bound + max(bound, 1.0 / math.sqrt(rows))


def _made(chain: Chain, make: Callable[[Chain], Child]) -> Outcome:
    try:
        return Outcome(chain, "measured", make(chain))
    except TimeIsUp:
        return Outcome(chain, "waiting", note="time was up")
    except (RecipeError, TrainingError) as error:
        return Outcome(chain, "refused", note=str(error))


def _too_much(gentler: Outcome | None, most_lost: float) -> str:
    """Why a chain that is stronger than another is not tried, or nothing."""
    if gentler is None or gentler.state == "waiting":
        return ""
    if gentler.child is None:
        return f"{gentler.chain.name} was {gentler.state}"
    lost = gentler.child.figures.loss
    return "" if lost <= most_lost else f"{gentler.chain.name} lost {lost:.4f}, too much to go on from"
