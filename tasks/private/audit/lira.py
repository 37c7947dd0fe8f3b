"""The likelihood-ratio attack with shadow models (LiRA), online.

Algorithm 1 of Carlini et al. 2022, "Membership inference attacks from first principles" (arXiv:2112.03570): of each row
the confidences of models that learned from it, and of models that did not, are held for normal; the score is how much
likelier the target's confidence is among the first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp
from scipy.stats import norm

Floats = NDArray[np.floating[Any]]
Chosen = NDArray[np.bool_]
_MODELS_FOR_OWN_SPREAD = 64  # with fewer, one spread for all rows is nearer to the truth (section VI.C there)
_LEAST_SPREAD = 1e-6


def halves(models: int, rows: int, random: np.random.Generator) -> Chosen:
    """(models, rows): which rows each model learns from. Every row is in half of the models, by chance which.

    Raises:
        ValueError: the number of models is odd, or below 4: each side of a row needs two for a spread.
    """
    if models < 4 or models % 2:
        raise ValueError(f"{models} shadow models; an even number from 4 on has every row twice in and twice out")
    return np.argsort(random.random((models, rows)), axis=0) < models // 2


def logit_confidence(logits: Floats, classes: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """log(p / (1 - p)) of the true class's probability p (n,), which is nearly normal where p is not.

    Of logits (n, classes), by logarithms throughout: 1 - p is lost to rounding where p is near 1.
    """
    logs = log_softmax(logits.astype(np.float64), axis=1)
    own = np.arange(logs.shape[1])[None, :] == classes[:, None]
    others = logsumexp(np.where(own, -np.inf, logs), axis=1)
    return np.asarray(logs[own] - others, np.float64)


def likelihood_ratios(target: Floats, shadows: Floats, chosen: Chosen) -> Floats:
    """(n,) log ratios, higher for rows that the target more likely learned from.

    Args:
        target: (n,) the attacked model's confidence of each row.
        shadows: (models, n) that of the shadow models.
        chosen: (models, n) which rows each learned from.
    """
    inside, outside = _normal(shadows, chosen), _normal(shadows, ~chosen)
    return np.asarray(norm.logpdf(target, *inside) - norm.logpdf(target, *outside))


def _normal(shadows: Floats, chosen: Chosen) -> tuple[Floats, Floats]:
    """Mean and spread (n,) of each row's confidences among the chosen models."""
    kept = np.where(chosen, shadows, np.nan)
    means = np.nanmean(kept, axis=0)
    residuals = kept - means
    if len(shadows) >= _MODELS_FOR_OWN_SPREAD:
        variances = np.nanvar(kept, axis=0, ddof=1)
    else:
        freedom = np.isfinite(residuals).sum() - residuals.shape[1]  # a mean a row was taken from them
        variances = np.full(len(means), np.nansum(residuals**2) / freedom)
    return means, np.maximum(np.sqrt(variances), _LEAST_SPREAD)
