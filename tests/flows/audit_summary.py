"""An audit's summary."""

from __future__ import annotations

import numpy as np

from flows.audit import AuditSummary
from tasks.private.audit.report import AuditReport
from tasks.private.audit.roc import roc


def summary(epsilon_lower: float, claimed: float | None, provable: float) -> AuditSummary:
    """Of a thousand canaries, with one attack."""
    report = AuditReport(
        epsilon_lower=epsilon_lower,
        provable=provable,
        claimed=claimed,
        delta=1e-5,
        confidence=0.95,
        canaries=1000,
        included=500,
        guesses=300,
        correct=290,
        inside=0.15,
        outside=0.15,
        rows=32_000,
        seeded_noise=False,
        attacked="the model",
        attacks=(roc("loss threshold", np.arange(20.0), np.arange(20.0) - 1),),
        seconds=80.0,
    )
    return AuditSummary(
        subject="income", dataset="d", run_id="r", cached=False, report=report, files={"audit": "a.json"}, links={}
    )
