"""Labels as numbers."""

from __future__ import annotations

import pyarrow as pa
import pytest

from infra.errors import DataError
from tasks.features.labels import UNKNOWN, encode_labels, fit_labels


def test_labels_are_sorted_and_unknown_ones_are_marked() -> None:
    labels = fit_labels(pa.chunked_array([["b", "a"], ["b", None]]))

    assert labels == ("a", "b")
    assert encode_labels(pa.chunked_array([["b", "c", None, "a"]]), labels).tolist() == [1, UNKNOWN, UNKNOWN, 0]


def test_numbers_and_truths_are_labels_too() -> None:
    assert fit_labels(pa.chunked_array([[3, 12, 3]])) == ("12", "3")
    assert fit_labels(pa.chunked_array([[True, False]])) == ("false", "true")


@pytest.mark.parametrize(("values", "found"), [(["a", "a"], "only 'a'"), ([], "no label")])
def test_one_class_can_not_be_learned(values: list[str], found: str) -> None:
    with pytest.raises(DataError, match=rf"found {found}; allowed: two classes or more"):
        fit_labels(pa.chunked_array([pa.array(values, pa.string())]))
