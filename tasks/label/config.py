"""Where labels come from, which of them count, and how people are asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from tasks.options import Options

Lexicon = Literal["", "loughran_mcdonald_positive", "loughran_mcdonald_negative"]
NEGATIONS = ["no", "not", "none", "neither", "never", "nobody"]
"""Words that turn a positive word round: Loughran and McDonald 2011, section II.B."""
_OWN_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class KeywordFunction(Options):
    """Votes for a label where one of some words is in the text, in small letters or capitals."""

    name: str = Field(min_length=1, description="Name in tables.")
    label: str = Field(min_length=1, description="Label that it votes for.")
    column: str = Field(default="text", description="Column that it reads.")
    words: list[str] = Field(min_length=1, description="Words or phrases; `delay*` is any word that begins so.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        empty = [word for word in self.words if not word.rstrip("*").strip()]
        if empty:
            raise ValueError(f"words: found {empty[0]!r}, which is in every text; give words")
        return self


class PatternFunction(Options):
    """Votes for a label where a regular expression matches a part of the text."""

    name: str = Field(min_length=1, description="Name in tables.")
    label: str = Field(min_length=1, description="Label that it votes for.")
    column: str = Field(default="text", description="Column that it reads.")
    pattern: str = Field(min_length=1, description="Regular expression of RE2, found anywhere, in any case.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            pc.match_substring_regex(pa.array([""]), self.pattern)
        except pa.ArrowInvalid as error:
            raise ValueError(f"pattern: found {self.pattern!r}; RE2 allows no such thing ({error})") from None
        return self


class WordList(Options):
    """Words that speak for a label."""

    label: str = Field(min_length=1, description="Label that the words speak for.")
    words: list[str] = Field(default=[], description="Words, without spaces.")
    lexicon: Lexicon = Field(
        default="", description="Words of a published list beside them, fetched once; for research use."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.words and not self.lexicon:
            raise ValueError("words: found none; give words, or name a lexicon")
        return self


class LexiconFunction(Options):
    """Votes for the label whose words the text has most of, and abstains where two have equally many."""

    name: str = Field(min_length=1, description="Name in tables.")
    column: str = Field(default="text", description="Column that it reads.")
    lists: list[WordList] = Field(min_length=1, description="Words of each label.")
    otherwise: str = Field(default="", description="Label of a text without any of the words; empty: no vote.")
    negations: list[str] = Field(default=NEGATIONS, description="A word shortly after one of these does not count.")
    negation_window_words: int = Field(default=3, ge=0, description="How far a negation reaches.")


class WeakOptions(Options):
    """Labels from functions that are often right, joined by a model of how often."""

    keywords: list[KeywordFunction] = Field(default=[], description="Words that speak for a label.")
    patterns: list[PatternFunction] = Field(default=[], description="Regular expressions that speak for a label.")
    lexicons: list[LexiconFunction] = Field(default=[], description="Word lists that are counted against each other.")
    functions: list[str] = Field(
        default=[],
        description="Your own, as `package.module:function`: a pyarrow Table of rows in, a label or null each out.",
    )
    combine: Literal["model", "majority"] = Field(
        default="model", description="How votes become a label: weighed by a label model, or counted."
    )
    learn_from_labels: bool = Field(
        default=True, description="Whether train rows that have a label teach the model how good each function is."
    )
    rows: Literal["unlabelled", "all"] = Field(
        default="unlabelled", description="Which train rows get a weak label; all: given ones are replaced."
    )
    label_test_rows: bool = Field(
        default=False,
        description="Whether test rows without a label get weak ones: a model is then measured by guesses.",
    )
    minimum_confidence: float = Field(
        default=0.6, ge=0, le=1, description="A weak label less probable than this is not given."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in self.functions:
            if not _OWN_FUNCTION.fullmatch(name):
                raise ValueError(f"functions: found {name!r}; write package.module:function")
        names = self.names()
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"name: found {', '.join(twice)} twice; give each function a name of its own")
        return self

    def names(self) -> list[str]:
        """Names of all functions, in the order in which tables have them."""
        typed: Sequence[KeywordFunction | PatternFunction | LexiconFunction] = (
            *self.keywords, *self.patterns, *self.lexicons,
        )  # fmt: skip
        return [*(function.name for function in typed), *self.functions]

    def labels(self) -> Iterator[str]:
        """The labels that the recipe's own functions can vote for."""
        yield from (function.label for function in self.keywords)
        yield from (function.label for function in self.patterns)
        for lexicon in self.lexicons:
            yield from (words.label for words in lexicon.lists)
            yield from [lexicon.otherwise] if lexicon.otherwise else []


class PeopleOptions(Options):
    """Answers of people, which `lepton label merge` took."""

    use: bool = Field(default=False, description="Whether the answers count in a run of the recipe.")
    minimum_answers: int = Field(default=1, ge=1, description="Answers that a row needs before they count.")
    minimum_confidence: float = Field(
        default=0.5, ge=0, le=1, description="A consensus less probable than this is no label."
    )
    replace_given: bool = Field(default=True, description="Whether an answer replaces the label that the source gave.")


class QuestionOptions(Options):
    """Which rows people are asked about, and what they see of them."""

    columns: list[str] = Field(
        default=[],
        description="Columns that a person sees and the model in doubt reads; empty: text, or else all inputs.",
    )
    candidates: int = Field(
        default=20_000, ge=100, description="Rows among which is chosen; of more, a sample by the hash of their inputs."
    )
    cold_labels: int = Field(
        default=10, ge=2, description="With fewer labelled rows than this the choice is of unlike rows, not of doubts."
    )


class SuspectOptions(Options):
    """How labels that look wrong are found."""

    folds: int = Field(default=5, ge=2, le=20, description="Folds of the cross-validation that judges each label.")
    rows: int = Field(
        default=50_000, ge=100, description="Rows that are judged; of more, a sample by the hash of their inputs."
    )


class LabelOptions(Options):
    """From the clean version to the labelled one. The stage is skipped where nothing gives labels."""

    labels: list[str] = Field(
        default=[], description="The labels there are; empty: those of labelled rows and of the recipe's functions."
    )
    people: PeopleOptions = Field(default=PeopleOptions(), description="Labels from people.")
    weak: WeakOptions = Field(default=WeakOptions(), description="Labels from functions.")
    questions: QuestionOptions = Field(default=QuestionOptions(), description="How rows for people are chosen.")
    suspects: SuspectOptions = Field(default=SuspectOptions(), description="How doubtful labels are found.")
    seed: int = Field(default=0, ge=0, description="Of the folds and of the clusters.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        unknown = sorted(set(self.weak.labels()) - set(self.labels)) if self.labels else []
        if unknown:
            raise ValueError(f"labels: found none of {', '.join(unknown)}, which label.weak votes for; add them")
        return self

    @property
    def enabled(self) -> bool:
        """Whether anything gives labels."""
        return self.people.use or bool(self.weak.names())

    def modules(self) -> tuple[str, ...]:
        """Modules of the user's own labelling functions."""
        return tuple(name.partition(":")[0] for name in self.weak.functions)
