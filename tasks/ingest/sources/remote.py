"""Bytes of remote files. A connection that breaks is taken up again where it broke; nothing large is held in memory."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from typing import IO, Any

from infra.disk import disk_errors
from infra.errors import SourceError
from infra.progress import Progress, report
from infra.settings.home import HomeSettings
from tasks.ingest.sources.urls import is_web, source_error, storage_options, without_userinfo

ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.5
"""Doubled from one attempt to the next. Bytes that arrive begin the count anew."""
_BLOCK, _RANGE = 4 << 20, 8 << 20
_TOLD = 64 << 20
_CONTENT = ("ETag", "Content-MD5", "Digest")
_MOMENT = ("LastModified", "Last-Modified", "mtime")


@contextmanager
def fetched(url: str, digest: str) -> Iterator[IO[bytes]]:
    """The file as it lay there when `digest` was taken, in a nameless file of the home that goes with this process.

    Fetched whole before its first row is read: formats may seek in it, and no connection waits for work on rows.

    Raises:
        SourceError: it can't be reached, or it is another file by now. An empty `digest` takes any.
        MachineError: there is no room for it.
    """
    total = hashlib.sha256()
    root = HomeSettings().root
    with disk_errors(f"fetching {without_userinfo(url)}"):
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root) as spool:
            for block in read_blocks(url):
                total.update(block)
                spool.write(block)
            if digest and total.hexdigest() != digest:
                raise changed(url)
            spool.seek(0)
            yield spool


def read_blocks(url: str) -> Iterator[bytes]:
    """The bytes of a remote file in order, as `RemoteFile.blocks` reads them."""
    return telling(url, RemoteFile(url).blocks())


def telling(file: str, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same blocks. How much it was is told now and then."""
    size = told = 0
    for block in blocks:
        size += len(block)
        if size >= told + _TOLD:
            told = size
            report(Progress("ingest", 0.0, 1.0, f"{size >> 20:,} MiB of {without_userinfo(file)} read"))
        yield block


def changed(url: str) -> SourceError:
    """It is not the file that it was."""
    return source_error(
        url,
        "other content than when its digest was taken",
        "a file that stays as it is while it is read",
        "Run it again when its writer is done.",
    )


class RemoteFile:
    """A file in its store.

    Attributes:
        identity: what its store says that tells it from another in its place, once it was looked at or read.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.size = 0
        self.identity: dict[str, str] = {}

    def look(self) -> None:
        """Ask what is there now, or what a listing that was just made says of it."""
        info = self._system.info(self._path)
        self.identity, self.size = _identity(info), int(info.get("size") or 0)

    def blocks(self) -> Iterator[bytes]:
        """Its bytes in order.

        Raises:
            SourceError: it broke off, vanished or was replaced while it was read, and did not come back.
            Exception: whatever the file system says where it can't be opened at all.
        """
        offset, failures = 0, 0
        while True:
            try:
                with self._open_at(offset) as content:
                    while block := content.read(_BLOCK):
                        offset, failures = offset + len(block), 0
                        yield block
                if offset >= self.size:
                    return
                raise ConnectionError(f"the store closed it before {self.size} bytes")
            except SourceError:
                raise
            except Exception as error:  # each file system has errors of its own
                failures += 1
                if not offset and (_is_final(error) or failures >= ATTEMPTS):
                    raise
                if failures >= ATTEMPTS:
                    raise _broken_off(self.url, offset, error) from error
                time.sleep(FIRST_PAUSE_SECONDS * 2 ** (failures - 1))

    @cached_property
    def _place(self) -> tuple[Any, str]:
        from fsspec.core import url_to_fs

        system, path = url_to_fs(self.url, **storage_options(self.url))
        return system, str(path)

    @property
    def _system(self) -> Any:
        return self._place[0]

    @property
    def _path(self) -> str:
        return self._place[1]

    @contextmanager
    def _open_at(self, offset: int) -> Iterator[IO[bytes]]:
        """Open it, and see that it is still the same file if part of it was read already."""
        before = self.identity
        self._system.invalidate_cache()
        self.look()
        if offset and self.identity != before:
            raise changed(self.url)
        report(Progress("ingest", offset, self.size or offset + 1, f"reading {without_userinfo(self.url)}"))
        with self._stream(offset) if is_web(self.url) else self._seek(offset) as content:
            yield content

    @contextmanager
    def _seek(self, offset: int) -> Iterator[IO[bytes]]:
        with self._system.open(self._path, "rb", block_size=_RANGE) as content:
            content.seek(offset)
            yield content

    @contextmanager
    def _stream(self, offset: int) -> Iterator[IO[bytes]]:
        """From the web in one answer: fsspec's files that seek want ranges, which not every server has."""
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={offset}-"} if offset else {})
        with self._system.open(self._path, "rb", block_size=0, headers=headers) as content:
            skipped = offset if content.r.status == HTTPStatus.PARTIAL_CONTENT else 0
            while skipped < offset and (block := content.read(min(offset - skipped, _BLOCK))):
                skipped += len(block)
            yield content


def _identity(info: dict[str, Any]) -> dict[str, str]:
    """What tells a file from another that takes its place: what its store says of its content, else of its time."""
    names = [name for name in _CONTENT if info.get(name)] or [name for name in _MOMENT if info.get(name)]
    return {name: str(info.get(name)) for name in ("size", *names)}


def content_tag(identity: dict[str, str]) -> str:
    """What a store says of a file's content, if it vouches for every byte; a weak ETag does not (RFC 9110, 8.8.1)."""
    tags = [f"{name} {identity[name]}" for name in _CONTENT if not identity.get(name, "W/").startswith("W/")]
    return f"{tags[0]} {identity['size']}" if tags else ""


def _is_final(error: Exception) -> bool:
    """Whether another attempt would say the same: the name is wrong, or we may not, or a package is missing."""
    return isinstance(error, FileNotFoundError | PermissionError | ImportError | ValueError | NotImplementedError)


def _broken_off(url: str, offset: int, error: Exception) -> SourceError:
    gone = isinstance(error, FileNotFoundError)
    reason = "is gone" if gone else f"does not go on: {str(error) or type(error).__name__}"
    return source_error(
        url,
        f"a file that after {offset} bytes {reason} ({ATTEMPTS} attempts)",
        "a file that stays where it is while it is read",
        "See what removed it, then run it again." if gone else "Check the network and the store, then run it again.",
    )
