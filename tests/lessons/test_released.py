"""Features that are spent for: drawn once, within what the plan has for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from infra.errors import DataError, RecipeError
from tasks.data.references import DatasetRef
from tasks.dp.accounting.spent import epsilon
from tasks.dp.plan import spent_on_features
from tasks.dp.record import BEGAN
from tasks.dp.statistics.bounds import Bounds
from tasks.dp.statistics.preprocessing import fit_private
from tasks.features.tabular import TabularFeatures
from tasks.lessons.config import TrainOptions
from tasks.lessons.material import prepare, read_train_rows
from tasks.lessons.privacy import planned
from tasks.lessons.released import RELEASED, released
from tests.packages import make_dataset
from tests.train.conftest import people, tabular


def spent(**privacy: Any) -> TrainOptions:
    bounds = [{"column": "age", "low": 0, "high": 100}]
    how = {"target_epsilon": 0.5, "preprocessing": "spent", "bounds": bounds, "classes": ["yes", "no"]}
    return tabular(batch_size=64, epochs=3, privacy={**how, **privacy})


@pytest.fixture
def dataset(tmp_path: Path) -> DatasetRef:
    return make_dataset(people(), tmp_path / "data", test_rows=8)


def draw(work: Path, rows: int = 64, identity: str = "mine") -> TabularFeatures:
    return released(spent(), people(rows), work, identity)


def test_they_are_drawn_once_for_a_training_and_anew_for_another(tmp_path: Path) -> None:
    first = draw(tmp_path / "a")
    assert (tmp_path / "a" / BEGAN).exists()
    assert draw(tmp_path / "a") == draw(tmp_path / "a", rows=4) == first  # rows are not looked at again
    assert draw(tmp_path / "b") != first


def test_another_trainings_and_what_can_not_be_read_are_refused(tmp_path: Path) -> None:
    draw(tmp_path)
    with pytest.raises(RecipeError, match=rf"preprocessing: found in .* {RELEASED} of a training with other options"):
        draw(tmp_path, identity="another")
    (tmp_path / RELEASED).write_text("{")
    with pytest.raises(RecipeError, match="that can't be read"):
        draw(tmp_path)
    (tmp_path / RELEASED).unlink()
    (tmp_path / "step-000000005.safetensors").touch()  # whose weights know the features that are gone
    with pytest.raises(RecipeError, match="that can't be read"):
        draw(tmp_path)


def test_a_kill_before_they_are_written_draws_them_again(tmp_path: Path) -> None:
    (tmp_path / BEGAN).touch()
    (tmp_path / RELEASED).with_suffix(".partial").write_text("{")
    assert draw(tmp_path) == draw(tmp_path)


def test_what_is_no_number_is_told_before_anything_is_spent(tmp_path: Path) -> None:
    rows = people().set_column(0, "age", pa.array(["old"] * 64))
    with pytest.raises(DataError, match=r"train\.numeric age: found a column of type string; allowed: a column of"):
        released(spent(), rows, tmp_path / "work", "mine")
    assert not (tmp_path / "work").exists()


def test_the_plan_counts_what_is_drawn_and_keeps_the_target(dataset: DatasetRef) -> None:
    plan = planned(spent(), dataset)
    assert 0.999 * 0.5 < epsilon(plan.mechanisms, plan.delta).pld <= 0.5
    share = spent_on_features(spent().privacy, plan.delta)
    assert fit_private(people(), {"age": Bounds(0, 100)}, ["job"], *share).spent == plan.preprocessing
    bolder = planned(spent(preprocessing_share=0.6), dataset)
    assert bolder.mechanism.noise_multiplier > plan.mechanism.noise_multiplier


def test_a_lesson_has_the_features_that_were_drawn_and_the_classes_that_were_declared(dataset: DatasetRef) -> None:
    rows, features = read_train_rows(spent(), dataset), fit_private(people(), {"age": Bounds(0, 9)}, ["job"], 9.0, 1e-3)
    seen: list[int] = []

    def release(learned: pa.Table) -> TabularFeatures:
        seen.append(learned.num_rows)
        return features.features

    lesson = prepare(spent(classes=["yes", "no", "maybe"]), rows, None, release).lesson
    assert (lesson.features, lesson.labels, seen) == (features.features, ("maybe", "no", "yes"), [56])
    with pytest.raises(DataError, match="column label of the train split: found 'no'; allowed: the declared classes"):
        prepare(spent(classes=["yes", "maybe"]), rows, None, release)
    assert len(seen) == 1  # labels are looked at before
    with pytest.raises(RecipeError, match="found spent, and nothing to keep what is spent for"):
        prepare(spent(), rows, None)
