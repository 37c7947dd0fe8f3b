"""From what a recipe names to a list of files: a path, a glob, a directory, an fsspec URL, a database, or a sample."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tasks.data.references import MemberRef, SourceRef
from tasks.ingest.config import IngestOptions, SourceOptions
from tasks.ingest.sources.known_digests import known_digest, remember_digest
from tasks.ingest.sources.listing import Listing, list_files
from tasks.ingest.sources.remote import RemoteFile, fetched, telling
from tasks.ingest.sources.samples import fetch_sample
from tasks.ingest.sources.sql import take_snapshot
from tasks.ingest.sources.urls import is_url, reading, source_error, without_userinfo

__all__ = ["FORMATS", "extension", "open_source", "resolve", "source_names", "without_userinfo"]

FORMATS = {
    **{f".{kind}{packed}": kind for kind in ("csv", "jsonl") for packed in ("", ".gz", ".zst")},
    ".parquet": "parquet",
}


def resolve(options: IngestOptions, above: str = "") -> SourceRef:
    """The files of a source in order, each with its SHA-256. What a database has is written to a file first.

    Args:
        options: which files, or which databases.
        above: take of a database only rows whose `options.watermark` is above this; empty: all.

    Raises:
        SourceError: nothing is there, it is empty, of no known format, or can't be reached.
        MachineError: a package or room is missing.
    """
    found = [_resolve_place(place, options.watermark, above) for place in options.places()]
    if not options.sources:
        return found[0]
    names = [place.name for place in options.sources]
    return SourceRef(
        files=tuple(file for source in found for file in source.files),
        digests=tuple(digest for source in found for digest in source.digests),
        names=tuple(f"{name}/{file}" for name, source in zip(names, found, strict=True) for file in source.names),
        format="",
        members=tuple(
            MemberRef(name=name, count=len(source.files), format=source.format, sample=source.sample)
            for name, source in zip(names, found, strict=True)
        ),
    )


@contextmanager
def open_source(file: str, digest: str = "") -> Iterator[IO[bytes]]:
    """A file of a source as bytes. A remote one is fetched first, and must have this SHA-256 if one is given."""
    with reading(file):
        if is_url(file):
            with fetched(file, digest) as content:
                yield content
        else:
            with Path(file).open("rb") as content:
                yield content


def source_names(files: Sequence[str]) -> list[str]:
    """What to call a source's files wherever they lie: URLs, or paths below the folder that all of them share."""
    if any(is_url(file) for file in files):
        return [without_userinfo(file) for file in files]
    shared = os.path.commonpath([Path(file).parent for file in files])
    return [Path(file).relative_to(shared).as_posix() for file in files]


def extension(file: str) -> str:
    """The extension in `FORMATS` that a file's name ends with, or nothing."""
    name = (urlsplit(file).path if is_url(file) else file).lower()
    return next((extension for extension in FORMATS if name.endswith(extension)), "")


def _resolve_place(place: SourceOptions, watermark: str, above: str) -> SourceRef:
    if place.sql.is_given:
        shot = take_snapshot(place.sql, watermark, above)
        if shot is None:
            return SourceRef(files=(), digests=(), format="parquet")
        return SourceRef(files=(str(shot.file),), digests=(shot.digest,), names=(shot.name,), format="parquet")
    if not place.path:
        file = str(fetch_sample(place.sample))
        return SourceRef(
            files=(file,), digests=(_sha256(file),), names=(Path(file).name,), format="csv", sample=place.sample
        )
    listing = _list(place)
    formats = {_format_of(file, place) for file in listing.files}
    if len(formats) > 1:
        raise source_error(
            place.path, f"{' and '.join(sorted(formats))} files", "one format", "Name a glob for one of them."
        )
    return SourceRef(
        files=listing.files,
        digests=tuple(_sha256(file) for file in listing.files),
        names=tuple(listing.name(file) for file in listing.files),
        format=formats.pop(),
    )


def _list(place: SourceOptions) -> Listing:
    with reading(place.path):
        listing = list_files(place.path)
    if listing.is_one_file:
        return listing
    files = tuple(file for file in listing.files if place.format != "auto" or extension(file))
    if not files:
        kinds = ", ".join(FORMATS) if place.format == "auto" else "any file"
        raise source_error(place.path, "no file that matches", kinds, "Check the folder or the pattern.")
    return Listing(files, listing.base)


def _format_of(file: str, place: SourceOptions) -> str:
    if place.format != "auto":
        return place.format
    found = extension(file)
    if not found:
        raise source_error(
            file,
            "an unknown extension",
            ", ".join(FORMATS),
            "Rename the file, or set ingest.format to csv, jsonl or parquet.",
        )
    return FORMATS[found]


def _sha256(file: str) -> str:
    with reading(file):
        if not is_url(file):
            return _digest_of(file, _local_blocks(file))
        remote = RemoteFile(file)
        if known := known_digest(remote):
            return known
        digest = _digest_of(file, remote.blocks())
        remember_digest(remote, digest)
        return digest


def _digest_of(file: str, blocks: Iterator[bytes]) -> str:
    total, size = hashlib.sha256(), 0
    for block in telling(file, blocks):
        total.update(block)
        size += len(block)
    if not size:
        raise source_error(file, "an empty file", "a file with rows", "Check what wrote it, or leave it out.")
    return total.hexdigest()


def _local_blocks(file: str) -> Iterator[bytes]:
    with Path(file).open("rb") as content:
        while block := content.read(1 << 20):
            yield block
