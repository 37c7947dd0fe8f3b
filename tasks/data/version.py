"""Data set versions on disk: written under another name, made durable, then renamed; never changed after.

    <folder of the data set>/<16 digits of the digest>-<8 digits of the manifest's hash>/
        rows/part-*.parquet  quarantine/part-*.parquet  manifest.json

Equal rows that came another way have another manifest, hence a directory of their own: lineage stays true.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from infra.disk import disk_errors
from infra.errors import DataError, MachineError, NotFoundError
from tasks.data.canonical import arrow_schema
from tasks.data.manifest import MANIFEST, Manifest, read_manifest
from tasks.data.parts import part_files
from tasks.data.references import DatasetRef, Reference

ROWS, QUARANTINE = "rows", "quarantine"
_DRAFT = ".draft-"
_REMOVALS, _REMOVAL_PAUSE_SECONDS = 40, 0.05


@dataclass(frozen=True)
class Version:
    """A version that is there and whole."""

    path: Path
    manifest: Manifest

    @property
    def rows(self) -> Path:
        """The folder of its rows."""
        return self.path / ROWS

    @property
    def quarantine(self) -> Path:
        """The folder of the rows that were refused."""
        return self.path / QUARANTINE


@dataclass(frozen=True)
class Draft:
    """A version that is being written. Nobody finds it before `publish`."""

    path: Path

    def publish(self, manifest: Manifest) -> DatasetRef:
        """Give the draft its name. If a version with equal rows and manifest is there, that one stands."""
        text = manifest.to_text()
        (self.path / MANIFEST).write_text(text, encoding="utf-8")
        name = f"{manifest.digest[:16]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        target = self.path.parent / name
        _make_durable(self.path)
        try:
            self.path.rename(target)
        except OSError:
            if not (target / MANIFEST).exists():
                raise
        _sync(target.parent)
        return reference(Version(target, manifest))


@contextmanager
def writing(folder: Path) -> Iterator[Draft]:
    """A draft in the folder of a data set; it is gone after the block unless it was published.

    Raises:
        MachineError: the disk is full, read-only, or not ours.
    """
    with disk_errors(str(folder)):
        _make(folder)
        with _locked(folder):
            _remove_leftovers(folder)
            path = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=folder))
            path.chmod(0o755)
            hold = ExitStack()
            hold.enter_context(_locked(path))
        with hold:
            try:
                yield Draft(path)
            finally:
                _remove(path)


def _remove(draft: Path) -> None:
    """Threads of a computation that failed may write into it for a moment longer, so that it is not empty at once."""
    for _ in range(_REMOVALS):
        shutil.rmtree(draft, ignore_errors=True)
        if not draft.exists():
            return
        time.sleep(_REMOVAL_PAUSE_SECONDS)


def reference(version: Version) -> DatasetRef:
    """How steps name a version to each other."""
    manifest = version.manifest
    return DatasetRef(
        path=str(version.path),
        digest=manifest.digest,
        rows_in=manifest.rows_in,
        rows_out=manifest.rows_out,
        quarantined=sum(manifest.quarantined.values()),
    )


def open_version(ref: Reference) -> Version:
    """The version that a reference names.

    Raises:
        NotFoundError: it is not there.
        DataError: something else is there.
    """
    path = Path(ref.path)
    if not (path / MANIFEST).exists():
        raise NotFoundError(
            "data set version", found=f"nothing at {path}", allowed="a version of this home", action="Run it again."
        )
    manifest = read_manifest(path)
    if manifest.digest != ref.digest:
        raise DataError(
            f"data set version {path}",
            found=f"digest {manifest.digest[:16]}",
            allowed=f"digest {ref.digest[:16]}, which it was asked for by",
            action="Somebody changed the version; delete it and run again.",
        )
    return Version(path, manifest)


def read_rows(
    ref: Reference, split: Literal["", "train", "test"] = "", columns: Sequence[str] | None = None
) -> pa.Table:
    """Rows in the order of `row_id`, so the same on every machine: one split or all, some columns or all."""
    version = open_version(ref)
    schema = arrow_schema(version.manifest.columns)
    names = list(schema.names if columns is None else columns)
    needed = list(dict.fromkeys([*names, "row_id", "split"]))
    parts = [pq.read_table(file, columns=needed, partitioning=None) for file in part_files(version.rows)]
    table = pa.concat_tables(part.select(needed) for part in parts)
    if split:
        table = table.filter(pc.equal(table["split"], split))
    return table.sort_by("row_id").select(names).cast(pa.schema([schema.field(name) for name in names]))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (NotADirectoryError, FileExistsError) as error:
        raise MachineError(
            str(folder),
            found="a file in its place or above it",
            allowed="a folder that can be made",
            action="Move the file, or set LEPTON_HOME to a folder of yours.",
        ) from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder. The kernel lets go of it when this process dies, however it dies."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _remove_leftovers(folder: Path) -> None:
    """Remove the drafts that nobody holds: their writers were killed."""
    for path in folder.glob(f"{_DRAFT}*"):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)


def _make_durable(folder: Path) -> None:
    for parent, _, files in os.walk(folder):
        for file in files:
            _sync(Path(parent) / file)
        _sync(Path(parent))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
