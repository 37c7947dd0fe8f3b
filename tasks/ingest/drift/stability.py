"""How far two distributions of a column lie apart, and how far they would by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.ingest.drift.profile import ColumnProfile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BINS = 10
_PSEUDO_COUNT = 0.5
_CHANCE = 0.01


def stability_index(expected: NDArray[np.float64], actual: NDArray[np.float64]) -> tuple[float, float]:
    """The population stability index of two lists of counts, a bin at a time, and what it passes by chance.

    PSI = sum over bins of (a - e) ln(a / e), for the shares a and e of the bin (Siddiqi, Credit Risk Scorecards, 2006).
    Half a row is added to every bin (Jeffreys' prior), so empty bins give no infinity. Where both counts
    are drawn from one distribution of k bins, PSI / (1/n + 1/m) follows chi-squared with k - 1 degrees of freedom
    (Yurdakul and Naranjo, Journal of Risk Model Validation 14(4), 2020): the second number is its 99th percentile.
    """
    import numpy as np
    from scipy.special import chdtri

    n, m, bins = float(expected.sum()), float(actual.sum()), len(expected)
    if not n or not m or bins < 2:
        return 0.0, 0.0
    e = (expected + _PSEUDO_COUNT) / (n + bins * _PSEUDO_COUNT)
    a = (actual + _PSEUDO_COUNT) / (m + bins * _PSEUDO_COUNT)
    return float(np.sum((a - e) * np.log(a / e))), float((1 / n + 1 / m) * chdtri(bins - 1, _CHANCE))


def bin_counts(
    old: ColumnProfile, new: ColumnProfile, n: int, m: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows by value where both profiles know all values, else by the deciles of the old one."""
    import numpy as np

    if old.values and new.values:
        names = sorted({*old.values, *new.values})
        pair = [[float(one.values.get(name, 0)) for name in names] for one in (old, new)]
        return np.array(pair[0]), np.array(pair[1])
    if not old.quantiles or not new.quantiles:
        return np.zeros(1), np.zeros(1)
    edges = _edges(np.array(old.quantiles))
    shares = [
        np.diff(np.searchsorted(np.array(one.quantiles), edges, side="right"), prepend=0, append=len(one.quantiles))
        / len(one.quantiles)
        for one in (old, new)
    ]
    return shares[0] * n, shares[1] * m


def _edges(quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Upper ends of the bins but the last: deciles; a value that fills a bin by itself gets its own."""
    import numpy as np

    deciles = quantiles[[len(quantiles) * k // _BINS - 1 for k in range(1, _BINS)]]
    values, counts = np.unique(deciles, return_counts=True)
    edges: NDArray[np.float64] = np.unique(np.concatenate([values, np.nextafter(values[counts > 1], -np.inf)]))
    return edges
