"""The rule that puts a token in the place of personal data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Self

import pyarrow as pa
from pydantic import Field, model_validator

from tasks.clean.rules.columns import TextOptions, batch_texts
from tasks.clean.rules.mapping import map_texts
from tasks.clean.rules.personal_data import (
    CANDIDATES,
    KINDS,
    Kind,
    Span,
    find_cards,
    find_emails,
    find_handles,
    find_ibans,
    find_urls,
    phone_finder,
)

Masks = list[tuple[str, Callable[[str], Iterator[Span]]]]
_TOKEN = re.compile(r"<[A-Z_]+>|\[[A-Z_]+\]")  # such a token can't be part of anything that a mask looks for


class MaskOptions(TextOptions):
    """What is masked, and with what."""

    kinds: list[Kind] = Field(default=list(KINDS), min_length=1, description="What is looked for.")
    phone_region: str = Field(
        default="US", description="Country (ISO 3166) whose phone numbers count without a country code."
    )
    url_token: str = Field(default="<URL>", description="Stands for a web address.")
    handle_token: str = Field(default="<HANDLE>", description="Stands for a name such as @lepton.")
    email_token: str = Field(default="<EMAIL>", description="Stands for an e-mail address.")
    iban_token: str = Field(default="<IBAN>", description="Stands for a bank account.")
    card_token: str = Field(default="<CARD>", description="Stands for a payment card.")
    phone_token: str = Field(default="<PHONE>", description="Stands for a phone number.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        for kind in KINDS:
            if not _TOKEN.fullmatch(self.token(kind)):
                found = f"{kind}_token: found {self.token(kind)!r}"
                raise ValueError(f"{found}; allowed: capital letters and _ in <> or [], such as <{kind.upper()}>")
        if self.phone_region != "US":  # the default need not be looked up: this runs at import
            from phonenumbers import SUPPORTED_REGIONS

            if self.phone_region not in SUPPORTED_REGIONS:
                raise ValueError(
                    f"phone_region: found {self.phone_region!r}; allowed: a country's two letters, like DE"
                )
        return self

    def token(self, kind: Kind) -> str:
        """What stands for a kind."""
        return str(getattr(self, f"{kind}_token"))


def mask_personal_data(batch: pa.Table, options: MaskOptions) -> pa.Table:
    """Put tokens in place of web and e-mail addresses, handles, and phone, card and account numbers."""
    candidates = "|".join(dict.fromkeys(CANDIDATES[kind] for kind in options.kinds))
    masked = partial(mask, masks=_masks(options))
    return map_texts(batch, batch_texts(batch, options.columns), masked, candidates)


def mask(text: str, masks: Masks) -> str:
    """A text with its masks on, until no more is found: what stands beside a token may be a name only now.

    Every round takes an @, a digit or a dot from the text and tokens bring none, so it ends.
    """
    masked, before = text, ""
    while masked != before:
        before = masked
        for token, find in masks:
            masked = _replace(masked, find(masked), token)
    return masked


def _masks(options: MaskOptions) -> Masks:
    finders: dict[Kind, Callable[[str], Iterator[Span]]] = {
        "url": find_urls,
        "handle": find_handles,
        "email": find_emails,
        "iban": find_ibans,
        "card": find_cards,
        "phone": phone_finder(options.phone_region),
    }
    return [(options.token(kind), finders[kind]) for kind in KINDS if kind in options.kinds]


def _replace(text: str, spans: Iterable[Span], token: str) -> str:
    pieces, at = [], 0
    for begin, end in spans:
        pieces += [text[at:begin], token]
        at = end
    return "".join([*pieces, text[at:]]) if pieces else text
