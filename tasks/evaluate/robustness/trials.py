"""The disturbances that the input of a model allows, each at its strengths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from random import Random

import numpy as np
import pyarrow as pa

from tasks.evaluate.robustness import columns, texts
from tasks.evaluate.robustness.config import Method, RobustnessOptions
from tasks.features.columns import texts as as_texts
from tasks.features.files import Features
from tasks.features.interactions import InteractionFeatures
from tasks.features.tabular import CategoryColumn, TabularFeatures
from tasks.features.text import TextFeatures
from tasks.features.thesaurus.choice import Thesaurus

NAMES: dict[Method, str] = {
    "typos": "typos",
    "case": "letter case",
    "synonyms": "synonyms",
    "spacing": "spacing",
    "punctuation": "punctuation",
    "noise": "noise",
    "missing": "missing values",
    "unknown": "unknown values",
    "fgsm": "FGSM",
    "pgd": "PGD",
}
Respell = Callable[[str, Random], str]


@dataclass(frozen=True)
class Trial:
    """One disturbance at one strength; `disturb` gives rows in the order of those that it gets."""

    method: Method
    strength: str
    disturb: Callable[[pa.Table], pa.Table]


def trials(features: Features, options: RobustnessOptions, thesaurus: Thesaurus | None) -> Iterator[Trial]:
    """What can be done to rows before they become arrays. Without a thesaurus there are no synonyms."""
    match features:
        case TextFeatures(column=column):
            for method, strength, respell in _respellings(options, thesaurus):
                yield Trial(
                    method, strength, partial(_respelled, column, respell, f"{options.seed} {method} {strength}")
                )
        case TabularFeatures():
            yield from _tabular(features, options)
        case InteractionFeatures():
            if "unknown" in options.methods:
                for side in (features.user, features.item):
                    yield Trial("unknown", f"the {side.name}", partial(_unknown, (side,), 1, options.seed))


def _respellings(options: RobustnessOptions, thesaurus: Thesaurus | None) -> Iterator[tuple[Method, str, Respell]]:
    for method in options.methods:
        match method:
            case "typos":
                for share in options.typos:
                    yield method, _of_words(share), partial(_typos, share)
            case "synonyms" if thesaurus is not None:
                for share in options.synonyms:
                    yield method, _of_words(share), partial(_synonyms, share, thesaurus)
            case "case":
                for strength, respell in texts.CASES.items():
                    yield method, strength, respell
            case "spacing":
                yield method, "three spaces for one", texts.spaced
            case "punctuation":
                yield method, "no marks around words", texts.unmarked
            case _:
                pass


def _tabular(features: TabularFeatures, options: RobustnessOptions) -> Iterator[Trial]:
    for method in options.methods:
        if method == "noise" and features.numeric:
            for strength in options.noise:
                disturb = partial(_noise, features, strength, options.seed)
                yield Trial(method, f"{strength:g} standard deviations", disturb)
        if method == "missing":
            for lost in options.lost_columns:
                yield Trial(method, _of_columns(lost), partial(_without, list(features.columns), lost, options.seed))
        if method == "unknown" and features.categorical:
            for lost in options.lost_columns:
                yield Trial(method, _of_columns(lost), partial(_unknown, features.categorical, lost, options.seed))


def _respelled(column: str, respell: Respell, seed: str, rows: pa.Table) -> pa.Table:
    """Each text by random numbers of its own: a row is disturbed alike whatever other rows there are."""
    ids = rows.column("row_id").to_pylist()
    lines = [
        respell(line, Random(f"{seed} {name}")) for line, name in zip(as_texts(rows.column(column)), ids, strict=True)
    ]
    return rows.set_column(rows.column_names.index(column), column, pa.array(lines, pa.string()))


def _typos(share: float, text: str, random: Random) -> str:
    return texts.typos(text, share, random)


def _synonyms(share: float, thesaurus: Thesaurus, text: str, random: Random) -> str:
    return texts.synonyms(text, share, random, thesaurus)


def _noise(features: TabularFeatures, strength: float, seed: int, rows: pa.Table) -> pa.Table:
    return columns.noisy(rows, features.numeric, strength, np.random.default_rng(seed))


def _without(names: list[str], lost: int, seed: int, rows: pa.Table) -> pa.Table:
    return columns.without(rows, names, lost, np.random.default_rng(seed))


def _unknown(known: tuple[CategoryColumn, ...], lost: int, seed: int, rows: pa.Table) -> pa.Table:
    return columns.unknown(rows, known, lost, np.random.default_rng(seed))


def _of_words(share: float) -> str:
    return f"{share:.0%} of the words"


def _of_columns(lost: int) -> str:
    return f"{lost} {'column' if lost == 1 else 'columns'} of each row"
