"""The numbers of a report, in files."""

from __future__ import annotations

import json
from pathlib import Path

METRICS = "metrics.json"


def write_json(file: Path, content: object) -> None:
    """Write what a person may read too; a number that is none is an error."""
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
