"""How good a model is: as a whole, against others, on parts of the rows, and on disturbed ones."""

from __future__ import annotations

import re

from tasks.register.card.dossier import Dossier
from tasks.register.card.page import Block, Items, Paragraph, Section, Table, not_measured, number
from tasks.register.card.standing import Standing
from tasks.reports.interval import Interval
from tasks.reports.slices import SliceReport

_COSTS = re.compile(r"(_mb|_ms|_per_s|_per_second|_seconds)(_|$)")
_HIDDEN_BINS = "Bins without rows are left out."


def metrics(dossier: Dossier, standing: Standing) -> Section:
    """Quality with its intervals, then size and speed, each beside the parent's."""
    report, own, parent = dossier.measured.quality, dossier.measured.metrics, dossier.parent.metrics
    beside = f"version {standing.parent}" if standing.parent else "parent"
    costs = tuple((name, number(own[name]), number(parent.get(name))) for name in sorted(own) if _COSTS.search(name))
    if report is None:
        plain = [name for name in sorted(own) if not _COSTS.search(name)]
        rows = tuple((name, number(own[name]), number(parent.get(name))) for name in plain)
        told: tuple[Block, ...] = (
            Paragraph("How sure these figures are was not measured. Measure the model again to know."),
            Table("Metrics of the test split", ("metric", "this version", beside), rows),
        )
    else:
        theirs = dossier.parent.quality.metrics if dossier.parent.quality else {}
        rows = tuple((name, str(value), _shown(theirs.get(name))) for name, value in report.metrics.items())
        caption = f"Metrics of {report.rows:,} test rows, with {percent(report.confidence)} intervals"
        told = (Table(caption, ("metric", "this version", beside), rows),)
    size = (Table("Size, speed and memory", ("figure", "this version", beside), costs),) if costs else ()
    return Section("Quality", (*told, *size, *dossier.pictures.get("quality", ())))


def calibration(dossier: Dossier) -> Section:
    """What its probabilities are worth."""
    report = dossier.measured.calibration
    if report is None:
        return not_measured("Calibration", "It is measured of models that tell classes with probabilities.")
    told = (
        f"Expected calibration error {report.expected_error}, largest {number(report.largest_error)}; "
        f"Brier score {number(report.brier)}. {_HIDDEN_BINS}"
    )
    rows = tuple(
        (f"{one.low:.2f} to {one.high:.2f}", f"{one.rows:,}", number(one.confidence), str(one.accuracy))
        for one in report.bins
    )
    header = ("probability of the class told", "rows", "mean probability", "right, with its interval")
    of = f" of {report.output}" if report.output else ""
    pictures = dossier.pictures.get("calibration", ())
    return Section(
        "Calibration", (Paragraph(told), Table(f"What is promised{of} and what holds", header, rows), *pictures)
    )


def comparison(dossier: Dossier) -> Section:
    """Beside the champion on the same rows, or why not."""
    report = dossier.comparison
    title = "Against the champion"
    if report is None:
        return not_measured(title, "A run of the recipe compares its candidate with the champion that there is.")
    if report.reason:
        return Section(title, (Paragraph(f"Not compared with {report.champion or 'a champion'}: {report.reason}"),))
    rows = tuple(
        (one.metric, number(one.candidate), number(one.champion), str(one.difference), _p(one.p_value), one.test)
        for one in report.differences
    )
    header = ("metric", "this version", "champion", "difference", "p", "test")
    caption = f"{report.champion} on the same {report.rows:,} rows, with {percent(report.confidence)} intervals"
    unknown = ", ".join(report.unknown_labels)
    strange = (Paragraph(f"Labels that the champion never saw: {unknown}.", "bad"),) if unknown else ()
    return Section(title, (Table(caption, header, rows), *strange))


def slices(dossier: Dossier) -> Section:
    """On parts of the rows, the worst first."""
    report = dossier.measured.slices
    if report is None:
        return not_measured("Slices", "Parts of the rows are named or searched for by the options evaluate.slices.")
    rows = tuple(
        (
            one.name + (" (too few rows to conclude from)" if one.is_small else ""),
            "the recipe" if one.found == "recipe" else "search",
            f"{one.rows:,}",
            str(one.metric),
            number(one.rest),
            _p(one.p_value),
        )
        for one in report.slices
    )
    told = (
        f"{report.metric} of all test rows is {number(report.whole)}. The search looked at {report.searched:,} slices; "
        "p is of being no worse than the other rows, adjusted for how many slices were looked at." + _judged(report)
    )
    left = tuple(f"{way}: left out, {reason}" for way, reason in report.left_out.items())
    header = ("slice", "named by", "rows", report.metric, "other rows", "p")
    table = Table(f"The worst first, with {percent(report.confidence)} intervals", header, rows)
    none = Paragraph("No slice was named, and none was found.")
    listed = (Items(left),) if left else ()
    shown = table if rows else none
    return Section("Slices", (Paragraph(told), shown, *listed, *dossier.pictures.get("slices", ())))


def _judged(report: SliceReport) -> str:
    """On which rows found slices were measured."""
    if not report.searched:
        return ""
    if report.is_halved:
        return f" Found slices were measured on {report.judged_on:,} rows other than those they were found on."
    return " Found slices were measured on the rows they were found on: they look worse than they are."


def robustness(dossier: Dossier) -> Section:
    """On disturbed rows."""
    report = dossier.measured.robustness
    if report is None:
        return not_measured("Robustness", "What rows are disturbed by is named by the options evaluate.robustness.")
    rows = (
        ("none", "", str(report.clean), ""),
        *((one.name, one.strength, str(one.metric), percent(one.flipped)) for one in report.disturbances),
    )
    header = ("disturbance", "strength", report.metric, "answers that changed")
    caption = f"The same {report.rows:,} rows disturbed, with {percent(report.confidence)} intervals"
    left = tuple(f"{name}: not made, {reason}" for name, reason in report.left_out.items())
    told = (Items(left),) if left else ()
    return Section("Robustness", (Table(caption, header, rows), *told, *dossier.pictures.get("robustness", ())))


def percent(share: float) -> str:
    """A share in words."""
    return f"{100 * share:.3g} %"


def _shown(interval: Interval | None) -> str:
    return "not measured" if interval is None else str(interval)


def _p(value: float | None) -> str:
    return "not tested" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"
