"""How many new rows each train row gets, and by which methods; the same whatever the order of the rows."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.augment.config import AugmentOptions, MethodOptions


class Assignment(NamedTuple):
    """A new row to make: the `copy`-th of a method, from 0."""

    method: MethodOptions
    copy: int


@dataclass(frozen=True)
class Quota:
    """New rows for the rows of a class: `each`, and one more for rows that hash below `cut`."""

    each: int
    cut: int = 0

    def of(self, place: int) -> int:
        """New rows for the row that hashes to `place`."""
        return self.each + (place < self.cut)


@dataclass(frozen=True)
class Plan:
    """New rows for each train row.

    Attributes:
        quotas: by class; a class without one gets `others`.
    """

    others: Quota
    quotas: Mapping[str, Quota] = field(default_factory=dict)

    def of(self, row_id: str, label: str | None) -> int:
        """How many the row gets."""
        quota = self.others if label is None else self.quotas.get(label, self.others)
        return quota.of(stable_hash(row_id))


def plan(options: AugmentOptions, classes: Mapping[str, NDArray[np.uint64]]) -> Plan:
    """What `options` ask for.

    Args:
        classes: `stable_hash` of the train rows' ids by class; of use where classes are balanced.
    """
    if not options.balance_to:
        return Plan(Quota(sum(item.copies for item in options.methods)))
    target = math.ceil(options.balance_to * max((len(places) for places in classes.values()), default=0))
    most = min(options.max_copies, len(list(islice(assignments(options), options.max_copies))))
    return Plan(Quota(0), {label: _quota(places, target, most) for label, places in classes.items()})


def assignments(options: AugmentOptions) -> Iterator[Assignment]:
    """What a row gets first, second and so on: the methods in turn, each with its `copies` at a time.

    Translation ends with its last pivot; the others go on.
    """
    for turn in count():
        made = [
            Assignment(item, turn * item.copies + copy)
            for item in options.methods
            for copy in range(item.copies)
            if item.method != "translate" or turn * item.copies + copy < len(options.translator.pivots)
        ]
        if not made:
            return
        yield from made


def stable_hash(*parts: object) -> int:
    """64 bits of what is given, the same in every process."""
    text = "\0".join(map(str, parts)).encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())


def stable_hashes(texts: Iterable[str]) -> NDArray[np.uint64]:
    """`stable_hash` of each."""
    return np.fromiter(map(stable_hash, texts), np.uint64)


def _quota(places: NDArray[np.uint64], target: int, most: int) -> Quota:
    """As many as are wanting, spread evenly: the rows that hash lowest get the remainder."""
    wanting = min(max(0, target - len(places)), most * len(places))
    each, rest = divmod(wanting, len(places))
    return Quota(each, int(np.sort(places)[rest]) if rest else 0)
