"""Number and category columns as arrays, by what the train split held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from tasks.features.columns import ColumnType, column, column_type, numbers, texts

OUT_OF_VOCABULARY = 0
FARTHEST = 20.0  # standard deviations; an absurd number in a query must not decide alone
BINS = 32
_HEAVY_TAIL = 2.0  # skewness; an exponential distribution has 2


class NumericColumn(BaseModel):
    """Standardised, after log(1 + x) where the train split had a heavy right tail. Missing values become the mean.

    Attributes:
        edges: quantiles of the encoded train split, between which a model may be piecewise linear.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    logarithm: bool
    mean: float
    deviation: float
    edges: tuple[float, ...] = ()

    def encode(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Numbers near 0 with a spread near 1; what lies farther off than FARTHEST counts as that far."""
        scaled = ((_log(values) if self.logarithm else values) - self.mean) / self.deviation
        return np.clip(np.nan_to_num(scaled, nan=0.0), -FARTHEST, FARTHEST).astype(np.float32)


class CategoryColumn(BaseModel):
    """A place for each value of the train split, from 1; place 0 is for any other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: ColumnType
    values: tuple[str, ...]

    def encode(self, values: Sequence[str]) -> NDArray[np.int32]:
        """The place of each value."""
        places = {value: place for place, value in enumerate(self.values, start=1)}
        return np.array([places.get(value, OUT_OF_VOCABULARY) for value in values], np.int32)

    @property
    def size(self) -> int:
        """Places, the one for unknown values included."""
        return len(self.values) + 1


class TabularFeatures(BaseModel):
    """`numeric`, float32 (b, n), `categories`, int32 (b, c), and `groups`, int32 (b, k).

    Attributes:
        groups: columns that move the thresholds of groups, and are no features.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["tabular"] = "tabular"
    numeric: tuple[NumericColumn, ...]
    categorical: tuple[CategoryColumn, ...]
    groups: tuple[CategoryColumn, ...] = ()

    @property
    def columns(self) -> dict[str, ColumnType]:
        """The columns that `encode` reads."""
        categories = (*self.categorical, *self.groups)
        return {**{c.name: "double" for c in self.numeric}, **{c.name: c.type for c in categories}}

    def encode(self, rows: pa.Table) -> dict[str, NDArray[Any]]:
        """The arrays of a batch of rows; one without columns is left out."""
        arrays: dict[str, NDArray[Any]] = {}
        if self.numeric:
            arrays["numeric"] = np.stack([c.encode(numbers(column(rows, c.name))) for c in self.numeric], axis=1)
        if self.categorical:
            arrays["categories"] = np.stack([c.encode(texts(column(rows, c.name))) for c in self.categorical], axis=1)
        if self.groups:
            arrays["groups"] = np.stack([c.encode(texts(column(rows, c.name))) for c in self.groups], axis=1)
        return arrays


def fit_tabular(
    rows: pa.Table, numeric: Sequence[str], categorical: Sequence[str], rare_rows: int = 1
) -> TabularFeatures:
    """Learn means, spreads and vocabularies from the train split."""
    return TabularFeatures(
        numeric=tuple(_fit_numeric(name, numbers(column(rows, name))) for name in numeric),
        categorical=tuple(fit_category(name, column(rows, name), rare_rows) for name in categorical),
    )


def fit_category(name: str, values: pa.ChunkedArray, rare_rows: int = 1) -> CategoryColumn:
    """Learn a vocabulary; a missing value is one of its values where the train split has some.

    Values with fewer than `rare_rows` rows are left out: then place 0 has rows to learn from.
    """
    counts = Counter(texts(values))
    known = sorted(value for value, count in counts.items() if count >= rare_rows)
    return CategoryColumn(name=name, type=column_type(values), values=tuple(known))


def _fit_numeric(name: str, values: NDArray[np.float64]) -> NumericColumn:
    known = values[~np.isnan(values)]
    if known.size == 0:
        return NumericColumn(name=name, logarithm=False, mean=0.0, deviation=1.0)
    logarithm = bool(known.min() >= 0 and _skewness(known) > _HEAVY_TAIL)
    scaled = _log(known) if logarithm else known
    column = NumericColumn(
        name=name, logarithm=logarithm, mean=float(scaled.mean()), deviation=float(scaled.std()) or 1.0
    )
    return column.model_copy(update={"edges": _edges(column.encode(known))})


def _edges(values: NDArray[np.float32]) -> tuple[float, ...]:
    """The most common value, and quantiles of the others: many columns are 0 nearly everywhere."""
    distinct, counts = np.unique(values, return_counts=True)
    common = distinct[counts.argmax()]
    others = values[values != common]
    quantiles = np.quantile(others, np.linspace(0, 1, BINS + 1)) if others.size else others
    return tuple(np.unique(np.append(quantiles, common).astype(np.float32)).tolist())


def _skewness(values: NDArray[np.float64]) -> float:
    deviation = values.std()
    return float(np.mean(((values - values.mean()) / deviation) ** 3)) if deviation > 0 else 0.0


def _log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """log(1 + x), and below 0, which the train split did not have, as for 0."""
    logarithms: NDArray[np.float64] = np.log1p(np.maximum(values, 0.0))
    return logarithms
