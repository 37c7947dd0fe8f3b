"""Parts of a report that say how sure metrics are, and what probabilities are worth."""

from __future__ import annotations

from collections.abc import Mapping

from infra.errors import RecipeError
from tasks.evaluate.calibration import reliability
from tasks.evaluate.classes import ClassAnswers
from tasks.evaluate.heads import ToldClasses
from tasks.evaluate.intervals.measure import intervals
from tasks.evaluate.intervals.shares import shares
from tasks.evaluate.pictures import draw_reliability
from tasks.evaluate.scope import IN_SCOPE, RECALL, scope, scope_intervals
from tasks.evaluate.scored import Classes, Heads, Scored
from tasks.evaluate.subject import Subject
from tasks.features.heads import joined
from tasks.reports.interval import Interval
from tasks.reports.quality import CalibrationReport, QualityReport

_LOWER_BOUNDS = ("accuracy", "auc", "frame_accuracy", "mrr", "ndcg_at_10", "out_of_scope_recall")


def quality(subject: Subject) -> dict[str, float]:
    """Every metric with its interval; figures are those out of scope, and bounds to name in a gate.

    Raises:
        RecipeError: rows out of scope are asked for, and the model tells no classes.
        DataError: there are none.
    """
    scored, options = subject.scored, subject.options.intervals
    outside = _scope(subject)
    metrics = {**intervals(scored, options), **outside}
    of_rows = [name for name in metrics if name in {*shares(scored), *(name for name in (RECALL, IN_SCOPE) if outside)}]
    QualityReport(
        confidence=options.confidence,
        resamples=options.resamples,
        rows=len(scored.merits),
        metrics=metrics,
        shares=tuple(of_rows),
    ).save(subject.into)
    return {**{name: interval.value for name, interval in outside.items()}, **_bounds(metrics)}


def calibration(subject: Subject) -> dict[str, float]:
    """Calibration of a classifier, or of each head that is one; the report is that of the first of them."""
    reports = {
        output: reliability(answers, subject.options.calibration_bins, subject.options.intervals, output)
        for output, answers in class_answers(subject.scored).items()
    }
    for output, report in reports.items():
        draw_reliability(report, subject.into / f"{output}_calibration.png".removeprefix("_"))
    if reports:
        next(iter(reports.values())).save(subject.into)
    return joined({output: _figures(report) for output, report in reports.items()})


def class_answers(scored: Scored) -> dict[str, ClassAnswers]:
    """Classes told with probabilities, by the output that tells them: empty where the model has one output."""
    match scored:
        case Classes():
            return {"": scored.answers}
        case Heads():
            told = {head.output: scored.answers[head.output] for head in scored.heads}
            return {output: answers.answers for output, answers in told.items() if isinstance(answers, ToldClasses)}
        case _:
            return {}


def _scope(subject: Subject) -> dict[str, Interval]:
    label, threshold = subject.options.out_of_scope, subject.options.out_of_scope_threshold
    if not label:
        return {}
    answers = class_answers(subject.scored)
    if len(answers) != 1:
        raise RecipeError(
            "evaluate.out_of_scope",
            found=f"{label!r} with a model that tells {len(answers) or 'no'} classes of a row",
            allowed="a model that tells one class of a row",
            action="Leave the option empty.",
        )
    return scope_intervals(scope(next(iter(answers.values())), label, threshold), subject.options.intervals)


def _bounds(metrics: Mapping[str, Interval]) -> dict[str, float]:
    low = {f"{name}_low": metrics[name].low for name in _LOWER_BOUNDS if name in metrics}
    high = {"rmse_high": metrics["rmse"].high} if "rmse" in metrics else {}
    return {name: bound for name, bound in {**low, **high}.items() if bound is not None}


def _figures(report: CalibrationReport) -> dict[str, float]:
    return {"calibration_error": report.expected_error.value, "brier": report.brier}
