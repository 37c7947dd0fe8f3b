"""Rules on text. What engines would do differently (case, Unicode forms) is done by Python, in batches."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import narwhals as nw
from pydantic import Field

from tasks.clean.rules.columns import TextOptions, choose, text_columns
from tasks.clean.rules.refusal import refuse
from tasks.data.reserved import RESERVED

if TYPE_CHECKING:
    import pyarrow as pa

# Spelled out: `\s` means other characters to each engine's regular expressions.
_SPACES = "[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"


class DropShortOptions(TextOptions):
    """Texts with too little to learn from."""

    minimum_characters: int = Field(default=1, ge=1, description="Shorter texts are refused.")


class DropLongOptions(TextOptions):
    """Texts that are no single utterance."""

    maximum_characters: int = Field(default=10_000, ge=1, description="Longer texts are refused.")


def trim(rows: nw.DataFrame[Any], options: TextOptions) -> nw.DataFrame[Any]:
    """Leave single spaces between words, and none at the ends."""
    names = text_columns(rows, options.columns)
    return rows.with_columns(nw.col(name).str.replace_all(_SPACES, " ").str.strip_chars(" ") for name in names)


def drop_short(rows: nw.DataFrame[Any], options: DropShortOptions) -> nw.DataFrame[Any]:
    """Refuse rows with a text that is too short."""
    lengths = [nw.col(name).str.len_chars() for name in text_columns(rows, options.columns)]
    return refuse(rows, _any([length < options.minimum_characters for length in lengths]), "drop_short")


def drop_long(rows: nw.DataFrame[Any], options: DropLongOptions) -> nw.DataFrame[Any]:
    """Refuse rows with a text that is too long."""
    lengths = [nw.col(name).str.len_chars() for name in text_columns(rows, options.columns)]
    return refuse(rows, _any([length > options.maximum_characters for length in lengths]), "drop_long")


def normalize_unicode(batch: pa.Table, options: TextOptions) -> pa.Table:
    """One form (NFKC) for characters that Unicode can spell in several ways."""
    return _map_text(batch, options, lambda text: unicodedata.normalize("NFKC", text))


def lower(batch: pa.Table, options: TextOptions) -> pa.Table:
    """Small letters."""
    return _map_text(batch, options, str.lower)


def _any(conditions: list[nw.Expr]) -> nw.Expr:
    """Whether one is met; an unknown one (of a missing text) is not."""
    return reduce(or_, [condition.fill_null(False) for condition in conditions], nw.lit(False))


def _map_text(batch: pa.Table, options: TextOptions, function: Callable[[str], str]) -> pa.Table:
    import pyarrow as pa

    strings = [field.name for field in batch.schema if pa.types.is_string(field.type) and field.name not in RESERVED]
    for name in choose(options.columns, strings):
        texts = [text if text is None else function(text) for text in batch[name].to_pylist()]
        batch = batch.set_column(batch.schema.get_field_index(name), name, pa.array(texts, pa.string()))
    return batch
