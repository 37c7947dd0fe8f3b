"""A lesson that treats groups of persons more alike."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from tasks.fit.batches import Examples
from tasks.lessons.config import TrainOptions
from tasks.lessons.lesson import Lesson
from tasks.lessons.mitigation.cells import balanced, read_cells, reweighed


def mitigated(
    lesson: Lesson, learned: Examples, options: TrainOptions, rows: pa.Table, held: pa.Table
) -> tuple[Lesson, Examples]:
    """The lesson, and the examples that weights learn from, with the method that the options name.

    Args:
        rows: those of `learned`.
        held: rows that weights don't learn from, which thresholds are looked for on, if there are any.

    Raises:
        DataError: rows have too few groups or labels for it, or labels that it can't have.
    """
    cells = read_cells(options.mitigation, rows, lesson.labels, learned.weights)
    match options.mitigation.method:
        case "balanced_sampling":
            return lesson, replace(learned, chances=balanced(cells))
        case "reweighing":
            return lesson, replace(learned, weights=reweighed(cells))
        case "adversarial":
            from tasks.lessons.mitigation.opponent import opposed

            return opposed(lesson, learned, options.mitigation, cells)
        case "exponentiated_gradient":
            from tasks.lessons.mitigation.reduction import reduced

            return reduced(lesson, learned, options, cells), learned
        case "threshold":
            from tasks.lessons.mitigation.thresholds import moved

            return moved(lesson, options.mitigation, held if held.num_rows else rows), learned
        case _:
            return lesson, learned
