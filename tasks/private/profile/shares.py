"""How the budget of a profile is divided: the same to every query."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tasks.dp.accounting.mechanisms import Gaussian, Guarantee, Mechanism
from tasks.dp.statistics.noise import Noise, gaussian, laplace
from tasks.private.profile.request import Request

QUERIES_OF_NUMBERS = 4  # count, mean, histogram, quantiles


@dataclass(frozen=True)
class Shares:
    """What each query has.

    Attributes:
        noise: of each of the `queries` whose answers are known numbers of counts and sums.
        top: of each of the `tops` that find categories.
    """

    noise: Noise
    queries: int
    top: Guarantee
    tops: int

    @property
    def spent(self) -> tuple[Mechanism, ...]:
        """All of it, as the ledger takes it."""
        noisy = self.noise.spent
        known = (Gaussian(noisy.noise, self.queries),) if isinstance(noisy, Gaussian) else (noisy,) * self.queries
        return (*known, *(self.top,) * self.tops)


def divide(request: Request) -> Shares:
    """Shares that are (epsilon, delta)-private together.

    Epsilons add up; Gaussian queries are calibrated as one, which is less noise than that. Where both Gaussian noise
    and thresholds need a delta, each kind has half.
    """
    queries = 1 + QUERIES_OF_NUMBERS * len(request.bounds) + len(request.categories)
    tops = len(request.top)
    each = request.epsilon / (queries + tops)
    halves = 2 if tops and request.mechanism == "gaussian" else 1
    top = Guarantee(each, math.nextafter(request.delta / halves / tops, 0.0) if tops else 0.0)  # no more, rounded
    if request.mechanism == "laplace":
        return Shares(laplace(each, request.cap), queries, top, tops)
    return Shares(gaussian(each * queries, request.delta / halves, queries, request.cap), queries, top, tops)
