"""The child process that compares: `python -m tasks.evaluate.comparison.worker SPEC`."""

from __future__ import annotations

import pyarrow as pa

from infra.environment import configure
from infra.errors import LeptonError
from infra.processes import Event, child_main, emit
from tasks.data.version import read_rows
from tasks.evaluate.comparison.compare import differences, unknown_labels
from tasks.evaluate.comparison.spec import CompareSpec
from tasks.evaluate.scored import Scored, score
from tasks.reports.quality import ComparisonReport
from tasks.runtime.predictor import Predictor, load


def compare(spec: CompareSpec) -> ComparisonReport:
    """What was found, or why the champion could not be asked.

    Raises:
        LeptonError: the candidate does not answer.
    """
    _tell(0, "the candidate's answers")
    rows = read_rows(spec.dataset, "test")
    candidate = load(spec.candidate)
    ours = _answers(candidate, rows, spec)
    _tell(1, "the champion's answers")
    empty = ComparisonReport(champion=spec.champion_uri, confidence=spec.options.confidence, rows=rows.num_rows)
    try:
        champion = load(spec.champion)
        if reason := unlike(candidate, champion, rows):
            return empty.model_copy(update={"reason": reason})
        theirs = _answers(champion, rows, spec)
    except LeptonError as error:
        return empty.model_copy(update={"reason": f"the champion does not answer: {error}"})
    except Exception as error:  # an old model's runtime raises what it likes, and must not end a run
        return empty.model_copy(update={"reason": f"the champion does not answer: {type(error).__name__}: {error}"})
    _tell(2, "differences")
    found = {"unknown_labels": unknown_labels(theirs), "differences": differences(ours, theirs, spec.options)}
    return empty.model_copy(update=found)


def unlike(candidate: Predictor, champion: Predictor, rows: pa.Table) -> str:
    """Why two models can't be asked the same; empty: they can, also by different columns if the rows have all."""
    tasks = champion.manifest.task, candidate.manifest.task
    if tasks[0] != tasks[1]:
        return f"the champion's task is {tasks[0]}, the candidate's {tasks[1]}"
    told = [", ".join(f"{head.column} ({head.kind})" for head in each.manifest.heads) for each in (champion, candidate)]
    if told[0] != told[1]:
        return f"the champion tells {told[0]}, the candidate {told[1]}"
    absent = [name for name in champion.features.columns if name not in rows.column_names]
    if absent:
        theirs, ours = (", ".join(each.features.columns) for each in (champion, candidate))
        lacking = ", ".join(absent)
        return f"the champion's inputs are {theirs}, the candidate's {ours}; the rows have no {lacking}"
    return ""


def _answers(predictor: Predictor, rows: pa.Table, spec: CompareSpec) -> Scored:
    return score(predictor, rows, lambda: read_rows(spec.dataset, "train"))


def _tell(done: int, now: str) -> None:
    emit({"progress": {"done": done, "total": 3, "text": now}})


def work(spec: str) -> Event:
    """`{}` for a CompareSpec in JSON; what was found lies in the file."""
    configure()
    read = CompareSpec.model_validate_json(spec)
    compare(read).save(read.into)
    return {}


if __name__ == "__main__":
    child_main(work)
