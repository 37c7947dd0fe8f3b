from __future__ import annotations

import math

import pytest

from tasks.register.config import GateOptions, Threshold
from tasks.register.gate import Verdict, check, decide, epsilon_check

OPTIONS = GateOptions(
    primary_metric="accuracy",
    thresholds=[Threshold(metric="accuracy", bound=0.9), Threshold(metric="size_mb", bound=30, kind="maximum")],
    max_loss_to_parent=0.01,
    max_loss_to_champion=0.005,
)
GOOD = {"accuracy": 0.95, "size_mb": 20.0}


def verdict(
    candidate: dict[str, float] = GOOD, champion: dict[str, float] | None = None, answered: bool = True
) -> Verdict:
    return decide(OPTIONS, candidate, {"accuracy": 0.955}, champion, answered)


def failed(of: Verdict) -> list[str]:
    return [one.name for one in of.checks if not one.passed]


def test_a_good_candidate_passes_every_check() -> None:
    passed = verdict()
    assert passed.passed
    assert [one.name for one in passed.checks] == [
        "accuracy",
        "size_mb",
        "accuracy lost to parent",
        "loads and answers",
    ]


@pytest.mark.parametrize(
    ("candidate", "short"),
    [
        ({"accuracy": 0.89, "size_mb": 20.0}, ["accuracy", "accuracy lost to parent"]),
        ({"accuracy": 0.95, "size_mb": 31.0}, ["size_mb"]),
        ({"accuracy": 0.944, "size_mb": 20.0}, ["accuracy lost to parent"]),
        ({"size_mb": 20.0}, ["accuracy", "accuracy lost to parent"]),
        ({"accuracy": math.nan, "size_mb": 20.0}, ["accuracy", "accuracy lost to parent"]),
    ],
)
def test_what_falls_short_is_named(candidate: dict[str, float], short: list[str]) -> None:
    assert failed(verdict(candidate)) == short


def test_a_bound_itself_passes() -> None:
    assert check("accuracy", 0.9, 0.9, "minimum").passed
    assert check("size_mb", 30.0, 30.0, "maximum").passed


def test_the_champion_may_be_missed_by_so_much() -> None:
    assert verdict(champion={"accuracy": 0.954}).passed
    assert failed(verdict(champion={"accuracy": 0.956})) == ["accuracy lost to champion"]


def test_a_champion_without_the_metric_is_a_check_that_could_not_run() -> None:
    assert failed(verdict(champion={})) == ["accuracy lost to champion"]


def test_a_version_that_does_not_answer_fails() -> None:
    assert failed(verdict(answered=False)) == ["loads and answers"]


def test_less_is_better_where_the_recipe_says_so() -> None:
    options = GateOptions(
        primary_metric="rmse",
        higher_is_better=False,
        thresholds=[Threshold(metric="rmse", bound=1.0, kind="maximum")],
        max_loss_to_parent=0.01,
    )
    assert decide(options, {"rmse": 0.93}, {"rmse": 0.925}, None, True).passed
    assert failed(decide(options, {"rmse": 0.94}, {"rmse": 0.925}, None, True)) == ["rmse lost to parent"]


def test_the_failures_are_told_in_words() -> None:
    assert verdict({"accuracy": 0.89, "size_mb": 20.0}).failures() == (
        "accuracy 0.89 (minimum 0.9); accuracy lost to parent 0.065 (maximum 0.01)"
    )


def test_a_private_model_may_have_spent_so_much() -> None:
    assert epsilon_check(2.9, seeded_noise=False, most=3.0).passed
    assert not epsilon_check(3.1, seeded_noise=False, most=3.0).passed
    seeded = epsilon_check(0.1, seeded_noise=True, most=3.0)
    assert not seeded.passed
    assert seeded.note == "seeded noise: not private"
