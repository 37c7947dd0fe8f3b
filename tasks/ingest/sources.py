"""From what a recipe names to a list of files: a path, a glob, a directory, an fsspec URL, or a sample."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from infra.errors import SourceError
from tasks.data.references import SourceRef
from tasks.ingest.config import IngestOptions
from tasks.ingest.samples import fetch_sample

FORMATS = {".csv": "csv", ".csv.gz": "csv", ".jsonl": "jsonl", ".jsonl.gz": "jsonl", ".parquet": "parquet"}
_USERINFO = re.compile(r"://[^/?#\s]*@")
_CONNECT_SECONDS, _READ_SECONDS = 10, 60


def resolve(options: IngestOptions) -> SourceRef:
    """The files of a source in order, each with its SHA-256.

    Raises:
        SourceError: nothing is there, it is empty, of no known format, or can't be reached.
    """
    if not options.path:
        files, sample = [str(fetch_sample(options.sample))], options.sample
    else:
        files, sample = _list_files(options), ""
    formats = {_format_of(file, options) for file in files}
    if len(formats) > 1:
        raise _error(
            options.path, f"{' and '.join(sorted(formats))} files", "one format", "Name a glob for one of them."
        )
    return SourceRef(
        files=tuple(files), digests=tuple(_sha256(file) for file in files), format=formats.pop(), sample=sample
    )


@contextmanager
def open_source(file: str) -> Iterator[IO[bytes]]:
    """A file of a source, local or remote, as bytes."""
    with _reading(file):
        if _is_url(file):
            import fsspec

            with fsspec.open(file, "rb", **_storage_options(file)) as content:
                yield content
        else:
            with Path(file).open("rb") as content:
                yield content


def without_userinfo(text: str) -> str:
    """A text for people: no URL in it tells a user's name or password."""
    return _USERINFO.sub("://", text)


def source_names(files: Sequence[str]) -> list[str]:
    """What to call a source's files wherever they lie: URLs, or paths below the folder that all of them share."""
    if any(_is_url(file) for file in files):
        return [without_userinfo(file) for file in files]
    shared = os.path.commonpath([Path(file).parent for file in files])
    return [Path(file).relative_to(shared).as_posix() for file in files]


def extension(file: str) -> str:
    """The extension in `FORMATS` that a file's name ends with, or nothing."""
    name = (urlsplit(file).path if _is_url(file) else file).lower()
    return next((extension for extension in FORMATS if name.endswith(extension)), "")


def _list_files(options: IngestOptions) -> list[str]:
    path = options.path
    with _reading(path):
        found = _list_url(path) if _is_url(path) else _list_local(path)
    is_one_file = found == [path]
    if not is_one_file:
        found = [file for file in found if options.format != "auto" or extension(file)]
    if not found:
        kinds = ", ".join(FORMATS) if options.format == "auto" else "any file"
        raise _error(path, "no file that matches", kinds, "Check the folder or the pattern.")
    return found


def _list_local(path: str) -> list[str]:
    place = Path(path).expanduser()
    if place.is_dir():
        inside = (file for file in place.rglob("*") if file.is_file())
        return sorted(str(file) for file in inside if not _is_hidden(file.relative_to(place)))
    if place.exists():
        return [path] if str(place) == path else [str(place)]
    if glob.has_magic(path):
        found = glob.glob(str(place), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        return sorted(file for file in found if Path(file).is_file())
    raise _error(path, "no such file", "a file, directory, glob or URL", "Check ingest.path.")


def _list_url(path: str) -> list[str]:
    if urlsplit(path).scheme in ("http", "https"):
        return [path]  # the web has no directories, and `?` begins a query there
    from fsspec.core import url_to_fs

    system, place = url_to_fs(path)
    if glob.has_magic(place):
        return sorted(system.unstrip_protocol(file) for file in system.glob(place))
    if system.isdir(place):
        inside = (file for file in system.find(place) if not _is_hidden(Path(file).relative_to(place)))
        return sorted(system.unstrip_protocol(file) for file in inside)
    return [path]


def _is_hidden(file: Path) -> bool:
    """Engines leave `_SUCCESS` and `.crc` beside their data."""
    return any(part.startswith(("_", ".")) for part in file.parts)


def _is_url(path: str) -> bool:
    return "://" in path


def _format_of(file: str, options: IngestOptions) -> str:
    if options.format != "auto":
        return options.format
    found = extension(file)
    if not found:
        raise _error(
            file,
            "an unknown extension",
            ", ".join(FORMATS),
            "Rename the file, or set ingest.format to csv, jsonl or parquet.",
        )
    return FORMATS[found]


def _sha256(file: str) -> str:
    total, size = hashlib.sha256(), 0
    with open_source(file) as content:
        while block := content.read(1 << 20):
            total.update(block)
            size += len(block)
    if not size:
        raise _error(file, "an empty file", "a file with rows", "Check what wrote it, or leave it out.")
    return total.hexdigest()


def _storage_options(url: str) -> dict[str, Any]:
    if urlsplit(url).scheme not in ("http", "https"):
        return {}
    from aiohttp import ClientTimeout

    return {"client_kwargs": {"timeout": ClientTimeout(sock_connect=_CONNECT_SECONDS, sock_read=_READ_SECONDS)}}


@contextmanager
def _reading(path: str) -> Iterator[None]:
    """Tell what went wrong with a file in one line, whichever library met it."""
    try:
        yield
    except (SourceError, UnicodeError):
        raise
    except FileNotFoundError as error:
        cause = _root_cause(error)
        if isinstance(cause, FileNotFoundError) or getattr(cause, "status", None) == 404:
            raise _error(path, "no such file", "a file that is there", "Check ingest.path.") from error
        raise _no_answer(path, cause) from error  # fsspec takes a server that is down for a missing file
    except PermissionError as error:
        raise _error(path, "a file that may not be read", "a readable file", "Change its permissions.") from error
    except ImportError as error:
        raise _error(
            path, f"a URL that needs a package: {error}", "URLs of installed file systems", "Install it."
        ) from error
    except Exception as error:  # each file system has errors of its own
        if not _is_url(path):
            raise
        raise _no_answer(path, error) from error


def _root_cause(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _no_answer(path: str, error: BaseException) -> SourceError:
    reason = str(error) or type(error).__name__
    return _error(path, f"no answer: {reason}", "a URL that can be reached", "Check the address and the network.")


def _error(path: str, found: str, allowed: str, action: str) -> SourceError:
    subject, found = without_userinfo(f"source {path}"), without_userinfo(found)
    return SourceError(subject, found=found, allowed=allowed, action=action)
