"""One order for numbers, and one for dates: exact, whatever they are written like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import DataError
from tasks.ingest.scale import Scale


def ranks(*texts: str | None) -> list[Decimal | None]:
    scale = Scale("at")
    return [scale.rank(text) for text in texts]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=20))
def test_large_integers_keep_their_order(numbers: list[int]) -> None:
    """Two neighbours above 2^53 are one number to a float."""
    found = [rank for rank in ranks(*map(str, numbers)) if rank is not None]
    assert [a < b for a, b in pairwise(found)] == [a < b for a, b in pairwise(numbers)]
    assert len(found) == len(numbers)


EAST = timezone(timedelta(hours=5, minutes=30))
MOMENTS = st.builds(
    datetime.fromtimestamp,
    st.integers(-(2**31), 2**33),
    st.sampled_from([UTC, EAST]),
)


@given(st.lists(MOMENTS, min_size=2, max_size=20))
def test_moments_keep_their_order_in_any_zone(moments: list[datetime]) -> None:
    found = [rank for rank in ranks(*(moment.isoformat() for moment in moments)) if rank is not None]
    assert len(found) == len(moments)
    assert [a < b for a, b in pairwise(found)] == [a < b for a, b in pairwise(moments)]


def test_what_is_written_differently_is_equal() -> None:
    assert len(set(ranks("1", "1.0", " 1 ", "+1", "1e0"))) == 1
    assert len(set(ranks("2024-02-29", "2024-02-29T00:00", "2024-02-29 00:00:00", "2024-02-29T02:00:00+02:00"))) == 1


@pytest.mark.parametrize("text", [None, "", " ", "soon", "nan", "inf", "1e40", "2024-02-30", "29.02.2024", "12:00"])
def test_what_has_no_place(text: str | None) -> None:
    assert ranks(text) == [None]


def test_numbers_and_dates_have_no_common_order() -> None:
    with pytest.raises(DataError, match=r"column 'at': found the date 2024-01-01 and the number 5; .*but not both"):
        ranks("2024-01-01", "5")
