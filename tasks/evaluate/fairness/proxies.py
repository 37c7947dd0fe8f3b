"""Inputs that tell who belongs to which group, though the model does not see the column itself."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from tasks.evaluate.fairness.groups import Codes, Groups
from tasks.features.columns import numbers, texts
from tasks.reports.fairness import Proxy

_LEAST_SHARE = 0.01
_MOST = 10
_BANDS = 10


def proxies(rows: pa.Table, inputs: Iterable[str], protected: Iterable[Groups]) -> tuple[Proxy, ...]:
    """The ten inputs that tell most of a protected column, as far as they tell a hundredth of it."""
    codes = {name: _codes(rows.column(name)) for name in inputs}
    found = [
        Proxy(column=name, protected=groups.columns[0], share=share)
        for groups in protected
        for name, own in codes.items()
        if name not in groups.columns and (share := share_told(own, groups.codes)) >= _LEAST_SHARE
    ]
    return tuple(sorted(found, key=lambda proxy: -proxy.share)[:_MOST])


def share_told(codes: Codes, of: Codes) -> float:
    """The share of the entropy of `of` that `codes` tell, from 0 to 1 (uncertainty coefficient, Theil 1970).

    The mutual information is less what chance alone gives to tables of that size (Miller 1955); 0 where `of` is the
    same in all rows.
    """
    table = np.zeros((int(codes.max()) + 1, int(of.max()) + 1))
    np.add.at(table, (codes, of), 1)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    joint, first, second = table / table.sum(), table.sum(axis=1) / table.sum(), table.sum(axis=0) / table.sum()
    entropy = -float(np.sum(second * np.log(second)))
    if entropy == 0:
        return 0.0
    seen = joint > 0
    information = float(np.sum(joint[seen] * np.log(joint[seen] / np.outer(first, second)[seen])))
    by_chance = (len(first) - 1) * (len(second) - 1) / (2 * len(codes))
    return min(1.0, max(0.0, (information - by_chance) / entropy))


def _codes(values: pa.ChunkedArray) -> Codes:
    """Values as places; numbers in ten bands of as many rows each, as far as equal numbers allow."""
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return np.unique(texts(values), return_inverse=True)[1].astype(np.int64)
    known = numbers(values)
    if np.isnan(known).all():
        return np.zeros(len(known), np.int64)
    edges = np.unique(np.nanquantile(known, np.arange(1, _BANDS) / _BANDS, method="inverted_cdf"))
    return np.where(np.isnan(known), len(edges) + 1, np.searchsorted(edges, known)).astype(np.int64)
