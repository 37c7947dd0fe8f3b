"""Wrong answers that a model takes for right ones: what it can still learn from (Karpukhin et al. 2020)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Places = NDArray[np.int32]


def nearest_wrong(
    questions: Floats, answers: Floats, own: Places, count: int, highest_similarity: float, groups: Places
) -> Places:
    """For each question the places of the `count` answers nearest to it that are wrong, the nearest first.

    Args:
        questions: unit embeddings (m, d).
        answers: unit embeddings (n, d) of distinct answers.
        own: place of each question's own answer (m,).
        highest_similarity: answers whose cosine with the own one is higher say the same; they are no wrong ones.
        groups: equal for questions that are the same (m,); what answers one of them is right for all.

    Returns:
        Places (m, count). Where too few answers are wrong the own one fills up: losses leave it out.
    """
    scores = questions @ answers.T
    scores[answers[own] @ answers.T > highest_similarity] = -np.inf
    right = np.zeros((int(groups.max()) + 1, len(answers)), bool)
    right[groups, own] = True
    scores[right[groups]] = -np.inf
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    found = np.tile(own[:, None], (1, count))
    found[:, : nearest.shape[1]] = np.where(np.isfinite(np.take_along_axis(scores, nearest, 1)), nearest, own[:, None])
    return found.astype(np.int32)
