"""What a model gives for disturbed rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from infra.errors import DataError
from tasks.evaluate.metrics import Places
from tasks.evaluate.robustness.answers import Changed, changed
from tasks.evaluate.robustness.config import Method
from tasks.evaluate.robustness.trials import Trial
from tasks.evaluate.scored import Heads, Scored, score
from tasks.evaluate.subject import Subject
from tasks.features.columns import texts
from tasks.features.files import Features
from tasks.features.text import TextFeatures

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """Of n disturbed rows the merits, and whether the answer changed."""

    method: Method
    strength: str
    merits: Values
    flipped: Changed


def sample(scored: Scored, count: int, seed: int) -> Places:
    """Places of so many rows, rising; of a model with several heads such as have the truth of all.

    Raises:
        DataError: no row has.
    """
    asked = np.arange(len(scored.merits))
    if isinstance(scored, Heads):
        asked = np.flatnonzero(np.logical_and.reduce([answers.known for answers in scored.answers.values()]))
    if not len(asked):
        raise DataError(
            "evaluate.robustness",
            found="no test row with the truth of all heads",
            allowed="one such row or more",
            action="Give such rows, or leave evaluate.robustness.methods empty.",
        )
    drawn = np.random.default_rng(seed).permutation(asked)[:count]
    return np.sort(drawn)


def outcome(subject: Subject, places: Places, trial: Trial) -> Outcome:
    """Have the model answer the disturbed rows at some places.

    Rows that are the same to the model as before, as capitals are to many tokenisers, are not asked again.
    """
    rows = subject.rows.take(places)
    disturbed = trial.disturb(rows)
    features = subject.predictor.features
    others = [one != other for one, other in zip(_inputs(features, rows), _inputs(features, disturbed), strict=True)]
    asked = np.flatnonzero(others)
    merits, flipped = subject.scored.merits[places], np.zeros(len(places), np.bool_)
    if len(asked):
        again = score(subject.predictor, disturbed.take(asked), subject.read_train)
        merits[asked] = again.merits
        flipped[asked] = changed(subject.scored, places[asked], again)
    return Outcome(trial.method, trial.strength, merits, flipped)


def _inputs(features: Features, rows: pa.Table) -> list[bytes]:
    """What the model gets of each row."""
    if isinstance(features, TextFeatures):
        return [ids.tobytes() for ids in features.tokens(texts(rows.column(features.column)))]
    arrays = features.encode(rows)
    return [b"".join(arrays[name][place].tobytes() for name in arrays) for place in range(rows.num_rows)]
