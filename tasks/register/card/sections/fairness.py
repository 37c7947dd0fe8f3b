"""Whether groups of persons are treated alike, and what it costs to treat them more alike."""

from __future__ import annotations

from tasks.register.card.dossier import Dossier
from tasks.register.card.page import Block, Items, Paragraph, Section, Table, not_measured
from tasks.register.card.sections.quality import percent
from tasks.reports.fairness import FairnessReport, Protected, told
from tasks.reports.interval import Interval

_ASK = "Name the columns that say who belongs to which group: --set evaluate.fairness.protected=[sex]."


def fairness(dossier: Dossier) -> Section:
    """Rates by group, and how far they are apart."""
    report = dossier.measured.fairness
    if report is None:
        asked = ", ".join(dossier.background.protected)
        return not_measured("Fairness", f"The recipe asks for {asked}: measure the model again." if asked else _ASK)
    tables = [block for one in report.protected for block in _protected(one, report)]
    first = Paragraph(
        f"The class that a person would want is {report.favourable}. Groups of fewer than {report.small_group} "
        "rows are marked and left out of the differences. A small difference with a wide interval does not show that "
        "groups are treated alike."
    )
    inputs = (
        (Paragraph(f"Among the model's inputs are the protected columns {', '.join(report.learned_from)}.", "bad"),)
        if report.learned_from
        else ()
    )
    return Section("Fairness", (first, *inputs, *_proxies(report), *tables, *dossier.pictures.get("fairness", ())))


def _proxies(report: FairnessReport) -> tuple[Block, ...]:
    if not report.proxies:
        return ()
    rows = tuple((one.column, one.protected, percent(one.share)) for one in report.proxies)
    header = ("input", "protected column", "what it tells of it")
    return (Table("Inputs that tell protected columns, by mutual information", header, rows),)


def _protected(one: Protected, report: FairnessReport) -> list[Block]:
    names = list(dict.fromkeys(name for group in one.groups for name in group.rates))
    rows = tuple(
        (
            group.name + (" (too few rows)" if group.is_small else ""),
            f"{group.rows:,}",
            *(str(group.rates[name]) if name in group.rates else "no row tells" for name in names),
        )
        for group in one.groups
    )
    header = (one.name, "rows", *(name.replace("_", " ") for name in names))
    found: list[Block] = [Table(f"By {one.name}, with {percent(report.confidence)} intervals", header, rows)]
    if one.reason:
        found.append(Paragraph(f"How far groups by {one.name} are apart is not told: {one.reason}", "bad"))
    if one.disparities:
        found += [
            Paragraph(f"How far groups by {one.name} are apart:"),
            Items(tuple(_said(name, value) for name, value in one.disparities.items())),
        ]
    if one.left_out:
        found.append(Items(tuple(f"{group}: left out, {reason}" for group, reason in one.left_out.items())))
    return found


def _said(disparity: str, interval: Interval) -> str:
    """A difference or a ratio in a sentence that is true; any other measure as it is."""
    if disparity.endswith(("_difference", "_ratio")):
        return told(disparity, interval)
    return f"{disparity.replace('_', ' ')} {interval}"


def tradeoff(dossier: Dossier) -> Section:
    """Quality against disparity of several ways of training."""
    report = dossier.tradeoff
    title = "Trade-off of fairness and quality"
    if report is None:
        return not_measured(title, "A recipe whose train.mitigation names several ways of training compares them.")
    rows = tuple(
        (way.mitigation + (" (chosen)" if way.is_chosen else ""), str(way.quality), str(way.disparity))
        for way in report.ways
    )
    disparity = f"{report.disparity.replace('_', ' ')} by {', '.join(report.columns)}"
    caption = f"The same rows, with {percent(report.confidence)} intervals"
    table = Table(caption, ("way of training", report.metric, disparity), rows)
    left = tuple(f"{way}: left out, {reason}" for way, reason in report.left_out.items())
    return Section(title, (table, *([Items(left)] if left else []), *dossier.pictures.get("tradeoff", ())))
