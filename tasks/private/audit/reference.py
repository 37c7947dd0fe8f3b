"""How steps name an audit to each other."""

from __future__ import annotations

from tasks.data.references import Reference


class AuditRef(Reference):
    """A directory with `audit.json` and pictures, and the MLflow run that has them too."""

    run_id: str
