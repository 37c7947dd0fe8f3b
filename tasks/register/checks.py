"""The checks of a candidate, and the decision that they come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.register.config import GateOptions, Threshold
from tasks.register.evidence import Evidence
from tasks.register.gate import Check, Verdict, check, verdict_of
from tasks.reports.quality import ComparisonReport, Difference
from tasks.reports.slices import Slice, SliceReport


class Findings(BaseModel):
    """What looking at the registered version itself brought; None: it could not be looked at.

    Attributes:
        answered: whether it was loaded in a fresh process and answered a real row.
        unsafe: what of its files could run code or reach other files, in words.
        scan_errors: files that could not be looked into.
        missing_links: what is not known of how it came to be.
        withdrawn: by whom and when it was taken from service; empty: it was not.
    """

    model_config = ConfigDict(frozen=True)

    answered: bool
    unsafe: tuple[str, ...] | None = None
    scan_errors: tuple[str, ...] = ()
    missing_links: tuple[str, ...] | None = None
    withdrawn: str = ""


def decide(
    options: GateOptions, evidence: Evidence, champion: Mapping[str, float] | None, findings: Findings
) -> Verdict:
    """The verdict on a candidate.

    Args:
        champion: metrics of the version that now serves as they were noted, for a candidate that was not compared with
            it anew; empty: measured on other rows; None: there is no champion.
    """
    measured = evidence.measured.metrics
    checks = [threshold_check(threshold, measured) for threshold in options.thresholds]
    parent = evidence.parent_measured.metrics.get(options.primary_metric)
    checks.append(_lost(options, "parent", parent, measured, options.max_loss_to_parent, ""))
    checks += champion_checks(options, evidence, champion)
    checks += slice_checks(options, evidence)
    checks += finding_checks(findings)
    return verdict_of(checks)


def threshold_check(threshold: Threshold, measured: Mapping[str, float]) -> Check:
    """A bound on a metric; of one that was not measured the note says which names are near."""
    name, note = threshold.metric, ""
    if name not in measured:
        near = get_close_matches(name, measured, n=3, cutoff=0.4)
        note = "no metric of that name was measured" + (f"; near are {', '.join(near)}" if near else "")
    return check(name, measured.get(name), threshold.bound, threshold.kind, note)


def champion_checks(options: GateOptions, evidence: Evidence, champion: Mapping[str, float] | None) -> Iterator[Check]:
    """Against the champion on the same rows; none where there is no champion."""
    name, bound = f"{options.primary_metric} lost to champion", options.max_loss_to_champion
    if evidence.comparison is None:
        if champion is not None:
            note = "" if champion else "the champion was measured on other rows"
            yield _lost(
                options, "champion", champion.get(options.primary_metric), evidence.measured.metrics, bound, note
            )
        return
    report = ComparisonReport.load(Path(evidence.comparison.path))
    if report is None or report.reason:
        yield check(name, None, bound, "maximum", report.reason if report else "the comparison is not there")
    elif report.champion:
        found = next((one for one in report.differences if one.metric == options.primary_metric), None)
        sign = -1.0 if options.higher_is_better else 1.0
        value = sign * found.difference.value if found else None
        yield check(name, value, bound, "maximum", _told(report, found))


def slice_checks(options: GateOptions, evidence: Evidence) -> Iterator[Check]:
    """How far the worst slice lies below all rows; slices too small to tell are left out, and counted in the note."""
    if not options.max_slice_gap:
        return
    report, name = SliceReport.load(Path(evidence.measured.path)), "worst slice below all rows"
    if report is None:
        yield check(name, None, options.max_slice_gap, "maximum", "slices were not measured")
        return
    large = [one for one in report.slices if not one.is_small]
    small = f"{len(report.slices) - len(large)} too small to tell" if len(large) < len(report.slices) else ""
    if not large:
        yield check(name, None, options.max_slice_gap, "maximum", small or "there are no slices")
        return
    worst = min(large, key=lambda one: one.metric.value)
    note = "; ".join(filter(None, (_slice_words(report, worst), small)))
    yield check(name, report.whole - worst.metric.value, options.max_slice_gap, "maximum", note)


def finding_checks(findings: Findings) -> Iterator[Check]:
    """Of the registered version itself: that it answers, holds no unsafe code, and is known back to its sources."""
    yield check("loads and answers", float(findings.answered), 1.0, "minimum", "in a fresh process")
    unread = findings.unsafe is None or findings.scan_errors
    unsafe = _some(findings.scan_errors or findings.unsafe or (), "by modelscan")
    yield check("unsafe code", None if unread else _count(findings.unsafe), 0.0, "maximum", unsafe)
    missing = _some(findings.missing_links or (), "back to source files")
    yield check("missing links of lineage", _count(findings.missing_links), 0.0, "maximum", missing)
    if findings.withdrawn:
        yield check("withdrawn from service", 1.0, 0.0, "maximum", findings.withdrawn)


def audit_check(epsilon_lower: float, claimed: float) -> Check:
    """Whether what an audit proves that the training spent at least lies within what it says it spent."""
    return check("audit lower bound of epsilon", epsilon_lower, claimed, "maximum", "by `lepton privacy audit`")


def epsilon_check(epsilon: float, seeded_noise: bool, most: float) -> Check:
    """Whether a training spent no more than the recipe allows; with noise that can be computed again it spent all."""
    if seeded_noise:
        return check("epsilon", None, most, "maximum", "seeded noise: not private")
    return check("epsilon", epsilon, most, "maximum", "by privacy loss distributions")


def _lost(
    options: GateOptions, to: str, reference: float | None, measured: Mapping[str, float], bound: float, note: str
) -> Check:
    value, sign = measured.get(options.primary_metric), 1.0 if options.higher_is_better else -1.0
    lost = None if reference is None or value is None else sign * (reference - value)
    return check(f"{options.primary_metric} lost to {to}", lost, bound, "maximum", note)


def _told(report: ComparisonReport, found: Difference | None) -> str:
    """The difference with its interval, and what else a reader must know."""
    if found is None:
        return "the comparison has no such metric"
    test = f", p = {found.p_value:.3g} by {found.test}" if found.p_value is not None else ""
    words = [f"{report.champion}: difference {found.difference} at {report.confidence:.0%}{test}"]
    if report.unknown_labels:
        words.append(f"labels that the champion never saw: {', '.join(report.unknown_labels)}")
    return "; ".join(words)


def _slice_words(report: SliceReport, worst: Slice) -> str:
    return f"{worst.name}: {report.metric} {worst.metric} of {worst.rows} rows, {report.whole:.4g} of all"


def _count(found: Sequence[str] | None) -> float | None:
    return None if found is None else float(len(found))


def _some(found: Sequence[str], otherwise: str, most: int = 3) -> str:
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return "; ".join(found[:most]) + more if found else otherwise
