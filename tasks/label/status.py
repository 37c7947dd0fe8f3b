"""Where a recipe's questions and answers stand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.label.config import PeopleOptions
from tasks.label.consensus import find_consensus
from tasks.label.store import open_store


class AnnotatorStatus(BaseModel):
    """How much somebody answered, and the expected share of right ones."""

    model_config = ConfigDict(frozen=True)

    name: str
    answers: int
    quality: float


class LabelStatus(BaseModel):
    """Counts of rows: asked about, without as many answers as people were asked, with a label, and by label."""

    model_config = ConfigDict(frozen=True)

    asked: int
    open: int
    agreed: int
    labels: dict[str, int]
    annotators: list[AnnotatorStatus]


def read_status(file: Path, options: PeopleOptions) -> LabelStatus:
    """The status of the store in `file`; all zero where there is none."""
    if not file.exists():
        return LabelStatus(asked=0, open=0, agreed=0, labels={}, annotators=[])
    with open_store(file) as store:
        questions, answers = store.questions(), store.answers()
    given = Counter(one.item for one in answers)
    consensus = find_consensus(answers, options)
    return LabelStatus(
        asked=len(questions),
        open=sum(given[question.item] < people for question, people in questions),
        agreed=len(consensus.labels),
        labels=dict(sorted(Counter(agreed.label for agreed in consensus.labels.values()).items())),
        annotators=[
            AnnotatorStatus(name=one.name, answers=one.answers, quality=round(one.quality, 4))
            for one in consensus.annotators
        ],
    )
