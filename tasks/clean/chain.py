"""Rules in order over a lazy frame. Those that look at one row at a time wait, and run together in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pyarrow as pa

from infra.errors import LeptonError, RecipeError
from tasks.clean.checkpoint import checkpoint
from tasks.clean.columns import frame_columns
from tasks.clean.engines import Engine
from tasks.clean.frames import canonical_frame
from tasks.clean.rules.rule import Rule
from tasks.data.canonical import Columns, arrow_schema, canonical_table, column_types
from tasks.data.reserved import RESERVED
from tasks.options import Options

if TYPE_CHECKING:
    import polars as pl

Pass = Callable[[pa.Table], pa.Table]
FramePass = Callable[["pl.DataFrame"], "pl.DataFrame"]


@dataclass(frozen=True)
class Step:
    """A rule on some of the rows, with its options, and the columns that it gave for no rows."""

    rule: Rule
    options: Options
    schema: pa.Schema

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Name the rule in errors: here one knows whose they are, and no engine has wrapped them yet."""
        try:
            yield
        except (LeptonError, OSError):
            raise
        except Exception as error:
            raise failure([self.rule.name], error) from error


@dataclass(frozen=True)
class Chain:
    """Rules applied so far.

    Attributes:
        columns: of the rows as they leave the chain.
        scratch: a folder where rows may be set down, and `written` how often they were.
        waiting: what is still to be applied to every batch of `frame`, in order.
        is_read: whether `frame` is read from files as it is, so that a pass over it costs no more than that.
    """

    frame: nw.LazyFrame[Any]
    columns: Columns
    scratch: Path
    written: int = 0
    waiting: tuple[Step, ...] = ()
    is_read: bool = True

    def apply(self, rule: Rule, options: Options, engine: Engine) -> Chain:
        """The chain with a rule more.

        Raises:
            RecipeError: the rule fails, or drops a reserved column.
        """
        try:
            chain = self._with(rule, options, engine)
        except (LeptonError, OSError):
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

    @property
    def run_frame(self) -> FramePass:
        """The same, for a batch as a Polars frame in the canonical types."""
        return partial(_on_frames, self.waiting)

    def _with(self, rule: Rule, options: Options, engine: Engine) -> Chain:
        if rule.kind in ("rows", "batch"):
            columns = _columns_after(rule, options, self.columns)
            step = Step(rule, options, arrow_schema(columns))
            return replace(self, columns=columns, waiting=(*self.waiting, step))
        if rule.kind == "frame":
            frame = engine.map_batches(self.frame, self.run, self.columns) if self.waiting else self.frame
            return self._on(rule.function(frame, options))
        chain = self._at_rest(engine)
        return chain._on(rule.function(chain.frame, options, engine))

    def _on(self, frame: nw.LazyFrame[Any]) -> Chain:
        return replace(self, frame=frame, columns=frame_columns(frame), waiting=(), is_read=False)

    def _at_rest(self, engine: Engine) -> Chain:
        """The same rows, read from files."""
        if self.is_read and not self.waiting:
            return self
        folder = self.scratch / str(self.written)
        frame = checkpoint(self.frame, self.run_frame, self.columns, folder, engine)
        return replace(self, frame=frame, written=self.written + 1, waiting=(), is_read=True)


def failure(rules: list[str], error: Exception) -> RecipeError:
    """What a rule met, in one line."""
    lines = str(error).strip().splitlines() or [""]
    return RecipeError(
        f"cleaning rule{'s' if len(rules) > 1 else ''} {', '.join(rules)}",
        found=f"{type(error).__name__}: {lines[0]}",
        allowed="rules that run on this data",
        action="Mend the rule or its options.",
    )


def _columns_after(rule: Rule, options: Options, columns: Columns) -> Columns:
    """What a rule makes of no rows."""
    import polars as pl

    empty = arrow_schema(columns).empty_table()
    if rule.kind == "batch":
        return column_types(canonical_table(rule.function(empty, options)).schema)
    return column_types(canonical_table(_apply(rule, options, pl.DataFrame(empty)).to_arrow()).schema)


def _in_order(steps: Sequence[Step], batch: pa.Table) -> pa.Table:
    import polars as pl

    return canonical_table(_on_frames(steps, pl.DataFrame(batch)).to_arrow()) if steps else batch


def _on_frames(steps: Sequence[Step], batch: pl.DataFrame) -> pl.DataFrame:
    """Rules of a kind one after the other: the way to Arrow and back costs more than many of them."""
    for kind, group in groupby(steps, lambda step: step.rule.kind):
        run = _rows_rules if kind == "rows" else _batch_rules
        batch = run(list(group), batch)
    return batch


def _rows_rules(steps: Sequence[Step], batch: pl.DataFrame) -> pl.DataFrame:
    for step in steps:
        with step.naming():
            batch = _expected(step, _apply(step.rule, step.options, batch))
    return batch


def _batch_rules(steps: Sequence[Step], batch: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    table = canonical_table(batch.to_arrow())
    for step in steps:
        with step.naming():
            table = canonical_table(step.rule.function(table, step.options))
            table = table.select(step.schema.names).cast(step.schema)
    return pl.DataFrame(table)


def _expected(step: Step, batch: pl.DataFrame) -> pl.DataFrame:
    """As the run on no rows said: a batch without a value has a type of its own."""
    import polars as pl

    batch = canonical_frame(batch.select(step.schema.names))
    if batch.schema == pl.Schema(step.schema):
        return batch
    return pl.DataFrame(canonical_table(batch.to_arrow()).cast(step.schema))


def _apply(rule: Rule, options: Options, batch: pl.DataFrame) -> pl.DataFrame:
    rows: nw.DataFrame[Any] = rule.function(nw.from_native(batch, eager_only=True), options)
    native: pl.DataFrame = rows.to_native()
    return native
