"""What lies below the champion, after any changes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.register.promotion.promotion import Kind, Promotion, line, served, withdrawal

CHANGES = st.lists(st.tuples(st.sampled_from(["promote", "rollback"]), st.sampled_from("1234")), max_size=12)


def change(kind: Kind, source: str, target: str, **more: Any) -> Promotion:
    told = {"below": "", "below_before": "", "state": "done", "who": "w", "reason": "", "began": "", **more}
    return Promotion(model="m", kind=kind, source=source, target=target, **told)


def chain(*steps: tuple[Kind, str]) -> list[Promotion]:
    sources = ["", *(target for _, target in steps)]
    return [change(kind, source, target) for source, (kind, target) in zip(sources, steps, strict=False)]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((), ()),
        ((("promote", "1"), ("promote", "2"), ("promote", "3")), ("1", "2", "3")),
        ((("promote", "1"), ("promote", "2"), ("promote", "3"), ("rollback", "2")), ("1", "2")),
        ((("promote", "1"), ("promote", "2"), ("promote", "3"), ("rollback", "1")), ("1",)),
        ((("promote", "1"), ("promote", "2"), ("rollback", "1"), ("promote", "3")), ("1", "3")),
        ((("promote", "1"), ("promote", "2"), ("rollback", "1"), ("rollback", "2")), ("2",)),
        ((("promote", "1"), ("promote", "2"), ("promote", "1"), ("rollback", "2")), ("1", "2")),
    ],
)
def test_a_rollback_takes_away_what_lies_above(steps: Any, expected: tuple[str, ...]) -> None:
    assert line(chain(*steps)) == expected


def test_what_was_not_done_does_not_count() -> None:
    history = [*chain(("promote", "1")), change("promote", "1", "2", state="abandoned")]
    assert line(history) == ("1",)
    assert not served(history, "2")


def test_a_model_that_is_older_than_its_history_has_its_previous_below() -> None:
    assert line([change("outside", "", "2", below="1", below_before="1")]) == ("1", "2")


@given(CHANGES)
def test_the_champion_is_the_last_of_the_line_and_nobody_lies_on_itself(steps: list[tuple[Kind, str]]) -> None:
    found = line(chain(*steps))
    assert found[-1:] == tuple(target for _, target in steps[-1:])
    assert all(lower != upper for lower, upper in pairwise(found))


def test_a_version_is_withdrawn_until_it_comes_back() -> None:
    steps: list[tuple[Kind, str]] = [("promote", "1"), ("promote", "2"), ("rollback", "1")]
    taken = withdrawal(chain(*steps), "2")
    assert taken
    assert (taken.kind, taken.source) == ("rollback", "2")
    assert withdrawal(chain(*steps), "1") is None
    assert withdrawal(chain(*steps, ("rollback", "2")), "2") is None
    assert withdrawal(chain(*steps, ("promote", "3")), "2") == taken
    assert withdrawal(chain(("promote", "1"), ("promote", "2")), "1") is None, "replaced, not withdrawn"
