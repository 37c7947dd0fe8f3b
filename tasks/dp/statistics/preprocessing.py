"""What a table's features are made of, learned from noisy statistics: scales, bins and vocabularies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.dp.accounting.mechanisms import Guarantee, Mechanism
from tasks.dp.statistics.bounds import Bounds
from tasks.dp.statistics.categories import top_categories
from tasks.dp.statistics.columns import floats
from tasks.dp.statistics.noise import Noise, laplace
from tasks.dp.statistics.quantiles import quantiles
from tasks.features.columns import column, column_type, texts
from tasks.features.tabular import BINS, FARTHEST, CategoryColumn, NumericColumn, TabularFeatures

_WIDE = 1000.0  # times that the upper bound is the lower one, each plus 1, where a logarithm is taken
_SHARES = tuple((np.arange(2 * BINS) + 0.5) / (2 * BINS))


@dataclass(frozen=True)
class PrivateFeatures:
    """Features, and what they cost."""

    features: TabularFeatures
    spent: tuple[Mechanism, ...]


def fit_private(
    rows: pa.Table,
    numeric: Mapping[str, Bounds],
    categorical: Sequence[str],
    epsilon: float,
    delta: float,
    cap: int = 1,
) -> PrivateFeatures:
    """The features that `fit_tabular` learns, (epsilon, delta)-private for a row, or a person with `cap` rows.

    Every column is one query, and all cost the same. Categories that few rows have are left out, as unknown ones are;
    delta is spent on them alone.

    Args:
        rows: the train rows, at most `cap` of each person.
        numeric: bounds of the number columns, known without the data.
        categorical: columns whose categories are to be found.
    """
    each = epsilon / max(1, len(numeric) + len(categorical))
    share = Guarantee(each, delta / max(1, len(categorical)))
    noise = laplace(each, cap)
    features = TabularFeatures(
        numeric=tuple(_fit_numeric(name, floats(column(rows, name)), numeric[name], noise) for name in numeric),
        categorical=tuple(_fit_category(name, column(rows, name), share, cap) for name in categorical),
    )
    return PrivateFeatures(features, cost(len(numeric), len(categorical), epsilon, delta))


def cost(numeric: int, categorical: int, epsilon: float, delta: float) -> tuple[Mechanism, ...]:
    """What `fit_private` spends on so many columns, known before it looks at a row."""
    each = epsilon / max(1, numeric + categorical)
    return (laplace(each).spent,) * numeric + (Guarantee(each, delta / max(1, categorical)),) * categorical


def _fit_numeric(name: str, values: NDArray[np.float64], bounds: Bounds, noise: Noise) -> NumericColumn:
    """Scale and bins out of quantiles: what is made of them costs nothing more.

    Half of the bins' edges are quantiles, half divide the bounds evenly: of a column that is 0 nearly everywhere most
    quantiles are 0.
    """
    logarithm = bounds.low >= 0 and (bounds.high + 1) / (bounds.low + 1) > _WIDE
    inside = Bounds(float(np.log1p(bounds.low)), float(np.log1p(bounds.high))) if logarithm else bounds
    scaled = np.log1p(np.maximum(values, 0.0)) if logarithm else values
    found = quantiles(scaled, inside, _SHARES, noise).values
    fitted = NumericColumn(
        name=name, logarithm=logarithm, mean=float(found.mean()), deviation=float(found.std()) or 1.0
    )
    edges = np.concatenate([found[::4], inside.edges(BINS // 2)])
    encoded = np.clip((edges - fitted.mean) / fitted.deviation, -FARTHEST, FARTHEST).astype(np.float32)
    return fitted.model_copy(update={"edges": tuple(np.unique(encoded).tolist())})


def _fit_category(name: str, values: pa.ChunkedArray, share: Guarantee, cap: int) -> CategoryColumn:
    """A missing value is one of its values where many rows have none."""
    found = top_categories(texts(values), share.epsilon, share.delta, cap)
    return CategoryColumn(name=name, type=column_type(values), values=tuple(sorted(found.names)))
