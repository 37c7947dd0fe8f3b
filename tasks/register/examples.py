"""Test rows of a report, with what is true of them and what the model said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tasks.data.references import Reference


def examples(evaluation: Reference) -> list[dict[str, Any]]:
    """Each as `input`, `truth` and `output`."""
    text = (Path(evaluation.path) / "examples.json").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = json.loads(text)
    return rows
