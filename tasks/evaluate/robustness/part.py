"""The part of a report on robustness."""

from __future__ import annotations

from collections.abc import Iterator

from infra.errors import MachineError, SourceError
from tasks.evaluate.dots import Dot, draw_dots
from tasks.evaluate.merits import are_shares, mean_interval
from tasks.evaluate.metrics import Places
from tasks.evaluate.robustness.config import Method, RobustnessOptions
from tasks.evaluate.robustness.gradients import GRADIENTS, attacks, no_gradients
from tasks.evaluate.robustness.outcome import Outcome, outcome, sample
from tasks.evaluate.robustness.trials import NAMES, trials
from tasks.evaluate.scored import Ranked
from tasks.evaluate.subject import Subject
from tasks.evaluate.tables import write_disturbances
from tasks.features.text import TextFeatures
from tasks.features.thesaurus.choice import Thesaurus
from tasks.features.thesaurus.wordnet import wordnet
from tasks.reports.robustness import Disturbance, RobustnessReport

PICTURE, TABLE = "robustness.png", "robustness.csv"
LeftOut = dict[str, str]


def robustness(subject: Subject) -> dict[str, float]:
    """Write quality of disturbed rows; `robust_METHOD` at its worst strength, and `robust_worst`.

    The last is of the methods that need no gradients, so that a model and what was compressed of it can be compared.
    Lists of a ranking are not disturbed.

    Raises:
        DataError: no row has all of the truth.
        TrainingError: the model gives something that is not a number.
    """
    options = subject.options.robustness
    if not options.methods or isinstance(subject.scored, Ranked):
        return {}
    places = sample(subject.scored, options.rows, options.seed)
    left_out: LeftOut = {}
    outcomes = [*_disturbed(subject, places, options, left_out), *_attacked(subject, places, options, left_out)]
    if not outcomes and not left_out:
        return {}
    report = _report(subject, places, outcomes, left_out)
    report.save(subject.into)
    write_disturbances(report, subject.into / TABLE)
    if outcomes:
        _draw(subject, report)
    return _figures(outcomes)


def _disturbed(subject: Subject, places: Places, options: RobustnessOptions, left_out: LeftOut) -> Iterator[Outcome]:
    features = subject.predictor.features
    thesaurus: Thesaurus | None = None
    if isinstance(features, TextFeatures) and "synonyms" in options.methods:
        try:
            thesaurus = wordnet()
        except SourceError as error:
            left_out[NAMES["synonyms"]] = str(error)
    for trial in trials(features, options, thesaurus):
        yield outcome(subject, places, trial)


def _attacked(subject: Subject, places: Places, options: RobustnessOptions, left_out: LeftOut) -> list[Outcome]:
    asked = [method for method in options.methods if method in GRADIENTS]
    reason = no_gradients(subject)
    if asked and not reason:
        try:
            return list(attacks(subject, places, options))
        except MachineError as error:
            reason = str(error)
    left_out.update(dict.fromkeys((NAMES[method] for method in asked), reason))
    return []


def _report(subject: Subject, places: Places, outcomes: list[Outcome], left_out: LeftOut) -> RobustnessReport:
    confidence, merits = subject.options.intervals.confidence, subject.scored.merits
    of_shares = are_shares(subject.scored)
    return RobustnessReport(
        metric=subject.scored.merit,
        confidence=confidence,
        rows=len(places),
        clean=mean_interval(merits[places], of_shares, confidence),
        disturbances=tuple(
            Disturbance(
                name=NAMES[each.method],
                strength=each.strength,
                metric=mean_interval(each.merits, of_shares, confidence),
                flipped=float(each.flipped.mean()),
            )
            for each in outcomes
        ),
        left_out=left_out,
    )


def _figures(outcomes: list[Outcome]) -> dict[str, float]:
    worst: dict[Method, float] = {}
    for each in outcomes:
        worst[each.method] = min(worst.get(each.method, float("inf")), float(each.merits.mean()))
    figures = {f"robust_{method}": value for method, value in worst.items()}
    usual = [value for method, value in worst.items() if method not in GRADIENTS]
    return {**figures, "robust_worst": min(usual)} if usual else figures


def _draw(subject: Subject, report: RobustnessReport) -> None:
    attacks_ = {NAMES[method] for method in GRADIENTS}
    dots = [
        Dot(f"{each.name}, {each.strength}  ({each.flipped:.0%} other answers)", each.metric, each.name in attacks_)
        for each in report.disturbances
    ]
    draw_dots(
        dots,
        report.clean.value,
        subject.into / PICTURE,
        title=f"{report.metric} of {report.rows:,} disturbed rows".capitalize(),
        measure=f"{report.metric}, with {report.confidence:.0%} intervals",
        kinds=("disturbed", "attacked by gradients"),
        middle_name="undisturbed",
    )
