"""Find the source's files, and make them a typed data set version."""

from __future__ import annotations

from infra.settings.home import HomeSettings
from tasks.data.references import DatasetRef, SourceRef
from tasks.ingest.config import IngestOptions
from tasks.step import step


def locate(options: IngestOptions) -> SourceRef:
    """The files to read and what they hold now. Not cached: their content decides what else is."""
    from tasks.ingest.sources import resolve

    return resolve(options)


@step
def ingest(name: str, options: IngestOptions, source: SourceRef) -> DatasetRef:
    """Read, check the contract, set bad rows apart, split, and write the raw version."""
    from tasks.ingest.ingest import ingest as core

    return core(options, source, HomeSettings().datasets / f"{name}-raw")
