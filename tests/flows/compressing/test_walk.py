from __future__ import annotations

from collections.abc import Callable

import pytest

from flows.compressing.child import Child
from flows.compressing.plan import Chain, Plan
from flows.compressing.target import Figures
from flows.compressing.walk import TimeIsUp, endured_loss, walk
from infra.errors import MachineError, RecipeError
from infra.progress import Progress, watching
from tasks.data.references import VersionRef
from tasks.register.gate import Verdict
from tasks.register.steps.gate import Judgement

PLAN = Plan.model_validate(
    {
        "chains": [
            {"name": "gentle", "steps": ["int8"]},
            {"name": "middle", "steps": ["fine_tune", "int8"], "after": "gentle"},
            {"name": "strong", "steps": ["prune", "int8"], "after": "middle"},
            {"name": "other", "steps": ["float32"]},
        ]
    }
)


def child(loss: float) -> Child:
    return Child(
        version=VersionRef(name="m", version="2", run_id="r", digest="d"),
        metrics={},
        figures=Figures(1.0, 1.0, 1.0, loss),
        worst=None,
        judged=Judgement(verdict=Verdict(passed=True, checks=())),
        rival=None,
    )


def states(make: Callable[[Chain], Child], most: float = 0.02) -> dict[str, tuple[str, str]]:
    return {each.chain.name: (each.state, each.note) for each in walk(PLAN.chains, make, most)}


def test_all_are_tried_while_none_loses_too_much() -> None:
    told: list[Progress] = []
    with watching(told.append):
        found = states(lambda _: child(0.02))
    assert {state for state, _ in found.values()} == {"measured"}
    assert [each.text for each in told] == [
        "gentle, chain 1 of 4",
        "middle, chain 2 of 4",
        "strong, chain 3 of 4",
        "other, chain 4 of 4",
        "",
    ]


def test_what_goes_on_from_one_that_lost_too_much_is_not_tried() -> None:
    tried = []

    def make(chain: Chain) -> Child:
        tried.append(chain.name)
        return child(0.03 if chain.name == "middle" else 0.0)

    found = states(make)
    assert tried == ["gentle", "middle", "other"]
    assert found["strong"] == ("skipped", "middle lost 0.0300, too much to go on from")


def test_nor_what_goes_on_from_one_that_could_not_be_made() -> None:
    def make(chain: Chain) -> Child:
        if chain.name == "gentle":
            raise RecipeError("int8", found="nothing", allowed="weights", action="Leave it out.")
        return child(0.0)

    found = states(make)
    assert found["gentle"] == ("refused", "int8: found nothing; allowed: weights. Leave it out.")
    assert found["middle"] == ("skipped", "gentle was refused")
    assert found["strong"] == ("skipped", "middle was skipped")
    assert found["other"][0] == "measured"


def test_a_loss_that_is_no_number_is_too_much() -> None:
    assert states(lambda _: child(float("nan")))["middle"][0] == "skipped"


def test_when_time_is_up_the_rest_waits() -> None:
    def make(chain: Chain) -> Child:
        if chain.name != "gentle":
            raise TimeIsUp
        return child(0.0)

    assert [state for state, _ in states(make).values()] == ["measured", "waiting", "waiting", "waiting"]


def test_what_would_meet_every_chain_ends_the_search() -> None:
    def make(chain: Chain) -> Child:
        raise MachineError("disk", found="no room", allowed="some", action="Make some.")

    with pytest.raises(MachineError, match="no room"):
        states(make)


def test_how_much_a_chain_may_lose_for_stronger_ones_to_be_tried() -> None:
    assert endured_loss(0.005, 400) == pytest.approx(0.055)  # chance among 400 rows: 0.05
    assert endured_loss(0.1, 400) == pytest.approx(0.2)
    assert endured_loss(0.0, 10_000) == pytest.approx(0.01)
