"""Labels for the rows that lack one, and labels that look wrong."""

from __future__ import annotations

from infra.settings.home import HomeSettings
from tasks.data.references import DatasetRef
from tasks.label.answers import AnswersRef
from tasks.label.config import LabelOptions
from tasks.label.review import SuspectsRef
from tasks.step import step


def answers_of(name: str, options: LabelOptions) -> AnswersRef:
    """What people answered until now, or nothing where that does not count. Not cached: it decides what else is."""
    from tasks.label.answers import freeze_answers
    from tasks.label.store import open_store

    folder = HomeSettings().labels
    if not options.people.use:
        return freeze_answers([], folder / name)
    with open_store(folder / f"{name}.sqlite") as store:
        return freeze_answers(store.answers(), folder / name)


@step
def label(name: str, options: LabelOptions, dataset: DatasetRef, answers: AnswersRef) -> DatasetRef:
    """Keep given labels, apply people's answers, then labelling functions; the rest goes to quarantine."""
    from tasks.label.labelling import label as core

    return core(options, dataset, answers, HomeSettings().datasets / f"{name}-labelled")


@step
def suspects(name: str, options: LabelOptions, dataset: DatasetRef) -> SuspectsRef:
    """Find labels that look wrong, as a sheet for people to check."""
    from tasks.label.review import write_suspects

    return write_suspects(options, dataset, HomeSettings().reports / f"{name}-suspects")
