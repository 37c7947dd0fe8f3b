"""Which rules of a contract were broken, how often, and a few rows that show it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from tasks.ingest.contract.contract import Contract
from tasks.ingest.reading.batches import Refused
from tasks.ingest.tally import Tally

_MOST_CHARACTERS = 200


class Example(BaseModel):
    """One row that broke a rule: where it stood, what the rule looked at, and the row as it was read."""

    model_config = ConfigDict(frozen=True)

    origin: str
    value: str
    row: str


class Failure(BaseModel):
    """One rule that was broken, with the first rows that broke it."""

    model_config = ConfigDict(frozen=True)

    reason: str
    rows: int
    examples: tuple[Example, ...]


class Failures(BaseModel):
    """All rules that a source's rows broke, the most frequent first."""

    model_config = ConfigDict(frozen=True)

    name: str = "failures"
    rows: int
    bad: int
    failures: tuple[Failure, ...]

    @property
    def title(self) -> str:
        """What was found, in a line."""
        return f"{self.bad:,} of {self.rows:,} rows break the contract"

    def table(self) -> list[dict[str, str]]:
        """An example a row, for a terminal or an artifact."""
        return [
            {"reason": one.reason, "rows": f"{one.rows:,}", "place": each.origin, "value": each.value or each.row}
            for one in self.failures
            for each in one.examples
        ]


def failures(tally: Tally, contract: Contract) -> Failures:
    """What a tally counted against a contract."""
    found = [
        Failure(
            reason=reason,
            rows=count,
            examples=tuple(_example(row, contract.looked_at.get(reason, {})) for row in tally.examples[reason]),
        )
        for reason, count in tally.reasons.most_common()
    ]
    return Failures(rows=tally.rows, bad=tally.bad, failures=tuple(found))


def _example(row: Refused, columns: Mapping[str, str]) -> Example:
    """A row's values by the source's names, or by their roles if it was refused among other rows."""
    content: Any = json.loads(row.content)
    values = content if isinstance(content, dict) else {}
    found = {name: values.get(source, values.get(name)) for name, source in columns.items()}
    texts = [f"{name}={value}" if len(found) > 1 else str(value) for name, value in found.items()]
    return Example(origin=row.origin, value=_short(", ".join(texts)), row=_short(row.content))


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "\N{HORIZONTAL ELLIPSIS}"
