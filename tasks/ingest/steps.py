"""Find the source's files, and make them a typed data set version."""

from __future__ import annotations

import logging
from pathlib import Path

from prefect.artifacts import create_table_artifact

from infra.settings.home import HomeSettings
from tasks.data.references import DatasetRef, SourceRef
from tasks.ingest.config import IngestOptions
from tasks.ingest.findings import Findings, Show, keep
from tasks.step import step


def base_version(name: str, options: IngestOptions) -> DatasetRef | None:
    """The version whose rows the next one has too: the last one, where the recipe asks for what is new only."""
    from tasks.ingest.increment.increment import find_previous, forget

    if options.incremental == "off":  # the step may be cached, so nobody would say that an older version is the last
        forget(options, _folder(name))
    return find_previous(options, _folder(name))


def locate(options: IngestOptions, base: DatasetRef | None = None) -> SourceRef:
    """The files to read and what they hold now, but for what `base` has. Not cached: all else follows from it."""
    from tasks.ingest.increment.increment import find_new
    from tasks.ingest.sources.sources import resolve

    return find_new(options, base) if base else resolve(options)


@step
def ingest(name: str, options: IngestOptions, source: SourceRef, base: DatasetRef | None = None) -> DatasetRef:
    """Read, check the contract, set bad rows apart, split, and write the raw version."""
    from tasks.ingest.increment.increment import latest_version
    from tasks.ingest.ingest import ingest as core

    into = _folder(name)
    show = _show(HomeSettings().reports / f"{name}-raw")
    return core(options, source, into, latest_version(into), show, base)


def _folder(name: str) -> Path:
    return HomeSettings().datasets / f"{name}-raw"


def _show(folder: Path) -> Show:
    """Show tables in the Prefect UI, and keep them below the home: a run that stops leaves no version to keep them."""

    def show(findings: Findings) -> None:
        keep(findings, folder)
        try:
            create_table_artifact(
                table=findings.table(), key=f"ingest-{findings.name}", description=f"{findings.title}. {folder}"
            )
        except Exception as error:  # whatever keeps the server from showing it, the work goes on
            logging.getLogger(__name__).warning("the table of %s is not shown: %s", findings.name, error)

    return show
