"""The ways to part the rows of a subject: its columns, and what texts and interactions tell besides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from infra.errors import RecipeError
from tasks.data.reserved import ROW_COLUMNS
from tasks.dp.record import PRIVACY
from tasks.evaluate.slices.attributes import MOST_VALUES, Attribute, attribute, by_range, by_value, crossed
from tasks.evaluate.subject import Subject
from tasks.features.columns import texts
from tasks.features.interactions import InteractionFeatures
from tasks.features.text import TextFeatures
from tasks.features.words import words

_TRUTH = ("label", "answer", "rating")
Derived = Mapping[str, Callable[[], Attribute]]


def named(subject: Subject, entries: Sequence[str]) -> list[Attribute]:
    """What a recipe asks for; an entry is a column or one of `derived`, or several with commas between them.

    Entries that are `withheld` are left out.

    Raises:
        RecipeError: the rows have no such column.
    """
    more, kept_back, found = derived(subject), withheld(subject), []
    for entry in entries:
        names = _names(subject, entry)
        if not set(names) & set(kept_back):
            parts = [_known(subject, name, more) for name in names]
            found.append(parts[0] if len(parts) == 1 else crossed(parts))
    return found


def withheld(subject: Subject) -> dict[str, str]:
    """What `derived` has for other models only, with the reason: of private rows nothing but the model may be told."""
    if not (subject.package / PRIVACY).exists():
        return {}
    reason = "it would tell of the rows that the model learned from in private"
    return dict.fromkeys(_of_train(subject), reason)


def searched(subject: Subject, entries: Sequence[str]) -> list[Attribute]:
    """What a search goes over.

    Without `entries` these are the columns that the model takes, others with few values, and `derived`. What a
    model is to tell is left out, but for the label of a text.

    Raises:
        RecipeError: the rows have no such column.
    """
    if entries:
        return named(subject, entries)
    rows, features, more = subject.scored.rows, subject.predictor.features, derived(subject)
    left_out = {*ROW_COLUMNS, *_TRUTH, *(head.column for head in subject.predictor.manifest.heads)}
    if isinstance(features, TextFeatures | InteractionFeatures):
        left_out |= set(features.columns)  # each value is nearly alone
    chosen = [
        name
        for name in rows.column_names
        if name not in left_out and (name in features.columns or len(rows.column(name).unique()) <= MOST_VALUES)
    ]
    label = ["label"] if isinstance(features, TextFeatures) and "label" in rows.column_names else []
    return [_known(subject, name, more) for name in [*chosen, *more, *label]]


def derived(subject: Subject) -> Derived:
    """By name what rows can be parted by besides their columns.

    Of texts how many words they have, and whether the train split lacks one of these; of users and items how many
    rows of the train split are theirs. What is told of the train split is `withheld` where that is private.
    """
    features, kept_back = subject.predictor.features, withheld(subject)
    told = {name: how for name, how in _of_train(subject).items() if name not in kept_back}
    if isinstance(features, TextFeatures):
        return {f"words of {features.column}": partial(_length, subject, features.column), **told}
    return told


def _of_train(subject: Subject) -> Derived:
    match subject.predictor.features:
        case TextFeatures(column=text):
            return {f"unknown words in {text}": partial(_unknown_words, subject, text)}
        case InteractionFeatures():
            sides = [side for side in ("user", "item") if side in subject.scored.rows.column_names]
            return {f"train rows of the {side}": partial(_activity, subject, side) for side in sides}
        case _:
            return {}


def _names(subject: Subject, entry: str) -> list[str]:
    return [entry] if entry in subject.scored.rows.column_names else [name.strip() for name in entry.split(",")]


def _length(subject: Subject, text: str) -> Attribute:
    counts = [len(words(line)) for line in texts(subject.scored.rows.column(text))]
    return by_range(f"words of {text}", np.array(counts, np.float64))


def _unknown_words(subject: Subject, text: str) -> Attribute:
    lists = [words(line.lower()) for line in texts(subject.scored.rows.column(text))]
    train = {word for line in texts(subject.read_train().column(text)) for word in words(line.lower())}
    told = ["no" if train.issuperset(each) else "yes" for each in lists]
    return by_value(f"unknown words in {text}", told)


def _activity(subject: Subject, side: str) -> Attribute:
    counts = Counter(texts(subject.read_train().column(side)))
    own = [counts[name] for name in texts(subject.scored.rows.column(side))]
    return by_range(f"train rows of the {side}", np.array(own, np.float64))


def _known(subject: Subject, name: str, more: Derived) -> Attribute:
    rows = subject.scored.rows
    if name in rows.column_names:
        return attribute(name, rows.column(name))
    if name in more:
        return more[name]()
    raise RecipeError(
        "evaluate.slices",
        found=f"{name!r}, which the measured rows do not have",
        allowed=", ".join([*(column for column in rows.column_names if column not in ROW_COLUMNS), *more]),
        action="Name a column of the data set version.",
    )
