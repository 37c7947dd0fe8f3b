"""Aliases move one change at a time: many at once, kills between two writes, versions that are gone."""

from __future__ import annotations

import multiprocessing
import signal
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from infra.errors import LeptonError, NotFoundError, PromotionConflict
from infra.settings.roles import current_user
from infra.stores.database import Place
from tasks.register.promotion.history import History, transact
from tasks.register.promotion.move import CHAMPION, PREVIOUS, Move, move, recorded, repair
from tasks.register.promotion.promotion import Promotion
from tests.register.promotion.registry import FolderRegistry

AT_ONCE = 20


def promotion(target: str, expected: str | None = None) -> Move:
    return Move("m", target, "promote", f"to {target}", expected)


def aliases(registry: FolderRegistry) -> tuple[str, str]:
    return registry.champion(), registry.aliased("m", PREVIOUS)


def changes(place: Place) -> list[Promotion]:
    return transact(place, lambda history: history.of("m"))


def killed(place: Place, registry: FolderRegistry, before: str) -> None:
    """Have a process be killed before it sets an alias in promoting version 2."""
    dying = FolderRegistry(registry.folder, before)
    process = multiprocessing.get_context("fork").Process(target=move, args=(place, dying, promotion("2")))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def race(place: Place, folder: FolderRegistry, number: int, expected: str | None) -> bool:
    """In a process of its own."""
    try:
        move(place, folder, promotion(str(number), expected))
    except PromotionConflict:
        return False
    return True


def races(place: Place, registry: FolderRegistry, expected: str | None) -> list[bool]:
    registry.add(*(str(number) for number in range(10, 10 + AT_ONCE)))
    with multiprocessing.get_context("fork").Pool(AT_ONCE) as pool:
        return pool.starmap(race, [(place, registry, number, expected) for number in range(10, 10 + AT_ONCE)])


def test_one_after_the_other(place: Place, registry: FolderRegistry) -> None:
    move(place, registry, promotion("1", ""))
    assert aliases(registry) == ("1", "")
    moved = move(place, registry, promotion("2", "1")).promotion
    assert aliases(registry) == ("2", "1")
    assert (moved.source, moved.target, moved.state, moved.who) == ("1", "2", "done", current_user())
    assert moved.began <= moved.ended
    assert (registry.folder / "noted-2").read_text() == moved.ended


def test_of_twenty_at_once_that_expect_one_champion_one_wins(place: Place, registry: FolderRegistry) -> None:
    move(place, registry, promotion("1", ""))
    won = races(place, registry, "1")

    assert won.count(True) == 1
    assert aliases(registry) == (str(10 + won.index(True)), "1")
    assert [one.target for one in changes(place)] == ["1", registry.champion()]


def test_of_twenty_at_once_that_take_any_champion_each_replaces_the_one_before(
    place: Place, registry: FolderRegistry
) -> None:
    move(place, registry, promotion("1", ""))
    assert all(races(place, registry, None))

    found = changes(place)
    assert len(found) == AT_ONCE + 1
    assert {one.state for one in found} == {"done"}
    assert [one.source for one in found] == ["", *(one.target for one in found[:-1])]
    assert aliases(registry) == (found[-1].target, found[-2].target)


@pytest.mark.parametrize("before", [PREVIOUS, CHAMPION])
def test_what_a_kill_interrupted_is_finished_by_the_next(place: Place, registry: FolderRegistry, before: str) -> None:
    move(place, registry, promotion("1"))
    killed(place, registry, before)
    assert registry.champion() == "1"
    assert [one.state for one in changes(place)] == ["done", "intended"]

    (repaired,) = repair(place, registry, "m")
    assert str(repaired) == "promotion 2 of m, 1 to 2"
    assert aliases(registry) == ("2", "1")
    assert repair(place, registry, "m") == ()
    assert [one.state for one in changes(place)] == ["done", "done"]


def test_the_next_promotion_finishes_it_and_is_judged_against_what_came_of_it(
    place: Place, registry: FolderRegistry
) -> None:
    move(place, registry, promotion("1"))
    killed(place, registry, CHAMPION)

    with pytest.raises(PromotionConflict, match="found champion 2; allowed: champion 1, against"):
        move(place, registry, promotion("3", "1"))
    moved = move(place, registry, promotion("3", "2"))
    assert aliases(registry) == ("3", "2")
    assert moved.repaired == (), "once is enough"


def test_what_was_interrupted_is_given_up_if_its_version_is_gone(place: Place, registry: FolderRegistry) -> None:
    move(place, registry, promotion("3"))
    move(place, registry, promotion("1"))
    killed(place, registry, CHAMPION)
    assert aliases(registry) == ("1", "1")
    registry.delete("2")

    (repaired,) = repair(place, registry, "m")
    assert repaired.state == "abandoned"
    assert aliases(registry) == ("1", "3")


def test_an_error_of_the_registry_leaves_the_intent_for_the_next(place: Place, registry: FolderRegistry) -> None:
    class Broken(FolderRegistry):
        def point(self, model: str, alias: str, version: str) -> None:
            raise LeptonError("registry", found="no answer", allowed="one", action="Wait.")

    with pytest.raises(LeptonError, match="no answer"):
        move(place, Broken(registry.folder), promotion("1"))
    assert len(repair(place, registry, "m")) == 1
    assert registry.champion() == "1"


def test_a_version_that_is_not_there(place: Place, registry: FolderRegistry) -> None:
    with pytest.raises(NotFoundError, match="promotion of m/9: found no such version"):
        move(place, registry, promotion("9"))
    assert changes(place) == []


def test_a_champion_that_others_set_is_noted_and_the_chain_stays_whole(place: Place, registry: FolderRegistry) -> None:
    registry.point("m", PREVIOUS, "1")
    registry.point("m", CHAMPION, "2")
    move(place, registry, promotion("3", "2"))

    found = recorded(place, registry, "m")
    assert [(one.kind, one.source, one.target) for one in found] == [("outside", "", "2"), ("promote", "2", "3")]
    assert found[1].below == "2"
    registry.point("m", CHAMPION, "1")
    assert [(one.source, one.target) for one in recorded(place, registry, "m")][2:] == [("3", "1")]


def test_models_do_not_wait_for_each_other_and_have_histories_of_their_own(
    place: Place, registry: FolderRegistry
) -> None:
    move(place, registry, promotion("1"))
    move(place, registry, replace(promotion("2"), model="other"))
    assert [one.target for one in changes(place)] == ["1"]


@pytest.mark.parametrize("statement", ["UPDATE lepton_promotions SET who = 'me'", "DELETE FROM lepton_promotions"])
def test_the_database_refuses_to_rewrite_what_was_done(place: Place, registry: FolderRegistry, statement: str) -> None:
    move(place, registry, promotion("1"))

    def rewrite(history: History) -> None:
        with pytest.raises(DBAPIError, match="only added to"):
            history._connection.execute(text(statement))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transact(place, rewrite)
    assert changes(place)[0].who == current_user()
