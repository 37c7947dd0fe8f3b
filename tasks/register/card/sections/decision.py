"""Why a version was or was not promoted, who set that aside, and what became of it."""

from __future__ import annotations

from tasks.register.card.page import Block, Paragraph, Section, Table, not_measured
from tasks.register.card.standing import Standing
from tasks.register.gate import Check, Verdict


def gate(standing: Standing) -> Section:
    """The checks."""
    if standing.verdict is None:
        return not_measured("Gate", "A run of the recipe judges its candidate; this version is none.")
    return Section("Gate", (_outcome(standing.verdict), check_table(standing.verdict)))


def _outcome(verdict: Verdict) -> Paragraph:
    if verdict.passed:
        return Paragraph("Every check passed.", "good")
    return Paragraph(f"Fell short: {verdict.failures()}.", "bad")


def check_table(verdict: Verdict) -> Table:
    """Each check with value, bound and verdict."""
    rows = tuple(
        (one.name, _value(one), f"{one.kind} {one.bound:g}", "yes" if one.passed else "NO", one.note)
        for one in verdict.checks
    )
    return Table("Checks of the promotion gate", ("check", "value", "bound", "passed", "note"), rows)


def _value(check: Check) -> str:
    return "not measured" if check.value is None else f"{check.value:.4g}"


def override(standing: Standing) -> Section:
    """Who set the verdict aside, if anybody did."""
    note = standing.override
    if note is None:
        return Section("Override", (Paragraph("Nobody has set the verdict of the gate aside."),))
    validity = (
        Paragraph(f"Its signature does NOT hold: {note.reason_invalid}.", "bad")
        if note.reason_invalid
        else Paragraph("Its signature holds for this version and this verdict.", "good")
    )
    rows = (("signed by", note.who), ("when", note.when), ("reason", note.reason))
    return Section("Override", (validity, Table("What was signed", ("what", "signed"), rows)))


def promotions(standing: Standing) -> Section:
    """How it came into service and went."""
    told: Block = Paragraph("It never served.")
    if standing.promotions:
        rows = tuple((one.when, one.what, one.who, one.reason) for one in standing.promotions)
        told = Table("Changes of the champion that concern this version", ("when", "what", "who", "why"), rows)
    return Section("Promotions", (told,))
