"""One label out of several people's, weighed by how good each of them is (Dawid and Skene 1979), with crowd-kit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.label.config import PeopleOptions
from tasks.label.extra import import_extra
from tasks.label.store import Answer


@dataclass(frozen=True)
class Agreed:
    """The label of a row and its probability."""

    label: str
    confidence: float


@dataclass(frozen=True)
class Annotator:
    """How good somebody is.

    Attributes:
        quality: expected share of right ones among their answers.
    """

    name: str
    answers: int
    quality: float


@dataclass(frozen=True)
class Consensus:
    """What people agree on, by item, and the people, the busiest first."""

    labels: dict[str, Agreed]
    annotators: tuple[Annotator, ...]


def find_consensus(answers: Sequence[Answer], options: PeopleOptions) -> Consensus:
    """The most probable label of each item with enough answers and enough confidence.

    Raises:
        MachineError: crowd-kit is not installed.
    """
    if not answers:
        return Consensus({}, ())
    probabilities = _probabilities(answers)
    counted: dict[str, int] = {}
    right: dict[str, list[float]] = {}
    for one in answers:
        counted[one.item] = counted.get(one.item, 0) + 1
        right.setdefault(one.annotator, []).append(probabilities[one.item].get(one.label, 0.0))
    labels = {
        item: Agreed(*max(row.items(), key=lambda pair: (pair[1], pair[0])))
        for item, row in probabilities.items()
        if counted[item] >= options.minimum_answers
    }
    people = [Annotator(name, len(found), sum(found) / len(found)) for name, found in right.items()]
    return Consensus(
        {item: agreed for item, agreed in labels.items() if agreed.confidence >= options.minimum_confidence},
        tuple(sorted(people, key=lambda one: (-one.answers, one.name))),
    )


def _probabilities(answers: Sequence[Answer]) -> dict[str, dict[str, float]]:
    """Of each item the probability of each label."""
    import pandas as pd

    ordered = sorted(answers, key=lambda one: (one.item, one.annotator))
    table = pd.DataFrame([(one.item, one.annotator, one.label) for one in ordered], columns=["task", "worker", "label"])
    found = import_extra("crowdkit.aggregation").DawidSkene().fit_predict_proba(table)
    return {str(item): dict(row) for item, row in found.to_dict(orient="index").items()}
