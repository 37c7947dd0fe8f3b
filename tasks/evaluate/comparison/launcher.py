"""Compare in a child process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from infra.processes import Event, run_child
from tasks.data.references import DatasetRef
from tasks.evaluate.comparison.spec import CompareSpec
from tasks.evaluate.intervals.config import IntervalOptions
from tasks.reports.quality import ComparisonReport
from tasks.runtime.draft import draft


def compare(
    options: IntervalOptions,
    candidate: Path,
    champion: Path,
    champion_uri: str,
    dataset: DatasetRef,
    into: Path,
    log: Path,
    on_event: Callable[[Event], None] | None = None,
) -> None:
    """Write a ComparisonReport of two packages on the test split into the directory `into`.

    Raises:
        LeptonError: the candidate does not answer. A champion that does not is told in the report.
    """
    with draft(into) as path:
        spec = CompareSpec(
            options=options,
            candidate=candidate,
            champion=champion,
            champion_uri=champion_uri,
            dataset=dataset,
            into=path,
        )
        run_child("tasks.evaluate.comparison.worker", spec.model_dump_json(), log, on_event)


def not_compared(champion_uri: str, reason: str, into: Path) -> None:
    """Write a report that says why there is nothing to tell."""
    with draft(into) as path:
        ComparisonReport(champion=champion_uri, reason=reason).save(path)
