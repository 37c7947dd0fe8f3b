"""Directories that are whole or not there: written under another name, then renamed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def draft(into: Path) -> Iterator[Path]:
    """An empty directory that takes the name `into`, and the place of what is there, when the block ends well."""
    path = into.with_name(f".draft-{into.name}")
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
        shutil.rmtree(into, ignore_errors=True)
        path.rename(into)
    finally:
        shutil.rmtree(path, ignore_errors=True)
