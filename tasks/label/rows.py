"""The rows of a version as labelling sees them: which one is which, and samples that are stable."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from infra.errors import RecipeError
from tasks.data.canonical import arrow_schema
from tasks.data.hashes import encode
from tasks.data.parts import read_parts
from tasks.data.reserved import ROW_COLUMNS
from tasks.data.split import content_keys
from tasks.data.version import Version

ITEM, _RANK = "lepton_item", "lepton_rank"  # no source has such columns
LABEL = "label"


def check_label(version: Version) -> None:
    """See that the version has labels as texts.

    Raises:
        RecipeError: it has none, or they are numbers.
    """
    kind = version.manifest.columns.get(LABEL)
    if kind != "string":
        raise RecipeError(
            "ingest.contract",
            found=f"a column label of type {kind}" if kind else "no column label",
            allowed="a column label of type string, nullable where some rows have none",
            action="Add {name: label, nullable: true} to it.",
        )


def row_items(rows: pa.Table) -> pa.Array:
    """A hash of the inputs of each row: equal inputs, one item."""
    names = [name for name in rows.column_names if name not in ROW_COLUMNS]
    return content_keys(encode(rows, names), rows.num_rows)


def batches(version: Version, columns: Sequence[str] = ()) -> Iterator[pa.Table]:
    """The rows with their items, a batch at a time; some columns, or all."""
    schema = arrow_schema(version.manifest.columns)
    for batch in read_parts(version.rows):
        rows = batch.select(schema.names).cast(schema)
        kept = rows.select(list(columns) or schema.names)
        yield kept.append_column(ITEM, row_items(rows))


def sample(version: Version, columns: Sequence[str], keep: Callable[[pa.Table], pa.Array], most: int) -> pa.Table:
    """Up to `most` rows that `keep` marks, those whose item hashes lowest: the same ones in any order of the parts."""
    empty = arrow_schema({name: version.manifest.columns[name] for name in columns}).empty_table()
    held = _ranked(empty.append_column(ITEM, pa.array([], pa.string())))
    for batch in batches(version, columns):
        wanted = batch.filter(pc.fill_null(keep(batch), False))
        held = pa.concat_tables([held, _ranked(wanted)])
        if held.num_rows > 2 * most:
            held = _lowest(held, most)
    return _lowest(held, most).drop_columns([_RANK])


def one_of_each(rows: pa.Table, excluded: Collection[str] = ()) -> pa.Table:
    """The first row of each item, but of no excluded one."""
    seen = set(excluded)
    places = []
    for place, item in enumerate(rows[ITEM].to_pylist()):
        if item not in seen:
            seen.add(item)
            places.append(place)
    return rows.take(pa.array(places, pa.int64()))


def _ranked(rows: pa.Table) -> pa.Table:
    """Hashed again: an item's own digits decide on which side of the split its row is."""
    ranks = [hashlib.sha256(f"label {item}".encode()).hexdigest()[:16] for item in rows[ITEM].to_pylist()]
    return rows.append_column(_RANK, pa.array(ranks, pa.string()))


def _lowest(rows: pa.Table, most: int) -> pa.Table:
    return rows.sort_by([(_RANK, "ascending"), ("row_id", "ascending")]).slice(0, most)
