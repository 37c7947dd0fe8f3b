"""Which of the rows of a key stands, or how they become one row; what lost, and where they differed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tasks.ingest.config import SOURCE
from tasks.ingest.fusion.buckets import FILE, FRESH, LINE, MEMBER, ROW
from tasks.ingest.fusion.options import FusionOptions
from tasks.ingest.names import RESERVED_PREFIX
from tasks.ingest.reading.batches import Batch, Refused, row_text
from tasks.ingest.reading.readers import BATCH_ROWS

if TYPE_CHECKING:
    import polars as pl

LOST = "fusion: another row"
_WINNER, _COUNT = f"{RESERVED_PREFIX}winner", f"{RESERVED_PREFIX}count"


class Resolution:
    """Compares rows of equal keys.

    Rows are preferred by the source's priority, or the freshest first and by priority where that is equal; of one
    source the earlier row. A union keeps the preferred row as it is. A join takes each column from the first row, by
    preference, that has a value.

    Attributes:
        conflicts: keys whose rows have different values, by column.
        merged: rows that became part of another.
    """

    def __init__(self, options: FusionOptions, wanted: Sequence[str], sources: Sequence[str]) -> None:
        self.conflicts: Counter[str] = Counter()
        self.merged = 0
        self._options, self._wanted, self._sources = options, list(wanted), list(sources)
        self._compared = [name for name in wanted if name not in (SOURCE, options.freshest_by, *options.on)]

    def batches(self, rows: pl.DataFrame, found: tuple[str, ...]) -> Iterator[Batch]:
        """The rows that stand, by the file of the row that was preferred, and those that lost."""
        rows = self._by_preference(rows)
        self._count_conflicts(rows)
        standing, lost = self._union(rows) if self._options.method == "union" else self._join(rows)
        nothing = standing.clear().select(self._wanted).to_arrow()
        for part in lost.sort(ROW).iter_slices(BATCH_ROWS):
            yield Batch(nothing, (), "", found, tuple(self._refused(part)), has_header=False)
        for (file,), of_file in standing.sort(ROW).partition_by(FILE, as_dict=True, maintain_order=True).items():
            for part in of_file.iter_slices(BATCH_ROWS):
                texts = part.select(self._wanted).to_arrow()
                yield Batch(texts, part[LINE].to_list(), str(file), found, has_header=False)

    def _by_preference(self, rows: pl.DataFrame) -> pl.DataFrame:
        if self._options.conflict == "freshest":
            return rows.sort(FRESH, MEMBER, ROW, descending=[True, False, False], nulls_last=True)
        return rows.sort(MEMBER, ROW)

    def _count_conflicts(self, rows: pl.DataFrame) -> None:
        import polars as pl

        shared = rows.filter(pl.len().over(self._options.on) > 1)
        differ = [(pl.col(name).drop_nulls().n_unique() > 1).alias(name) for name in self._compared]
        if shared.is_empty() or not differ:
            return
        counts = shared.group_by(self._options.on).agg(differ).select(pl.col(self._compared).sum())
        self.conflicts.update({name: count for name, count in counts.row(0, named=True).items() if count})

    def _union(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        import polars as pl

        on = self._options.on
        place = pl.int_range(pl.len()).over(on)
        rows = rows.with_columns(pl.col(SOURCE).first().over(on).alias(_WINNER), place.alias(_COUNT))
        return rows.filter(pl.col(_COUNT) == 0), rows.filter(pl.col(_COUNT) > 0)

    def _join(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        import polars as pl

        on = self._options.on
        place = pl.int_range(pl.len()).over([*on, SOURCE])
        rows = rows.with_columns(pl.col(SOURCE).alias(_WINNER), place.alias(_COUNT))
        kept, lost = rows.filter(pl.col(_COUNT) == 0), rows.filter(pl.col(_COUNT) > 0)
        order = pl.col(SOURCE).replace_strict(self._sources, range(len(self._sources)), return_dtype=pl.Int32)
        values = [pl.col(name).drop_nulls().first() for name in self._wanted if name not in (SOURCE, *on)]
        named = pl.col(SOURCE).sort_by(order).str.join("+")
        standing = kept.group_by(on, maintain_order=True).agg(*values, named, pl.col(FILE, LINE, ROW).first())
        self.merged += kept.height - standing.height
        return standing, lost

    def _refused(self, lost: pl.DataFrame) -> Iterator[Refused]:
        for row in lost.iter_rows(named=True):
            content = row_text({name: row[name] for name in self._wanted})
            yield Refused(f"{LOST} of the key stands, of {row[_WINNER]}", f"{row[FILE]}:{row[LINE]}", content)
