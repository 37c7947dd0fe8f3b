"""Numbers as people write them."""

from __future__ import annotations

import re
from decimal import Decimal
from math import isfinite
from typing import Literal

DecimalMark = Literal["point", "comma"]
_INT64 = 2**63
_CODES = (  # ISO 4217, the currencies in use
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG "
    "HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA "
    "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD "
    "RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX "
    "USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW"
)
# Signs are those of Unicode's category Sc.
_CURRENCY = rf"(?:[$\u00a2-\u00a5\u058f\u060b\u09f2\u0e3f\u20a0-\u20c0\ufdfc\uff04\uffe5]|{'|'.join(_CODES.split())})"
_SIGN = r"(?P<{}>[+\u2212-]?)"  # U+2212 is the minus of typesetters
_SPACE = r"[ \u00a0\u202f]?"
_DRESSED = re.compile(
    rf"{_SIGN.format('outer')}{_SPACE}{_CURRENCY}?{_SPACE}{_SIGN.format('inner')}"
    rf"(?P<number>[\d.,][^A-Z%$]*?(?:[eE][+-]?\d{{1,3}})?){_SPACE}{_CURRENCY}?{_SPACE}(?P<percent>%?)",
    re.ASCII,
)
_EXPONENT = r"(?P<exponent>(?:[eE][+-]?\d{1,3})?)"
_MARKS = r"'\u2019 \u00a0\u202f\u2009"


def _pattern(point: str, group: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<whole>\d*|\d{{1,3}}(?P<mark>[{group}{_MARKS}])\d{{3}}(?:(?P=mark)\d{{3}})*)"
        rf"(?:{re.escape(point)}(?P<part>\d*))?{_EXPONENT}",
        re.ASCII,
    )


_PATTERNS: dict[DecimalMark, re.Pattern[str]] = {"point": _pattern(".", ","), "comma": _pattern(",", ".")}


def read_number(text: str, decimal_mark: DecimalMark, whole: bool = False) -> float | int | None:
    """The number that a text says, or None: 1,234.5 and $1 234.50, 12% (0.12), (99) and -99, 1.5e3.

    Thousands are marked all alike and in threes, or not at all, so `1,23` and `1,234,5` are no numbers with a decimal
    point. Rounded once, from the exact decimal.

    Args:
        whole: give an integer; what is none, or needs more than 64 bits, is not read.
    """
    text = text.strip()
    in_brackets = text.startswith("(") and text.endswith(")")
    dressed = _DRESSED.fullmatch(text[1:-1].strip() if in_brackets else text)
    if not dressed or in_brackets + len(dressed["outer"]) + len(dressed["inner"]) > 1:
        return None
    digits = _PATTERNS[decimal_mark].fullmatch(dressed["number"])
    if not digits or not (digits["whole"] or digits["part"]):
        return None
    sign = "-" if in_brackets or (dressed["outer"] or dressed["inner"]) not in ("", "+") else ""
    power = int(digits["exponent"][1:] or 0) - 2 * len(dressed["percent"])
    spelled = f"{sign}{re.sub(r'[^0-9]', '', digits['whole']) or 0}.{digits['part'] or 0}e{power}"
    return _whole(spelled) if whole else _finite(spelled)


def _finite(spelled: str) -> float | None:
    value = float(spelled)
    return value if isfinite(value) else None


def _whole(spelled: str) -> int | None:
    value = Decimal(spelled)
    return int(value) if value == value.to_integral_value() and -_INT64 <= value < _INT64 else None
