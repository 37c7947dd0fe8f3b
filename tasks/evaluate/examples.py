"""A few real test rows with what the model says and what is true."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from tasks.options import Task
from tasks.runtime.predictor import Predictor

COUNT = 5
_TRUTH: dict[Task, str] = {
    "text_classification": "label",
    "tabular_classification": "label",
    "text_retrieval": "answer",
    "rating_prediction": "rating",
    "item_ranking": "item",
}


def examples(predictor: Predictor, rows: pa.Table, count: int = COUNT) -> list[dict[str, Any]]:
    """The first rows, each as `input` (the model's columns), `truth` and `output` (the prediction's columns).

    The truth of a model with several heads has a column for each.
    """
    few = rows.slice(0, count)
    inputs = few.select(list(predictor.features.columns)).to_pylist()
    truth = _truth(predictor, few)
    answers = predictor.predict(few).to_pylist()
    return [
        {"input": row, "truth": true, "output": answer}
        for row, true, answer in zip(inputs, truth, answers, strict=True)
    ]


def _truth(predictor: Predictor, rows: pa.Table) -> list[Any]:
    heads = [head.column for head in predictor.manifest.heads]
    known: list[Any] = rows.select(heads).to_pylist() if heads else rows[_TRUTH[predictor.manifest.task]].to_pylist()
    return known
