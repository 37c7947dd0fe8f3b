"""Rules on text. What engines would do differently (case, Unicode forms) is done by Python, in batches."""

from __future__ import annotations

import unicodedata
from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw
import pyarrow as pa
from pydantic import Field

from tasks.clean.rules.columns import TextOptions, batch_texts, text_columns
from tasks.clean.rules.mapping import map_texts
from tasks.clean.rules.refusal import refuse

# Spelled out: `\s` means other characters to each engine's regular expressions.
_OTHER_SPACE = "\t\n\v\f\r\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_SPACES = f"[ {_OTHER_SPACE}]{{2,}}|[{_OTHER_SPACE}]"  # what changes: a single plain space, as most are, does not match
_NOT_ASCII = r"[^\x00-\x7f]"  # ASCII is its own NFKC form


class DropShortOptions(TextOptions):
    """Texts with too little to learn from."""

    minimum_characters: int = Field(default=1, ge=1, description="Shorter texts are refused.")
    minimum_words: int = Field(default=0, ge=0, description="Texts of fewer words, as spaces part them, are refused.")


class DropLongOptions(TextOptions):
    """Texts that are no single utterance."""

    maximum_characters: int = Field(default=10_000, ge=1, description="Longer texts are refused.")
    maximum_words: int = Field(default=10_000, ge=1, description="Texts of more words are refused.")


def trim(rows: nw.DataFrame[Any], options: TextOptions) -> nw.DataFrame[Any]:
    """Leave single spaces between words, and none at the ends."""
    names = text_columns(rows, options.columns)
    return rows.with_columns(nw.col(name).str.replace_all(_SPACES, " ").str.strip_chars(" ") for name in names)


def drop_short(rows: nw.DataFrame[Any], options: DropShortOptions) -> nw.DataFrame[Any]:
    """Refuse rows with a text that is too short."""
    names = text_columns(rows, options.columns)
    short = [nw.col(name).str.len_chars() < options.minimum_characters for name in names]
    if options.minimum_words:
        short += [_words(name) < options.minimum_words for name in names]
    return refuse(rows, _any(short), "drop_short")


def drop_long(rows: nw.DataFrame[Any], options: DropLongOptions) -> nw.DataFrame[Any]:
    """Refuse rows with a text that is too long."""
    names = text_columns(rows, options.columns)
    long = [nw.col(name).str.len_chars() > options.maximum_characters for name in names]
    if options.maximum_words < options.maximum_characters:  # else the characters decide
        long += [_words(name) > options.maximum_words for name in names]
    return refuse(rows, _any(long), "drop_long")


def normalize_unicode(batch: pa.Table, options: TextOptions) -> pa.Table:
    """One form (NFKC) for characters that Unicode can spell in several ways."""
    names = batch_texts(batch, options.columns)
    return map_texts(batch, names, lambda text: unicodedata.normalize("NFKC", text), _NOT_ASCII)


def lower(batch: pa.Table, options: TextOptions) -> pa.Table:
    """Small letters."""
    return map_texts(batch, batch_texts(batch, options.columns), str.lower, f"[A-Z]|{_NOT_ASCII}")


def _words(name: str) -> nw.Expr:
    """Number of runs of other characters than spaces."""
    return nw.col(name).str.replace_all(f"[^ {_OTHER_SPACE}]+", "w").str.replace_all("[^w]", "").str.len_chars()


def _any(conditions: list[nw.Expr]) -> nw.Expr:
    """Whether one is met; an unknown one (of a missing text) is not."""
    return reduce(or_, [condition.fill_null(False) for condition in conditions], nw.lit(False))
