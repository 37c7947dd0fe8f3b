"""Where a text holds personal data: addresses, names on networks, and numbers that their check digits prove.

A finder gives the spans of its kind, in order and apart. Digits are those of ASCII but in phone numbers: normalise
Unicode first where others occur.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal

Kind = Literal["url", "handle", "email", "iban", "card", "phone"]
Span = tuple[int, int]
KINDS: tuple[Kind, ...] = ("url", "handle", "email", "iban", "card", "phone")
"""In the order in which they are looked for: a web address may hold a handle, an IBAN the digits of a phone."""

CANDIDATES: dict[Kind, str] = {
    "url": r"(?i:://|www\.)",
    "handle": "@",
    "email": "@",
    "iban": r"(?i:[a-z]{2}[0-9]{2} ?[a-z0-9]{4})",
    "card": r"[0-9](?:[ \x{a0}-]?[0-9]){12}",
    "phone": r"\p{Nd}(?:[^\p{L}\p{Nd}]{0,4}\p{Nd}){6}",
}
"""RE2 patterns that match every text with something of a kind, and few others."""

_DOMAIN = r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:xn--[a-z0-9-]{1,59}|[^\W\d_]{2,63})"
_URL = re.compile(
    r"(?:(?:https?|ftps?)://|(?<!\w)www\.)[^\s<>\"]*[^\s<>\".,;:!?'\])}]",  # the last character ends no sentence
    re.IGNORECASE,
)
# A name has a letter, so `@ 5` and `@2` are times and prices. A dot before a capital ends a sentence. What follows on
# another @ is the server, in the fediverse, or one more name. A quote closed before it makes it an e-mail address.
_HANDLE = re.compile(r"(?<![\w@])(?<!\w\")@(?=\w*[^\W\d])\w+(?:\.[a-z0-9_]\w*)*(?:@\w+(?:[.-]\w+)*)*")
# RFC 5321 and 6531 (other alphabets): a name of up to 64 characters, quoted or not, at a domain or a literal address.
_EMAIL = re.compile(
    rf"(?:\"[^\"\n]{{1,62}}\"|[\w.!#$%&'*+/=?^`{{|}}~-]{{1,64}})@(?:{_DOMAIN}|\[[0-9a-f:.]{{3,45}}\])", re.IGNORECASE
)
_IBAN = re.compile(r"(?<![^\W_])[a-z]{2}\d{2}(?: ?[a-z0-9]){11,30}", re.IGNORECASE | re.ASCII)
_CARD = re.compile(r"(?<![0-9])[0-9](?:[ \u00a0-]?[0-9])*")
_DIGITS = re.compile(r"[0-9]+")
_MANY_DIGITS = re.compile(r"\d(?:[^\w]{0,4}\d){6}")
_CARD_DIGITS = range(13, 20)  # ISO/IEC 7812-1 allows up to 19; no issuer in use has fewer than 13


def find_urls(text: str) -> Iterator[Span]:
    """Web addresses with a scheme or `www.`, without the punctuation behind them."""
    return _spans(_URL, text)


def find_handles(text: str) -> Iterator[Span]:
    """Names such as @lepton or @lepton@example.social."""
    return _spans(_HANDLE, text) if "@" in text else iter(())


def find_emails(text: str) -> Iterator[Span]:
    """E-mail addresses."""
    return _spans(_EMAIL, text) if "@" in text else iter(())


def find_ibans(text: str) -> Iterator[Span]:
    """Account numbers of ISO 13616, in one piece or in groups, with the length and the check digits of their country.

    Check digits: the number read in base 36 with its first four characters last is 1 modulo 97 (ISO 7064).
    """
    from stdnum import iban

    for match in _IBAN.finditer(text):
        begin = match.start()
        whole = [end for end in range(match.end(), begin + 14, -1) if not text[end : end + 1].isalnum()]
        end = next((end for end in whole if iban.is_valid(text[begin:end], check_country=False)), 0)
        if end:
            yield begin, end


def find_cards(text: str) -> Iterator[Span]:
    """Payment card numbers: 13 to 19 digits that begin with 2 to 6 (ISO/IEC 7812-1) and pass Luhn's check.

    In one piece, or in groups of three or more of which the first has four or six. A tenth of all such numbers that
    are no cards pass the check too.
    """
    for run in _CARD.finditer(text):
        groups = [(run.start() + found.start(), run.start() + found.end()) for found in _DIGITS.finditer(run[0])]
        first = 0
        while first < len(groups):
            last = _card_end(text, groups[first : first + 5])
            if last:
                yield groups[first][0], groups[first + last - 1][1]
            first += last or 1


def phone_finder(region: str) -> Callable[[str], Iterator[Span]]:
    """What finds phone numbers that can exist: international ones, and those of a region such as US."""
    from phonenumbers import PhoneNumberMatcher

    def find(text: str) -> Iterator[Span]:
        if _MANY_DIGITS.search(text):
            for match in PhoneNumberMatcher(text, region):
                yield match.start, match.end

    return find


def _card_end(text: str, groups: list[Span]) -> int:
    """How many of the groups make a card number, at most; 0 for none."""
    from stdnum import luhn

    digits = [text[begin:end] for begin, end in groups]
    if digits[0][0] not in "23456":
        return 0
    for count in range(len(digits), 0, -1):
        number = "".join(digits[:count])
        grouped = count == 1 or (len(digits[0]) in (4, 6) and min(map(len, digits[:count])) >= 3)
        if grouped and len(number) in _CARD_DIGITS and luhn.is_valid(number):
            return count
    return 0


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    return (match.span() for match in pattern.finditer(text))
