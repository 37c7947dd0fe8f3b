"""What a private training can't have, and what it is to run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from infra.errors import DataError, RecipeError
from tasks.dp.plan import PrivatePlan
from tasks.lessons.config import TrainOptions
from tasks.lessons.privacy import check_start, planned
from tasks.runtime.package import PackageManifest, write_manifest
from tests.packages import make_dataset
from tests.train.conftest import people, tabular

ON = {"noise_multiplier": 2.0, "preprocessing": "public"}
BOUNDS = [{"column": "age", "low": 0, "high": 100}]
SPENT = {"target_epsilon": 3, "preprocessing": "spent", "bounds": BOUNDS, "classes": ["no", "yes"]}
TEXT, HEADS = {"task": "text_classification"}, [{"column": "label", "kind": "classification"}]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"task": "text_retrieval"},
            "task: found text_retrieval with privacy; each row's loss looks at the other rows",
        ),
        ({"task": "item_ranking"}, "task: found item_ranking with privacy; which items count as not taken"),
        ({**TEXT, "few_shot": {"enabled": True}}, "few_shot.enabled: found True with privacy; pairs join two rows"),
        ({**TEXT, "head_start": {"enabled": True}}, "head_start.enabled: found True with privacy; the head would be"),
        ({**TEXT, "weight": "w"}, "weight: found 'w' with privacy; weights are scaled by the mean over all rows"),
        ({**TEXT, "stopping": {"patience": 2}, "validation_share": 0.2}, "stopping.patience: found 2 with privacy"),
        ({**TEXT, "workers": 2}, "workers: found 2 with privacy; noise is added once, by one process"),
        ({**TEXT, "strategy": "parameter_server"}, "strategy: found parameter_server with privacy"),
        ({**TEXT, "speed": {"precision": "bfloat16"}}, "speed.precision: found bfloat16 with privacy"),
        ({**TEXT, "speed": {"xla": "on"}}, "speed.xla: found on with privacy"),
    ],
)
def test_what_mixes_rows_or_is_not_accounted_is_refused(options: dict[str, Any], words: str) -> None:
    TrainOptions.model_validate(options)
    with pytest.raises(ValidationError, match=words):
        TrainOptions.model_validate({**options, "privacy": ON})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (TEXT, "privacy.preprocessing: found spent and text_classification with privacy; noisy statistics make"),
        ({"categorical": ["job"]}, "privacy.bounds: found those of age .* each column of train.numeric: none"),
        ({"numeric": ["age", "pay"]}, "privacy.bounds: found those of age .* train.numeric: age, pay"),
        ({"numeric": ["age", "age"]}, "privacy.bounds: found those of age .* train.numeric: age, age"),
        ({"numeric": ["age", "age"], "privacy": {"bounds": BOUNDS * 2}}, "privacy.bounds: found those of age, age"),
        ({"numeric": ["age"], "rare_rows": 5}, "rare_rows: found 5 with privacy; preprocessing spent leaves rare"),
        ({"numeric": ["age"], "start_from": "models:/x/1"}, "start_from: found models:/x/1 with privacy; a model"),
    ],
)
def test_what_preprocessing_can_not_be_spent_for_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TrainOptions.model_validate(
            {"task": "tabular_classification", **options, "privacy": SPENT | options.get("privacy", {})}
        )


@pytest.mark.parametrize(
    "options",
    [
        {**TEXT, "loss": {"consistency": 1.0, "label_smoothing": 0.1}, "encoder": {"lora": {"rank": 4}}},
        {**TEXT, "optimizer": {"average_decay": 0.99, "accumulate_steps": 4}, "validation_share": 0.1},
        {"task": "text_heads", "heads": HEADS},
        {"task": "rating_prediction", "workers": 0},
        {"task": "tabular_classification", "numeric": ["age"], "strategy": "single"},
    ],
)
def test_what_looks_at_each_row_alone_may_be_private(options: dict[str, Any]) -> None:
    assert TrainOptions.model_validate({**options, "privacy": ON}).privacy.is_on


def plan_of(folder: Path, rows: pa.Table, **options: Any) -> PrivatePlan:
    dataset = make_dataset(rows, folder / "data", test_rows=10)
    privacy = {**ON, **options.pop("privacy", {})}
    return planned(tabular(batch_size=10, epochs=2, privacy=privacy, **options), dataset)


def test_the_plan_counts_the_train_rows_that_are_learned_from(tmp_path: Path) -> None:
    whole = plan_of(tmp_path / "whole", people(110))
    assert (whole.rows, whole.persons) == (100, 100)
    assert (whole.mechanism.sampling_rate, whole.mechanism.steps) == (0.1, 20)
    held = plan_of(tmp_path / "held", people(110), validation_share=0.3)
    assert 50 < held.rows < 90 and held.mechanism.sampling_rate == pytest.approx(10 / held.rows)


def test_the_plan_for_persons(tmp_path: Path) -> None:
    rows = people(110).append_column("who", pa.array([f"p{place % 25}" for place in range(110)]))
    made = plan_of(tmp_path, rows, privacy={"unit": "user", "user": "who", "rows_per_user": 2})
    assert (made.rows, made.persons, made.mechanism.group_size) == (50, 25, 2)


def test_the_column_of_persons_must_be_there_and_be_known(tmp_path: Path) -> None:
    user = {"unit": "user", "user": "who"}
    with pytest.raises(DataError, match="columns to learn from: found no who"):
        plan_of(tmp_path / "absent", people(40), privacy=user)
    rows = people(40).append_column("who", pa.array([None, "a"] * 20))
    with pytest.raises(DataError, match=r"train\.privacy\.user who: found \d+ of 30 train rows"):
        plan_of(tmp_path / "unknown", rows, privacy=user)


def test_a_start_that_learned_from_the_rows_is_refused(tmp_path: Path) -> None:
    package = tmp_path / "package"
    check_start(None, "mine")
    check_start(tmp_path, "mine")  # published weights are no package
    package.mkdir()
    manifest = PackageManifest(task="text_classification", format="saved_model", dataset_digest="mine")
    write_manifest(package, manifest)
    with pytest.raises(RecipeError, match=r"train\.start_from: found .* learned from the same rows without privacy"):
        check_start(package, "mine")
    check_start(package, "another")
    (package / "privacy.json").touch()
    with pytest.raises(RecipeError, match="which was trained privately"):
        check_start(package, "another")
