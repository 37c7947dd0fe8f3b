"""Noise from OpenDP, added to whole numbers.

Floating-point noise and sums leak: which doubles can come out depends on what went in (Mironov 2012, "On Significance
of the Least Significant Bits for Differential Privacy"; Casacuberta et al. 2022, "Widespread Underestimation of
Sensitivity in Differentially Private Libraries"). Here a statistic is first a whole number of steps of a lattice that
does not hang on the data, summed exactly; the noise is OpenDP's discrete Laplace or discrete Gaussian (Canonne, Kamath
and Steinke 2020), drawn exactly, by OpenSSL's generator; floats come only after.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from infra.extras import import_extra
from tasks.dp.accounting.mechanisms import Gaussian, Guarantee
from tasks.dp.statistics.gaussian import gaussian_deviation

Distribution = Literal["laplace", "gaussian"]
INTEGER = "i64"
CONFIDENCE = 0.95
_LATTICE = 2**16  # steps in what one row changes, so many that the discrete Gaussian spends what the continuous does
_FOUND_BY_GRIDS = 1 + 2.0**-14  # so that an accountant whose grid rounds up finds no more than was asked for
_WIDER = 1 + 2.0**-16  # pays for the lattice, many times over, and for the rounding of a scale to a float


@dataclass(frozen=True)
class Noise:
    """How much noise a query gets.

    Attributes:
        multiplier: scale of Laplace noise over the L1 sensitivity, or deviation of Gaussian over the L2 sensitivity.
        rows: rows that one person has at most; 1: what is protected is a row.
    """

    distribution: Distribution
    multiplier: float
    rows: int = 1

    @property
    def spent(self) -> Guarantee | Gaussian:
        """One query with this noise, as the accountant takes it.

        Laplace noise is told by its epsilon alone: on a lattice it can be randomised response, which spends more than
        the continuous distribution does in composition.
        """
        return Guarantee(1 / self.multiplier) if self.distribution == "laplace" else Gaussian(self.multiplier)

    def scale(self, step: float = 1.0, places: int = 1) -> float:
        """Laplace's b, or the deviation, where one row changes `places` numbers, each by `step` at most.

        A person's rows change as much as each of them together, at most: norms obey the triangle inequality.
        """
        norm = places if self.distribution == "laplace" else math.sqrt(places)
        return self.multiplier * self.rows * norm * step

    def margin(self, step: float = 1.0, places: int = 1, confidence: float = CONFIDENCE) -> float:
        """How far off a number is at most, with this confidence, by its noise."""
        from scipy.special import ndtri

        of_scale = math.log(1 / (1 - confidence)) if self.distribution == "laplace" else ndtri((1 + confidence) / 2)
        return float(of_scale) * self.scale(step, places)

    def add(self, values: NDArray[np.int64], step: int = 1, places: int = 1) -> NDArray[np.float64]:
        """The numbers with noise, each drawn alone.

        Args:
            values: (n,) whole numbers.
            step: how far one row moves one of them, at most.
            places: how many of them one row moves.

        Raises:
            MachineError: OpenDP is not installed.
        """
        finer = max(1, _LATTICE // step)
        drawn = self._measurement(step * finer, places)((values * finer).tolist())
        return np.array(drawn, np.float64) / finer

    def _measurement(self, step: int, places: int) -> Any:
        dp = opendp()
        domain, scale = dp.vector_domain(dp.atom_domain(T=INTEGER)), self.scale(step, places) * _WIDER
        if self.distribution == "laplace":
            return dp.m.make_laplace(domain, dp.l1_distance(T=INTEGER), scale=scale)
        return dp.m.make_gaussian(domain, dp.l2_distance(T=float), scale=scale)


def laplace(epsilon: float, rows: int = 1) -> Noise:
    """Noise for one query that is epsilon-private (Dwork, McSherry, Nissim and Smith 2006)."""
    return Noise("laplace", 1 / epsilon, rows)


def gaussian(epsilon: float, delta: float, queries: int = 1, rows: int = 1) -> Noise:
    """Noise for each of several queries that are (epsilon, delta)-private together.

    Several Gaussian mechanisms are one on the vector of their answers, whose sensitivity is sqrt(queries) times each's.
    """
    return Noise("gaussian", math.sqrt(queries) * gaussian_deviation(epsilon, delta) * _FOUND_BY_GRIDS, rows)


def opendp() -> Any:
    """OpenDP, with the parts that its authors have not vetted formally but have proofs for (`contrib`).

    Raises:
        MachineError: it is not installed.
    """
    dp = import_extra("opendp.prelude", "privacy")
    dp.enable_features("contrib")
    return dp
