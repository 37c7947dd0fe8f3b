"""Values through a function of Python: only those that need it, and each distinct one once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def map_texts(batch: pa.Table, names: Sequence[str], function: Callable[[str], str], candidates: str = "") -> pa.Table:
    """Replace the texts of string columns.

    Args:
        candidates: an RE2 pattern. Texts without a match stay as they are, which Arrow tells faster than Python; it
            must match every text that `function` changes.
    """
    for name in names:
        chunks = [_map_chunk(chunk, function, candidates) for chunk in batch[name].chunks]
        batch = replace_column(batch, name, pa.chunked_array(chunks, pa.string()))
    return batch


def map_values(values: pa.ChunkedArray, function: Callable[[Any], Any], kind: pa.DataType) -> pa.ChunkedArray:
    """What `function` gives for each value, in Arrow's type `kind`; missing where the value is, or where it says so."""
    return pa.chunked_array([_map_distinct(chunk, function, kind) for chunk in values.chunks], kind)


def replace_column(batch: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    """The batch with other values in a column."""
    return batch.set_column(batch.schema.get_field_index(name), name, values)


def _map_chunk(chunk: pa.Array, function: Callable[[str], str], candidates: str) -> pa.Array:
    found = pc.match_substring_regex(chunk, candidates) if candidates else chunk.is_valid()
    mask = pc.fill_null(found, False)
    chosen = chunk.filter(mask)
    if not len(chosen):
        return chunk
    return pc.replace_with_mask(chunk, mask, _map_distinct(chosen, function, pa.string()))


def _map_distinct(values: pa.Array, function: Callable[[Any], Any], kind: pa.DataType) -> pa.Array:
    coded = values.dictionary_encode()
    mapped = [function(value) for value in coded.dictionary.to_pylist()]
    return pa.array(mapped, kind).take(coded.indices)
