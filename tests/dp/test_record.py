"""What a package tells of its training's privacy."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from infra.errors import SourceError
from tasks.dp.accounting.mechanisms import Guarantee, PrivateTraining
from tasks.dp.accounting.spent import epsilon
from tasks.dp.config import PrivacyOptions
from tasks.dp.plan import PrivatePlan
from tasks.dp.record import PRIVACY, carry_record, load_record, record_of, save_record

OPTIONS = PrivacyOptions(noise_multiplier=1, preprocessing="public", seeded_noise=True)
PLAN = PrivatePlan(PrivateTraining(0.1, 20, 1.0), 1e-4, rows=100, persons=100, batch_size=10)


def test_it_comes_back_as_it_was_and_goes_with_what_is_made_of_the_model(tmp_path: Path) -> None:
    parent, child = tmp_path / "parent", tmp_path / "child"
    parent.mkdir()
    child.mkdir()
    carry_record(parent, child)
    assert load_record(child) is None
    ran = replace(PLAN.mechanism, steps=12)
    record = record_of(OPTIONS, PLAN, ran, [0.7], "d")
    save_record(record, parent)
    carry_record(parent, child)
    assert load_record(child) == load_record(parent) == record
    assert record.mechanism.steps == 12 and record.seeded_noise and record.neighbours == "add or remove one row"


def test_what_preprocessing_spent_is_part_of_it_and_told(tmp_path: Path) -> None:
    before = (Guarantee(0.1, 1e-6), Guarantee(0.2))
    ran = replace(PLAN.mechanism, noise_multiplier=20.0)
    record = record_of(OPTIONS, replace(PLAN, preprocessing=before), ran, [1.0], "d")
    save_record(record, tmp_path)
    assert load_record(tmp_path) == record
    assert record.mechanisms == (*before, ran)
    assert record.epsilon == epsilon(record.mechanisms, 1e-4).pld > epsilon(ran, 1e-4).pld
    assert record.spent_on_preprocessing == pytest.approx(0.3, rel=0.01)  # delta lets it be a little less than the sum
    alone = record_of(OPTIONS, PLAN, ran, [1.0], "d")
    assert (alone.spent_on_preprocessing, alone.preprocessing) == (0.0, ())
    assert record.not_covered[0].startswith("cleaning") and alone.not_covered[0].startswith("preprocessing")


def test_without_noise_epsilon_is_infinite_and_stays_so(tmp_path: Path) -> None:
    record = record_of(OPTIONS, PLAN, replace(PLAN.mechanism, noise_multiplier=0.0), [1.0], "d")
    save_record(record, tmp_path)
    found = load_record(tmp_path)
    assert found is not None and math.isinf(found.epsilon) and math.isinf(found.epsilon_rdp)


@pytest.mark.parametrize("content", ["", "{}", '{"epsilon": 1}'])
def test_one_that_can_not_be_read_is_an_error_and_not_none(tmp_path: Path, content: str) -> None:
    (tmp_path / PRIVACY).write_text(content)
    with pytest.raises(SourceError, match=r"privacy\.json that can't be read"):
        load_record(tmp_path)
