"""From measurements to points, to a table and to a picture."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.private.curve.curve import Privacy, Run, UtilityCurve, coverage, load_curve, save_curve, utility_curve
from tasks.private.curve.picture import draw_curve


def run(target: float | None, seed: int, **metrics: float) -> Run:
    privacy = Privacy(
        target=target or 0.0,
        epsilon=(target or 0.0) * 0.99,
        epsilon_rdp=target or 0.0,
        delta=1e-5,
        noise_multiplier=1.5,
        steps=10,
        unit="example",
    )
    return Run(
        seed=seed,
        privacy=None if target is None else privacy,
        metrics=metrics,
        test_rows=100,
        model=f"model {target} {seed}",
        run_id=f"run {target} {seed}",
    )


def curve(*runs: Run, higher_is_better: bool = True) -> UtilityCurve:
    return utility_curve("mine", "d" * 64, higher_is_better, runs)


THREE = [run(None, 7, auc=0.9, accuracy=0.8), run(None, 8, auc=0.92, accuracy=0.82), run(None, 9, auc=0.91, accuracy=1)]
PRIVATE = [run(target, seed, auc=target / 10 + seed / 100, accuracy=0.5) for target in (4.0, 0.5) for seed in (1, 2, 6)]


def test_points_are_medians_between_lowest_and_highest() -> None:
    found = curve(*THREE, *PRIVATE)

    assert [(one.epsilon, one.runs) for one in found.of("auc")] == [(0.5, 3), (4.0, 3)]
    reached = [(one.median, one.low, one.high) for one in found.of("auc")]
    assert np.array(reached) == pytest.approx(np.array([(0.07, 0.06, 0.11), (0.42, 0.41, 0.46)]))
    plain = found.plain("accuracy")
    assert plain is not None and (plain.median, plain.low, plain.high) == (0.82, 0.8, 1)
    assert found.metrics == ("auc", "accuracy")
    assert found.figures() == {
        "auc_without_privacy": 0.91,
        "auc_at_epsilon_4": pytest.approx(0.42),
        "auc_at_epsilon_0.5": pytest.approx(0.07),
        "accuracy_without_privacy": 0.82,
        "accuracy_at_epsilon_4": 0.5,
        "accuracy_at_epsilon_0.5": 0.5,
    }
    assert curve(*PRIVATE).plain("auc") is None


@pytest.mark.parametrize(("seeds", "probability"), [(1, 0.0), (2, 0.5), (3, 0.75), (6, 0.96875)])
def test_how_often_the_range_holds_the_median(seeds: int, probability: float) -> None:
    assert coverage(seeds) == probability
    assert curve(*[run(1.0, seed, auc=0.5) for seed in range(seeds)]).coverage == probability


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_the_median_lies_in_the_range_and_each_run_too(values: list[float]) -> None:
    (point,) = curve(*[run(1.0, seed, auc=value) for seed, value in enumerate(values)]).points
    assert point.low <= point.median <= point.high
    assert all(point.low <= value <= point.high for value in values)


def test_the_table_has_a_row_for_each_run(tmp_path: Path) -> None:
    found = curve(run(None, 7, auc=0.9), run(2.0, 7, auc=0.8))
    save_curve(found, tmp_path)

    with (tmp_path / "curve.csv").open(newline="", encoding="utf-8") as file:
        plain, private = csv.DictReader(file)
    assert private == {
        "target_epsilon": "2.0",
        "seed": "7",
        "auc": "0.8",
        "epsilon": "1.98",
        "epsilon_rdp": "2.0",
        "delta": "1e-05",
        "noise_multiplier": "1.5",
        "steps": "10",
        "unit": "example",
        "model": "model 2.0 7",
        "run_id": "run 2.0 7",
    }
    assert (plain["target_epsilon"], plain["epsilon"], plain["auc"]) == ("", "", "0.9")
    assert load_curve(tmp_path) == found


@pytest.mark.parametrize(
    "found",
    [
        curve(*THREE, *PRIVATE),
        curve(*PRIVATE),
        curve(run(1.0, 7, rmse=1.2), run(8.0, 7, rmse=0.9), higher_is_better=False),
        curve(run(None, 7, auc=0.9), run(1.0, 7, auc=0.8)),
    ],
    ids=["all", "without the plain line", "one seed", "one epsilon"],
)
def test_it_is_drawn_whatever_was_trained(found: UtilityCurve, tmp_path: Path) -> None:
    draw_curve(found, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
