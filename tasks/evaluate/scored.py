"""A model's answers to rows whose truth is known: from these come all metrics, of all rows or of any part of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.evaluate import metrics, ranking
from tasks.evaluate.classes import ClassAnswers
from tasks.evaluate.heads import HeadAnswers, head_answers, head_figures, is_right
from tasks.evaluate.metrics import Places
from tasks.features.columns import numbers, texts
from tasks.features.heads import Head
from tasks.runtime.arrays import Arrays, Floats
from tasks.runtime.predictor import Predictor

if TYPE_CHECKING:
    from tasks.features.interactions import InteractionFeatures

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Classes:
    """Classes told of rows."""

    rows: pa.Table
    answers: ClassAnswers
    merit: str = "accuracy"

    @property
    def merits(self) -> Values:
        """1 where the class is right, else 0."""
        return self.answers.right.astype(np.float64)

    def figures(self, places: Places) -> dict[str, float]:
        """See `metrics.class_figures`."""
        return self.answers.figures(places)


@dataclass(frozen=True)
class Numbers:
    """Ratings told of rows: n numbers, and the true ones."""

    rows: pa.Table
    told: Values
    truth: Values
    merit: str = "minus mean squared error"

    @property
    def merits(self) -> Values:
        """The squared error, below zero, so that more is better."""
        errors: Values = self.told - self.truth
        return -(errors**2)

    def figures(self, places: Places) -> dict[str, float]:
        """See `metrics.rating_metrics`."""
        return metrics.rating_metrics(self.told[places], self.truth[places])


@dataclass(frozen=True)
class Retrieved:
    """Where the true answer of each question stands: n ranks from 1, infinite where the model does not have it."""

    rows: pa.Table
    ranks: Values
    merit: str = "mrr"

    @property
    def merits(self) -> Values:
        """Reciprocal ranks."""
        return 1.0 / self.ranks

    def figures(self, places: Places) -> dict[str, float]:
        """See `metrics.retrieval_metrics`."""
        return metrics.retrieval_metrics(self.ranks[places])


@dataclass(frozen=True)
class Ranked:
    """Where each user's items stand in the user's list; `rows` has the users, in the order of `ranks`."""

    rows: pa.Table
    ranks: Sequence[Values]
    merit: str = "ndcg_at_10"

    @cached_property
    def merits(self) -> Values:
        """The nDCG of each user's list."""
        return np.array([ranking.ndcg(own) for own in self.ranks])

    def figures(self, places: Places) -> dict[str, float]:
        """See `ranking.ranking_metrics`."""
        return ranking.ranking_metrics([self.ranks[place] for place in places])


@dataclass(frozen=True)
class Heads:
    """What several heads told of rows, by their outputs."""

    rows: pa.Table
    heads: tuple[Head, ...]
    answers: Mapping[str, HeadAnswers]
    merit: str = "frame_accuracy"

    @cached_property
    def merits(self) -> Values:
        """1 where no head that has a truth is wrong, else 0."""
        return is_right(self.answers).astype(np.float64)

    def figures(self, places: Places) -> dict[str, float]:
        """See `heads.head_figures`."""
        return head_figures(self.heads, self.answers, places)


Scored = Classes | Numbers | Retrieved | Ranked | Heads
"""What one model gave for rows, beside their truth.

`rows` has what was asked, with all its columns; of a ranking a row is a user. `merits` says how well each row was
answered, higher is better; its mean is the metric called `merit`. `figures` gives the metrics of the rows at some
places, of which one may come several times, as a bootstrap has them.
"""


def score(predictor: Predictor, rows: pa.Table, read_train: Callable[[], pa.Table]) -> Scored:
    """Have a model answer rows that have the truth.

    Args:
        read_train: the rows of the train split, which a ranking leaves out.

    Raises:
        TrainingError: the model gives something that is not a number.
        DataError: the truth is missing.
    """
    manifest = predictor.manifest
    if manifest.heads:
        return Heads(rows, manifest.heads, head_answers(predictor, rows))
    if manifest.task == "item_ranking":
        return _ranked(predictor, rows, read_train())
    outputs = predictor.row_outputs(rows)
    metrics.check_outputs(outputs)
    if manifest.task == "rating_prediction":
        truth = numbers(rows.column("rating"))
        metrics.check_truth(truth)
        return Numbers(rows, outputs.reshape(-1).astype(np.float64), truth)
    if predictor.answers is not None:
        similarities, answers = predictor.answers.similarities(outputs), predictor.answers.answers
        places = {answer: place for place, answer in enumerate(answers)}
        true = np.array([places.get(answer, metrics.UNKNOWN) for answer in texts(rows.column("answer"))], np.int64)
        return Retrieved(rows, metrics.ranks(similarities, true))
    return Classes(rows, ClassAnswers(manifest.labels, outputs, texts(rows.column("label"))))


def _ranked(predictor: Predictor, rows: pa.Table, train: pa.Table) -> Ranked:
    features = cast("InteractionFeatures", predictor.features)

    def scores(arrays: Arrays) -> Floats:
        outputs = predictor.outputs(arrays)
        metrics.check_outputs(outputs)
        return outputs

    ranks = list(ranking.user_ranks(scores, features, train, rows))
    users = list(dict.fromkeys(texts(rows.column("user"))))
    return Ranked(pa.table({"user": pa.array(users, pa.string())}), ranks)
