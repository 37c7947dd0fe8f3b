"""Rules in order over a lazy frame. Those that look at one row at a time wait, and run together in one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import narwhals as nw
import pyarrow as pa

from infra.errors import LeptonError, RecipeError
from tasks.clean.columns import frame_columns
from tasks.clean.engines import Engine
from tasks.clean.rules.rule import Rule
from tasks.data.canonical import Columns, arrow_schema, canonical_table, column_types
from tasks.data.reserved import RESERVED
from tasks.options import Options

Pass = Callable[[pa.Table], pa.Table]


@dataclass(frozen=True)
class Chain:
    """Rules applied so far.

    Attributes:
        columns: of the rows as they leave the chain.
        waiting: what is still to be applied to every batch of `frame`, in order.
    """

    frame: nw.LazyFrame[Any]
    columns: Columns
    waiting: tuple[Pass, ...] = ()

    def apply(self, rule: Rule, options: Options, engine: Engine) -> Chain:
        """The chain with a rule more.

        Raises:
            RecipeError: the rule fails, or drops a reserved column.
        """
        try:
            chain = self._with(rule, options, engine)
        except LeptonError:
            raise
        except Exception as error:  # a rule is anybody's code
            raise failure([rule.name], error) from error
        lost = [name for name in RESERVED if name not in chain.columns]
        if lost:
            raise RecipeError(
                f"cleaning rule {rule.name!r}",
                found=f"a frame without {', '.join(lost)}",
                allowed="rules that keep the reserved columns",
                action="Let the rule keep all columns that it does not own.",
            )
        return chain

    @property
    def run(self) -> Pass:
        """What waits, for a batch of `frame`. It holds no frame: that can't go to a worker."""
        return partial(_in_order, self.waiting)

    def _with(self, rule: Rule, options: Options, engine: Engine) -> Chain:
        if rule.kind in ("rows", "batch"):
            step = partial(_run_rows if rule.kind == "rows" else _run_batch, rule, options)
            columns = column_types(step(arrow_schema(self.columns).empty_table()).schema)
            step = partial(_typed, rule.name, step, arrow_schema(columns))
            return replace(self, columns=columns, waiting=(*self.waiting, step))
        frame = engine.map_batches(self.frame, self.run, self.columns) if self.waiting else self.frame
        frame = rule.function(frame, options, *([engine] if rule.kind == "engine" else []))
        return Chain(frame, frame_columns(frame))


def failure(rules: list[str], error: Exception) -> RecipeError:
    """What a rule met, in one line."""
    lines = str(error).strip().splitlines() or [""]
    return RecipeError(
        f"cleaning rule{'s' if len(rules) > 1 else ''} {', '.join(rules)}",
        found=f"{type(error).__name__}: {lines[0]}",
        allowed="rules that run on this data",
        action="Mend the rule or its options.",
    )


def _in_order(steps: Sequence[Pass], batch: pa.Table) -> pa.Table:
    for step in steps:
        batch = step(batch)
    return batch


def _run_rows(rule: Rule, options: Options, batch: pa.Table) -> pa.Table:
    import polars as pl

    rows = nw.from_native(pl.DataFrame(batch), eager_only=True)
    return canonical_table(rule.function(rows, options).to_arrow())


def _run_batch(rule: Rule, options: Options, batch: pa.Table) -> pa.Table:
    return canonical_table(rule.function(batch, options))


def _typed(rule: str, step: Pass, schema: pa.Schema, batch: pa.Table) -> pa.Table:
    """As the run on no rows said: a batch without a value has a type of its own."""
    try:
        return step(batch).select(schema.names).cast(schema)
    except (LeptonError, OSError):
        raise
    except Exception as error:  # named here, where one knows whose it is, and before an engine wraps it
        raise failure([rule], error) from error
