"""Quality against disparity of several ways of training, on the same test rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from infra.errors import RecipeError
from tasks.data.references import DatasetRef
from tasks.data.version import read_rows
from tasks.evaluate.config import EvaluateOptions
from tasks.evaluate.fairness.counts import count
from tasks.evaluate.fairness.disparities import disparities
from tasks.evaluate.fairness.groups import Groups, groups_by
from tasks.evaluate.fairness.part import Favours, favoured
from tasks.evaluate.fairness.pictures import draw_trade_off
from tasks.evaluate.fairness.spec import Way
from tasks.evaluate.intervals.bounds import wilson
from tasks.evaluate.scored import Scored, score
from tasks.evaluate.tables import write_trade_off
from tasks.reports.fairness import TradeOff, TradeOffReport
from tasks.reports.interval import Interval
from tasks.runtime.predictor import load


def measure_ways(options: EvaluateOptions, ways: Sequence[Way], dataset: DatasetRef, into: Path) -> TradeOffReport:
    """Have each model answer the test rows; writes `tradeoff.json`, `.csv` and, where there is a point, `.png`.

    Raises:
        RecipeError: no column is protected, or as `fairness` does.
        DataError: as `fairness` does.
    """
    if not options.fairness.protected:
        raise RecipeError(
            "evaluate.fairness.protected",
            found="no column, and ways of training to compare",
            allowed="the columns that say who belongs to which group",
            action="Name them, or compare no ways.",
        )
    rows = read_rows(dataset, "test")
    answered = [(way, score(load(Path(way.model.path)), rows, lambda: read_rows(dataset, "train"))) for way in ways]
    report = trade_off(options, answered, rows)
    report.save(into)
    write_trade_off(report, into / "tradeoff.csv")
    if report.ways:
        draw_trade_off(report, into / "tradeoff.png")
    return report


def trade_off(options: EvaluateOptions, answered: Sequence[tuple[Way, Scored]], rows: pa.Table) -> TradeOffReport:
    """The report, of ways with what their models answered to `rows`."""
    fairness, confidence = options.fairness, options.intervals.confidence
    compared = [groups_by(rows, column) for column in fairness.protected]
    points: list[TradeOff] = []
    left_out: dict[str, str] = {}
    for way, scored in answered:
        favours = favoured(scored, fairness)
        found = {groups.columns[0]: _disparity(options, groups, favours, confidence) for groups in compared}
        sure = 1 - (1 - confidence) / len(compared)  # of each column, so that all hold at once (Bonferroni)
        all_sure = [_disparity(options, groups, favours, sure) for groups in compared]
        known = {column: interval for column, interval in found.items() if interval is not None}
        untold = [column for column in found if column not in known]
        if untold:
            left_out[way.mitigation] = f"{fairness.disparity} by {', '.join(untold)} can't be told"
            continue
        points.append(
            TradeOff(
                mitigation=way.mitigation,
                quality=wilson(int(scored.merits.sum()), len(scored.merits), confidence),
                disparity=_worst([each for each in all_sure if each is not None], fairness.disparity),
                is_chosen=way.is_chosen,
                by_column=known,
            )
        )
    return TradeOffReport(
        metric="accuracy",
        disparity=fairness.disparity,
        columns=tuple(fairness.protected),
        confidence=confidence,
        ways=tuple(points),
        rows=rows.num_rows,
        left_out=left_out,
    )


def _disparity(options: EvaluateOptions, groups: Groups, favours: Favours, confidence: float) -> Interval | None:
    counts = count(groups, favours.truth, favours.told)
    large = counts.of(np.flatnonzero(counts.rows >= options.fairness.small_group))
    return disparities(large, confidence).get(options.fairness.disparity)


def _worst(intervals: Sequence[Interval], disparity: str) -> Interval:
    """The largest difference or the smallest ratio, with the bounds that follow from those of all."""
    worst = min if disparity.endswith("_ratio") else max
    lows, highs = [each.low for each in intervals], [each.high for each in intervals]
    return Interval(
        value=worst(each.value for each in intervals),
        low=worst(low for low in lows if low is not None),
        high=worst(high for high in highs if high is not None),
    )
