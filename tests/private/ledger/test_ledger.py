"""Reserve, commit, release; who shares a budget; what is refused and what the refusal says."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from infra.errors import BudgetError, RecipeError
from tasks.dp.accounting.mechanisms import Gaussian, Guarantee, PrivateTraining
from tasks.dp.accounting.spent import epsilon
from tasks.private.ledger.books import Books
from tasks.private.ledger.budget import Budget
from tasks.private.ledger.database import Place, transact
from tasks.private.ledger.ledger import are_public, check_plain, commit, release, reserve, reserve_all
from tasks.private.ledger.office import Terms, set_budget
from tests.private.ledger.conftest import A, B, C, spending


def budgets(place: Place) -> list[Budget]:
    return transact(place, lambda connection: Books(connection).budgets())


def spent(place: Place) -> list[float]:
    return [budget.spent() for budget in budgets(place)]


def states(place: Place) -> list[str]:
    return [charge.state for _, charge in transact(place, lambda link: Books(link).all_charges())]


def test_what_is_reserved_is_spent_and_what_ran_takes_its_place(place: Place) -> None:
    set_budget(place, "data", [A], Terms(3.0))
    reserve(place, spending("one", Guarantee(2.0)))
    assert spent(place) == pytest.approx([2.0], abs=1e-3)
    assert states(place) == ["reserved"]
    commit(place, spending("one", Guarantee(1.5)), "proof")
    assert spent(place) == pytest.approx([1.5], abs=1e-3)
    assert states(place) == ["committed"]


def test_a_run_that_would_overspend_does_not_start(place: Place) -> None:
    set_budget(place, "data", [A], Terms(3.0, 1e-6))
    reserve(place, spending("one", Guarantee(2.0)))
    with pytest.raises(BudgetError, match=r"budget data: found training two, with which 3.* \(so far 2\); allowed: ep"):
        reserve(place, spending("two", Guarantee(1.5)))
    assert states(place) == ["reserved"]
    reserve(place, spending("three", Guarantee(0.9)))


def test_a_target_that_is_the_whole_budget_is_no_overspend(place: Place) -> None:
    set_budget(place, "data", [A], Terms(epsilon(Gaussian(2.0), 1e-6).pld))
    reserve(place, spending("one", Gaussian(2.0)))
    (budget,) = budgets(place)
    assert budget.spent() == budget.epsilon


def test_several_runs_are_composed_not_added(place: Place) -> None:
    one = PrivateTraining(0.05, 50, 1.5)
    alone = epsilon(one, 1e-6).pld
    set_budget(place, "data", [A], Terms(10 * alone))
    for number in range(3):
        reserve(place, spending(f"run {number}", one))
    together = epsilon([one] * 3, 1e-6).pld
    assert spent(place) == pytest.approx([together])
    assert together < 0.8 * 3 * alone


def test_the_same_run_goes_on_with_its_own_reservation(place: Place) -> None:
    set_budget(place, "data", [A], Terms(3.0))
    for _ in range(3):
        reserve(place, spending("one", Guarantee(2.0)))
    assert spent(place) == pytest.approx([2.0], abs=1e-3)


def test_a_model_that_is_there_costs_nothing_again_and_one_made_anew_does(place: Place) -> None:
    set_budget(place, "data", [A], Terms(5.0))
    run = spending("one", Guarantee(2.0))
    reserve(place, run)
    commit(place, run, "first model")
    reserve(place, run, "first model")
    commit(place, run, "first model")
    assert spent(place) == pytest.approx([2.0], abs=1e-3)
    reserve(place, run, "")  # its files are gone
    commit(place, run, "second model")
    assert spent(place) == pytest.approx([4.0], abs=1e-3)
    with pytest.raises(BudgetError):
        reserve(place, run, "")


def test_work_that_no_reservation_foresaw_is_charged_all_the_same(place: Place) -> None:
    set_budget(place, "data", [A], Terms(3.0))
    run = spending("one", Guarantee(2.0))
    reserve(place, run)
    commit(place, run, "first model")
    reserve(place, run, "first model")
    commit(place, run, "another model")
    assert spent(place) == pytest.approx([4.0], abs=1e-3)


def test_a_release_gives_back_and_only_what_is_not_committed(place: Place) -> None:
    set_budget(place, "data", [A], Terms(3.0))
    reserve(place, spending("one", Guarantee(2.0)))
    release(place, spending("one"))
    assert (spent(place), states(place)) == ([0.0], ["released"])
    reserve(place, spending("one", Guarantee(2.0)))
    commit(place, spending("one", Guarantee(2.0)), "proof")
    release(place, spending("one"))
    assert spent(place) == pytest.approx([2.0], abs=1e-3)


def test_data_without_a_budget_is_refused_with_the_command_that_sets_one(place: Place) -> None:
    with pytest.raises(BudgetError, match=re.escape("`lepton privacy budget set somedata --epsilon 3`")):
        reserve(place, spending("one"))
    set_budget(place, "data", [A], Terms(3.0))
    with pytest.raises(BudgetError, match=r"none for b.csv \(b{16}\).*--shares-with 1"):
        reserve(place, spending("one", origins=(A, B)))
    assert states(place) == []


def test_a_union_spends_the_budgets_of_all_its_origins(place: Place) -> None:
    set_budget(place, "first", [A], Terms(3.0))
    set_budget(place, "second", [B], Terms(1.5))
    reserve(place, spending("union", origins=(A, B)))
    assert spent(place) == pytest.approx([1.0, 1.0], abs=1e-3)
    with pytest.raises(BudgetError, match="privacy budget second"):
        reserve(place, spending("again", origins=(A, B)))
    assert spent(place) == pytest.approx([1.0, 1.0], abs=1e-3)  # nothing of the first was taken


def test_origins_of_one_budget_are_charged_once(place: Place) -> None:
    set_budget(place, "data", [A, B], Terms(3.0))
    reserve(place, spending("both", origins=(A, B)))
    reserve(place, spending("one file", origins=(B,)))
    assert spent(place) == pytest.approx([2.0], abs=2e-3)


def test_the_first_run_settles_delta(place: Place) -> None:
    set_budget(place, "data", [A], Terms(3.0))
    reserve(place, spending("one", Gaussian(5.0), delta=1e-5))
    reserve(place, spending("two", Gaussian(5.0), delta=1e-7))
    assert [budget.delta for budget in budgets(place)] == [1e-5]
    assert spent(place) == pytest.approx([epsilon(Gaussian(5.0, 2), 1e-5).pld], rel=1e-3)


def test_a_budget_whose_delta_would_let_a_row_out(place: Place) -> None:
    set_budget(place, "data", [A], Terms(3.0, 1e-3))
    with pytest.raises(RecipeError, match=r"delta: found 0.001 with 1000 rows"):
        reserve(place, spending("one"))


def test_the_refusal_names_epochs_and_noise_that_fit(place: Place) -> None:
    set_budget(place, "data", [A], Terms(2.0, 1e-6))
    reserve(place, spending("before", Gaussian(6.0)))
    run = spending("one", PrivateTraining(0.1, 100, 1.5))
    with pytest.raises(BudgetError) as refused:
        reserve(place, run)
    found = re.search(
        r"noise_multiplier=1.5\) (\d+) epochs fit. All 100 steps fit .*noise_multiplier=([\d.]+) in", str(refused.value)
    )
    assert found
    epochs, noise = int(found[1]), float(found[2])
    assert 0 < epochs < 10 and noise > 1.5
    reserve(place, replace(run, mechanisms=(PrivateTraining(0.1, 100, noise),)))
    release(place, run)
    reserve(place, replace(run, mechanisms=(PrivateTraining(0.1, epochs * 10, 1.5),)))
    release(place, run)
    with pytest.raises(BudgetError):
        reserve(place, replace(run, mechanisms=(PrivateTraining(0.1, (epochs + 1) * 10, 1.5),)))


def test_a_budget_below_the_first_step(place: Place) -> None:
    set_budget(place, "data", [A], Terms(0.01, 1e-6))
    with pytest.raises(BudgetError, match=r"No epoch|All 100 steps fit"):
        reserve(place, spending("one", PrivateTraining(1.0, 100, 1.0)))
    reserve(place, spending("two", Guarantee(0.01)))
    set_budget(place, "data", [A], Terms(0.001, 1e-6))
    with pytest.raises(BudgetError, match="Nothing fits"):
        reserve(place, spending("three", Guarantee(0.1)))


def test_without_privacy_nothing_runs_on_data_with_a_budget(place: Place) -> None:
    set_budget(place, "data", [A], Terms(3.0))
    with pytest.raises(BudgetError, match=r"training of x: found no privacy, on data with the privacy budget data"):
        check_plain(place, "run", "training of x", [A, C])
    check_plain(place, "run", "training of x", [C])
    assert states(place) == []


def test_public_data_is_free_and_recorded_and_no_budget_forgets_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_budget(place, "data", [A], Terms(0.0, public=True))
    check_plain(place, "plain", "training of x", [A])
    check_plain(place, "plain", "training of x", [A])
    reserve(place, spending("one", Guarantee(100.0)))
    assert states(place) == ["reserved", "committed"]
    release(place, spending("one"))
    from infra.settings.roles import current_user

    monkeypatch.setenv("LEPTON_ROLES_PRIVACY_OFFICERS", current_user())
    set_budget(place, "data", [A], Terms(3.0, reason="it was a mistake"))
    assert spent(place) == [math.inf]
    with pytest.raises(BudgetError, match="Nothing fits"):
        reserve(place, spending("two"))


def test_a_ledger_that_was_never_made_is_not_made_by_plain_work(place: Place) -> None:
    if not place.url:
        check_plain(place, "run", "training of x", [A])
        assert not place.file.exists()


def test_several_runs_are_reserved_together_or_not_at_all(place: Place) -> None:
    set_budget(place, "data", [A], Terms(2.5, 1e-6))
    set_budget(place, "more", [B], Terms(1.5, 1e-6))
    three = [(spending(run), "") for run in ("one", "two", "three")]
    with pytest.raises(BudgetError, match=r"budget data: found a curve, with which 3.* \(so far 0\)"):
        reserve_all(place, three, "a curve")
    with pytest.raises(BudgetError, match=r"budget more: found a curve, with which 2"):
        reserve_all(place, [(spending(run, origins=(A, B)), "") for run in ("x", "y")], "a curve")
    assert states(place) == []
    reserve_all(place, three[:2], "a curve")
    reserve_all(place, three[:2], "a curve")  # after a kill
    assert states(place) == ["reserved", "reserved"]
    assert spent(place) == pytest.approx([2.0, 0.0], abs=1e-3)


def test_of_several_runs_what_is_paid_for_is_not_paid_again(place: Place) -> None:
    set_budget(place, "data", [A], Terms(2.0, 1e-6))
    reserve(place, spending("one"))
    commit(place, spending("one"), "model")
    reserve_all(place, [(spending("one"), "model"), (spending("two"), "")], "a curve")
    assert states(place) == ["reserved", "committed"]
    with pytest.raises(BudgetError, match="a curve, with which 3"):
        reserve_all(place, [(spending("one"), "another"), (spending("two"), "")], "a curve")


def test_only_origins_that_are_all_public_are_public(place: Place) -> None:
    assert not are_public(place, [A])
    set_budget(place, "open", [A], Terms(0.0, public=True))
    set_budget(place, "closed", [B], Terms(1.0))
    assert [are_public(place, of) for of in ([A], [B], [A, B], [A, C])] == [True, False, False, False]
