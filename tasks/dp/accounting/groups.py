"""What a step of DP-SGD tells of a person with several rows, each of which is sampled on its own.

Of k rows a binomial number j is in the step, and they move the sum by at most j clip norms. So the worst case is a
mixture of Gaussians against one Gaussian (Ganesh 2024, "Tight group-level DP guarantees for DP-SGD with sampling via
mixture of Gaussians mechanisms", theorem 3.1). Its privacy loss distribution is discretised by "Connect the dots"
(Doroshenko et al. 2022, algorithm 1), which never tells too little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

Vector = npt.NDArray[np.float64]

_TAIL = -50.0  # natural logarithm of the mass beyond the grid, which counts as lost: as dp_accounting has it
_TABLE = 20_000


@dataclass(frozen=True)
class Mixture:
    """sum_j shares[j] N(j, noise^2) against N(0, noise^2), in clip norms."""

    shares: Vector
    noise: float

    def upper_tail(self, x: Vector) -> Vector:
        """The mixture's mass above each of `x`, (n,)."""
        return np.asarray(stats.norm.sf((x[:, None] - self._moves) / self.noise) @ self.shares)

    def lower_tail(self, x: Vector) -> Vector:
        """The mixture's mass below each of `x`, (n,)."""
        return np.asarray(stats.norm.cdf((x[:, None] - self._moves) / self.noise) @ self.shares)

    def log_ratio(self, x: Vector) -> Vector:
        """Natural logarithm of the mixture's density over the Gaussian's at `x`, (n,): increasing and convex."""
        return np.asarray(special.logsumexp(self._exponents(x), axis=1))

    def where(self, losses: Vector) -> Vector:
        """The `x` at which `log_ratio` has the values `losses`, ascending; -inf below its least value.

        A table gives a point to the right of each; as the function is convex, Newton's steps from there come down to
        it and never pass it.
        """
        found = np.full(len(losses), -np.inf)
        inside = np.exp(losses) > self.shares[0]
        low, high = self._range()
        table = np.linspace(low - self.noise, high + self.noise, _TABLE)
        right = np.searchsorted(self.log_ratio(table), losses[inside]).clip(max=_TABLE - 1)
        x = table[right]
        for _ in range(8):
            exponents = self._exponents(x)
            value = special.logsumexp(exponents, axis=1)
            slope = special.softmax(exponents, axis=1) @ self._moves / self.noise**2
            x = x - np.maximum(value - losses[inside], 0.0) / np.maximum(slope, np.finfo(float).tiny)
        found[inside] = x
        return found

    def renyi(self, order: float) -> float:
        """Rényi divergence of `order` between the two, the greater of both directions.

        By the trapezoid rule, whose error for sums of Gaussians falls as exp(-2 (pi noise / step)^2).
        """
        reach = float(stats.norm.isf(np.exp(_TAIL))) * self.noise
        most = (len(self.shares) - 1) * order
        x = np.arange(-most - reach, most + reach, self.noise / 4)
        gaussian, ratio = stats.norm.logpdf(x, scale=self.noise), self.log_ratio(x)
        both = [special.logsumexp(gaussian + power * ratio) for power in (order, 1.0 - order)]
        return float(max(both) + np.log(self.noise / 4)) / (order - 1.0)

    def losses(self) -> tuple[float, float]:
        """The least and greatest `log_ratio` that are worth a place on the grid."""
        low, high = self.log_ratio(np.array(self._range()))
        return float(low), float(high)

    @property
    def _moves(self) -> Vector:
        return np.arange(len(self.shares), dtype=np.float64)

    def _exponents(self, x: Vector) -> Vector:
        moves = self._moves
        with np.errstate(divide="ignore"):
            log_shares = np.log(self.shares)
        return np.asarray(log_shares + (2.0 * x[:, None] * moves - moves**2) / (2.0 * self.noise**2))

    def _range(self) -> tuple[float, float]:
        reach = float(stats.norm.isf(np.exp(_TAIL))) * self.noise

        def beyond(x: float) -> float:
            return float(np.log(self.upper_tail(np.array([x]))[0]) - _TAIL)

        most = len(self.shares) - 1 + 1.01 * reach
        return -reach, float(optimize.brentq(beyond, 0.0, most))


def group(sampling_rate: float, noise: float, size: int) -> Mixture:
    """Of a person with `size` rows, each in a step with probability `sampling_rate`; `noise` over the clip norm."""
    return Mixture(np.asarray(stats.binom.pmf(np.arange(size + 1), size, sampling_rate), dtype=np.float64), noise)


def group_loss(mixture: Mixture, interval: float) -> Any:
    """The privacy loss distribution of one step, as dp_accounting has it; `interval`: the losses' distance."""
    from dp_accounting.pld import privacy_loss_distribution

    low, high = mixture.losses()
    remove = _discretised(mixture, _removed, low, high, interval)
    add = _discretised(mixture, _added, -high, -low, interval)
    return privacy_loss_distribution.PrivacyLossDistribution(remove, add)


def _removed(mixture: Mixture, epsilons: Vector) -> Vector:
    """Hockey-stick divergence of the mixture from the Gaussian at each of `epsilons`."""
    x = mixture.where(epsilons)
    return np.asarray(mixture.upper_tail(x) - np.exp(epsilons + stats.norm.logsf(x / mixture.noise)))


def _added(mixture: Mixture, epsilons: Vector) -> Vector:
    """Hockey-stick divergence of the Gaussian from the mixture at each of `epsilons`."""
    x = mixture.where(-epsilons[::-1])[::-1]
    with np.errstate(divide="ignore"):
        lower = np.log(mixture.lower_tail(x))
    return np.asarray(stats.norm.cdf(x / mixture.noise) - np.exp(epsilons + lower))


def _discretised(mixture: Mixture, divergence: Any, low: float, high: float, interval: float) -> Any:
    from dp_accounting.pld import pld_pmf

    first, last = int(np.floor(low / interval)), int(np.ceil(high / interval))
    deltas = divergence(mixture, np.arange(first, last + 1) * interval).clip(0.0, 1.0)
    falling = np.maximum.accumulate(deltas[::-1])[::-1]  # against rounding; never less than what was computed
    return pld_pmf.create_pmf_pessimistic_connect_dots_fixed_gap(interval, first, last, falling)
