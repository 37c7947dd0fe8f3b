"""How much Gaussian noise an epsilon and a delta ask for, exactly.

The textbook's deviation sqrt(2 ln(1.25 / delta)) / epsilon is proved for epsilon below 1 only, and even there it is too
large. Exact is, for sensitivity 1 and deviation s (Balle and Wang 2018, "Improving the Gaussian Mechanism for
Differential Privacy", theorem 8), with the standard normal distribution function F:

    delta = F(1 / 2s - epsilon s) - exp(epsilon) F(-1 / 2s - epsilon s)
"""

from __future__ import annotations

import math

_DOUBLINGS = 1000
_HALVINGS = 100


def gaussian_delta(deviation: float, epsilon: float) -> float:
    """The smallest delta with which noise of this deviation, for sensitivity 1, is (epsilon, delta)-private."""
    from scipy.special import log_ndtr  # of logarithms: exp(epsilon) overflows where its product with F does not

    above = log_ndtr(0.5 / deviation - epsilon * deviation)
    below = epsilon + log_ndtr(-0.5 / deviation - epsilon * deviation)
    return float(math.exp(above) * -math.expm1(min(below - above, 0.0)))


def gaussian_deviation(epsilon: float, delta: float) -> float:
    """The smallest deviation, for sensitivity 1, that is (epsilon, delta)-private; rounded up."""
    high = next(2.0**power for power in range(-_DOUBLINGS, _DOUBLINGS) if gaussian_delta(2.0**power, epsilon) <= delta)
    low = high / 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if gaussian_delta(middle, epsilon) <= delta else (middle, high)
    return high
