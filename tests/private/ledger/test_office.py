"""Who may change a budget, and what is noted for good."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from infra.errors import BudgetError, NotFoundError, RecipeError, RoleError
from infra.settings.roles import RoleSettings, current_user
from tasks.dp.accounting.mechanisms import Guarantee
from tasks.private.ledger.books import Books
from tasks.private.ledger.database import Place, transact
from tasks.private.ledger.ledger import commit, reserve
from tasks.private.ledger.office import Terms, reset_budget, set_budget
from tests.private.ledger.conftest import A, B, C, spending


@pytest.fixture
def officer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEPTON_ROLES_PRIVACY_OFFICERS", f"somebody, {current_user()}")


def test_anybody_sets_a_first_budget_and_lowers_it(place: Place) -> None:
    assert set_budget(place, "data", [A, B], Terms(3.0)).epsilon == 3.0
    assert set_budget(place, "data", [A, B], Terms(2.0, 1e-6)).epsilon == 2.0
    assert set_budget(place, "data", [A], Terms(2.0)).delta == 1e-6


@pytest.mark.parametrize(
    "terms",
    [Terms(4.0, reason="x"), Terms(3.0, 1e-4, reason="x"), Terms(0.0, public=True, reason="x")],
)
def test_more_needs_the_role(place: Place, terms: Terms) -> None:
    set_budget(place, "data", [A], Terms(3.0, 1e-6))
    with pytest.raises(RoleError, match=f"found user {current_user()}; allowed: privacy officers: nobody is one"):
        set_budget(place, "data", [A], terms)


def test_public_data_gets_a_budget_from_an_officer_only(place: Place) -> None:
    set_budget(place, "data", [A], Terms(0.0, public=True))
    with pytest.raises(RoleError):
        set_budget(place, "data", [A], Terms(3.0, reason="x"))


def test_an_officer_gives_a_reason_and_it_is_kept(place: Place, officer: None) -> None:
    set_budget(place, "data", [A], Terms(3.0, 1e-6))
    with pytest.raises(RecipeError, match="--reason: found nothing"):
        set_budget(place, "data", [A], Terms(4.0))
    assert set_budget(place, "data", [A], Terms(4.0, reason="the board agreed")).epsilon == 4.0
    changes = transact(place, lambda connection: Books(connection).changes())
    assert [change["action"] for change in changes] == ["raise", "share", "open"]
    raised = changes[0]
    assert (raised["who"], raised["reason"]) == (current_user(), "the board agreed")
    assert (raised["before"], raised["after"]) == ("epsilon 3, delta 1e-06", "epsilon 4, delta 1e-06")


def test_a_reset_needs_the_role_and_a_reason(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    set_budget(place, "data", [A], Terms(3.0))
    reserve(place, spending("one", Guarantee(2.0)))
    with pytest.raises(RoleError, match="to reset the privacy budget of data"):
        reset_budget(place, "data", [A], "because")
    monkeypatch.setenv("LEPTON_ROLES_PRIVACY_OFFICERS", current_user())
    with pytest.raises(RecipeError, match="--reason"):
        reset_budget(place, "data", [A], " ")
    assert reset_budget(place, "data", [A], "all agreed anew").spent() == 0.0
    reserve(place, spending("two", Guarantee(3.0)))


def test_what_ends_after_a_reset_counts_after_it(place: Place, officer: None) -> None:
    set_budget(place, "data", [A], Terms(3.0))
    run = spending("one", Guarantee(2.0))
    reserve(place, run)
    reset_budget(place, "data", [A], "all agreed anew")
    commit(place, run, "proof")
    (budget,) = transact(place, lambda connection: Books(connection).budgets())
    assert budget.spent() == pytest.approx(2.0, abs=1e-3)


def test_a_reservation_from_before_a_reset_does_not_carry_a_run(place: Place, officer: None) -> None:
    set_budget(place, "data", [A], Terms(3.0))
    reserve(place, spending("one", Guarantee(2.0)))
    reset_budget(place, "data", [A], "all agreed anew")
    reserve(place, spending("one", Guarantee(2.0)))
    (budget,) = transact(place, lambda connection: Books(connection).budgets())
    assert budget.spent() == pytest.approx(2.0, abs=1e-3)


def test_changes_are_only_added_to(place: Place) -> None:
    set_budget(place, "data", [A], Terms(3.0))
    for statement in ("UPDATE lepton_privacy_changes SET who = 'x'", "DELETE FROM lepton_privacy_changes"):
        with pytest.raises(Exception, match="only added to"):
            transact(place, lambda connection, statement=statement: connection.execute(text(statement)))  # type: ignore[misc]


def test_a_corrected_file_shares_the_budget_of_the_first(place: Place) -> None:
    first = set_budget(place, "data", [A], Terms(3.0))
    for words, origin in (("data", B), ("1", C)):
        shared = set_budget(place, "corrected", [origin], Terms(0.0, shares_with=words))
        assert shared.id == first.id
    reserve(place, spending("one", Guarantee(2.0), origins=(B,)))
    with pytest.raises(BudgetError, match="so far 2"):
        reserve(place, spending("two", Guarantee(2.0), origins=(A,)))


def test_new_files_of_known_data_join_its_budget(place: Place) -> None:
    first = set_budget(place, "data", [A], Terms(3.0))
    assert set_budget(place, "grown", [A, B], Terms(3.0)).origins == {A.digest: A.name, B.digest: B.name}
    assert set_budget(place, "grown", [B], Terms(2.0)).id == first.id


def test_what_has_a_budget_joins_no_other(place: Place) -> None:
    set_budget(place, "first", [A], Terms(3.0))
    set_budget(place, "second", [B], Terms(3.0))
    for terms in (Terms(0.0, shares_with="first"), Terms(2.0)):
        with pytest.raises(BudgetError, match="several"):
            set_budget(place, "both", [A, B], terms)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (Terms(0.0), "--epsilon: found 0"),
        (Terms(-1.0), "--epsilon: found -1"),
        (Terms(float("nan")), "--epsilon: found nan"),
        (Terms(float("inf")), "--epsilon: found inf"),
        (Terms(1.0, 1.0), "--delta: found 1"),
        (Terms(1.0, public=True), "--public with an epsilon"),
        (Terms(1.0, shares_with="x"), "--shares-with with terms"),
    ],
)
def test_terms_that_can_not_be(terms: Terms, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        terms.check()


def test_budgets_that_are_not_there(place: Place, officer: None) -> None:
    with pytest.raises(NotFoundError, match="privacy budget other: found none"):
        set_budget(place, "data", [A], Terms(0.0, shares_with="other"))
    with pytest.raises(NotFoundError, match=r"none for a.csv"):
        reset_budget(place, "data", [A], "because")


def test_officers_are_named_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RoleSettings().privacy_officers == ()
    monkeypatch.setenv("LEPTON_ROLES_PRIVACY_OFFICERS", " ann,bob ,")
    assert RoleSettings().privacy_officers == ("ann", "bob")


def test_the_user_is_the_systems_and_not_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    before = current_user()
    monkeypatch.setenv("USER", "officer")
    monkeypatch.setenv("LOGNAME", "officer")
    assert current_user() == before
