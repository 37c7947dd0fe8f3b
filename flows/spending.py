"""Work on data that may have a privacy budget: paid for before, noted after, or refused."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from flows.recipe import Recipe
from flows.stages import Stages
from infra.settings.home import HomeSettings
from tasks.data.references import DatasetRef, ModelRef
from tasks.data.tree import tree_digest
from tasks.dp.accounting.mechanisms import Mechanism
from tasks.dp.record import BEGAN, load_record
from tasks.lessons.privacy import planned
from tasks.lessons.start import StartRef
from tasks.private.ledger.database import here
from tasks.private.ledger.ledger import Spending, check_plain, commit, release, reserve
from tasks.private.ledger.origins import origins_of
from tasks.step import step_key
from tasks.train.steps import train


def trained(recipe: Recipe, dataset: DatasetRef, start: StartRef | None, stages: Stages) -> ModelRef:
    """The recipe's model. A private training is paid for before its first step; one that is kept costs nothing again.

    Raises:
        BudgetError: too little is left of the data's budget, or it has one and the training is not private.
        LeptonError: whatever else ended it.
    """
    key = step_key(train, recipe.name, recipe.train, dataset, start)[:16]
    call = ("train", train, recipe.name, recipe.train, dataset, start)
    what = f"training of {recipe.name}"
    if not recipe.train.privacy.is_on or recipe.train.privacy.seeded_noise:  # whose noise anybody can take off again
        check_plain_allowed(dataset, what, key)
        return stages.run(*call)
    plan = planned(recipe.train, dataset)
    spending = spending_on(dataset, what, [plan.mechanism], plan.delta, plan.persons, key)
    home = HomeSettings()
    package, began = home.packages / key, home.training / key / BEGAN
    with paid(spending, tree_digest(package) if package.exists() else "", began.exists):
        model = stages.run(*call)
        record = load_record(Path(model.path))
    if record:  # else the reservation stands
        commit(here(), replace(spending, mechanisms=(record.mechanism,)), model.digest)
    return model


def spending_on(
    dataset: DatasetRef, what: str, mechanisms: Sequence[Mechanism], delta: float, rows: int, key: str = ""
) -> Spending:
    """What some work spends of the budgets of a data set version's origins.

    Args:
        dataset: the version.
        what: the work in words.
        mechanisms: all that is to run.
        delta: at which the work tells its epsilon.
        rows: of the version, or persons.
        key: of the work, if it can be gone on with after a kill; empty: it can't be.

    Raises:
        DataError: the version's lineage is not known to its beginning.
    """
    return Spending(
        run=_run(key or uuid.uuid4().hex),
        what=what,
        origins=origins_of(dataset, HomeSettings().datasets),
        mechanisms=tuple(mechanisms),
        delta=delta,
        rows=rows,
        dataset=dataset.digest[:16],
    )


@contextmanager
def paid(spending: Spending, proof: str = "", has_begun: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Reserve before the block; give it back if the block fails before its work begins to look at rows.

    Args:
        spending: what to reserve.
        proof: digest of what is there of this work; if that was paid for, nothing is reserved.
        has_begun: whether it looked.

    Raises:
        BudgetError: too little is left of a budget, or the data has none.
    """
    reserve(here(), spending, proof)
    try:
        yield
    except BaseException:
        if not has_begun():
            release(here(), spending)
        raise


def check_plain_allowed(dataset: DatasetRef, what: str, key: str) -> None:
    """Refuse work without privacy on data with a privacy budget. A home without a ledger asks nothing.

    Raises:
        BudgetError: the data has one.
        DataError: there is a ledger, and the version's lineage is not known to its beginning.
    """
    if here().is_there():
        check_plain(here(), _run(key), what, origins_of(dataset, HomeSettings().datasets))


def _run(key: str) -> str:
    """Work is the same if its key and its home are: another home does it anew, and pays for it."""
    return f"{os.uname().nodename}:{HomeSettings().root}:{key}"
