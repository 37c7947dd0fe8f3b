"""A few real test rows with what the model says and what is true."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from tasks.options import Task
from tasks.runtime.predictor import Predictor

COUNT = 5
TRUTH: dict[Task, str] = {
    "text_classification": "label",
    "tabular_classification": "label",
    "text_retrieval": "answer",
    "rating_prediction": "rating",
}


def examples(predictor: Predictor, rows: pa.Table, count: int = COUNT) -> list[dict[str, Any]]:
    """The first rows, each as `input` (the model's columns), `truth` and `output` (the prediction's columns)."""
    few = rows.slice(0, count)
    inputs = few.select(list(predictor.features.columns)).to_pylist()
    truth = few.column(TRUTH[predictor.manifest.task]).to_pylist()
    answers = predictor.predict(few).to_pylist()
    return [
        {"input": row, "truth": true, "output": answer}
        for row, true, answer in zip(inputs, truth, answers, strict=True)
    ]
