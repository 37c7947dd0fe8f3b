"""What an ingest has to tell of its rows: kept in the version's folder, and shown while the run goes on or stops."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from infra.progress import Progress, report
from tasks.data.parts import part_files
from tasks.data.version import ROWS
from tasks.ingest.config import IngestOptions
from tasks.ingest.contract.contract import Contract
from tasks.ingest.contract.failures import failures
from tasks.ingest.drift.drift import compare
from tasks.ingest.drift.profile import PROFILE, Profile, profile_rows, read_profile
from tasks.ingest.tally import Tally

log = logging.getLogger(__name__)


class Findings(Protocol):
    """A table with a name."""

    @property
    def name(self) -> str:
        """Name of its file and its artifact."""

    @property
    def title(self) -> str:
        """What was found, in a line."""

    def table(self) -> list[dict[str, str]]:
        """Rows of texts."""

    def model_dump_json(self, *, indent: int | None = None) -> str:
        """All of it as JSON."""


Show = Callable[[Findings], None]


def keep(findings: Findings, folder: Path) -> None:
    """Write findings as JSON below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{findings.name}.json").write_text(findings.model_dump_json(indent=2) + "\n", encoding="utf-8")


def tell_failures(tally: Tally, contract: Contract, version: Path, show: Show) -> None:
    """Keep and show the rows that broke the contract."""
    found = failures(tally, contract)
    if found.bad:
        keep(found, version)
        show(found)


def show_nobody(findings: Findings) -> None:
    """Show nothing: the files in the version's folder are enough."""


def tell_drift(
    contract: Contract, tally: Tally, version: Path, previous: Path | None, options: IngestOptions, show: Show
) -> None:
    """Keep the profile of a version's rows; compare it with that of the previous version, and keep and show the result.

    Raises:
        DataError: something changed that was to stop the run.
    """
    report(Progress("ingest", 0.0, 1.0, f"{tally.rows:,} rows read, looking for drift"))
    left_out = [name for name in tally.columns if name not in contract.wanted]
    types = {name: contract.types[name] for name in contract.payload}
    profile = profile_rows(part_files(version / ROWS), types, left_out, contract.identifiers)
    profile.write(version)
    before = _profile_before(previous)
    if before is None:
        return
    drift = compare(before, profile, options.drift)
    keep(drift, version)
    if drift.lines():
        show(drift)
    subject = f"source {options.title()}"
    for line in drift.lines():
        log.warning("%s: %s", subject, line)
    drift.refuse(subject)


def _profile_before(previous: Path | None) -> Profile | None:
    """The previous version's profile, if it has one that this code reads."""
    if previous is None or not (previous / PROFILE).is_file():
        return None
    try:
        return read_profile(previous)
    except ValidationError:
        log.warning("%s is of another release of Lepton: nothing to compare with", previous / PROFILE)
        return None
