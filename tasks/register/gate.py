"""One decision over a candidate, out of checks that each show value, bound and verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tasks.register.config import GateOptions


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


def with_check(verdict: Verdict, added: Check) -> Verdict:
    """The verdict with a check more, in place of one of that name."""
    checks = (*(one for one in verdict.checks if one.name != added.name), added)
    return Verdict(passed=all(one.passed for one in checks), checks=checks)


def audit_check(epsilon_lower: float, claimed: float) -> Check:
    """Whether what an audit proves that the training spent at least lies within what it says it spent."""
    return check("audit lower bound of epsilon", epsilon_lower, claimed, "maximum", "by `lepton privacy audit`")


def epsilon_check(epsilon: float, seeded_noise: bool, most: float) -> Check:
    """Whether a training spent no more than the recipe allows; with noise that can be computed again it spent all."""
    if seeded_noise:
        return check("epsilon", None, most, "maximum", "seeded noise: not private")
    return check("epsilon", epsilon, most, "maximum", "by privacy loss distributions")


def decide(
    options: GateOptions,
    candidate: Mapping[str, float],
    parent: Mapping[str, float],
    champion: Mapping[str, float] | None,
    answered: bool,
) -> Verdict:
    """The verdict on a candidate.

    Args:
        candidate, parent: metrics of the compressed model and of the model it was made from, on the same rows.
        champion: metrics of the version that now serves, if it was measured on the same rows; else None.
        answered: whether the registered version was loaded in a fresh process and answered real rows.
    """
    metric = options.primary_metric
    sign = 1.0 if options.higher_is_better else -1.0
    checks = [check(t.metric, candidate.get(t.metric), t.bound, t.kind) for t in options.thresholds]
    checks.append(
        check(
            f"{metric} lost to parent",
            _loss(sign, parent.get(metric), candidate.get(metric)),
            options.max_loss_to_parent,
            "maximum",
        )
    )
    if champion is not None:
        checks.append(
            check(
                f"{metric} lost to champion",
                _loss(sign, champion.get(metric), candidate.get(metric)),
                options.max_loss_to_champion,
                "maximum",
            )
        )
    checks.append(check("loads and answers", float(answered), 1.0, "minimum", "in a fresh process"))
    return Verdict(passed=all(one.passed for one in checks), checks=tuple(checks))


def _loss(sign: float, reference: float | None, value: float | None) -> float | None:
    return None if reference is None or value is None else sign * (reference - value)


def _shown(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"
