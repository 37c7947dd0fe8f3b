"""Items that users take, told from those they do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.data.references import DatasetRef
from tasks.evaluate.config import EvaluateOptions
from tasks.evaluate.spec import EvaluateSpec
from tasks.evaluate.worker import evaluate
from tasks.features.interactions import fit_interactions
from tasks.lessons.config import TrainOptions
from tasks.train.packing import pack
from tests.packages import make_dataset
from tests.train.one_process import spec_of, train_here

GROUPS, USERS, ITEMS = 3, 30, 45


def tastes() -> pa.Table:
    """Each user takes items of their own third alone; the first 60 rows are two items of each user."""
    random = np.random.default_rng(3)
    rows = [
        (user, item)
        for user in range(USERS)
        for item in random.permutation([one for one in range(ITEMS) if one % GROUPS == user % GROUPS])[:8].tolist()
    ]
    ordered = sorted(enumerate(rows), key=lambda numbered: (numbered[0] % 8 > 1, numbered[0]))
    users, items = zip(*(row for _, row in ordered), strict=True)
    return pa.table({"user": [f"u{user}" for user in users], "item": [f"i{item:02d}" for item in items]})


def test_what_users_take_comes_first(tmp_path: Path) -> None:
    dataset = make_dataset(tastes(), tmp_path / "data", test_rows=60)
    options = TrainOptions.model_validate(
        {
            "task": "item_ranking",
            "epochs": 25,
            "batch_size": 30,
            "embedding_size": 4,
            "optimizer": {"learning_rate": 0.05, "weight_decay": 0.0},
        }
    )
    trained = train_here(options, dataset, None, tmp_path)
    weights = trained.network.trained.get_weights()
    pack(spec_of(options, dataset, None, tmp_path), tmp_path / "package", trained.lesson, weights)

    figures = measured(tmp_path / "package", dataset, tmp_path / "report")

    # Nine of the 39 items that a user did not take are of their third: by chance an item of theirs is at rank 14.
    assert figures["hit_rate_at_10"] > 0.9
    assert figures["ndcg_at_10"] > 0.3
    assert (tmp_path / "report" / "ranks.png").exists()


def measured(package: Path, dataset: DatasetRef, into: Path) -> dict[str, float]:
    into.mkdir()
    options = EvaluateOptions(latency_queries=20, other_threads=0)
    return evaluate(EvaluateSpec(options=options, package=package, dataset=dataset, into=into))


@pytest.fixture(scope="module")
def network() -> Any:
    """One user `u` took all but the last of ten items, the other, `v`, that one."""
    from tasks.model.ranker import build_ranker

    rows = pa.table({"user": ["u"] * 9 + ["v"], "item": [f"i{number}" for number in range(10)]})
    features = fit_interactions(rows)
    pairs = features.encode(rows)
    taken = np.sort(pairs["user"].astype(np.int64) * features.item.size + pairs["item"])
    return build_ranker(features, 2, 20, taken, seed=1)


def batch(*pairs: tuple[int, int]) -> dict[str, Any]:
    users, items = zip(*pairs, strict=True)
    return {"user": np.array(users, np.int32), "item": np.array(items, np.int32)}


def test_items_that_a_user_took_are_never_held_against_one(network: Any) -> None:
    from tasks.model.ranker import TAKEN

    scores = network.trained(batch((1, 1), (2, 10), (0, 3))).numpy()

    assert scores.shape == (3, 21)
    free = (scores[:, 1:] != TAKEN).mean(axis=1)
    assert free[0] < 0.4 and free[1] > 0.6 and free[2] == 1.0  # one of ten items, nine of ten, and all
    known = network.exported(batch((1, 1), (2, 10), (0, 3))).numpy()
    np.testing.assert_allclose(scores[:, 0], known, atol=1e-6)


def test_draws_are_a_function_of_the_step_and_the_row(network: Any) -> None:
    import tensorflow as tf

    from tasks.model.dropout import dropout_seed

    def draws(step: int, rows: list[int], pairs: dict[str, Any]) -> Any:
        with dropout_seed(tf.constant([7, step]), tf.constant(rows)):
            return network.trained(pairs, training=True).numpy()

    both = draws(3, [0, 1], batch((2, 10), (2, 10)))
    np.testing.assert_array_equal(draws(3, [1], batch((2, 10)))[0], both[1])
    assert (both[0] != both[1]).any()
    assert (draws(4, [0, 1], batch((2, 10), (2, 10))) != both).any()


def test_the_quality_is_how_often_the_right_item_leads() -> None:
    from tasks.fit.quality import pair_accuracy

    scores = np.array([[2, 1, 3, -1e9], [1, -1e9, -1e9, -1e9], [5, 9, 9, 9]], np.float32)

    assert pair_accuracy([(scores, np.zeros(3), np.array([1, 1, 0], np.float32))]) == {
        "pair_accuracy": pytest.approx((1 / 2 + 1 / 2) / 2)
    }
