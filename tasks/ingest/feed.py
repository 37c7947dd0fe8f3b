"""Where an ingest takes its rows from: all of a source, what is new of it, or several sources that become one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from tasks.data.references import SourceRef
from tasks.data.version import Version
from tasks.ingest.config import IngestOptions
from tasks.ingest.contract.contract import Contract
from tasks.ingest.fusion.fusion import FusedFeed
from tasks.ingest.increment.watermark import RisingFeed
from tasks.ingest.reading.readers import Batch, read_batches


class Feed(Protocol):
    """Rows as text, a batch at a time, and what is to be told of them in the manifest."""

    def batches(self) -> Iterator[Batch]:
        """All rows, once."""

    def facts(self) -> dict[str, Any]:
        """Fields of the manifest, after the last batch."""


class WholeFeed:
    """All rows of one source."""

    def __init__(self, source: SourceRef, delimiter: str, wanted: Sequence[str]) -> None:
        self._source, self._delimiter, self._wanted = source, delimiter, wanted

    def batches(self) -> Iterator[Batch]:
        """As they stand."""
        return read_batches(self._source, self._delimiter, self._wanted)

    def facts(self) -> dict[str, Any]:
        """Nothing that other counts do not tell."""
        return {}


class NamedFeed:
    """Another feed, of a file that is only the copy of something: its rows are told to be from there."""

    def __init__(self, feed: Feed, name: str) -> None:
        self._feed, self._name = feed, name

    def batches(self) -> Iterator[Batch]:
        """The same, under the other name."""
        for batch in self._feed.batches():
            refused = (replace(row, origin=f"{self._name}:{row.origin.rpartition(':')[2]}") for row in batch.refused)
            yield replace(batch, file=self._name, refused=tuple(refused))

    def facts(self) -> dict[str, Any]:
        """The other feed's."""
        return self._feed.facts()


def open_feed(
    options: IngestOptions, source: SourceRef, contract: Contract, workspace: Path, parent: Version | None
) -> Feed:
    """The feed that the options ask for. Fusion by key keeps its rows in `workspace` meanwhile."""
    if options.sources:
        return FusedFeed(options, source, contract, workspace)
    feed: Feed = WholeFeed(source, options.delimiter, contract.wanted)
    if options.watermark:
        feed = RisingFeed(options, source, contract.wanted, parent)
    return NamedFeed(feed, source.names[0]) if options.sql.is_given else feed
