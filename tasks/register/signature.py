"""What a model gives back, by task; independent of the registry that stores it."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.options import Task
from tasks.runtime.heads import head_columns
from tasks.runtime.package import PackageManifest

ColumnTypes = Mapping[str, str]

_OUTPUTS: Mapping[Task, ColumnTypes] = {
    "text_classification": {"label": "string", "score": "double"},
    "tabular_classification": {"label": "string", "score": "double"},
    "text_retrieval": {"answer": "string", "score": "double"},
    "rating_prediction": {"rating": "double"},
    "item_ranking": {"score": "double"},
}


def output_columns(manifest: PackageManifest) -> ColumnTypes:
    """The columns of a prediction, with their types."""
    return head_columns(manifest.heads) if manifest.heads else _OUTPUTS[manifest.task]
