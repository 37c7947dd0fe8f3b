"""Who rated what."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from tasks.features.files import input_columns, load_features, save_features
from tasks.features.interactions import fit_interactions

RATINGS = pa.table({"user": [7, 10, 7], "item": ["b", "a", "a"], "rating": [1.0, 2.0, 5.0]})


def test_places_and_the_scale_come_from_the_train_split() -> None:
    features = fit_interactions(RATINGS)

    arrays = features.encode(pa.table({"user": [7, 10, 8], "item": ["a", "b", "c"]}))

    assert arrays["user"].tolist() == [2, 1, 0]  # sorted as texts: "10", "7"
    assert arrays["item"].tolist() == [1, 2, 0]
    assert (features.mean_rating, features.lowest, features.highest) == (8 / 3, 1.0, 5.0)


def test_saved_features_encode_the_same(tmp_path: Path) -> None:
    features = fit_interactions(RATINGS)
    save_features(features, tmp_path)

    assert load_features(tmp_path) == features
    assert input_columns(tmp_path) == {"user": "long", "item": "string"}


def test_there_may_be_no_ratings() -> None:
    features = fit_interactions(RATINGS.drop_columns(["rating"]))

    assert features.user == fit_interactions(RATINGS).user
    assert (features.mean_rating, features.lowest, features.highest) == (0.0, 0.0, 0.0)
