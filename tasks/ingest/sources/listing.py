"""The files that a path, a directory, a glob or a URL names, in order."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.ingest.sources.urls import is_url, is_web, source_error, without_userinfo


@dataclass(frozen=True)
class Listing:
    """Files that were found.

    Attributes:
        base: folder of this machine that does not count as part of their names; empty for URLs.
        is_one_file: whether they are what was named, and no choice among others.
    """

    files: tuple[str, ...]
    base: str = ""
    is_one_file: bool = False

    def name(self, file: str) -> str:
        """What to call a file wherever the data lies: a URL, or a path below the folder that was named."""
        return Path(file).relative_to(self.base).as_posix() if self.base else without_userinfo(file)


def list_files(path: str) -> Listing:
    """What is there now, without what engines leave beside their data.

    Raises:
        SourceError: a local file that is not there.
    """
    return _list_url(path) if is_url(path) else _list_local(path)


def _list_local(path: str) -> Listing:
    place = Path(path).expanduser()
    if place.is_dir():
        inside = (file for file in place.rglob("*") if file.is_file())
        return Listing(tuple(sorted(str(f) for f in inside if not _is_hidden(f.relative_to(place)))), str(place))
    if place.exists():
        return Listing((path if str(place) == path else str(place),), str(place.parent), is_one_file=True)
    if glob.has_magic(path):
        found = glob.glob(str(place), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        return Listing(tuple(sorted(file for file in found if Path(file).is_file())), _fixed_part(place))
    raise source_error(path, "no such file", "a file, directory, glob or URL", "Check ingest.path.")


def _fixed_part(pattern: Path) -> str:
    """The folder above the first wildcard: it stays the same whatever files come."""
    fixed = []
    for part in pattern.parent.parts:
        if glob.has_magic(part):
            break
        fixed.append(part)
    return os.path.join(*fixed) if fixed else "."  # noqa: PTH118 - Path would turn "" and "." into one


def _list_url(path: str) -> Listing:
    if is_web(path):
        return Listing((path,), is_one_file=True)
    from fsspec.core import url_to_fs

    system, place = url_to_fs(path)
    system.invalidate_cache()  # a listing that is remembered would hide what came since
    if glob.has_magic(place):
        return Listing(tuple(sorted(system.unstrip_protocol(file) for file in system.glob(place))))
    if system.isdir(place):
        return Listing(tuple(sorted(system.unstrip_protocol(file) for file in _inside(system, place))))
    return Listing((path,), is_one_file=True)


def _inside(system: Any, place: str) -> list[str]:
    return [file for file in system.find(place) if not _is_hidden(Path(file).relative_to(place))]


def _is_hidden(file: Path) -> bool:
    """Engines leave `_SUCCESS` and `.crc` beside their data."""
    return any(part.startswith(("_", ".")) for part in file.parts)
