"""Every metric of a model's answers with its interval."""

from __future__ import annotations

import numpy as np

from tasks.evaluate.intervals.bounds import FEWEST_ROWS, bias_corrected, wilson
from tasks.evaluate.intervals.config import IntervalOptions
from tasks.evaluate.intervals.draws import draws
from tasks.evaluate.intervals.shares import shares
from tasks.evaluate.intervals.weighing import Weighed, weigher
from tasks.evaluate.scored import Scored
from tasks.reports.interval import Interval


def intervals(scored: Scored, options: IntervalOptions) -> dict[str, Interval]:
    """Each metric but counts: a share of rows by Wilson's interval, any other by bias-corrected bootstrap.

    Of fewer than 10 rows the others have no bounds.
    """
    rows = len(scored.merits)
    figures, of_rows = scored.figures(np.arange(rows)), shares(scored)
    found = {}
    for name, samples in resampled(scored, options).items():
        if name in of_rows:
            found[name] = wilson(int(of_rows[name].sum()), len(of_rows[name]), options.confidence)
        elif rows < FEWEST_ROWS:
            found[name] = Interval(value=figures[name], low=None, high=None)
        else:
            found[name] = bias_corrected(figures[name], samples, options.confidence)
    return found


def resampled(scored: Scored, options: IntervalOptions) -> Weighed:
    """Each metric of every bootstrap sample; the same samples of rows for whatever is asked of as many rows."""
    weigh = weigher(scored)
    batches = [weigh(weights) for weights in draws(len(scored.merits), options.resamples)]
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
