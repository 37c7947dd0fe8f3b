"""What is found of one protected column, or of several crossed."""

from __future__ import annotations

import numpy as np

from tasks.evaluate.fairness.config import FairnessOptions
from tasks.evaluate.fairness.counts import Counts, Flags, count
from tasks.evaluate.fairness.disparities import disparities
from tasks.evaluate.fairness.groups import MOST_GROUPS, Groups
from tasks.evaluate.intervals.bounds import wilson
from tasks.reports.fairness import Group, Protected
from tasks.reports.interval import Interval

_SHOWN = ("selection_rate", "accuracy", "false_positive_rate", "false_negative_rate")


def measured(groups: Groups, truth: Flags, told: Flags, options: FairnessOptions, confidence: float) -> Protected:
    """Rates by group, and disparities between those that are large enough.

    Args:
        truth, told: of n rows, whether they are, and were told to be, of the favourable class.
    """
    counts = count(groups, truth, told)
    is_large = counts.rows >= options.small_group
    reason = _reason(groups, int(is_large.sum()), options.small_group)
    return Protected(
        columns=groups.columns,
        groups=tuple(
            Group(name=name, rows=int(rows), rates=rates, is_small=not large)
            for name, rows, rates, large in zip(
                groups.names, counts.rows, _rates(counts, confidence), is_large, strict=True
            )
        ),
        disparities={} if reason else disparities(counts.of(np.flatnonzero(is_large)), confidence),
        reason=reason,
        left_out=_left_out(groups, counts, options.small_group),
    )


def _rates(counts: Counts, confidence: float) -> list[dict[str, Interval]]:
    """Of each group, with bounds by Wilson's score; without a rate that no row can tell."""
    shares = counts.shares()
    return [
        {
            rate: wilson(int(part[place]), int(whole[place]), confidence)
            for rate, (part, whole) in ((rate, shares[rate]) for rate in _SHOWN)
            if whole[place]
        }
        for place in range(len(counts.rows))
    ]


def _reason(groups: Groups, large: int, small_group: int) -> str:
    """Why groups can't be compared; empty: they can."""
    if len(groups.names) == 1:
        return f"all rows are of one group, {groups.names[0]}"
    if large < 2:
        return f"{large} of {len(groups.names)} groups has {small_group} rows or more; two are needed"
    if large > MOST_GROUPS:
        return f"{large} groups are more than the {MOST_GROUPS} that can be compared"
    return ""


def _left_out(groups: Groups, counts: Counts, small_group: int) -> dict[str, str]:
    columns = zip(groups.names, counts.rows, counts.positives, counts.negatives, strict=True)
    why = {name: _why(int(rows), positives, negatives, small_group) for name, rows, positives, negatives in columns}
    return {name: text for name, text in why.items() if text}


def _why(rows: int, positives: float, negatives: float, small_group: int) -> str:
    if rows < small_group:
        return f"{rows} rows, fewer than {small_group}"
    if not positives:
        return "no row that truly is of the favourable class: left out of false negative and true positive rates"
    if not negatives:
        return "no row that truly is of another class: left out of false positive rates"
    return ""
