"""Columns that hold several labels, or a tag for each word of a text."""

from __future__ import annotations

import pyarrow as pa

from infra.errors import DataError
from tasks.features.columns import column, texts
from tasks.features.spans import is_tag
from tasks.features.words import words

LABEL_MARK = ";"
LabelSets = list[frozenset[str] | None]
TagLists = list[list[str] | None]


def label_sets(rows: pa.Table, name: str) -> LabelSets:
    """The labels of each row, which stand in one text with `;` between them; None where it is missing."""
    values = column(rows, name)
    return [
        None if missing else frozenset(label.strip() for label in joined.split(LABEL_MARK) if label.strip())
        for joined, missing in zip(texts(values), values.is_null().to_pylist(), strict=True)
    ]


def tag_lists(rows: pa.Table, name: str, text: str) -> TagLists:
    """The tags of each row, one for each word of the column `text`; None where they are missing.

    Raises:
        DataError: the tags of a row do not fit its text.
    """
    tags = column(rows, name).cast(pa.string()).to_pylist()
    found = [misfit(*pair) for pair in zip(tags, texts(column(rows, text)), strict=True)]
    wrong = [place for place, what in enumerate(found) if what]
    if wrong:
        row = f" in row {rows['row_id'][wrong[0]].as_py()!r}" if "row_id" in rows.column_names else ""
        more = f", and more such rows: {len(wrong) - 1}" if len(wrong) > 1 else ""
        raise DataError(
            f"column {name}",
            found=f"{found[wrong[0]]}{row}{more}",
            allowed="O, B-name or I-name for each word, as whitespace parts them",
            action="Correct the rows, or add drop_misaligned to clean.rules: it puts them into quarantine.",
        )
    return [None if one is None else words(one) for one in tags]


def misfit(tags: str | None, text: str | None) -> str:
    """In which way BIO tags do not fit the words of a text; empty where they do, or are missing."""
    if tags is None:
        return ""
    found, asked = words(tags), len(words(text or ""))
    strange = [tag for tag in found if not is_tag(tag)]
    if len(found) != asked:
        return f"{len(found)} tags for {asked} words"
    return f"the tag {strange[0]!r}" if strange else ""
