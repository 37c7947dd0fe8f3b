"""Statistics with noise of the columns that were asked for."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field

from tasks.dp.accounting.mechanisms import Gaussian, Guarantee
from tasks.dp.persons import bounded
from tasks.dp.statistics.bounds import Bounds
from tasks.dp.statistics.categories import top_categories
from tasks.dp.statistics.columns import floats
from tasks.dp.statistics.counts import category_counts, count, histogram
from tasks.dp.statistics.means import counted_mean
from tasks.dp.statistics.noise import Noise
from tasks.dp.statistics.quantiles import quantiles
from tasks.dp.statistics.release import Release
from tasks.features.columns import texts
from tasks.private.profile.request import Request
from tasks.private.profile.shares import Shares, divide

PROBABILITIES = (0.05, 0.25, 0.5, 0.75, 0.95)
OTHER = "(other)"
_SEED_BITS = 128

Spending = Annotated[Guarantee | Gaussian, Field(discriminator="kind")]
Kind = Literal["rows", "count", "mean", "histogram", "quantiles", "categories", "top"]


class Value(BaseModel):
    """A number with noise, and where it lies without, with confidence 0.95. `name`: the bin, quantile or category."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: float
    low: float
    high: float


class Statistic(BaseModel):
    """The answer to a query. `scale` is of its noise, as `Release` has it; `spent` is what it cost by itself."""

    model_config = ConfigDict(frozen=True)

    column: str
    kind: Kind
    values: tuple[Value, ...]
    scale: float
    spent: Spending


class Profile(BaseModel):
    """All answers.

    Attributes:
        epsilon, delta: what all of them cost together at most; delta is 0 where none was needed.
        unit: what is protected: `row`, or `person`, told by the column `key` and looked at for `cap` rows at most.
    """

    model_config = ConfigDict(frozen=True)

    epsilon: float
    delta: float
    mechanism: str
    split: str
    unit: Literal["row", "person"]
    key: str
    cap: int
    statistics: tuple[Statistic, ...]

    def of(self, column: str, kind: Kind) -> Statistic:
        """The answer of a kind on a column."""
        return next(each for each in self.statistics if (each.column, each.kind) == (column, kind))


def profile(rows: pa.Table, request: Request) -> Profile:
    """Draw the noise and tell the statistics. Each call spends its own; missing values are left out of their column.

    Args:
        rows: of the split that was asked for, with the columns of the request, and `row_id` where it has a key.
    """
    shares = divide(request)
    kept = _of_persons(rows, request) if request.key else rows
    return Profile(
        epsilon=request.epsilon,
        delta=request.delta if request.spends_delta else 0.0,
        mechanism=request.mechanism,
        split=request.split,
        unit="person" if request.key else "row",
        key=request.key,
        cap=request.cap,
        statistics=tuple(_statistics(kept, request, shares)),
    )


def _of_persons(rows: pa.Table, request: Request) -> pa.Table:
    """Rows that say whose they are, at most `cap` of each person, picked anew each time."""
    named = rows.filter(pc.is_valid(rows[request.key]))
    return bounded(named, request.key, request.cap, secrets.randbits(_SEED_BITS))


def _statistics(rows: pa.Table, request: Request, shares: Shares) -> Iterator[Statistic]:
    noise = shares.noise
    yield _statistic("", "rows", ["rows"], count(rows.num_rows, noise), noise.spent)
    for name, bounds in request.bounds.items():
        yield from _of_numbers(name, rows[name], bounds, request.bins, noise)
    for name, listed in request.categories.items():
        counts = category_counts(_known(rows[name]), listed, noise)
        yield _statistic(name, "categories", [*listed, OTHER], counts, noise.spent)
    for name, most in request.top.items():
        found = top_categories(_known(rows[name]), shares.top.epsilon, shares.top.delta, request.cap)
        yield _statistic(name, "top", found.names[:most], found.counts, shares.top)


def _of_numbers(name: str, column: pa.ChunkedArray, bounds: Bounds, bins: int, noise: Noise) -> Iterator[Statistic]:
    values, edges = floats(column), bounds.edges(bins)
    rows, mean = counted_mean(values, bounds, noise)
    yield _statistic(name, "count", ["known"], rows, noise.spent)
    yield _statistic(name, "mean", ["mean"], mean, noise.spent)
    names = [f"{low:g} to {high:g}" for low, high in itertools.pairwise(edges)]
    yield _statistic(name, "histogram", names, histogram(values, bounds, bins, noise), noise.spent)
    found = quantiles(values, bounds, PROBABILITIES, noise)
    yield _statistic(name, "quantiles", [f"{share:g}" for share in PROBABILITIES], found, noise.spent)


def _known(column: pa.ChunkedArray) -> list[str]:
    return texts(column.drop_null())


def _statistic(column: str, kind: Kind, names: Iterable[str], release: Release, spent: Spending) -> Statistic:
    numbered = zip(names, release.values, release.low, release.high, strict=False)
    values = tuple(Value(name=name, value=value, low=low, high=high) for name, value, low, high in numbered)
    return Statistic(column=column, kind=kind, values=values, scale=release.scale, spent=spent)
