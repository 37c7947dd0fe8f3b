"""From the votes of labelling functions to the probability of each label.

Two models in one. Without labelled rows it is the independent one of data programming (Ratner et al. 2016): function j
votes with a rate of its own and is right with accuracy a_j, whatever the true label, which makes abstentions say
nothing; the accuracies are those of highest posterior, found by expectation maximisation. Rows with a known label then
fill, for each function and label, a table of how often each vote was cast (Dawid and Skene 1979, with the abstention
as one more answer); that table's prior is the first model, with the weight of `PRIOR_ROWS` rows. So many labelled rows
correct what the first model can't know, and few leave it as it is.

Votes are counted by pattern first: time and memory of the fit depend on how many different patterns there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.label.functions import ABSTAIN, Votes

PRIOR_ACCURACY = 0.7
PRIOR_ROWS = 150.0
_ITERATIONS, _TOLERANCE = 500, 1e-7
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Patterns:
    """Distinct rows of votes.

    Attributes:
        votes: (patterns, functions).
        counts: rows that each pattern stands for.
        known: of those, the rows with each known label, (patterns, labels).
    """

    votes: Votes
    counts: Floats
    known: Floats

    @property
    def voted(self) -> NDArray[np.bool_]:
        """Whether any function voted, (patterns,)."""
        found: NDArray[np.bool_] = (self.votes != ABSTAIN).any(axis=1)
        return found


@dataclass(frozen=True)
class LabelModel:
    """What was learned of the functions.

    Attributes:
        balance: share of each label, (labels,).
        rates: probability of each vote, the last one the abstention, by function and true label:
            (functions, labels, labels + 1).
    """

    balance: Floats
    rates: Floats

    def probabilities(self, votes: Votes) -> Floats:
        """Probability of each label, (rows, labels)."""
        answers = np.where(votes == ABSTAIN, self.rates.shape[1], votes)
        logs = np.log(self.balance) + sum(
            np.log(self.rates[function]).T[answers[:, function]] for function in range(votes.shape[1])
        )
        return _normalised(logs)


def count_patterns(votes: Votes, known: NDArray[np.int64], labels: int) -> Patterns:
    """Count equal rows of votes; `known` holds the place of a row's known label, or ABSTAIN."""
    distinct, where = np.unique(votes, axis=0, return_inverse=True)
    where = where.reshape(-1)
    table = np.zeros((len(distinct), labels))
    has = known != ABSTAIN
    np.add.at(table, (where[has], known[has]), 1.0)
    return Patterns(distinct, np.bincount(where, minlength=len(distinct)).astype(np.float64), table)


def fit_label_model(patterns: Patterns) -> LabelModel:
    """Learn from votes, and from known labels where there are some."""
    labels = patterns.known.shape[1]
    accuracies = fit_accuracies(patterns, labels)
    prior = _symmetric_rates(patterns, accuracies, labels)
    seen = np.einsum("py,pjs->jys", patterns.known, _one_hot(patterns.votes, labels + 1))
    rows = patterns.known.sum(axis=0)
    rates = (seen + PRIOR_ROWS * prior) / (rows[None, :, None] + PRIOR_ROWS)
    return LabelModel((rows + PRIOR_ROWS / labels) / (rows.sum() + PRIOR_ROWS), rates)


def fit_accuracies(patterns: Patterns, labels: int) -> Floats:
    """Accuracy of each function where it votes, without known labels, (functions,).

    Every label counts as equally probable. A Beta prior around PRIOR_ACCURACY weighs as much as the votes themselves:
    functions that read the same words agree more than independent ones would, and EM without it takes the larger of
    two such groups for faultless and the other for worthless.
    """
    votes, counts = patterns.votes, patterns.counts
    one_hot = _one_hot(votes, labels + 1)[:, :, :labels]
    cast = counts @ (votes != ABSTAIN)
    accuracies = np.full(votes.shape[1], PRIOR_ACCURACY)
    for _ in range(_ITERATIONS):
        weights = np.log(accuracies * (labels - 1) / (1 - accuracies))
        posterior = _normalised(np.einsum("pjy,j->py", one_hot, weights))
        right = np.einsum("pjy,py,p->j", one_hot, posterior, counts)
        updated = (right + PRIOR_ACCURACY * (cast + 1)) / (2 * cast + 1)
        moved = np.abs(updated - accuracies).max(initial=0.0)
        accuracies = np.clip(updated, 1 / labels, 0.99)
        if moved < _TOLERANCE:
            break
    return accuracies


def majority(votes: Votes, labels: int) -> Floats:
    """Share of the votes for each label, (rows, labels); all equal where nobody votes."""
    counts = _one_hot(votes, labels + 1)[:, :, :labels].sum(axis=1)
    total = counts.sum(axis=1, keepdims=True)
    shares: Floats = np.where(total > 0, counts / np.maximum(total, 1), 1 / labels)
    return shares


def _symmetric_rates(patterns: Patterns, accuracies: Floats, labels: int) -> Floats:
    """The first model as a table: right with the accuracy, and otherwise each other label alike."""
    coverage = patterns.counts @ (patterns.votes != ABSTAIN) / patterns.counts.sum()
    coverage = np.clip(coverage, 1e-6, 1 - 1e-6)
    rates = np.empty((len(accuracies), labels, labels + 1))
    rates[:, :, :labels] = (coverage * (1 - accuracies) / (labels - 1))[:, None, None]
    for label in range(labels):
        rates[:, label, label] = coverage * accuracies
    rates[:, :, labels] = (1 - coverage)[:, None]
    return rates


def _one_hot(votes: Votes, answers: int) -> Floats:
    """(rows, functions, answers), the abstention last."""
    table: Floats = np.eye(answers)[np.where(votes == ABSTAIN, answers - 1, votes)]
    return table


def _normalised(logs: Floats) -> Floats:
    shifted = np.exp(logs - logs.max(axis=1, keepdims=True))
    normalised: Floats = shifted / shifted.sum(axis=1, keepdims=True)
    return normalised
