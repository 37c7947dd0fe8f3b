"""Membership inference: all attacks that an audit makes, each as a curve."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tasks.fit.batches import Examples
from tasks.private.audit.answers import Answers
from tasks.private.audit.lira import Floats, halves, likelihood_ratios, logit_confidence
from tasks.private.audit.membership import regression_attack, threshold_attack
from tasks.private.audit.roc import Roc, roc

Places = NDArray[np.int64]
Confidence = Callable[[Places], Floats]
"""Trains on the rows at these places; gives (n,) how confident that model is of each row."""
_FEWEST = 10  # of a side: below, no figure means anything


def single_model_attacks(members: Answers, others: Answers, seed: int) -> list[Roc]:
    """By what one model says; none where there are too few rows to tell."""
    if min(len(members.losses), len(others.losses)) < _FEWEST:
        return []
    found = [threshold_attack(members.losses, others.losses)]
    if members.outputs.ndim == 2 and members.outputs.shape[1]:
        sides = (members.losses, members.outputs), (others.losses, others.outputs)
        found.append(regression_attack(*sides, seed=seed))
    return found


def shadow_attack(confidence: Confidence, rows: int, shadows: int, random: np.random.Generator) -> Roc:
    """The likelihood-ratio attack on a model of its own, which learns from each row by a coin."""
    members = random.random(rows) < 0.5
    target = confidence(np.flatnonzero(members))
    chosen = halves(shadows, rows, random)
    told = np.stack([confidence(np.flatnonzero(one)) for one in chosen])
    scores = likelihood_ratios(target, told, chosen)
    return roc(f"likelihood ratio, {shadows} shadow models", scores[members], scores[~members])


def confidences(answers: Answers, examples: Examples) -> Floats:
    """Of each row's class, by a model that gives logits of classes."""
    return logit_confidence(answers.outputs, np.asarray(examples.targets(np.arange(len(examples)))).astype(np.int64))
