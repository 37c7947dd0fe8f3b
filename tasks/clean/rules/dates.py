"""The rule that gives dates and times one spelling."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from functools import partial
from typing import Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from tasks.clean.rules.columns import NamedColumnOptions, batch_texts, named
from tasks.clean.rules.mapping import map_values, replace_column
from tasks.clean.rules.refusal import refuse_in

_ISO = "iso8601"
_SAMPLE = datetime(2001, 12, 31, 13, 30, 15, tzinfo=UTC)
_TIME_CODES = ("%H", "%I", "%c", "%X")


class StandardizeDatesOptions(NamedColumnOptions):
    """How dates are written, and whose clock they are from."""

    formats: list[str] = Field(
        default=[_ISO],
        min_length=1,
        description="Tried in order: iso8601, or codes of strptime such as %d.%m.%Y %H:%M.",
    )
    time_zone: str = Field(default="UTC", description="IANA zone of times that name none, such as Europe/Berlin.")
    unmatched: Literal["refuse", "keep", "missing"] = Field(
        default="refuse",
        description="What becomes of a text that no format reads: its row is refused, it stays, or it goes missing.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        for one in self.formats:
            if one != _ISO and not _is_readable(one):
                allowed = f"{_ISO}, or codes of strptime with day, month and year, zones by %z"
                raise ValueError(f"formats: found {one!r}; allowed: {allowed}")
        _zone(self.time_zone)
        return self


def standardize_dates(batch: pa.Table, options: StandardizeDatesOptions) -> pa.Table:
    """Write dates and times in one way: 2024-03-31, or in UTC 2024-03-31T08:00:00Z (ISO 8601).

    The first format that reads a text decides, so 03/04 is March or April by their order. A date without a time has no
    zone and stays a date. Of an hour that the clock passes twice the first is meant. Blank is missing, unless all that
    no format reads is kept.
    """
    zone = _zone(options.time_zone)
    read = partial(standard_date, formats=options.formats, zone=zone)
    for name in named(options.columns, batch_texts(batch, []), "standardize_dates"):
        texts = batch[name]
        found = map_values(texts, read, pa.string())
        unmatched = pc.and_(pc.is_null(found), pc.not_equal(pc.utf8_trim_whitespace(texts), ""))
        is_kept = pc.or_kleene(unmatched, options.unmatched == "keep") if options.unmatched != "missing" else False
        batch = replace_column(batch, name, pc.if_else(pc.and_(pc.is_null(found), is_kept), texts, found))
        if options.unmatched == "refuse":
            batch = refuse_in(batch, unmatched, "standardize_dates")
    return batch


def standard_date(text: str, formats: list[str], zone: tzinfo) -> str | None:
    """A date or a time in UTC as ISO 8601 has it, or None where no format reads the text.

    What is written so already is read first: cleaning twice changes nothing.
    """
    text = text.strip()
    if _is_standard(text):
        return text
    for one in formats:
        try:
            return _spell(*_read(text, one), zone)
        except (ValueError, OverflowError):  # the format does not fit, or UTC would leave the years 1 to 9999
            continue
    return None


def _read(text: str, one: str) -> tuple[datetime, bool]:
    """A time, and whether it has more than a date."""
    if one != _ISO:
        return datetime.strptime(text, one), any(code in one for code in _TIME_CODES)  # noqa: DTZ007 - the zone is next
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text), True
    return datetime(day.year, day.month, day.day), False  # noqa: DTZ001 - a date has no zone


def _spell(time: datetime, has_time: bool, zone: tzinfo) -> str:
    if not has_time:
        return time.date().isoformat()
    instant = (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
    return instant.replace(tzinfo=None).isoformat() + "Z"


def _is_standard(text: str) -> bool:
    try:
        return text == _spell(*_read(text, _ISO), UTC)
    except (ValueError, OverflowError):
        return False


def _is_readable(one: str) -> bool:
    """Whether a format tells a day, and the zone (if at all) as an offset: names of zones say too little."""
    if "%Z" in one or "%" not in one:
        return False
    try:
        read = datetime.strptime(_SAMPLE.strftime(one), one)  # noqa: DTZ007 - only its date is looked at
    except ValueError:
        return False
    return read.date() == _SAMPLE.date()


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"time_zone: found {name!r}; allowed: a name of the IANA database, as Europe/Berlin"
        ) from error
