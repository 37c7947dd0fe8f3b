"""Which ways of training a recipe may compare."""

from __future__ import annotations

import pytest

from flows.mitigating import weighed_up
from flows.recipe import load_recipe
from flows.stages import Stages
from infra.errors import RecipeError
from tasks.data.references import DatasetRef, ModelRef


def test_none_and_the_recipes_own_are_always_among_the_ways() -> None:
    own = load_recipe("income", ["mitigate.compare=[threshold, none]", "train.mitigation.method=reweighing"])

    assert own.mitigate.ways(own.train.mitigation.method) == ("none", "threshold", "reweighing")
    assert own.train.mitigated_by("none").learned_columns == load_recipe("income").train.learned_columns


def test_beside_a_private_training_nothing_is_compared(caplog: pytest.LogCaptureFixture) -> None:
    private = load_recipe("income", ["train.privacy.target_epsilon=1", "train.privacy.preprocessing=public"])
    nothing = DatasetRef(path="", digest="", rows_in=0, rows_out=0, quarantined=0)

    found = weighed_up(private, nothing, None, ModelRef(path="", digest="", run_id=""), Stages())

    assert found is None and "mitigate.compare is left out" in caplog.text


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["evaluate.fairness.protected=[]"], "mitigate.compare: found reweighing and no evaluate.fairness.protected"),
        (["train.mitigation.protected=[]"], "mitigation.protected: found none with mitigation reweighing"),
        (
            ["train.mitigation.method=reweighing", "train.mitigation.protected=[education]"],
            "train.mitigation.protected: found education, a feature",
        ),
    ],
)
def test_ways_that_can_not_be(overrides: list[str], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        load_recipe("income", overrides)
