"""The budget is divided, and all of it is accounted for."""

from __future__ import annotations

import pytest

from tasks.dp.accounting.mechanisms import Gaussian, Guarantee
from tasks.dp.accounting.spent import epsilon as spent
from tasks.dp.statistics.bounds import Bounds
from tasks.dp.statistics.noise import Distribution
from tasks.private.profile.request import Request
from tasks.private.profile.shares import divide

BOUNDS = {"age": Bounds(0, 100), "height": Bounds(0, 3)}


def test_laplace_shares_add_up() -> None:
    shares = divide(Request(2.0, 1e-6, bounds=BOUNDS, categories={"sex": ["m"]}))
    assert shares.spent == (Guarantee(0.2),) * 10
    assert shares.noise.scale() == pytest.approx(5)


def test_thresholds_share_delta_alone() -> None:
    shares = divide(Request(1.0, 1e-6, top={"town": 3, "job": 4}))
    assert shares.spent == (Guarantee(1 / 3), shares.top, shares.top)
    assert shares.top.epsilon == 1 / 3
    assert shares.top.delta == pytest.approx(5e-7)
    assert 2 * shares.top.delta <= 1e-6


def test_gaussian_queries_are_one_event() -> None:
    shares = divide(Request(1.0, 1e-6, "gaussian", bounds=BOUNDS))
    assert shares.spent == (Gaussian(shares.noise.multiplier, 9),)


@pytest.mark.parametrize("mechanism", ["laplace", "gaussian"])
@pytest.mark.parametrize("top", [{}, {"town": 3}, {"town": 3, "job": 4}])
@pytest.mark.parametrize("cap", [1, 5])
def test_all_together_cost_what_was_asked_for(mechanism: Distribution, top: dict, cap: int) -> None:
    shares = divide(Request(1.0, 1e-6, mechanism, bounds=BOUNDS, top=top, key="user", cap=cap))
    known = [each for each in shares.spent if isinstance(each, Guarantee)]
    left = 1e-6 - sum(each.delta for each in known)
    noisy = [each for each in shares.spent if isinstance(each, Gaussian)]
    assert left >= -1e-20
    total = sum(each.epsilon for each in known) + (spent(noisy, left).pld if noisy else 0.0)
    assert total == pytest.approx(1.0, abs=1e-3)  # the accountant's grid of losses rounds up


def test_a_cap_of_five_rows_is_five_times_the_noise_at_the_same_cost() -> None:
    one, five = (divide(Request(1.0, 1e-6, bounds=BOUNDS, key="user", cap=cap)) for cap in (1, 5))
    assert five.spent == one.spent
    assert five.noise.scale() == pytest.approx(5 * one.noise.scale())
