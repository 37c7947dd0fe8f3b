"""Reserve before, commit after: what a run takes of the budgets of its data's origins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from infra.errors import BudgetError
from infra.settings.roles import current_user
from tasks.dp.accounting.mechanisms import Mechanism
from tasks.dp.accounting.spent import check_delta
from tasks.private.ledger.books import Books, now
from tasks.private.ledger.budget import Budget, Charge
from tasks.private.ledger.database import Place, transact
from tasks.private.ledger.origins import Origin, listed
from tasks.private.ledger.overspend import overspend


@dataclass(frozen=True)
class Spending:
    """What a run is to spend, and of what.

    Attributes:
        run: what is the same if the same work goes on after a kill, and different for other work and elsewhere.
        what: the work in words.
        origins: of the data; the budget of each is charged.
        mechanisms: all that is to run.
        delta: at which the run itself tells its epsilon; a budget without a delta takes it.
        rows: (or persons) of the data, below 1/rows of which any delta must be.
        dataset: what to call the data in the command that sets a budget.
    """

    run: str
    what: str
    origins: tuple[Origin, ...]
    mechanisms: tuple[Mechanism, ...]
    delta: float
    rows: int
    dataset: str


def reserve(place: Place, spending: Spending, proof: str = "") -> None:
    """Set aside what a run is to spend; from here on it counts as spent, whatever happens.

    A run that reserved before and did not end goes on with what it has. One that ended is not charged again if
    `proof` is what came of it then; if not, its work is done anew, and it pays anew.

    Args:
        place: of the ledger.
        spending: of the run.
        proof: digest of what is there of the run's work; empty: nothing is.

    Raises:
        BudgetError: an origin has no budget, or too little is left of one.
        RecipeError: delta is not below 1/rows.
    """
    reserve_all(place, [(spending, proof)], spending.what)


def reserve_all(place: Place, wanted: Sequence[tuple[Spending, str]], what: str) -> None:
    """Set aside what several runs are to spend, or nothing at all if that is more than is left.

    Args:
        place: of the ledger.
        wanted: each run with its proof, as `reserve` takes them.
        what: all of them in words.

    Raises:
        BudgetError: an origin has no budget, or too little is left of one for all runs together.
        RecipeError: delta is not below 1/rows.
    """
    _warm(place, [spending for spending, _ in wanted])

    def act(connection: Connection) -> None:
        books = Books(connection)
        for number, charges in _due(books, wanted).items():
            budget = books.budget(number)
            mechanisms = [mechanism for charge in charges for mechanism in charge.mechanisms]
            if not budget.allows(mechanisms):
                raise overspend(budget, mechanisms, what)
            for charge in charges:
                books.charge(number, charge)

    transact(place, act)


def commit(place: Place, spending: Spending, proof: str) -> None:
    """Note what ran in place of what was to run.

    Work that was done without a reservation, because what was kept of it was lost after `reserve`, is charged here,
    and may exceed the budget: it is spent.

    Args:
        place: of the ledger.
        spending: of the run, with the mechanisms that ran.
        proof: digest of what came of it.
    """

    def act(connection: Connection) -> None:
        books = Books(connection)
        for budget in _known(books, spending):
            last = books.last_charge(budget.id, spending.run)
            if last in budget.charges and last.state == "reserved":
                books.end(last, "committed", spending.mechanisms, proof)
            elif last is None or last.proof != proof:  # or a reset came in between
                settled = _with_delta(books, budget, spending)
                books.charge(settled.id, replace(_next(spending, last), state="committed", proof=proof, ended=now()))

    transact(place, act)


def release(place: Place, spending: Spending) -> None:
    """Give back what was reserved; only where not one step ran."""

    def act(connection: Connection) -> None:
        books = Books(connection)
        for budget in books.budgets(origin.digest for origin in spending.origins):
            last = books.last_charge(budget.id, spending.run)
            if last is not None and last.state == "reserved":
                books.end(last, "released", last.mechanisms, "")

    transact(place, act)


def check_plain(place: Place, run: str, what: str, origins: Sequence[Origin]) -> None:
    """Refuse work without privacy on data that has a budget; of public data it is recorded, of all other it is not.

    Raises:
        BudgetError: one of the origins has a budget.
    """
    if not place.is_there():
        return

    def act(connection: Connection) -> None:
        books = Books(connection)
        for budget in books.budgets(origin.digest for origin in origins):
            if not budget.public:
                raise _plain_refused(budget, what)
            if books.last_charge(budget.id, run) is None:
                books.charge(
                    budget.id, Charge(0, run, 1, what, "committed", True, (), "", current_user(), now(), now())
                )

    transact(place, act)


def are_public(place: Place, origins: Sequence[Origin]) -> bool:
    """Whether every origin is declared public."""
    if not place.is_there():
        return False
    budgets = transact(place, lambda connection: Books(connection).budgets(origin.digest for origin in origins))
    public = {digest for budget in budgets if budget.public for digest in budget.origins}
    return all(origin.digest in public for origin in origins)


def _due(books: Books, wanted: Sequence[tuple[Spending, str]]) -> dict[int, list[Charge]]:
    """What is not paid for yet, by the number of the budget that is to be charged; the budgets have a delta then."""
    due: dict[int, list[Charge]] = {}
    for spending, proof in wanted:
        for budget in _known(books, spending):
            before = books.last_charge(budget.id, spending.run)
            if before in budget.charges and before.state == "reserved" and before.mechanisms == spending.mechanisms:
                continue
            if before and before.state == "committed" and before.proof == proof:
                continue
            settled = _with_delta(books, budget, spending)
            due.setdefault(settled.id, []).append(_next(spending, before))
    return due


def _warm(place: Place, spendings: Sequence[Spending]) -> None:
    """Compute once outside of the transaction what is computed again in it, and then found: others wait meanwhile."""
    first, mechanisms = spendings[0], [mechanism for spending in spendings for mechanism in spending.mechanisms]
    known = transact(place, lambda connection: _known(Books(connection), first))
    for budget in known:
        if not budget.public:
            replace(budget, delta=budget.delta or first.delta).spent(mechanisms)


def _known(books: Books, spending: Spending) -> list[Budget]:
    """The budgets of all origins.

    Raises:
        BudgetError: an origin has none.
    """
    budgets = books.budgets(origin.digest for origin in spending.origins)
    with_one = {digest for budget in budgets for digest in budget.origins}
    without = [origin for origin in spending.origins if origin.digest not in with_one]
    if not without:
        return budgets
    dataset = spending.dataset
    shared = f", or with `--shares-with {budgets[0].id}` to join budget {budgets[0].name}" if budgets else ""
    raise BudgetError(
        f"privacy budget of {dataset}",
        found=f"none for {listed(without)}",
        allowed="data with a budget, or declared public",
        action=f"Set one: `lepton privacy budget set {dataset} --epsilon 3`{shared}.",
    )


def _with_delta(books: Books, budget: Budget, spending: Spending) -> Budget:
    """The budget with a delta: the first run's, if it was not given."""
    settled = replace(budget, delta=budget.delta or spending.delta)
    check_delta(settled.delta, spending.rows)
    if not budget.delta:
        books.change(budget, settled, "settle delta", f"by {spending.what}")
    return settled


def _next(spending: Spending, before: Charge | None) -> Charge:
    attempt = before.attempt + 1 if before else 1
    return replace(_new(spending.run, spending.what, spending.mechanisms), attempt=attempt)


def _new(run: str, what: str, mechanisms: tuple[Mechanism, ...]) -> Charge:
    return Charge(
        id=0,
        run=run,
        attempt=1,
        what=what,
        state="reserved",
        plain=False,
        mechanisms=mechanisms,
        proof="",
        who=current_user(),
        began=now(),
        ended="",
    )


def _plain_refused(budget: Budget, what: str) -> BudgetError:
    return BudgetError(
        what,
        found=f"no privacy, on data with the privacy budget {budget.name} (epsilon {budget.epsilon:g})",
        allowed="private work on this data: any other tells of it without bound",
        action="Train with --set train.privacy.target_epsilon=...; or have a privacy officer declare the data public.",
    )
