"""What callers send to a model and get back; independent of the registry that stores it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tasks.features.files import load_features
from tasks.features.tabular import TabularFeatures
from tasks.features.text import TextFeatures
from tasks.options import Task

ColumnTypes = Mapping[str, str]

OUTPUTS: Mapping[Task, ColumnTypes] = {
    "text_classification": {"label": "string", "score": "double"},
    "tabular_classification": {"label": "string", "score": "double"},
    "text_retrieval": {"answer": "string", "score": "double"},
    "rating_prediction": {"rating": "double"},
}


def input_columns(package: Path) -> ColumnTypes:
    """The columns that a package's features read, with their types."""
    features = load_features(package)
    if isinstance(features, TextFeatures):
        return {features.column: "string"}
    if isinstance(features, TabularFeatures):
        numeric = {column.name: "double" for column in features.numeric}
        return numeric | {column.name: "string" for column in features.categorical}
    return {"user": "string", "item": "string"}
