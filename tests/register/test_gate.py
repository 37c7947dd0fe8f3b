"""What a candidate is held to, and what the gate makes of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tasks.data.references import EvaluationRef, Reference
from tasks.register.checks import Findings, decide, epsilon_check, slice_checks, threshold_check
from tasks.register.config import GateOptions, Threshold
from tasks.register.evidence import Evidence
from tasks.register.gate import Check, Verdict, check
from tasks.reports.interval import Interval
from tasks.reports.quality import ComparisonReport, Difference
from tasks.reports.slices import Slice, SliceReport

OPTIONS = GateOptions(
    primary_metric="accuracy",
    thresholds=[Threshold(metric="accuracy", bound=0.9), Threshold(metric="size_mb", bound=30, kind="maximum")],
    max_loss_to_parent=0.01,
    max_loss_to_champion=0.005,
)
NOWHERE = Path("/none")
LOST = "accuracy lost to champion"
GOOD = {"accuracy": 0.95, "size_mb": 20.0}
SOUND = Findings(answered=True, unsafe=(), missing_links=())


def verdict(
    candidate: dict[str, float] = GOOD, champion: dict[str, float] | None = None, findings: Findings = SOUND
) -> Verdict:
    return decide(OPTIONS, evidence(candidate, {"accuracy": 0.955}), champion, findings)


def evidence(candidate: dict[str, float], parent: dict[str, float], path: Path = NOWHERE) -> Evidence:
    return Evidence(measured=measured(candidate, path), parent_measured=measured(parent))


def measured(metrics: dict[str, float], path: Path = NOWHERE) -> EvaluationRef:
    return EvaluationRef(path=str(path), digest="d", metrics=metrics, run_id="r")


def compared(folder: Path, **report: Any) -> Verdict:
    """The verdict on a good candidate beside a champion, by a report that says this."""
    ComparisonReport(**report).save(folder)
    shown = evidence(GOOD, GOOD).model_copy(update={"comparison": Reference(path=str(folder), digest="d")})
    return decide(OPTIONS, shown, None, SOUND)


def difference(value: float) -> Difference:
    told = Interval(value=value, low=value - 0.01, high=value + 0.01)
    return Difference(
        metric="accuracy", candidate=0.95, champion=0.95 - value, difference=told, p_value=0.04, test="McNemar"
    )


def one(of: Verdict, name: str) -> Check:
    (found,) = [each for each in of.checks if each.name == name]
    return found


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
        "unsafe code",
        "missing links of lineage",
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


def test_a_champion_that_was_measured_on_other_rows_is_a_check_that_could_not_run() -> None:
    found = one(verdict(champion={}), LOST)
    assert (found.passed, found.value, found.note) == (False, None, "the champion was measured on other rows")


def test_a_comparison_takes_the_place_of_what_was_noted(tmp_path: Path) -> None:
    better = compared(tmp_path, champion="models:/m/1", differences=(difference(0.03),))
    assert one(better, LOST).passed
    assert one(better, LOST).value == pytest.approx(-0.03)
    assert one(better, LOST).note == "models:/m/1: difference 0.03 (0.02 to 0.04) at 95%, p = 0.04 by McNemar"
    assert failed(compared(tmp_path, champion="models:/m/1", differences=(difference(-0.006),))) == [LOST]


def test_labels_that_the_champion_never_saw_are_told(tmp_path: Path) -> None:
    found = compared(tmp_path, champion="c", differences=(difference(0.0),), unknown_labels=("x", "y"))
    assert one(found, LOST).note.endswith("; labels that the champion never saw: x, y")


def test_no_champion_is_no_check(tmp_path: Path) -> None:
    assert LOST not in [each.name for each in compared(tmp_path).checks]


@pytest.mark.parametrize(
    ("report", "note"),
    [
        ({"champion": "c", "reason": "its files are gone"}, "its files are gone"),
        ({"champion": "c"}, "the comparison has no such metric"),
    ],
)
def test_a_comparison_that_could_not_be_made_fails(tmp_path: Path, report: dict[str, str], note: str) -> None:
    found = one(compared(tmp_path, **report), LOST)
    assert (found.passed, found.value, found.note) == (False, None, note)


def test_a_comparison_whose_report_is_gone_fails(tmp_path: Path) -> None:
    shown = evidence(GOOD, GOOD).model_copy(update={"comparison": Reference(path=str(tmp_path), digest="d")})
    assert failed(decide(OPTIONS, shown, None, SOUND)) == [LOST]


def sliced(folder: Path, *slices: tuple[str, float, int, bool], most: float = 0.1) -> list[Check]:
    made = tuple(
        Slice(name=name, found="recipe", rows=rows, metric=Interval(value=value, low=None, high=None), rest=0.9,
              is_small=is_small)
        for name, value, rows, is_small in slices
    )  # fmt: skip
    SliceReport(metric="accuracy", confidence=0.95, whole=0.9, searched=0, slices=made).save(folder)
    options = OPTIONS.model_copy(update={"max_slice_gap": most})
    return list(slice_checks(options, evidence(GOOD, GOOD, folder)))


def test_the_worst_slice_that_is_large_enough_counts(tmp_path: Path) -> None:
    (found,) = sliced(tmp_path, ("a", 0.85, 50, False), ("b", 0.75, 40, False), ("tiny", 0.0, 2, True))
    assert not found.passed
    assert found.value == pytest.approx(0.15)
    assert found.note == "b: accuracy 0.75 of 40 rows, 0.9 of all; 1 too small to tell"


def test_slices_that_are_not_there_fail_where_they_are_bounded(tmp_path: Path) -> None:
    options = OPTIONS.model_copy(update={"max_slice_gap": 0.1})
    (found,) = slice_checks(options, evidence(GOOD, GOOD, tmp_path))
    assert (found.passed, found.note) == (False, "slices were not measured")
    (small,) = sliced(tmp_path, ("tiny", 0.0, 2, True))
    assert (small.passed, small.note) == (False, "1 too small to tell")
    (none,) = sliced(tmp_path)
    assert (none.passed, none.note) == (False, "there are no slices")
    assert sliced(tmp_path, ("b", 0.0, 40, False), most=0.0) == []


def test_a_metric_that_was_not_measured_is_told_with_its_neighbours() -> None:
    found = threshold_check(Threshold(metric="acuracy", bound=0.9), GOOD)
    assert (found.passed, found.note) == (False, "no metric of that name was measured; near are accuracy")


@pytest.mark.parametrize(
    ("findings", "short", "note"),
    [
        (Findings(answered=True, missing_links=()), "unsafe code", "by modelscan"),
        (Findings(answered=True, unsafe=("os.system in a",), missing_links=()), "unsafe code", "os.system in a"),
        (Findings(answered=True, unsafe=(), scan_errors=("a: torn",), missing_links=()), "unsafe code", "a: torn"),
        (Findings(answered=True, unsafe=()), "missing links of lineage", "back to source files"),
        (Findings(answered=True, unsafe=(), missing_links=("no run",)), "missing links of lineage", "no run"),
        (
            Findings(answered=True, unsafe=(), missing_links=(), withdrawn="by ann: complaints"),
            "withdrawn from service",
            "by ann: complaints",
        ),
    ],
)
def test_what_was_found_of_the_version_itself(findings: Findings, short: str, note: str) -> None:
    found = verdict(findings=findings)
    assert failed(found) == [short]
    assert one(found, short).note == note


def test_a_verdict_has_a_digest_of_all_that_it_says() -> None:
    assert verdict().digest() == verdict().digest()
    assert verdict().digest() != verdict({**GOOD, "accuracy": 0.9501}).digest()


def test_a_version_that_does_not_answer_fails() -> None:
    assert failed(verdict(findings=Findings(answered=False, unsafe=(), missing_links=()))) == ["loads and answers"]


def test_less_is_better_where_the_recipe_says_so() -> None:
    options = GateOptions(
        primary_metric="rmse",
        higher_is_better=False,
        thresholds=[Threshold(metric="rmse", bound=1.0, kind="maximum")],
        max_loss_to_parent=0.01,
    )
    assert decide(options, evidence({"rmse": 0.93}, {"rmse": 0.925}), None, SOUND).passed
    assert failed(decide(options, evidence({"rmse": 0.94}, {"rmse": 0.925}), None, SOUND)) == ["rmse lost to parent"]


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
