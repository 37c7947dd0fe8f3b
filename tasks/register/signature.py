"""What a model gives back, by task; independent of the registry that stores it."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.options import Task

ColumnTypes = Mapping[str, str]

OUTPUTS: Mapping[Task, ColumnTypes] = {
    "text_classification": {"label": "string", "score": "double"},
    "tabular_classification": {"label": "string", "score": "double"},
    "text_retrieval": {"answer": "string", "score": "double"},
    "rating_prediction": {"rating": "double"},
}
