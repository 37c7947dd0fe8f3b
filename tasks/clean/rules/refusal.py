"""How a rule refuses rows: it marks them. They stay in the frame, and end in quarantine with the rule's name."""

from __future__ import annotations

from typing import Any, TypeVar

import narwhals as nw

from tasks.data.reserved import REFUSED

Frame = TypeVar("Frame", nw.DataFrame[Any], nw.LazyFrame[Any])


def refuse(frame: Frame, condition: nw.Expr, rule: str) -> Frame:
    """Mark the rows that meet `condition`, unless an earlier rule did. An unknown condition is not met."""
    is_new = nw.col(REFUSED).is_null() & condition.fill_null(False)
    return frame.with_columns(nw.when(is_new).then(nw.lit(rule)).otherwise(nw.col(REFUSED)).alias(REFUSED))


def not_refused() -> nw.Expr:
    """Condition of the rows that no rule has marked yet."""
    return nw.col(REFUSED).is_null()
