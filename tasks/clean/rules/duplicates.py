"""A rule on rows that say the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from tasks.clean.columns import frame_columns
from tasks.clean.engines import Engine
from tasks.clean.rules.columns import ColumnOptions, data_columns
from tasks.clean.rules.refusal import not_refused, refuse
from tasks.data.hashes import row_hashes
from tasks.data.reserved import DUPLICATE_OF, SIMILARITY

_HASH = ("__hash_1", "__hash_2")


def drop_duplicates(frame: nw.LazyFrame[Any], options: ColumnOptions, engine: Engine) -> nw.LazyFrame[Any]:
    """Refuse train rows that equal a test row or another train row; of those, the smallest `row_id` stays.

    Test rows all stay, so that a score counts what the source asked. Rows are equal if the first 128 bits of their
    SHA-256 are: a group and a join on two numbers, as long texts would travel, and windows are wrong on Dask where
    partitions share an index. `duplicate_of` names the row that stays, of test rows the smallest.
    """
    names = frame.collect_schema().names()
    columns = frame_columns(frame) | dict.fromkeys(_HASH, "int64") | {"__rank": "string"}
    ranked = engine.map_batches(frame, partial(_rank, data_columns(frame, options.columns)), columns)
    first = ranked.filter(not_refused()).group_by(*_HASH).agg(nw.col("__rank").min().alias("__first"))
    joined = ranked.join(first, on=list(_HASH), how="left")
    is_copy = (nw.col("split") != "test") & (nw.col("__rank") != nw.col("__first"))
    found = joined.with_columns((not_refused() & is_copy).alias("__copy"))
    copy = nw.col("__copy")
    marked = found.with_columns(
        nw.when(copy).then(nw.col("__first").str.slice(1)).otherwise(nw.col(DUPLICATE_OF)).alias(DUPLICATE_OF),
        nw.when(copy).then(nw.lit(1.0)).otherwise(nw.col(SIMILARITY)).alias(SIMILARITY),
    )
    return refuse(marked, copy, "drop_duplicates").select(names)


def _rank(names: Sequence[str], batch: pa.Table) -> pa.Table:
    """With a hash of the columns `names` in two numbers, and a rank by which test rows come first."""
    import numpy as np

    hashes = np.ascontiguousarray(row_hashes(batch, names)).view("<i8")
    side = pc.if_else(pc.equal(batch["split"], "test"), "0", "1")
    ranks = pc.binary_join_element_wise(side, batch["row_id"], "")
    for number, name in enumerate(_HASH):
        batch = batch.append_column(name, pa.array(np.ascontiguousarray(hashes[:, number])))
    return batch.append_column("__rank", ranks)
