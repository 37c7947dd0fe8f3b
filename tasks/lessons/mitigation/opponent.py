"""Learning against an adversary that tells groups apart."""

from __future__ import annotations

from dataclasses import replace

from tasks.fit.adversary import GROUPS, LABELS, Adversary, of_labels
from tasks.fit.batches import Arrays, Examples, Rows
from tasks.lessons.lesson import Lesson
from tasks.lessons.mitigation.cells import Cells
from tasks.lessons.mitigation.config import MitigationOptions


def opposed(lesson: Lesson, learned: Examples, options: MitigationOptions, cells: Cells) -> tuple[Lesson, Examples]:
    """The lesson with an adversary, and examples whose targets say the group too. The model has no part of it."""

    def targets(chosen: Rows) -> Arrays:
        return {LABELS: cells.labels[chosen], GROUPS: cells.groups.places[chosen]}

    def rival() -> Adversary:
        return Adversary(len(cells.groups.names), cells.favourable, options.constraint, options.strength)

    return replace(lesson, loss=of_labels(lesson.loss), rival=rival), replace(learned, targets=targets)
