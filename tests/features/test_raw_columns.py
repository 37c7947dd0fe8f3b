"""Columns into an exported model: what is fitted on train lies inside it, and serving needs no other code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.compress.tflite import to_tflite
from tasks.features.columns import numbers, texts
from tasks.features.files import load_features
from tasks.features.tabular import OUT_OF_VOCABULARY, TabularFeatures, fit_tabular
from tasks.lessons.config import TrainOptions
from tasks.lessons.material import prepare
from tasks.runtime.predictor import load
from tasks.train.launcher import train
from tests.packages import identified, make_dataset

TRAIN: dict[str, list[Any]] = {
    "hours per week": [40.0, 10.0, None, 38.0, 60.0, 25.0],
    "gain": [0, 0, 0, 0, 0, 99_999],
    "same": [4, 4, 4, 4, 4, 4],
    "job": ["cook", "baker", None, "cook", "baker", "baker"],
    "member": [True, False, True, True, False, False],
    "rooms": [1, 2, 3, 1, 2, 1],
}
LABELS = ["yes", "no", "yes", "yes", "no", "no"]
NUMERIC, CATEGORICAL = ["hours per week", "gain", "same"], ["job", "member", "rooms"]
NUMBERS = st.none() | st.floats(allow_nan=False)
ROW = st.fixed_dictionaries(
    {
        **dict.fromkeys(NUMERIC, NUMBERS),
        "job": st.none() | st.sampled_from(["cook", "baker", "pilot", ""]),
        "member": st.none() | st.booleans(),
        "rooms": st.none() | st.integers(-3, 4),
    }
)
SCHEMA = pa.schema(
    [*((name, pa.float64()) for name in NUMERIC), ("job", pa.string()), ("member", pa.bool_()), ("rooms", pa.int64())]
)
FEATURES = fit_tabular(pa.table(TRAIN), NUMERIC, CATEGORICAL)


def raw_inputs(features: TabularFeatures, rows: pa.Table) -> dict[str, Any]:
    """Columns as the signature takes them."""
    import tensorflow as tf

    from tasks.features.columns import signature_names

    names = signature_names(list(features.columns))
    floats = {names[c.name]: tf.constant(numbers(rows[c.name]), tf.float64) for c in features.numeric}
    return floats | {names[c.name]: tf.constant(texts(rows[c.name]), tf.string) for c in features.categorical}


@settings(max_examples=25)
@given(st.lists(ROW, min_size=1, max_size=6))
def test_the_model_encodes_columns_as_the_features_do(rows: list[dict[str, Any]]) -> None:
    from tasks.model.tabular import raw_columns

    table = pa.Table.from_pylist(rows, SCHEMA)
    columns = raw_columns(FEATURES)

    encoded = columns.encode(raw_inputs(FEATURES, table))

    with np.errstate(over="ignore"):
        expected = FEATURES.encode(table)
    assert set(encoded) == set(expected)
    np.testing.assert_allclose(encoded["numeric"], expected["numeric"], rtol=1e-6)
    assert encoded["categories"].numpy().tolist() == expected["categories"].tolist()


def test_names_that_tensorflow_does_not_take_are_spelled_otherwise() -> None:
    from tasks.features.columns import signature_names

    names = signature_names(["age", "Age", "hours per week", "%a", "größe"])

    assert list(names.values()) == ["age", "Age_2", "hours_per_week", "column_a", "gr__e"]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Trained in a process of its own, on a test row that is far from all others, and the train rows."""
    far = {"hours per week": 1e9, "gain": 1e9, "same": 7, "job": "pilot", "member": None, "rooms": 1_000}
    rows: dict[str, list[Any]] = {name: [far[name], *values] for name, values in TRAIN.items()}
    dataset = make_dataset(pa.table({**rows, "label": ["no", *LABELS]}), tmp_path / "data", test_rows=1)
    asked = {"task": "tabular_classification", "numeric": NUMERIC, "categorical": CATEGORICAL, "epochs": 20}
    train(
        TrainOptions.model_validate({**asked, "optimizer": {"learning_rate": 0.05}, "hidden_units": [8]}),
        dataset_path=dataset.path,
        dataset_digest=dataset.digest,
        weights=None,
        work=tmp_path / "work",
        package=tmp_path / "package",
        log_folder=tmp_path / "logs",
    )
    return tmp_path / "package"


def test_a_package_serves_columns_by_tensorflow_alone_and_was_fitted_on_train(package: Path) -> None:
    import tensorflow as tf

    table = pa.table({name: pa.array([*values, None]) for name, values in TRAIN.items()})
    predictor = load(package)

    signature = tf.saved_model.load(str(package / "saved_model")).signatures["columns"]
    served = signature(**raw_inputs(FEATURES, table))["output"].numpy()

    assert load_features(package) == FEATURES  # the test row, far from all, left no trace
    np.testing.assert_allclose(served, predictor.row_outputs(table), atol=1e-5)
    assert predictor.predict(table)["label"].to_pylist()[:6] == LABELS
    lite = tf.lite.Interpreter(model_content=to_tflite(package / "saved_model")).get_signature_runner()
    np.testing.assert_allclose(lite(**FEATURES.encode(table))["output"], served, atol=1e-4)


def test_numbers_can_go_in_without_bins() -> None:
    def built(encoding: str) -> Any:
        asked = {"task": "tabular_classification", "numeric": NUMERIC, "hidden_units": [4]}
        options = TrainOptions.model_validate({**asked, "numeric_encoding": encoding})
        return prepare(options, identified(pa.table({**TRAIN, "label": LABELS})), None).lesson.build().exported

    assert built("standard").get_layer("hidden0").kernel.shape[0] == len(NUMERIC)
    bins = sum(len(column.edges) - 1 for column in FEATURES.numeric)
    assert built("bins").get_layer("hidden0").kernel.shape[0] > len(NUMERIC) + bins - 1


def test_an_unknown_category_says_nothing_before_it_is_taught() -> None:
    from tasks.model.tabular import build_tabular

    (vectors,) = (
        build_tabular(FEATURES, 2, [4], dropout=0.0, seed=1).exported.get_layer("category0_embeddings").get_weights()
    )

    assert not vectors[OUT_OF_VOCABULARY].any()
    assert vectors[1:].all()


def test_rare_categories_teach_the_place_of_unknown_ones() -> None:
    rows = pa.table({"job": ["cook", "cook", "baker", None]})

    features = fit_tabular(rows, [], ["job"], rare_rows=2)

    assert features.categorical[0].values == ("cook",)
    assert features.encode(rows)["categories"].ravel().tolist() == [1, 1, OUT_OF_VOCABULARY, OUT_OF_VOCABULARY]
