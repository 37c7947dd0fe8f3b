"""Work on data that may have a privacy budget: paid for before, noted after, or refused."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
from tasks.private.ledger.ledger import (
    Spending,
    are_public,
    check_plain,
    commit,
    release,
    reserve,
    reserve_all,
)
from tasks.private.ledger.origins import origins_of
from tasks.step import step_key
from tasks.train.steps import train


def trained(
    recipe: Recipe, dataset: DatasetRef, start: StartRef | None, stages: Stages, stage: str = "train"
) -> ModelRef:
    """The recipe's model. A private training is paid for before its first step; one that is kept costs nothing again.

    Args:
        stage: how people are told of it.

    Raises:
        BudgetError: too little is left of the data's budget, or it has one and the training is not private.
        LeptonError: whatever else ended it.
    """
    call = (stage, train, recipe.name, recipe.train, dataset, start)
    if not recipe.train.privacy.has_secret_noise:
        check_plain_allowed(dataset, _named(recipe), _key(recipe, dataset, start))
        return stages.run(*call)
    work = _private_work(recipe, dataset, start)
    with paid(work.spending, work.proof, work.began.exists):
        model = stages.run(*call)
        record = load_record(Path(model.path))
    if record:  # else the reservation stands
        commit(here(), replace(work.spending, mechanisms=record.mechanisms), model.digest)
    return model


@contextmanager
def all_paid(recipes: Sequence[Recipe], dataset: DatasetRef, start: StartRef | None, what: str) -> Iterator[None]:
    """Reserve private trainings that the block does by `trained`; if it fails, give back those that have not begun.

    Args:
        recipes: of the trainings.
        dataset: that all learn from.
        start: what all begin from, if it is named.
        what: all of them in words.

    Raises:
        BudgetError: too little is left of a budget for all of them together, or the data has none.
    """
    works = [_private_work(recipe, dataset, start) for recipe in recipes]
    reserve_all(here(), [(work.spending, work.proof) for work in works], what)
    try:
        yield
    except BaseException:
        for work in works:
            if not work.began.exists():
                release(here(), work.spending)
        raise


def is_public(dataset: DatasetRef) -> bool:
    """Whether all files that a data set version comes from are declared public.

    Raises:
        DataError: the version's lineage is not known to its beginning.
    """
    return are_public(here(), origins_of(dataset, HomeSettings().datasets))


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


@dataclass(frozen=True)
class _PrivateWork:
    """A private training as the ledger knows it; its package once it has ended, and the file that says it began."""

    spending: Spending
    package: Path
    began: Path

    @property
    def proof(self) -> str:
        """Digest of what is there of it."""
        return tree_digest(self.package) if self.package.exists() else ""


def _private_work(recipe: Recipe, dataset: DatasetRef, start: StartRef | None) -> _PrivateWork:
    key, plan, home = _key(recipe, dataset, start), planned(recipe.train, dataset), HomeSettings()
    spending = spending_on(dataset, _named(recipe), plan.mechanisms, plan.delta, plan.persons, key)
    return _PrivateWork(spending, home.packages / key, home.training / key / BEGAN)


def _key(recipe: Recipe, dataset: DatasetRef, start: StartRef | None) -> str:
    return step_key(train, recipe.name, recipe.train, dataset, start)[:16]


def _named(recipe: Recipe) -> str:
    return f"training of {recipe.name}"


def _run(key: str) -> str:
    """Work is the same if its key and its home are: another home does it anew, and pays for it."""
    return f"{os.uname().nodename}:{HomeSettings().root}:{key}"
