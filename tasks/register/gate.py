"""A decision out of checks, each of which shows value, bound and verdict."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Check(BaseModel):
    """One bound on one value. A value that is not there can't pass."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: float | None
    bound: float
    kind: Literal["minimum", "maximum"]
    passed: bool
    note: str = ""


class Verdict(BaseModel):
    """Passed only if every check did."""

    model_config = ConfigDict(frozen=True)

    passed: bool
    checks: tuple[Check, ...]

    def digest(self) -> str:
        """SHA-256 of all that it says."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def failures(self) -> str:
        """The checks that fell short, in words."""
        return "; ".join(
            f"{check.name} {_shown(check.value)} ({check.kind} {check.bound:g})"
            for check in self.checks
            if not check.passed
        )


def check(name: str, value: float | None, bound: float, kind: Literal["minimum", "maximum"], note: str = "") -> Check:
    """Compare; a missing or non-finite value fails."""
    if value is None or not math.isfinite(value):
        return Check(name=name, value=None, bound=bound, kind=kind, passed=False, note=note or "could not be measured")
    passed = value >= bound if kind == "minimum" else value <= bound
    return Check(name=name, value=value, bound=bound, kind=kind, passed=passed, note=note)


def verdict_of(checks: Iterable[Check]) -> Verdict:
    """The decision."""
    listed = tuple(checks)
    return Verdict(passed=all(one.passed for one in listed), checks=listed)


def with_check(verdict: Verdict, added: Check) -> Verdict:
    """The verdict with a check more, in place of one of that name."""
    return verdict_of((*(one for one in verdict.checks if one.name != added.name), added))


def _shown(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"
