"""A version that has more rows than the one before: which that is, what is new since then, and how the two are joined.

The folder of a data set has a pointer for each way to ingest it, written after a version is published. Whoever is
killed between the two does the same work again and finds the version there: nothing is added twice.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from infra.errors import DataError
from tasks.data.fingerprint import code_fingerprint
from tasks.data.manifest import MANIFEST, options_hash, read_manifest
from tasks.data.parts import part_files
from tasks.data.references import DatasetRef, SourceRef
from tasks.data.version import QUARANTINE, ROWS, Version, open_version, reference
from tasks.ingest.config import IngestOptions
from tasks.ingest.increment.resume import without_readmitted
from tasks.ingest.sources.sources import resolve

POINTERS = ".latest"
_ANY = "any"
_BASE = "base"
"""Parts of the version before: they sort before `part`, the new ones."""


def find_previous(options: IngestOptions, into: Path) -> DatasetRef | None:
    """The version that an incremental ingest goes on from: of the same options and code, wherever its source lay."""
    if options.incremental == "off":
        return None
    version = _pointed(into, _way(options))
    if version is None or (options.incremental == "rows" and not version.manifest.watermark):
        return None
    return reference(version)


def forget(options: IngestOptions, into: Path) -> None:
    """Go on from no version of these options: what is ingested next is ingested whole."""
    (into / POINTERS / _way(options)).unlink(missing_ok=True)


def find_new(options: IngestOptions, base: DatasetRef) -> SourceRef:
    """What of the source `base` does not have.

    Raises:
        LeptonError: as `resolve` and `new_files` do.
    """
    manifest = open_version(base).manifest
    source = resolve(options, manifest.watermark if options.incremental == "rows" else "")
    return new_files(options, source, manifest.sources)


def latest_version(into: Path) -> Path | None:
    """The version that was ingested last, in whatever way."""
    version = _pointed(into, _ANY)
    return version.path if version else None


def remember(options: IngestOptions, ref: DatasetRef, into: Path) -> None:
    """Point at a version that was published."""
    for pointer in (_way(options), _ANY):
        _write_pointer(into / POINTERS / pointer, Path(ref.path).name)


def new_files(options: IngestOptions, source: SourceRef, known: dict[str, str]) -> SourceRef:
    """The files that hold anything new.

    Args:
        options: whether whole files are new, or rows of files that grow.
        source: all files that are there now.
        known: SHA-256 of the files that were read, by name.

    Raises:
        DataError: a file that was read whole has other content now: its old rows can't be told from the new.
    """
    places = []
    for place, (name, digest) in enumerate(zip(source.names, source.digests, strict=True)):
        if known.get(name) == digest or _is_renamed(name, digest, source, known):
            continue
        if name in known and options.incremental == "files":
            raise DataError(
                f"source file {name}",
                found="other content than when it was ingested",
                allowed="new files beside those that were ingested, which stay as they are",
                action="Ingest all anew with --set ingest.incremental=off, or give the new content a name of its own.",
            )
        places.append(place)
    return source.only(places)


def link_parts(parent: Version, folder: Path, lone_labels: bool) -> None:
    """Put the rows of `parent` before those of the draft in `folder`: the same files under a second name.

    With `lone_labels` the draft has judged those that lie in quarantine anew, so they are left out.
    """
    for kind in (ROWS, QUARANTINE):
        for number, file in enumerate(part_files(parent.path / kind)):
            target = folder / kind / f"{_BASE}-{number:05d}.parquet"
            rows = pq.read_table(file, partitioning=None) if lone_labels and kind == QUARANTINE else None
            if rows is not None and (kept := without_readmitted(rows)).num_rows < rows.num_rows:
                pq.write_table(kept, target)
            else:
                _link(file, target)


def _link(file: Path, target: Path) -> None:
    try:
        target.hardlink_to(file)
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(file, target)


def _is_renamed(name: str, digest: str, source: SourceRef, known: dict[str, str]) -> bool:
    """Whether it was read under a name that is gone; a copy beside the old one is a file of its own."""
    return name not in known and any(of == digest and old not in source.names for old, of in known.items())


def _way(options: IngestOptions) -> str:
    """How a data set is ingested: all options but where the data lies and how much of it is read, and the code."""
    plain = options.without_places().model_copy(update={"incremental": "off"})
    text = options_hash(plain) + code_fingerprint(["tasks.ingest.ingest"])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _pointed(into: Path, pointer: str) -> Version | None:
    try:
        path = into / (into / POINTERS / pointer).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return Version(path, read_manifest(path)) if (path / MANIFEST).exists() else None


def _write_pointer(file: Path, name: str) -> None:
    file.parent.mkdir(exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=".draft-", dir=file.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as content:
        content.write(name)
        content.flush()
        os.fsync(content.fileno())
    Path(draft).replace(file)
