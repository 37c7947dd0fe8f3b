"""Numbers and ISO dates in one order, exactly: what is fresher, and what lies above a mark."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from infra.errors import DataError

DIGITS, DECIMALS = 38, 9
"""What a rank fits into: a decimal of 128 bits."""
_LARGEST = Decimal(10) ** (DIGITS - DECIMALS) - 1
_UNIT = Decimal(1).scaleb(-DECIMALS)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Scale:
    """The order of one column's values. They are all numbers or all dates: the two have no common order."""

    def __init__(self, column: str) -> None:
        self.column, self._kind, self._example = column, "", ""

    def rank(self, text: str | None) -> Decimal | None:
        """A number as it is; a date or time as seconds since 1970, in UTC where it names no zone; else nothing.

        Raises:
            DataError: the column has both numbers and dates.
        """
        text = (text or "").strip()
        if (number := _number(text)) is not None:
            return self._of_kind("number", text, number)
        if (seconds := _seconds(text)) is not None:
            return self._of_kind("date", text, seconds)
        return None

    def _of_kind(self, kind: str, text: str, rank: Decimal) -> Decimal:
        if not self._kind:
            self._kind, self._example = kind, text
        if kind != self._kind:
            raise DataError(
                f"column {self.column!r}",
                found=f"the {self._kind} {self._example} and the {kind} {text}",
                allowed="numbers, or ISO dates, but not both",
                action="Write them all in one way.",
            )
        return rank


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number.quantize(_UNIT) if number.is_finite() and abs(number) < _LARGEST else None


def _seconds(text: str) -> Decimal | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Decimal((moment - _EPOCH) // timedelta(microseconds=1)).scaleb(-6).quantize(_UNIT)
