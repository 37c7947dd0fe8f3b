"""Private training in a process of its own: its record, and its end after a kill."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import RecipeError
from infra.settings.home import checkout
from tasks.data.references import DatasetRef
from tasks.dp.accounting.spent import epsilon
from tasks.dp.record import load_record
from tasks.features.files import load_features
from tasks.features.tabular import TabularFeatures
from tasks.fit.checkpoints import Checkpoints
from tasks.lessons.config import TrainOptions
from tasks.lessons.privacy import planned
from tasks.runtime.predictor import load
from tasks.train.launcher import worker_count
from tasks.train.team.heart import Heart
from tasks.train.worker import _train
from tests.packages import make_dataset
from tests.train.conftest import Launch, people, tabular
from tests.train.one_process import lose_last_checkpoint, spec_of
from tests.train.test_launcher import wait_for

SEEDED = {"noise_multiplier": 1.0, "preprocessing": "public", "seeded_noise": True}
BOUNDS = [{"column": "age", "low": 0, "high": 100}]
SPENT = {"target_epsilon": 0.5, "preprocessing": "spent", "bounds": BOUNDS, "classes": ["yes", "no"]}


def private(**options: Any) -> Any:
    return tabular(**{"privacy": SEEDED, "epochs": 3, **options})


def test_a_package_says_what_its_training_spent_and_progress_does(
    launch: Launch, dataset: DatasetRef, tmp_path: Path
) -> None:
    events: list[dict[str, Any]] = []
    options = private(workers=0, privacy={**SEEDED, "seeded_noise": False})

    outcome = launch(options, dataset, on_event=events.append)

    record, plan = load_record(tmp_path / "package"), planned(options, dataset)
    assert record is not None
    assert record.mechanism == plan.mechanism
    assert record.epsilon == outcome["epsilon"] == epsilon(plan.mechanism, plan.delta).pld
    assert (record.rows, record.dataset_digest, record.seeded_noise) == (56, dataset.digest, False)
    assert record.delta < 1 / 56
    told = [event["metrics"]["epsilon"] for event in events if "epsilon" in event.get("metrics", {})]
    assert len(told) == 3 and told == sorted(told)
    texts = [event["progress"]["text"] for event in events if "progress" in event]
    assert texts[-1].endswith(f" epsilon {record.epsilon:.3g}")
    assert load(tmp_path / "package").predict(people(4)).num_rows == 4


def test_private_training_takes_one_worker() -> None:
    assert worker_count(private(workers=0), 56) == 1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_after_a_kill_it_ends_as_an_undisturbed_one_and_has_spent_as_much(
    launch: Launch, dataset: DatasetRef, tmp_path: Path
) -> None:
    options = private(epochs=12, batch_size=1)
    undisturbed = launch(options, dataset, work=tmp_path / "other", package=tmp_path / "undisturbed")
    script = f"""
from pathlib import Path
from tests.train.test_private import private
from tasks.train.launcher import train
folder = Path({str(tmp_path)!r})
train(private(epochs=12, batch_size=1), dataset_path={dataset.path!r}, dataset_digest={dataset.digest!r}, weights=None,
      work=folder / "work", package=folder / "package", log_folder=folder / "logs")
"""
    launcher = subprocess.Popen([sys.executable, "-c", script], cwd=checkout())
    wait_for(lambda: len(list((tmp_path / "work").glob("step-*.safetensors"))) == 2)
    launcher.kill()
    launcher.wait()
    assert not (tmp_path / "package").exists(), "it was killed too late"

    resumed = launch(options, dataset)

    assert resumed["loss"] == undisturbed["loss"] and resumed["epsilon"] == undisturbed["epsilon"]
    assert load_record(tmp_path / "package") == load_record(tmp_path / "undisturbed")
    before, after = (load(tmp_path / name).row_outputs(people(20)) for name in ("undisturbed", "package"))
    assert (before == after).all()


@pytest.mark.slow
def test_with_other_options_its_checkpoints_are_refused(launch: Launch, dataset: DatasetRef, tmp_path: Path) -> None:
    Checkpoints(tmp_path / "work", "of another training").save(5, {})
    with pytest.raises(RecipeError, match=r"train\.privacy: found checkpoints in .* with other options"):
        launch(private(), dataset)


def ratings() -> pa.Table:
    random = np.random.default_rng(0)
    who, what = random.integers(0, 12, 60), random.integers(0, 9, 60)
    columns = {"user": [f"u{one}" for one in who], "item": [f"i{one}" for one in what]}
    return pa.table({**columns, "rating": random.integers(1, 6, 60).astype(np.float64)})


def questions() -> pa.Table:
    return pa.table({"text": ["a", "b b", "c", "d a"] * 6, "label": ["x", "x", "y", "y"] * 6})


OF_PERSONS = {**SEEDED, "unit": "user", "user": "user", "rows_per_user": 3, "clipping": "per_layer"}
HEADS = [{"column": "label", "kind": "classification"}]


def test_features_that_are_spent_for_are_drawn_once_and_paid(dataset: DatasetRef, tmp_path: Path) -> None:
    options = private(privacy=SPENT, batch_size=64, checkpoint_steps=1)
    spec, plan = spec_of(options, dataset, None, tmp_path), planned(options, dataset)

    _train(spec, Heart())

    first, record = load_features(tmp_path / "package"), load_record(tmp_path / "package")
    assert isinstance(first, TabularFeatures) and record is not None
    assert len(plan.preprocessing) == 2 and record.mechanisms == plan.mechanisms
    assert record.epsilon == epsilon(plan.mechanisms, plan.delta).pld <= 0.5
    assert 0 < record.spent_on_preprocessing <= 0.05  # less than the share, by what delta lets it be
    assert load(tmp_path / "package").predict(people(4)).num_rows == 4

    shutil.rmtree(tmp_path / "package")
    lose_last_checkpoint(tmp_path)
    _train(spec, Heart())

    assert load_features(tmp_path / "package") == first and load_record(tmp_path / "package") == record


@pytest.mark.parametrize(
    ("options", "rows", "group"),
    [
        ({"task": "rating_prediction", "privacy": OF_PERSONS}, ratings, 3),
        pytest.param(
            {"task": "text_classification", "encoder": {"lora": {"rank": 2}}, "loss": {"consistency": 0.5}},
            questions,
            1,
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"task": "text_heads", "heads": HEADS, "encoder": {"frozen_layers": 1}},
            questions,
            1,
            marks=pytest.mark.slow,
        ),
    ],
)
def test_models_of_every_kind_are_trained_privately(
    options: dict[str, Any], rows: Callable[[], pa.Table], group: int, encoder: Path, tmp_path: Path
) -> None:
    small = {"epochs": 1, "batch_size": 8, "privacy": SEEDED}
    asked = TrainOptions.model_validate(
        {**small, **options, "encoder": {"max_tokens": 8, **options.get("encoder", {})}}
    )
    dataset = make_dataset(rows(), tmp_path / "data", test_rows=0)
    start = encoder if asked.task.startswith("text") else None

    outcome = _train(spec_of(asked, dataset, start, tmp_path), Heart())

    record = load_record(tmp_path / "package")
    assert record is not None and np.isfinite(outcome["loss"])
    assert record.mechanism.group_size == group
    assert record.mechanism.steps == outcome["steps"] > 1
    if group > 1:
        assert record.persons == 12 and record.rows <= 36 and len(record.clip) > 1
