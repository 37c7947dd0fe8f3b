"""Answers of models as tests make them, without a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tasks.evaluate.classes import ClassAnswers
from tasks.evaluate.heads import HeadAnswers, ToldClasses, ToldLabels, ToldNumbers, ToldTags
from tasks.evaluate.scored import Classes, Heads, Numbers, Ranked, Retrieved, Scored
from tasks.features.heads import Head
from tasks.options import HeadKind

NO_ROWS = pa.table({})
TAGS = ("O", "B-city", "I-city")


def classes(probabilities: object, truth: Sequence[str], labels: Sequence[str]) -> Classes:
    """A classifier's answers."""
    return Classes(NO_ROWS, ClassAnswers(tuple(labels), np.array(probabilities, np.float32), truth))


def binary(scores: Sequence[float], positive: Sequence[bool]) -> Classes:
    """Answers of a model that tells `no` from `yes`, by the probability of `yes`."""
    second = np.array(scores)
    return classes(
        np.stack([1 - second, second], axis=1), ["yes" if each else "no" for each in positive], ("no", "yes")
    )


def random_classes(rows: int, count: int, seed: int, strange: int = 0, model: int = 0, skill: float = 0.3) -> Classes:
    """A classifier that is mostly right; the labels of the last `strange` rows are not known to it.

    The truth comes from the seed, what is told of it from that and the number of the model.
    """
    random = np.random.default_rng((seed, model))
    labels = [f"c{number}" for number in range(count)]
    truth = np.random.default_rng(seed).integers(0, count, rows)
    probabilities = np.round(random.dirichlet(np.ones(count), rows), 2)  # with ties
    probabilities[np.arange(rows), truth] += skill
    names = [labels[place] for place in truth[: rows - strange]] + ["never seen"] * strange
    return classes(probabilities / probabilities.sum(axis=1, keepdims=True), names, labels)


def every_kind(seed: int = 3, rows: int = 40, model: int = 0) -> dict[str, Scored]:
    """Answers of each kind to so many rows, by one of several models."""
    random, truth = np.random.default_rng((seed, model)), np.random.default_rng(seed)
    counts, rating = truth.integers(1, 5, rows), truth.normal(3, 1, rows)
    ranks = np.where(random.random(rows) < 0.1, np.inf, random.integers(1, 20, rows).astype(np.float64))
    lists = [np.sort(random.choice(np.arange(1.0, 30.0), count, replace=False)) for count in counts]
    return {
        "two classes": random_classes(rows, 2, seed, 2, model),
        "classes": random_classes(rows, 4, seed, 1, model),
        "numbers": Numbers(NO_ROWS, random.normal(3, 1, rows), rating),
        "retrieved": Retrieved(NO_ROWS, ranks),
        "ranked": Ranked(NO_ROWS, lists),
        "heads": _heads(random, truth, random_classes(rows, 3, seed + 1, 0, model)),
    }


def _heads(random: np.random.Generator, truth: np.random.Generator, label: Classes) -> Heads:
    rows = len(label.merits)
    every, known = np.ones(rows, np.bool_), np.arange(rows) % 4 != 0  # not all have the truth of numbers and labels
    there, said = (each.random((known.sum(), 3)) < 0.4 for each in (truth, random))
    true_tags, told_tags = ([each.choice(TAGS, 5).tolist() for _ in range(rows)] for each in (truth, random))
    answers: dict[str, HeadAnswers] = {
        "label": ToldClasses(every, label.answers),
        "topics": ToldLabels(known, ("x", "y", "z"), 3, there, said),
        "urgency": ToldNumbers(known, random.normal(0, 1, known.sum()), truth.normal(0, 1, known.sum())),
        "tags": ToldTags(every, TAGS, told_tags, true_tags),
    }
    kinds: dict[str, HeadKind] = {
        "label": "classification",
        "topics": "multi_label",
        "urgency": "regression",
        "tags": "tagging",
    }
    heads = tuple(Head(column=name, kind=kind, output=name) for name, kind in kinds.items())
    return Heads(NO_ROWS, heads, answers)
