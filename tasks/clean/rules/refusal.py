"""How a rule refuses rows: it marks them. They stay in the frame, and end in quarantine with the rule's name."""

from __future__ import annotations

from typing import Any, TypeVar

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from tasks.clean.rules.mapping import replace_column
from tasks.data.reserved import REFUSED

Frame = TypeVar("Frame", nw.DataFrame[Any], nw.LazyFrame[Any])


def refuse(frame: Frame, condition: nw.Expr, rule: str) -> Frame:
    """Mark the rows that meet `condition`, unless an earlier rule did. An unknown condition is not met."""
    is_new = nw.col(REFUSED).is_null() & condition.fill_null(False)
    return frame.with_columns(nw.when(is_new).then(nw.lit(rule)).otherwise(nw.col(REFUSED)).alias(REFUSED))


def refuse_in(batch: pa.Table, condition: pa.ChunkedArray, rule: str) -> pa.Table:
    """The same for an Arrow table and a column of booleans."""
    marks = batch[REFUSED]
    is_new = pc.and_(pc.is_null(marks), pc.fill_null(condition, False))
    return replace_column(batch, REFUSED, pc.if_else(is_new, rule, marks))


def not_refused() -> nw.Expr:
    """Condition of the rows that no rule has marked yet."""
    return nw.col(REFUSED).is_null()


def counted(batch: pa.Table) -> pa.Table:
    """The rows that statistics are taken from: of the train split, and not refused. Test rows must teach nothing."""
    return batch.filter(pc.and_(pc.equal(batch["split"], "train"), pc.is_null(batch[REFUSED])))
