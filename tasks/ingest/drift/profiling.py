"""The profile of a file or of a version on disk, for comparing two of them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from infra.errors import DataError
from infra.progress import Progress, report
from tasks.data.canonical import arrow_schema, canonical_table
from tasks.data.manifest import MANIFEST, read_manifest
from tasks.data.parts import PartWriter, part_files
from tasks.data.reserved import RESERVED
from tasks.data.version import ROWS
from tasks.ingest.config import IngestOptions, SourceColumns
from tasks.ingest.contract.contract import Contract
from tasks.ingest.contract.infer import infer, locate_file
from tasks.ingest.drift.profile import PROFILE, Profile, profile_rows, read_profile
from tasks.ingest.reading.readers import read_batches


def profile_of(path: str, delimiter: str = ",") -> Profile:
    """The profile that a version's folder keeps, or that of its rows, or of a file's rows with the types they have.

    Raises:
        SourceError: there is no such file, or it can't be read.
        DataError: the profile is of another release, or none.
    """
    folder = Path(path)
    if (folder / PROFILE).is_file():
        return _kept_profile(folder)
    if (folder / MANIFEST).is_file():
        manifest = read_manifest(folder)
        types = {name: kind for name, kind in manifest.columns.items() if name not in RESERVED}
        return profile_rows(part_files(folder / ROWS), types, manifest.left_out)
    return _profile_file(path, delimiter)


def _kept_profile(folder: Path) -> Profile:
    try:
        return read_profile(folder)
    except ValueError:
        raise DataError(
            str(folder / PROFILE),
            found="no profile that this release reads",
            allowed="what Lepton keeps in the folder of a version",
            action="Move it away, or name the data's files.",
        ) from None


def _profile_file(path: str, delimiter: str) -> Profile:
    source = locate_file(path, delimiter)
    proposal = infer(source, delimiter)
    options = IngestOptions(path=path, delimiter=delimiter, contract=list(proposal.contract))
    contract = Contract(options, SourceColumns())
    types = {name: contract.types[name] for name in contract.payload}
    with tempfile.TemporaryDirectory() as folder:
        with PartWriter(Path(folder), arrow_schema(types)) as writer:
            for batch in read_batches(source, delimiter, contract.wanted):
                writer.write(canonical_table(contract.check(batch.rows)[0]).select(list(types)))
                report(Progress("profile", 0.0, 1.0, f"{writer.rows:,} rows"))
        report(Progress("profile", 1.0, 1.0, f"{writer.rows:,} rows"))
        return profile_rows(part_files(Path(folder)), types, identifiers=contract.identifiers)
