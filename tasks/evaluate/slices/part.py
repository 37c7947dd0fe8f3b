"""The part of a report on slices."""

from __future__ import annotations

from tasks.evaluate.dots import Dot, draw_dots
from tasks.evaluate.merits import are_shares
from tasks.evaluate.slices.declared import declared_slices
from tasks.evaluate.slices.known import named, searched, withheld
from tasks.evaluate.slices.search import Search, search
from tasks.evaluate.subject import Subject
from tasks.evaluate.tables import write_slices
from tasks.reports.slices import SliceReport

PICTURE, TABLE = "slices.png", "slices.csv"
_MOST_SHOWN = 40
_NO_SEARCH = Search((), 0, 0, False)


def slices(subject: Subject) -> dict[str, float]:
    """Write quality by slice; `slice_worst`, and `slice_worst_gap`, how far below all rows that is.

    They are of the recipe's own slices that are not small, and left out where there is none: what a search finds
    changes from one model to the next, so no bound can be set on it.

    Raises:
        RecipeError: the rows lack a column that was asked for.
    """
    options = subject.options.slices
    if not options.columns and not options.automatic:
        return {}
    report = look(subject)
    report.save(subject.into)
    if report.slices:
        write_slices(report.slices, subject.into / TABLE)
    if any(not each.is_small for each in report.slices):
        _draw(subject, report)
    own = [each.metric.value for each in report.slices if each.found == "recipe" and not each.is_small]
    return {"slice_worst": min(own), "slice_worst_gap": report.whole - min(own)} if own else {}


def look(subject: Subject) -> SliceReport:
    """The slices that the recipe names, and those that a search finds."""
    options, merits = subject.options.slices, subject.scored.merits
    confidence = subject.options.intervals.confidence
    of_shares = are_shares(subject.scored)
    own = declared_slices(named(subject, options.columns), merits, of_shares, options.minimum_rows, confidence)
    found = _NO_SEARCH
    if options.automatic:
        found = search(searched(subject, options.search_columns), merits, of_shares, options, confidence)
    return SliceReport(
        metric=subject.scored.merit,
        confidence=confidence,
        whole=float(merits.mean()),
        searched=found.looked_at,
        judged_on=found.judged_on,
        is_halved=found.is_halved,
        left_out=withheld(subject),
        slices=tuple(sorted([*own, *found.slices], key=lambda each: (each.is_small, each.metric.value, each.name))),
    )


def _draw(subject: Subject, report: SliceReport) -> None:
    shown = [each for each in report.slices if not each.is_small][:_MOST_SHOWN]
    dots = [Dot(f"{each.name}  ({each.rows:,} rows)", each.metric, each.found == "automatic") for each in shown]
    draw_dots(
        dots,
        report.whole,
        subject.into / PICTURE,
        title=f"{report.metric} by slice".capitalize(),
        measure=f"{report.metric}, with {report.confidence:.0%} intervals",
        kinds=("named by the recipe", "found by search"),
        middle_name="all rows",
    )
