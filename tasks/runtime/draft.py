"""Directories that are whole or not there: written under another name, then renamed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.data.leftovers import remove_leftovers

_DRAFT = ".draft-"


@contextmanager
def draft(into: Path) -> Iterator[Path]:
    """An empty directory that takes the name `into`, and the place of what is there, when the block ends well."""
    remove_leftovers(into.parent, _DRAFT)
    path = into.with_name(f"{_DRAFT}{into.name}")
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
        shutil.rmtree(into, ignore_errors=True)
        path.rename(into)
    finally:
        shutil.rmtree(path, ignore_errors=True)
