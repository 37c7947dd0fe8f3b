from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import RecipeError
from tasks.data.references import ModelRef
from tasks.evaluate.classes import ClassAnswers
from tasks.evaluate.config import EvaluateOptions
from tasks.evaluate.fairness.config import FairnessOptions
from tasks.evaluate.fairness.part import favoured
from tasks.evaluate.fairness.pictures import draw_trade_off, front
from tasks.evaluate.fairness.proxies import share_told
from tasks.evaluate.fairness.spec import Way
from tasks.evaluate.fairness.tradeoff import trade_off
from tasks.evaluate.scored import Classes, Numbers

SEX = ["f"] * 40 + ["m"] * 40
TRUTH = (["yes"] * 20 + ["no"] * 20) * 2
ROWS = pa.table({"sex": SEX, "label": TRUTH})
OPTIONS = EvaluateOptions(fairness=FairnessOptions(protected=["sex"]))


def answered(told: list[str], labels: tuple[str, ...] = ("no", "yes")) -> Classes:
    sure = np.array([[float(label == own) for label in labels] for own in told], np.float32)
    return Classes(ROWS, ClassAnswers(labels, sure, TRUTH))


def way(name: str, is_chosen: bool = False) -> Way:
    return Way(mitigation=name, model=ModelRef(path=name, digest=name, run_id=name), is_chosen=is_chosen)


def test_a_fair_way_beside_one_that_never_favours_women(tmp_path: Path) -> None:
    harsh = ["no"] * 40 + TRUTH[40:]
    report = trade_off(OPTIONS, [(way("none", is_chosen=True), answered(harsh)), (way("fair"), answered(TRUTH))], ROWS)
    none, fair = report.ways
    assert (none.quality.value, fair.quality.value) == (0.75, 1.0)
    assert (none.disparity.value, fair.disparity.value) == (0.5, 0.0)
    assert (none.disparity.low or 0) > 0.3
    assert fair.disparity.low == 0
    assert none.by_column == {"sex": none.disparity}
    draw_trade_off(report, tmp_path / "tradeoff.png")
    assert (tmp_path / "tradeoff.png").stat().st_size > 5000


def test_a_way_whose_disparity_can_t_be_told_is_left_out_with_the_reason() -> None:
    options = EvaluateOptions(fairness=FairnessOptions(protected=["sex"], small_group=60))
    report = trade_off(options, [(way("none"), answered(TRUTH))], ROWS)
    assert report.ways == ()
    assert report.left_out == {"none": "average_odds_difference by sex can't be told"}


def test_the_front_are_those_that_nothing_beats() -> None:
    assert front([(0.9, 0.2), (0.8, 0.1), (0.7, 0.15)], more_is_fairer=False) == [0, 1]
    assert front([(0.9, 0.2), (0.8, 0.1), (0.7, 0.95)], more_is_fairer=True) == [0, 2]


def test_the_favourable_class_of_three_must_be_named() -> None:
    three = answered(TRUTH, ("maybe", "no", "yes"))
    with pytest.raises(RecipeError, match="favourable: found none, of 3 classes; allowed: maybe, no, yes"):
        favoured(three, OPTIONS.fairness)
    named = favoured(three, FairnessOptions(protected=["sex"], favourable="yes"))
    assert named.truth.tolist() == [label == "yes" for label in TRUTH]


def test_what_tells_no_class_is_refused() -> None:
    with pytest.raises(RecipeError, match="sex of a model that tells no single class of a row"):
        favoured(Numbers(ROWS, np.zeros(80), np.zeros(80)), OPTIONS.fairness)


def test_a_copy_tells_all_and_chance_tells_nothing() -> None:
    random = np.random.default_rng(2)
    protected = random.integers(0, 2, 4000)
    assert share_told(protected, protected) == pytest.approx(1, abs=0.001)
    assert share_told(random.integers(0, 40, 4000), protected) < 0.01
    assert share_told(protected, np.zeros(4000, np.int64)) == 0
