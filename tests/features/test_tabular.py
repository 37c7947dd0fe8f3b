"""Numbers and categories as arrays."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import DataError
from tasks.features.files import input_columns, load_features, save_features
from tasks.features.tabular import OUT_OF_VOCABULARY, TabularFeatures, fit_tabular

TRAIN = pa.table({"age": [1, 3, 5], "job": ["cook", None, "baker"], "member": [True, False, True]})


def test_numbers_are_standardised_by_the_train_split() -> None:
    features = fit_tabular(TRAIN, ["age"], [])  # mean 3, standard deviation sqrt(8 / 3)

    numeric = features.encode(pa.table({"age": [3.0, 3 + math.sqrt(8 / 3), None]}))["numeric"]

    assert numeric.dtype == np.float32
    np.testing.assert_allclose(numeric, [[0.0], [1.0], [0.0]], atol=1e-6)


def test_a_heavy_tail_is_scaled_by_its_logarithm() -> None:
    gains = [0] * 99 + [99_999]
    features = fit_tabular(pa.table({"gain": gains, "age": range(100)}), ["gain", "age"], [])

    assert [column.logarithm for column in features.numeric] == [True, False]
    assert features.numeric[0].mean == pytest.approx(math.log(100_000) / 100)
    below = features.encode(pa.table({"gain": [-5, 0], "age": [0, 0]}))["numeric"]
    assert below[0, 0] == below[1, 0]


def test_edges_are_the_most_common_value_and_quantiles_of_the_others() -> None:
    table = pa.table({"x": [0.0] * 900 + list(range(1, 101)), "same": [1.0] * 1000})
    features = fit_tabular(table, ["x", "same"], [])
    x, same = features.numeric

    assert len(x.edges) == 34  # 32 bins of the others, and one up to them
    assert list(x.edges) == sorted(set(x.edges))
    assert x.edges[0] == features.encode(table)["numeric"][0, 0]
    assert same.edges == (0.0,)


def test_constant_and_empty_columns_become_zero() -> None:
    table = pa.table({"same": [4, 4], "none": pa.array([None, None], pa.float64())})

    numeric = fit_tabular(table, ["same", "none"], []).encode(table)["numeric"]

    assert numeric.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_categories_are_places_and_unknown_ones_share_place_0() -> None:
    features = fit_tabular(TRAIN, [], ["job", "member"])  # places: missing 1, baker 2, cook 3; false 1, true 2

    rows = pa.table({"job": ["cook", "pilot", None], "member": [False, True, None]})

    assert features.encode(rows)["categories"].tolist() == [[3, 1], [OUT_OF_VOCABULARY, 2], [1, OUT_OF_VOCABULARY]]
    assert [column.size for column in features.categorical] == [4, 3]


def test_saved_features_encode_the_same(tmp_path: Path) -> None:
    features = fit_tabular(TRAIN, ["age"], ["job", "member"])
    save_features(features, tmp_path)
    loaded = load_features(tmp_path)

    assert loaded == features
    assert input_columns(tmp_path) == {"age": "double", "job": "string", "member": "boolean"}


def test_a_word_among_numbers_is_an_error() -> None:
    features = fit_tabular(TRAIN, ["age"], [])

    with pytest.raises(DataError, match=r"found .*forty.*; allowed: numbers in every numeric column"):
        features.encode(pa.table({"age": ["forty"]}))


@given(
    st.lists(st.floats(-1e6, 1e6) | st.none(), min_size=1, max_size=20),
    st.lists(st.floats(allow_infinity=False) | st.none(), min_size=1, max_size=5),
)
def test_whatever_comes_the_arrays_are_finite(train: list[float | None], rows: list[float | None]) -> None:
    features: TabularFeatures = fit_tabular(pa.table({"x": pa.array(train, pa.float64())}), ["x"], [])

    with np.errstate(over="ignore"):
        numeric = features.encode(pa.table({"x": pa.array(rows, pa.float64())}))["numeric"]

    assert numeric.shape == (len(rows), 1)
    assert np.isfinite(numeric).all()
