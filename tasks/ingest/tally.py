"""Counts over all rows of a source, and whether they allow a data set to be made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from infra.errors import DataError, SourceError
from tasks.data.references import SourceRef
from tasks.ingest.config import IngestOptions
from tasks.ingest.reading.batches import Refused

EXAMPLES = 5
_REASONS_SHOWN = 3


@dataclass
class Tally:
    """What was counted while batches went by.

    Attributes:
        reasons: refused rows by reason, and `examples`, the first few of each.
        labels: good rows by label, and `label_origins`, where each label was met first.
        sides: good rows by side of the split.
        columns: columns of the source, in the order in which they were met.
    """

    good: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Refused]] = field(default_factory=dict)
    labels: Counter[object] = field(default_factory=Counter)
    label_origins: dict[object, str] = field(default_factory=dict)
    sides: Counter[str] = field(default_factory=Counter)
    columns: dict[str, None] = field(default_factory=dict)

    @property
    def bad(self) -> int:
        """Rows refused."""
        return self.reasons.total()

    @property
    def rows(self) -> int:
        """Rows read."""
        return self.good + self.bad

    def refuse(self, rows: Sequence[Refused]) -> None:
        """Count refused rows."""
        for row in rows:
            self.reasons[row.reason] += 1
            examples = self.examples.setdefault(row.reason, [])
            if len(examples) < EXAMPLES:
                examples.append(row)

    def label(self, labels: Sequence[object], origins: Sequence[str]) -> None:
        """Count labels of good rows."""
        self.labels.update(labels)
        for label, origin in zip(labels, origins, strict=True):
            self.label_origins.setdefault(label, origin)


def check_tally(tally: Tally, options: IngestOptions, source: SourceRef, learns_classes: bool) -> None:
    """Refuse a source that is empty, too bad, of one class only, or without rows to train or to test on.

    Raises:
        SourceError: there is no row.
        DataError: all else.
    """
    name = options.title()
    if not tally.rows:
        files = f"{len(source.files)} file{'s' if len(source.files) > 1 else ''}"
        raise SourceError(
            f"source {name}", found=f"no row in {files}", allowed="at least one row", action="Check what wrote it."
        )
    check_bad_share(tally, options)
    if learns_classes and len(tally.labels) < 2:
        raise DataError(
            f"source {name}",
            found=f"only the label {next(iter(tally.labels), None)!r}",
            allowed="at least two labels",
            action="Check ingest.columns.label, or add rows of another label.",
        )
    for side in ("train", "test"):
        if not tally.sides[side]:
            raise DataError(
                f"source {name}",
                found=f"no {side} row among {tally.good}",
                allowed="rows on both sides of the split",
                action="Add rows, or change ingest.columns.split or ingest.test_share.",
            )


def check_bad_share(tally: Tally, options: IngestOptions) -> None:
    """Refuse a source of which more rows than allowed are bad.

    Raises:
        DataError: with the most frequent reasons, and where each was met first.
    """
    share = tally.bad / max(tally.rows, 1)
    if share > options.max_bad_share:
        raise DataError(
            f"source {options.title()}",
            found=f"{tally.bad} of {tally.rows} rows bad ({share:.1%}): {_top_reasons(tally)}",
            allowed=f"a bad share of {options.max_bad_share:.1%}",
            action="Mend the rows or the contract (`lepton contract check` shows examples), "
            "or allow more with ingest.max_bad_share.",
        )


def _top_reasons(tally: Tally) -> str:
    top = tally.reasons.most_common(_REASONS_SHOWN)
    return "; ".join(f"{reason}, {count} (first at {tally.examples[reason][0].origin})" for reason, count in top)
