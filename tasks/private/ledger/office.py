"""Set, raise, publish and reset budgets: who may, and what is noted of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from infra.errors import BudgetError, NotFoundError, RecipeError
from infra.settings.roles import check_role
from tasks.private.ledger.books import Books
from tasks.private.ledger.budget import Budget
from tasks.private.ledger.database import Place, transact
from tasks.private.ledger.origins import Origin, listed


@dataclass(frozen=True)
class Terms:
    """What a budget is to allow.

    Attributes:
        epsilon: in all; infinite where the data is public.
        delta: at which; 0: that of the first run, or what it was before.
        public: the data holds nothing private.
        shares_with: a budget that the data joins: its number or its name, or the beginning of one of its origins.
        reason: why; needed to raise a budget, and to publish one.
    """

    epsilon: float
    delta: float = 0.0
    public: bool = False
    shares_with: str = ""
    reason: str = ""

    def check(self) -> None:
        """Raises RecipeError where it allows nothing, or contradicts itself."""
        if self.shares_with:
            if self.public or self.epsilon or self.delta:
                raise _contradiction("--shares-with with terms of its own", "the terms of the budget that is shared")
            return
        if self.public:
            if self.epsilon or self.delta:
                raise _contradiction("--public with an epsilon or a delta", "one or the other")
            return
        if not 0.0 < self.epsilon < math.inf:
            raise RecipeError(
                "--epsilon",
                found=f"{self.epsilon:g}",
                allowed="a number above 0",
                action="Give one; --public declares that nothing is private.",
            )
        if not 0.0 <= self.delta < 1.0:
            raise RecipeError(
                "--delta", found=f"{self.delta:g}", allowed="below 1 over the rows", action="Leave it out, or lower it."
            )


def set_budget(place: Place, name: str, origins: Sequence[Origin], terms: Terms) -> Budget:
    """Give origins a budget, or change the one that they have.

    Origins without one join that of the others, whose rows they come with; none gets a second one. What gives more
    than before, of epsilon or of delta, or declares public what was not, needs the role of a privacy officer and a
    reason; so does a budget for data that was public.

    Raises:
        RecipeError: the terms contradict themselves.
        RoleError: this user is no privacy officer.
        BudgetError: the origins have several budgets.
        NotFoundError: there is no budget to share.
    """
    terms.check()

    def act(connection: Connection) -> Budget:
        books = Books(connection)
        known = books.budgets(origin.digest for origin in origins)
        if terms.shares_with:
            known = _sharing(known, find_budget(books, terms.shares_with))
        if len(known) > 1:
            raise _several(name, known)
        with_one = {digest for budget in known for digest in budget.origins}
        without = [origin for origin in origins if origin.digest not in with_one]
        budget = known[0] if known else books.open(name, terms.public, terms.epsilon, terms.delta)
        if known and not terms.shares_with:
            budget = _changed(books, budget, terms)
        if not known:
            books.note_opening(budget)
        if without:
            books.join(budget, without)
            books.note_joining(budget, without)
        return books.budget(budget.id)

    return transact(place, act)


def reset_budget(place: Place, name: str, origins: Sequence[Origin], reason: str) -> Budget:
    """Let nothing count that was spent up to now.

    Raises:
        RoleError: this user is no privacy officer.
        RecipeError: no reason is given.
        NotFoundError: the origins have no budget.
    """
    check_role("privacy_officers", f"to reset the privacy budget of {name}", reason)

    def act(connection: Connection) -> Budget:
        books = Books(connection)
        known = books.budgets(origin.digest for origin in origins)
        if not known:
            raise NotFoundError(
                f"privacy budget of {name}",
                found=f"none for {listed(origins)}",
                allowed="data with a budget",
                action="`lepton privacy budget show` lists them.",
            )
        if len(known) > 1:
            raise _several(name, known)
        books.reset(known[0], reason)
        return books.budget(known[0].id)

    return transact(place, act)


def find_budget(books: Books, words: str) -> Budget:
    """The budget of that number or name, or of an origin that begins so.

    Raises:
        NotFoundError: there is none, or more than one.
    """
    budgets = books.budgets()
    found = [one for one in budgets if words in (str(one.id), one.name)]
    found = found or [one for one in budgets if any(digest.startswith(words) for digest in one.origins)]
    if len(found) == 1:
        return found[0]
    raise NotFoundError(
        f"privacy budget {words}",
        found=f"{len(found)} of them" if found else "none",
        allowed=", ".join(f"{one.id} ({one.name})" for one in budgets) or "a budget that was set",
        action="`lepton privacy budget show` lists them.",
    )


def _sharing(known: list[Budget], shared: Budget) -> list[Budget]:
    others = [budget for budget in known if budget.id != shared.id]
    return [shared, *others]


def _changed(books: Books, before: Budget, terms: Terms) -> Budget:
    if terms.public:
        after = replace(before, public=True, epsilon=0.0)
    else:
        after = replace(before, public=False, epsilon=terms.epsilon, delta=terms.delta or before.delta)
    if after == before:
        return before
    raises = after.public or before.public or after.epsilon > before.epsilon or (0.0 < before.delta < after.delta)
    if raises:
        check_role("privacy_officers", f"to raise the privacy budget {before.name}", terms.reason)
    books.change(before, after, "raise" if raises else "lower", terms.reason)
    return after


def _several(name: str, known: Sequence[Budget]) -> BudgetError:
    return BudgetError(
        f"privacy budget of {name}",
        found=f"several: {', '.join(f'{one.id} ({one.name})' for one in known)}",
        allowed="one budget at a time",
        action="Name the data of one of them. What has a budget of its own joins no other.",
    )


def _contradiction(found: str, allowed: str) -> RecipeError:
    return RecipeError("privacy budget", found=found, allowed=allowed, action="Leave one of them out.")
