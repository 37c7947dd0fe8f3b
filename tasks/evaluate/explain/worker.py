"""The child process that explains: `python -m tasks.evaluate.explain.worker SPEC`.

It asks the model on the threads that the machine has; what is measured elsewhere is not disturbed by it.
"""

from __future__ import annotations

import time

import pyarrow as pa

from infra.cores import affinity
from infra.environment import configure
from infra.errors import NotFoundError, RecipeError
from infra.processes import Event, child_main
from tasks.data.references import DatasetRef
from tasks.data.version import read_rows
from tasks.evaluate.explain.explainer import Explainer, drawn, train_sample
from tasks.evaluate.explain.many import report, unexplained
from tasks.evaluate.explain.query import numbered_row, row_table
from tasks.evaluate.explain.single import explain_row
from tasks.evaluate.explain.spec import ExplainSpec
from tasks.features.text import TextFeatures
from tasks.reports.explanation import ExplanationReport, LocalExplanation
from tasks.runtime.predictor import Predictor, load


def explain_many(spec: ExplainSpec) -> ExplanationReport:
    """Explain rows of the test split, drawn by chance; writes the report with its pictures into `spec.into`.

    Of a model that can't be explained, or rows that hold nothing, the report says so.
    """
    from tasks.evaluate.explain.pictures import draw_global, draw_local

    explainer = _explainer(spec, load(spec.package, affinity()))
    try:
        asked = drawn(read_rows(_dataset(spec), "test"), spec.options.rows)
        rows = [row for row in explainer.rows(asked) if row.game.parts]
        found = report(explainer, rows) if rows else unexplained(explainer, "no test row holds anything")
    except RecipeError as error:
        found = unexplained(explainer, str(error))
    found.save(spec.into)
    for whole in found.globals:
        draw_global(whole, found.explained, spec.into / f"global_{whole.method}.png")
    for example in found.examples:
        draw_local(example, spec.into / f"local_{example.method}.png")
    return found


def explain_one(spec: ExplainSpec) -> tuple[LocalExplanation, float]:
    """Explain one row by the first method of the options; returns the seconds that it took too, after loading."""
    predictor = load(spec.package, affinity())
    table = row_table(predictor.features, spec.row) if spec.row else numbered_row(_test(spec), spec.place)
    explainer = _explainer(spec, predictor)
    explainer.load(spec.options.methods[0])
    started = time.perf_counter()
    (row,) = explainer.rows(table)
    found = explain_row(explainer, spec.options.methods[0], row)
    seconds = time.perf_counter() - started
    if spec.picture:
        from tasks.evaluate.explain.pictures import draw_local

        draw_local(found, spec.picture)
    return found, seconds


def _explainer(spec: ExplainSpec, predictor: Predictor) -> Explainer:
    is_text = isinstance(predictor.features, TextFeatures)
    train = pa.table({}) if is_text else train_sample(read_rows(_dataset(spec), "train"))
    return Explainer(spec.options, predictor, spec.parent, train)


def _test(spec: ExplainSpec) -> pa.Table:
    return read_rows(_dataset(spec), "test")


def _dataset(spec: ExplainSpec) -> DatasetRef:
    if spec.dataset is None:
        raise NotFoundError(
            "data set of the model",
            found="none of its digest in this home",
            allowed="the version that the model learned from",
            action="Run the recipe here, or ask a model of texts about a --text.",
        )
    return spec.dataset


def work(text: str) -> Event:
    """`{"explanation": {...}, "seconds": ...}` of one row, or `{"report": true}`, for an ExplainSpec in JSON."""
    configure()
    spec = ExplainSpec.model_validate_json(text)
    if spec.row or spec.place >= 0:
        found, seconds = explain_one(spec)
        return {"explanation": found.model_dump(mode="json"), "seconds": seconds}
    explain_many(spec)
    return {"report": True}


if __name__ == "__main__":
    child_main(work)
