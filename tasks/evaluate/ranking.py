"""How far up each user's list the items stand that the user took later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.features.columns import texts
from tasks.features.interactions import InteractionFeatures
from tasks.features.tabular import OUT_OF_VOCABULARY

CUT = 10
Ranks = NDArray[np.float64]
Score = Callable[[dict[str, NDArray[np.int32]]], NDArray[np.floating[Any]]]


def user_ranks(score: Score, features: InteractionFeatures, train: pa.Table, test: pa.Table) -> Iterator[Ranks]:
    """For each user of the test rows the ranks of their items, rising, from 1, among all but those of train rows.

    An item stands behind those with an equal score, and infinitely far where the train split did not know it.
    """
    seen, places = features.encode(train), features.encode(test)
    items = np.arange(1, features.item.size, dtype=np.int32)
    wanted: dict[str, dict[str, int]] = {}  # by user and item as they are written: unknown ones have one place
    columns = (texts(test.column(side)) for side in ("user", "item"))
    for name, item, place in zip(*columns, places["item"].tolist(), strict=True):
        wanted.setdefault(name, {})[item] = place
    for user, (_, own) in zip(features.user.encode(list(wanted)), wanted.items(), strict=True):
        scores = score({"user": np.full(len(items), user, np.int32), "item": items}).reshape(-1)
        before = seen["item"][seen["user"] == user]
        yield _ranks(scores, np.array(list(own.values()), np.int32), before)


def ranking_metrics(ranks: list[Ranks]) -> dict[str, float]:
    """Means over users, each with the ranks of the items to find.

    `ndcg_at_10` (Järvelin and Kekäläinen 2002, gain 1 for each item), `hit_rate_at_10`: users with one such item
    among the first ten, `map_at_10`: average precision, `mrr`: reciprocal rank of the first.
    """
    return {
        "ndcg_at_10": float(np.mean([ndcg(one) for one in ranks])),
        "map_at_10": float(np.mean([average_precision(one) for one in ranks])),
        "hit_rate_at_10": float(np.mean([one[0] <= CUT for one in ranks])),
        "mrr": float(np.mean([1.0 / one[0] for one in ranks])),
        "users": float(len(ranks)),
    }


def _ranks(scores: NDArray[np.floating[Any]], wanted: NDArray[np.int32], seen: NDArray[np.int32]) -> Ranks:
    free = np.ones(len(scores), np.bool_)
    free[seen - 1] = False
    known = wanted[wanted != OUT_OF_VOCABULARY]
    free[known - 1] = True  # one that was taken again is to be found again
    ranks = [(scores[free] >= scores[item - 1]).sum() for item in known]
    return np.sort(np.array([*ranks, *[np.inf] * (len(wanted) - len(known))], np.float64))


def ndcg(ranks: Ranks) -> float:
    """Of one user's ranks; gains of 1, cut after the first ten."""
    ideal = (1.0 / np.log2(np.arange(2, 2 + min(CUT, len(ranks))))).sum()
    return float((1.0 / np.log2(1.0 + ranks[ranks <= CUT])).sum() / ideal)


def average_precision(ranks: Ranks) -> float:
    """Of one user's ranks, rising: the mean of the precision at each item found among the first ten.

    An item that is not found there has 0. Divided by how many could be found: all, or ten (Manning, Raghavan and
    Schütze 2008, 8.4, cut).
    """
    found = ranks[ranks <= CUT]
    return float((np.arange(1, 1 + len(found)) / found).sum() / min(CUT, len(ranks)))
