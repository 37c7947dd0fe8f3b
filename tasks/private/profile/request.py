"""What a profile is asked to tell of which columns, and for how much."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from infra.errors import RecipeError
from tasks.data.canonical import Columns
from tasks.dp.accounting.spent import check_delta
from tasks.dp.statistics.bounds import Bounds
from tasks.dp.statistics.noise import Distribution

MOST_BINS = 1000
_NUMBERS, _CATEGORIES = ("int64", "float64", "bool"), ("string", "int64", "bool")


@dataclass(frozen=True)
class Request:
    """Columns by name, each with what is known of it without the data.

    Attributes:
        bounds: number columns with their bounds.
        categories: columns with their public categories; rows of others are counted as one more.
        top: columns whose categories are to be found, with how many to tell.
        key: column that says whose a row is; empty: what is protected is a row.
        cap: rows of a person that are looked at, at most.

    Raises:
        RecipeError: nothing private could come of it.
    """

    epsilon: float
    delta: float
    mechanism: Distribution = "laplace"
    split: Literal["", "train", "test"] = "train"
    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    top: Mapping[str, int] = field(default_factory=dict)
    bins: int = 10
    key: str = ""
    cap: int = 1

    def __post_init__(self) -> None:
        if not 0.0 < self.epsilon < math.inf:
            raise _refused("epsilon", f"{self.epsilon:g}", "a number above 0", "Give --epsilon 1, for instance.")
        if not 1 <= self.bins <= MOST_BINS:
            raise _refused("bins", str(self.bins), f"1 to {MOST_BINS}", "Change --bins.")
        if self.cap < 1 or (self.cap > 1 and not self.key):
            raise _refused("cap", str(self.cap), "1 or more, with --key", "Say whose a row is: --key COLUMN --cap 3.")
        for name, most in self.top.items():
            if most < 1:
                raise _refused(f"top {name}", str(most), "1 or more", f"Give --top {name}=10.")
        for name, listed in self.categories.items():
            if not listed or max(Counter(listed).values()) > 1:
                raise _refused(f"categories {name}", ",".join(listed), "each once", f"Give --categories {name}=A,B.")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns asked for, in order."""
        return (*self.bounds, *self.categories, *self.top)

    @property
    def spends_delta(self) -> bool:
        """Whether all that is asked for is private with a delta above 0 only."""
        return bool(self.top) or self.mechanism == "gaussian"

    def check(self, columns: Columns, rows: int) -> None:
        """Refuse what this data set has not, before anything is spent.

        Args:
            columns: name and type of each.
            rows: those of the whole data set, which its manifest tells anyone.

        Raises:
            RecipeError: a column is missing, named twice, or of another type; delta is no less than 1 / rows.
        """
        for name, times in Counter(self.columns).items():
            if times > 1:
                raise _refused(f"column {name}", "it twice", "one of --bounds, --categories, --top", "Choose one.")
        for name in (*self.columns, *([self.key] if self.key else [])):
            if name not in columns:
                raise _refused(f"column {name}", "none of that name", ", ".join(columns), "Check the spelling.")
        for name in self.bounds:
            _check_type(name, columns[name], _NUMBERS, f"Give --top {name}=10 or --categories {name}=A,B.")
        for name in (*self.categories, *self.top):
            _check_type(name, columns[name], _CATEGORIES, f"Give --bounds {name}=LOW:HIGH.")
        if self.spends_delta:
            check_delta(self.delta, rows)


def _check_type(name: str, found: str, allowed: Sequence[str], action: str) -> None:
    if found not in allowed:
        raise _refused(f"column {name}", f"type {found}", ", ".join(allowed), action)


def _refused(what: str, found: str, allowed: str, action: str) -> RecipeError:
    return RecipeError(f"profile, {what}", found=found, allowed=allowed, action=action)
