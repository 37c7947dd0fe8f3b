"""The whole audit in one process, on two hundred people of whom everybody above 40 says yes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.data.references import DatasetRef
from tasks.dp import trainer as trainer_module
from tasks.lessons.config import TrainOptions
from tasks.private.audit.config import AuditOptions
from tasks.private.audit.report import AuditReport, load_report
from tasks.private.audit.spec import AuditSpec
from tasks.private.audit.worker import run
from tests.packages import make_dataset
from tests.train.conftest import people, tabular

PRIVACY = {"noise_multiplier": 3.0, "delta": 1e-4, "preprocessing": "public"}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> DatasetRef:
    return make_dataset(people(200), tmp_path_factory.mktemp("people") / "dataset", test_rows=40)


def audited(dataset: DatasetRef, into: Path, train: dict[str, Any], **options: Any) -> AuditReport:
    into.mkdir()
    train = {"batch_size": 40, "epochs": 20, "optimizer": {"learning_rate": 0.05}, "dropout": 0.0, **train}
    asked = AuditOptions(**{"canaries": 200, **options})
    spec = AuditSpec(
        options=asked,
        train=tabular(**train),
        dataset=dataset,
        weights=None,
        package=None,
        into=into,
        began=into.parent / "began",
    )
    return run(spec)


@pytest.mark.slow
def test_a_training_without_privacy_gives_its_canaries_away(dataset: DatasetRef, tmp_path: Path) -> None:
    found = audited(dataset, tmp_path / "audit", {}, canaries=400)

    assert 1.0 < found.epsilon_lower <= found.provable
    assert found.claimed is None
    assert found.passed
    assert (found.rows, found.canaries) == (160, 400)
    assert [attack.attack for attack in found.attacks] == ["loss threshold", "logistic regression"]
    assert [(attack.members, attack.others) for attack in found.attacks] == [(160, 40)] * 2
    assert {file.name for file in (tmp_path / "audit").iterdir()} == {"audit.json", "canaries.png", "attacks.png"}
    assert load_report(tmp_path / "audit") == found


@pytest.mark.slow
def test_a_private_training_is_not_refuted(dataset: DatasetRef, tmp_path: Path) -> None:
    found = audited(dataset, tmp_path / "audit", {"privacy": PRIVACY})

    assert found.claimed is not None
    assert found.epsilon_lower <= found.claimed
    assert not found.seeded_noise


def test_one_that_forgets_its_noise_is(dataset: DatasetRef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "standard_noise", lambda size, _: np.zeros(size, np.float32))
    found = audited(dataset, tmp_path / "audit", {"privacy": PRIVACY | {"noise_multiplier": 12.0}})

    assert found.claimed is not None
    assert found.epsilon_lower > found.claimed
    assert not found.passed


@pytest.mark.slow
def test_shadow_models_attack_one_that_learned_from_about_half_of_the_rows(dataset: DatasetRef, tmp_path: Path) -> None:
    found = audited(dataset, tmp_path / "audit", {}, canaries=20, shadows=4, shadow_rows=100)

    attack = found.attacks[2]
    assert attack.attack == "likelihood ratio, 4 shadow models"
    assert attack.members + attack.others == 100
    assert 30 <= attack.members <= 70


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "rows"),
    [
        (
            {"task": "rating_prediction", "embedding_size": 4},
            pa.table({"user": list("uvwx") * 15, "item": [1, 2, 3] * 20, "rating": [1.0, 5.0, 3.0, 4.0, 2.0] * 12}),
        ),
        (
            {"task": "text_classification", "encoder": {"max_tokens": 8}},
            pa.table({"text": ["a b", "c d", "b a", "d c"] * 15, "label": ["x", "y", "x", "y"] * 15}),
        ),
        (
            {
                "task": "text_heads",
                "encoder": {"max_tokens": 8},
                "heads": [{"column": "label", "kind": "classification"}, {"column": "tags", "kind": "tagging"}],
            },
            pa.table({"text": ["a b", "c d"] * 30, "label": ["x", "y"] * 30, "tags": ["O B-q", "B-q O"] * 30}),
        ),
    ],
    ids=["ratings", "texts", "heads"],
)
def test_other_tasks_are_audited_too(options: dict[str, Any], rows: pa.Table, encoder: Path, tmp_path: Path) -> None:
    how = {"batch_size": 20, "epochs": 2, "privacy": PRIVACY | {"delta": 1e-3}}
    spec = AuditSpec(
        options=AuditOptions(canaries=40),
        train=TrainOptions.model_validate({**how, **options}),
        dataset=make_dataset(rows, tmp_path / "dataset", test_rows=12),
        weights=encoder if options["task"].startswith("text") else None,
        package=None,
        into=tmp_path,
        began=tmp_path / "began",
    )
    found = run(spec)

    assert found.passed
    assert (found.rows, found.canaries) == (48, 40)
    assert found.attacks[0].others == 12
    assert spec.began.exists()
