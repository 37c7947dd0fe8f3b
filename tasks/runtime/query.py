"""A child process that loads a package and answers a few rows: `python -m tasks.runtime.query SPEC.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from infra.environment import configure
from infra.processes import Event, child_main


class QuerySpec(BaseModel):
    """What to ask whom."""

    model_config = ConfigDict(frozen=True)

    package: Path
    rows: list[dict[str, Any]]


def query(spec_file: str) -> Event:
    """`{"rows": [...]}`, one prediction for each row of the QuerySpec in a file."""
    configure()
    from tasks.runtime.predictor import load

    asked = QuerySpec.model_validate_json(Path(spec_file).read_text(encoding="utf-8"))
    return {"rows": load(asked.package).predict(pa.Table.from_pylist(asked.rows)).to_pylist()}


if __name__ == "__main__":
    child_main(query)
