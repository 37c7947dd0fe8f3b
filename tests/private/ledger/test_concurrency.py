"""Many at once, and kills: a budget is never oversold, and what was reserved stays spent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.errors import BudgetError
from infra.settings.home import checkout
from tasks.dp.accounting.mechanisms import Guarantee
from tasks.private.ledger.books import Books
from tasks.private.ledger.database import Place, transact
from tasks.private.ledger.ledger import commit, reserve
from tasks.private.ledger.office import Terms, set_budget
from tests.private.ledger.conftest import A, B, spending

AT_ONCE = 50
_RESERVE = """
import sys, time
from pathlib import Path
from tasks.private.ledger.database import Place
from tasks.private.ledger.ledger import reserve
from tests.private.ledger.conftest import spending
from tasks.dp.accounting.mechanisms import Guarantee
reserve(Place(sys.argv[1], Path(sys.argv[2])), spending("killed", Guarantee(2.0)))
print("reserved", flush=True)
time.sleep(600)
"""


def test_fifty_at_once_never_oversell(place: Place) -> None:
    """Each wants 0.1 of 1.0 (delta 0, so that composition is the sum): exactly ten may have it."""
    set_budget(place, "first", [A], Terms(1.0 + 1e-6, 1e-12))
    set_budget(place, "second", [B], Terms(50.0, 1e-12))

    def one(number: int) -> bool:
        try:
            reserve(place, spending(f"run {number}", Guarantee(0.1), origins=(A, B), delta=1e-12))
        except BudgetError:
            return False
        return True

    with ThreadPoolExecutor(AT_ONCE) as pool:
        won = sum(pool.map(one, range(AT_ONCE)))
    first, second = transact(place, lambda connection: Books(connection).budgets())
    assert len(first.charges) == len(second.charges) == won
    assert first.spent() <= first.epsilon
    assert not first.allows([Guarantee(0.1)])
    assert won >= 10


def test_processes_that_are_killed_between_reserve_and_commit_have_spent(place: Place) -> None:
    set_budget(place, "data", [A], Terms(3.0))
    process = subprocess.Popen(
        [sys.executable, "-c", _RESERVE, place.url, str(place.file)],
        cwd=checkout(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "reserved\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with pytest.raises(BudgetError, match="so far 2"):
        reserve(place, spending("another", Guarantee(2.0)))
    reserve(place, spending("killed", Guarantee(2.0)))  # the same run goes on
    commit(place, spending("killed", Guarantee(1.0)), "proof")
    (budget,) = transact(place, lambda connection: Books(connection).budgets())
    assert budget.spent() == pytest.approx(1.0, abs=1e-3)


def test_a_writer_that_dies_in_its_transaction_leaves_nothing(place: Place) -> None:
    set_budget(place, "data", [A], Terms(3.0))

    def die(connection: object) -> None:
        books = Books(connection)  # type: ignore[arg-type]
        books.change(books.budgets()[0], books.budgets()[0], "nothing", "")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transact(place, die)
    changes = transact(place, lambda connection: Books(connection).changes())
    assert [change["action"] for change in changes] == ["share", "open"]


def test_others_wait_for_a_slow_writer(place: Place) -> None:
    set_budget(place, "data", [A], Terms(3.0))

    def slowly(connection: object) -> None:
        Books(connection).budgets()  # type: ignore[arg-type]
        time.sleep(0.5)

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(transact, place, slowly)
        time.sleep(0.1)
        reserve(place, spending("one", Guarantee(2.0)))
        slow.result()
    (budget,) = transact(place, lambda connection: Books(connection).budgets())
    assert [charge.run for charge in budget.charges] == ["one"]
