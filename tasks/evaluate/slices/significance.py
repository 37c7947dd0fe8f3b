"""Whether rows are answered worse than others, and how often such a finding may be false."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Sums:
    """Of the merits of rows: how many, their sum and the sum of their squares; one entry a slice."""

    counts: Values
    totals: Values
    squares: Values

    def rest(self, whole: Sums) -> Sums:
        """Of the other rows of `whole`."""
        return Sums(whole.counts - self.counts, whole.totals - self.totals, whole.squares - self.squares)

    def take(self, places: NDArray[np.int64] | NDArray[np.bool_]) -> Sums:
        """Those at some places."""
        return Sums(self.counts[places], self.totals[places], self.squares[places])

    @property
    def means(self) -> Values:
        """Zero where there is no row."""
        means: Values = self.totals / np.maximum(self.counts, 1)
        return means

    @property
    def variances(self) -> Values:
        """With n - 1; zero where there are fewer than two rows."""
        spread = np.maximum(self.squares - self.counts * self.means**2, 0)
        variances: Values = spread / np.maximum(self.counts - 1, 1)
        return variances


def effects(own: Sums, rest: Sums) -> Values:
    """How far the slices' means lie below those of the rest, in standard deviations (Chung et al. 2019, 2.2).

    Their effect size: the root of 2 times the gap over the root of the sum of both variances. Infinite where neither
    side has a spread.
    """
    gap, spread = rest.means - own.means, np.sqrt((own.variances + rest.variances) / 2)
    return np.divide(gap, spread, out=np.where(gap > 0, np.inf, 0.0), where=spread > 0)


def gap_bounds(own: Sums, rest: Sums, z: float) -> Values:
    """What the gap to the rest is at least, z standard errors below what it seems."""
    errors = np.sqrt(own.variances / np.maximum(own.counts, 1) + rest.variances / np.maximum(rest.counts, 1))
    bounds: Values = rest.means - own.means - z * errors
    return bounds


def p_values(own: Sums, rest: Sums, of_shares: bool) -> Values:
    """Of slices being no worse than the rest, one-sided: Fisher's exact test for shares, else Welch's t-test (1947)."""
    return _fisher(own, rest) if of_shares else _welch(own, rest)


def adjusted(p: Values, looked_at: int) -> Values:
    """The smallest false discovery rate at which each would be reported (Benjamini and Hochberg 1995).

    Args:
        looked_at: how many slices were tested, those whose p-values are not given counting as 1.
    """
    order = np.argsort(p, kind="stable")
    raised = p[order] * looked_at / np.arange(1, len(p) + 1)
    found = np.empty_like(p)
    found[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return found


def coverage(reported: int, looked_at: int, confidence: float) -> float:
    """The confidence that intervals of the reported ones need, so that so large a share of them holds.

    False coverage rate (Benjamini and Yekutieli 2005): what is reported because it looks bad looks worse than it is.
    """
    return 1 - (1 - confidence) * max(reported, 1) / max(looked_at, 1)


def sums(merits: Values, codes: NDArray[np.int64], parts: int) -> Sums:
    """By part of the rows; codes from 0 to `parts` - 1."""
    of_rows = (np.bincount(codes, weights, parts).astype(np.float64) for weights in (None, merits, merits**2))
    return Sums(*of_rows)


def total(merits: Values) -> Sums:
    """Of all rows, as if they were one slice."""
    return sums(merits, np.zeros(len(merits), np.int64), 1)


def joined(parts: Sequence[Sums]) -> Sums:
    """One after the other."""
    columns = zip(*((each.counts, each.totals, each.squares) for each in parts), strict=True)
    return Sums(*map(np.concatenate, columns)) if parts else Sums(*np.zeros((3, 0)))


def _fisher(own: Sums, rest: Sums) -> Values:
    """The probability of so few right ones or fewer, if those of all rows were dealt out at random (Fisher 1935)."""
    from scipy.special import gammaln

    sides = (own.counts, own.totals, rest.counts, rest.totals)
    tables = np.stack([np.rint(side).astype(np.int64) for side in np.broadcast_arrays(*sides)], axis=1)
    factorials = gammaln(np.arange(tables[:, (0, 2)].sum(axis=1).max(initial=0) + 1) + 1.0)
    return np.array([_lower_tail(factorials, *table) for table in tables.tolist()], np.float64)


def _lower_tail(factorials: Values, rows: int, right: int, other_rows: int, other_right: int) -> float:
    """P(X <= right) of the hypergeometric distribution, by the logarithms of all its terms up to there."""

    def ways(of: int, chosen: NDArray[np.int64]) -> Values:
        logarithms: Values = factorials[of] - factorials[chosen] - factorials[of - chosen]
        return logarithms

    whole = right + other_right
    hits = np.arange(max(0, whole - other_rows), right + 1)
    terms = ways(rows, hits) + ways(other_rows, whole - hits) - ways(rows + other_rows, np.array([whole]))
    return float(min(1.0, np.exp(terms).sum()))


def _welch(own: Sums, rest: Sums) -> Values:
    from scipy.special import stdtr

    parts = [side.variances / np.maximum(side.counts, 1) for side in (own, rest)]
    total = parts[0] + parts[1]
    free = [part**2 / np.maximum(side.counts - 1, 1) for part, side in zip(parts, (own, rest), strict=True)]
    known = (total > 0) & (own.counts > 1) & (rest.counts > 1)
    degrees = np.divide(total**2, free[0] + free[1], out=np.ones_like(total), where=known)
    t = np.divide(own.means - rest.means, np.sqrt(total), out=np.full_like(total, np.inf), where=known)
    return np.asarray(stdtr(degrees, t), np.float64)
