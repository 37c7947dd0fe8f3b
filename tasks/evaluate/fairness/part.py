"""The part of a report on fairness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from infra.errors import RecipeError
from tasks.evaluate.classes import ClassAnswers
from tasks.evaluate.fairness.config import Disparity, FairnessOptions, figure_name
from tasks.evaluate.fairness.counts import Flags
from tasks.evaluate.fairness.groups import crossed, groups_by
from tasks.evaluate.fairness.measured import measured
from tasks.evaluate.fairness.pictures import draw_rates
from tasks.evaluate.fairness.proxies import proxies
from tasks.evaluate.scored import Classes, Scored
from tasks.evaluate.subject import Subject
from tasks.evaluate.tables import write_disparities, write_rates
from tasks.reports.fairness import FairnessReport, Protected


@dataclass(frozen=True)
class Favours:
    """Who is, and who was told to be, of the class that a person would want: n rows."""

    favourable: str
    truth: Flags
    told: Flags


def fairness(subject: Subject) -> dict[str, float]:
    """Rates by group, disparities, proxies, tables and pictures; nothing where no column is protected.

    Returns:
        `fairness_<disparity>_<column>`, for several columns crossed with `_and_` between them; what can't be told is
        left out, so that a gate that asks for it fails.

    Raises:
        RecipeError: the model tells no classes, or not the favourable one.
        DataError: a protected column is not there, or has too many values.
    """
    options = subject.options.fairness
    if not options.protected:
        return {}
    favours = favoured(subject.scored, options)
    report = _report(subject, favours)
    report.save(subject.into)
    write_rates(report, subject.into / "fairness_rates.csv")
    write_disparities(report, subject.into / "fairness_disparities.csv")
    for protected in report.protected:
        draw_rates(protected, report.favourable, report.confidence, subject.into / f"fairness_{slug(protected)}.png")
    return {name: value for protected in report.protected for name, value in _figures(protected).items()}


def favoured(scored: Scored, options: FairnessOptions) -> Favours:
    """The favourable class against all others, of what a classifier told.

    Raises:
        RecipeError: as `fairness` does.
    """
    if not isinstance(scored, Classes):
        raise RecipeError(
            "evaluate.fairness.protected",
            found=f"{', '.join(options.protected)} of a model that tells no single class of a row",
            allowed="text_classification and tabular_classification",
            action="Leave it empty.",
        )
    answers = scored.answers
    favourable = options.favourable or (answers.labels[1] if len(answers.labels) == 2 else "")
    if favourable not in answers.labels:
        raise RecipeError(
            "evaluate.fairness.favourable",
            found=repr(options.favourable) if options.favourable else f"none, of {len(answers.labels)} classes",
            allowed=", ".join(answers.labels),
            action="Name the class that a person would want.",
        )
    return _favours(answers, favourable)


def slug(protected: Protected) -> str:
    """The columns as a name of figures and files has them."""
    return "_and_".join(figure_name(column) for column in protected.columns)


def _favours(answers: ClassAnswers, favourable: str) -> Favours:
    place = answers.labels.index(favourable)
    return Favours(favourable, answers.codes == place, answers.told == place)


def _report(subject: Subject, favours: Favours) -> FairnessReport:
    options, confidence = subject.options.fairness, subject.options.intervals.confidence
    single = [groups_by(subject.rows, column) for column in options.protected]
    compared = [*single, crossed(single)] if options.intersections and len(single) > 1 else single
    inputs = tuple(subject.predictor.features.columns)
    is_tabular = subject.predictor.manifest.task == "tabular_classification"  # a text has no values to count
    return FairnessReport(
        favourable=favours.favourable,
        confidence=confidence,
        small_group=options.small_group,
        learned_from=tuple(column for column in options.protected if column in inputs),
        protected=tuple(measured(groups, favours.truth, favours.told, options, confidence) for groups in compared),
        proxies=proxies(subject.rows, inputs, single) if is_tabular else (),
    )


def _figures(protected: Protected) -> dict[str, float]:
    told = {name: protected.disparities[name] for name in get_args(Disparity) if name in protected.disparities}
    return {f"fairness_{name}_{slug(protected)}": interval.value for name, interval in told.items()}
