"""Starts an audit in a child process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from infra.processes import Event, run_child
from tasks.private.audit.report import AuditReport, load_report
from tasks.private.audit.spec import AuditSpec
from tasks.runtime.draft import draft


def audit(spec: AuditSpec, log: Path, on_event: Callable[[Event], None] | None = None) -> AuditReport:
    """Audit as `spec` says; the directory `spec.into` holds the report with its pictures, whole or not at all.

    Raises:
        LeptonError: the one that the child met.
    """
    with draft(spec.into) as path:
        drafted = spec.model_copy(update={"into": path})
        run_child("tasks.private.audit.worker", drafted.model_dump_json(), log, on_event)
    return load_report(spec.into)
