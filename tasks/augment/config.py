"""Which new train rows are made out of those that are there, and how many."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.options import Options

Method = Literal["synonyms", "swap", "delete", "translate"]
_OBJECT = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class MethodOptions(Options):
    """One way to make a new text out of one that is there."""

    method: Method = Field(
        description="synonyms, swap and delete change words (Wei and Zou 2019); translate goes there and back."
    )
    share: float = Field(default=0.1, gt=0, le=1, description="Share of a text's words to change, at least one word.")
    copies: int = Field(
        default=1, ge=1, description="New rows for each train row; with balance_to, the method's part in what is made."
    )


class TranslatorOptions(Options):
    """Who translates there and back."""

    name: str = Field(
        default="", description="Your translator as package.module:object, with translate(texts, source, target)."
    )
    source: str = Field(default="en", min_length=2, description="Language of the texts, as the translator calls it.")
    pivots: list[str] = Field(default=["de"], min_length=1, description="Languages to go through, one for each copy.")


class AugmentOptions(Options):
    """From the clean version to one with more train rows. Without methods the stage is left out."""

    methods: list[MethodOptions] = Field(default=[], description="Ways to make new rows; empty: make none.")
    column: str = Field(default="text", description="String column whose text is changed; the others are copied.")
    keep_words: list[str] = Field(
        default=["not", "no", "never", "nor", "without", "cannot"],
        description="Words in small letters that are never changed, moved or deleted; those in n't are neither.",
    )
    balance_to: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Bring classes below this share of the largest one up to it, and leave others; 0: all rows alike.",
    )
    label: str = Field(default="label", description="Column of the classes, for balance_to.")
    max_copies: int = Field(default=8, ge=1, description="New rows for one train row, at most.")
    max_test_similarity: float = Field(
        default=0.8, gt=0, le=1, description="Jaccard similarity to a test row's text from which a new row is refused."
    )
    shingle_characters: int = Field(default=5, ge=2, description="Characters a shingle, of which similarity is made.")
    translator: TranslatorOptions = Field(default=TranslatorOptions(), description="For the method translate.")
    seed: int = Field(default=7, ge=0, description="Seed of all choices.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [item.method for item in self.methods]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"methods: found {twice[0]} twice; name each once, and raise its copies")
        copies = sum(item.copies for item in self.methods)
        if not self.balance_to and copies > self.max_copies:
            raise ValueError(f"max_copies: found {self.max_copies}, below the {copies} of all methods; raise it")
        for item in self.methods:
            if item.method == "translate":
                self._check_translator(item)
        return self

    def _check_translator(self, item: MethodOptions) -> None:
        if not _OBJECT.fullmatch(self.translator.name):
            raise ValueError(f"translator.name: found {self.translator.name!r}; give package.module:object")
        if item.share != MethodOptions.model_fields["share"].default:
            raise ValueError(f"share: found {item.share} for translate, which changes all of a text; leave it out")
        if item.copies > len(self.translator.pivots):
            raise ValueError(
                f"copies: found {item.copies} for translate; give so many translator.pivots, "
                f"or at most {len(self.translator.pivots)} copies"
            )

    def modules(self) -> tuple[str, ...]:
        """The module of the user's own translator."""
        is_used = any(item.method == "translate" for item in self.methods)
        return (self.translator.name.partition(":")[0],) if is_used else ()
