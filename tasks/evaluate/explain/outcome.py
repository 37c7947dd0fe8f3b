"""Which number of a model's output is explained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from infra.errors import RecipeError
from tasks.evaluate.explain.game import Values
from tasks.runtime.arrays import Floats
from tasks.runtime.predictor import Predictor

_LONGEST = 60


@dataclass(frozen=True)
class Outcome:
    """One number of a row's output.

    Attributes:
        about: in words, for example `probability of >50K`.
        place: where in the row's numbers it stands.
        head: of a model with several heads, the column of the one that is explained.
        answer: of a model that finds answers, the one that it finds.
    """

    about: str
    place: int
    head: str = ""
    answer: str = ""

    def of(self, outputs: Floats) -> Values:
        """This number of each row of outputs, n by k."""
        column: Values = outputs[:, self.place].astype(np.float64)
        return column


def read_outputs(predictor: Predictor, rows: pa.Table) -> Floats:
    """What a model gives for rows, n by k: probabilities, similarities to the known answers, a rating, or a score.

    Of several heads these are the probabilities of the first that tells one class.

    Raises:
        RecipeError: none of its heads does.
    """
    if not predictor.manifest.heads:
        return scores(predictor, predictor.row_outputs(rows))
    return np.stack(predictor.head_outputs(rows)[_class_head(predictor)[0]])


def scores(predictor: Predictor, outputs: Floats) -> Floats:
    """A model's outputs, n by k: embeddings as their similarities to the known answers."""
    if predictor.answers is not None:
        return predictor.answers.similarities(outputs)
    return outputs.reshape(len(outputs), -1)


def outcome(predictor: Predictor, outputs: Floats) -> Outcome:
    """What is explained of one row: how sure the model is of what it tells, or the number that it tells.

    Args:
        outputs: those of the row (k,).
    """
    place = int(outputs.argmax())
    if predictor.manifest.heads:
        column, labels = _class_head(predictor)
        return Outcome(f"probability of {column} {labels[place]}", place, column)
    if predictor.answers is not None:
        answer = predictor.answers.answers[place]
        return Outcome(f"similarity to the answer {_short(answer)}", place, answer=answer)
    if predictor.manifest.labels:
        return Outcome(f"probability of {predictor.manifest.labels[place]}", place)
    return Outcome("rating" if predictor.manifest.task == "rating_prediction" else "score to rank by", 0)


def kind(predictor: Predictor) -> str:
    """What is explained of any row of a model, in words."""
    if predictor.manifest.heads:
        return f"probability of the {_class_head(predictor)[0]} that is told"
    if predictor.answers is not None:
        return "similarity to the answer that is told"
    if predictor.manifest.labels:
        return "probability of the class that is told"
    return "rating" if predictor.manifest.task == "rating_prediction" else "score to rank by"


def _class_head(predictor: Predictor) -> tuple[str, tuple[str, ...]]:
    for head in predictor.manifest.heads:
        if head.kind == "classification":
            return head.column, head.labels
    raise RecipeError(
        "explanations",
        found=f"heads of kind {', '.join(head.kind for head in predictor.manifest.heads)}",
        allowed="a head that tells one class of a text",
        action="Set evaluate.explain.rows to 0.",
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
