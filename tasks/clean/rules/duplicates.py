"""Rules on rows that say the same."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from tasks.clean.rules.columns import ColumnOptions, data_columns
from tasks.clean.rules.refusal import not_refused, refuse


def drop_duplicates(frame: nw.LazyFrame[Any], options: ColumnOptions) -> nw.LazyFrame[Any]:
    """Refuse train rows that equal a test row or another train row; of those, the smallest `row_id` stays.

    Test rows all stay, so that a score counts what the source asked. A group and a join, as windows are wrong on Dask
    where partitions share an index.
    """
    names = frame.collect_schema().names()
    is_test = nw.col("split") == "test"
    ranked = frame.with_columns(
        _row_key(data_columns(frame, options.columns)).alias("__row"),
        nw.concat_str(nw.when(is_test).then(nw.lit("0")).otherwise(nw.lit("1")), nw.col("row_id")).alias("__rank"),
    )
    first = ranked.filter(not_refused()).group_by("__row").agg(nw.col("__rank").min().alias("__first"))
    joined = ranked.join(first, on="__row", how="left")
    return refuse(joined, ~is_test & (nw.col("__rank") != nw.col("__first")), "drop_duplicates").select(names)


def _row_key(names: list[str]) -> nw.Expr:
    """Values as one text that is never null (joins would drop it) and can't be read in two ways."""
    texts = [nw.col(name).cast(nw.String) for name in names]
    sized = [nw.concat_str(text.str.len_chars().cast(nw.String), nw.lit(":"), text) for text in texts]
    return nw.concat_str(*[nw.when(text.is_null()).then(nw.lit("-")).otherwise(text) for text in sized])
